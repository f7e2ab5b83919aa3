"""Bias: whom the data holds, and whether it treats the groups of a protected attribute unlike others.

Four questions of each attribute marked ``protected``: how many of each group are there, does the outcome come as often,
is as much known about them, and do the features tell who belongs to it. What is found warns, and stops nothing: a
difference may be the truth about the world, and what to do about it a person decides. How far *decisions* treat groups
apart is measured on the model (``[[scoping.limits.fairness]]``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.bias.compare import Difference, difference, holm, share_of
from fullcycle.data.bias.groups import MISSING, OTHER, Group, groups, protected
from fullcycle.data.bias.proxy import LEAST, proxy, strongest
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.privacy.settings import Privacy
from fullcycle.kernel.finding import Finding

Facts = Mapping[str, ColumnFact]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Evidence = dict[str, str | int | float | bool | None]
MISSING_APART = 0.05
"""Difference of shares of missing values from which it is named."""
SPREAD_APART = 0.2
"""Difference of means of a regression target, in standard deviations, from which it is named (Cohen's "small")."""
_PROXY_GROUPS = 3
"""Groups of an attribute whose proxies are looked for, the largest."""


class _Question(NamedTuple):
    """A comparison whose p-value is held against the others of its kind."""

    subject: str
    found: Difference
    evidence: Evidence


def bias(
    rows: pl.DataFrame,
    outcome: Floats,
    facts: Facts,
    settings: Privacy,
    *,
    features: Sequence[str],
    task: str,
    classes: Sequence[str] = (),
    blocks: Ints | None = None,
    confidence: float = 0.95,
) -> tuple[Finding, ...]:
    """Representation, outcome, missing values and proxies by protected attribute.

    Parameters
    ----------
    rows : n training rows or a sample of them, with the protected attributes and the features.
    outcome : (n,) 0 or 1, class codes, or numbers; of a task without a target anything, which is not read.
    features : columns that a model may read.
    classes : names of the class codes.
    blocks : (n,) the day, or another block, of each row; None where rows stand alone.

    Returns
    -------
    Findings that warn at most; none without a protected attribute. Groups are named as in :func:`groups`.

    Examples
    --------
    >>> rows = pl.DataFrame({"sex": ["f", "m"] * 100})
    >>> facts = {"sex": ColumnFact(type="category", protected=True, personal="no")}
    >>> found = bias(rows, np.tile([0.0, 1.0], 100), facts, Privacy(), features=(), task="binary")
    >>> [(one.check, one.subject, one.passed) for one in found if one.check == "label_rate"]
    [('label_rate', 'sex: f', False), ('label_rate', 'sex: m', False)]
    """
    attributes = {name: groups(rows[name], facts) for name in protected(facts) if name in rows.columns and len(rows)}
    if not attributes:
        return ()
    found: list[Finding] = []
    for name, members in attributes.items():
        found += representation(name, members, settings, blocks, confidence=confidence)
    found += outcomes(attributes, outcome, settings, task=task, classes=classes, blocks=blocks, confidence=confidence)
    plain = [name for name in features if name in rows.columns and name not in attributes]
    found += missingness(attributes, rows.select(plain), blocks, confidence=confidence)
    for name, members in attributes.items():
        found += proxies(name, members, rows.select(plain), settings, blocks, confidence=confidence)
    return tuple(found)


def representation(
    attribute: str, members: Sequence[Group], settings: Privacy, blocks: Ints | None, *, confidence: float
) -> Iterator[Finding]:
    """Each group's share, against the declared one if there is any; a group of too few rows is named."""
    declared = settings.population.get(attribute, {})
    level = 1 - (1 - confidence) / max(1, len(declared))
    for group in members:
        rows = int(group.rows.sum())
        share = share_of(group.rows, blocks, confidence=level if declared else confidence)
        limit = declared.get(group.value)
        low, high = share.low or 0.0, share.high if share.high is not None else 1.0
        too_few = limit is not None and high < limit
        yield Finding(
            check="representation",
            subject=f"{attribute}: {group.name}",
            value=share.point,
            low=low,
            high=high,
            limit=limit,
            rule="" if limit is None else "at_least",
            passed=False
            if too_few or (rows < LEAST and group.value not in (MISSING, OTHER))
            else None
            if limit is None
            else True,
            severity="warn",
            unit="share of rows",
            evidence={"rows": rows, "blocks": share.blocks, "enough_to_judge": rows >= LEAST},
        )
    seen = {group.value for group in members}
    for value, limit in declared.items():
        if value not in seen and limit > 0:
            # who was declared in cycle.toml is named there; no cell of the table is shown
            evidence: Evidence = {"rows": 0, "declared": value}
            yield Finding(check="representation", subject=f"{attribute}: a declared group", value=0.0, limit=limit, rule="at_least",
                          passed=False, severity="warn", unit="share of rows", evidence=evidence)  # fmt: skip


def outcomes(
    attributes: Mapping[str, Sequence[Group]],
    outcome: Floats,
    settings: Privacy,
    *,
    task: str,
    classes: Sequence[str],
    blocks: Ints | None,
    confidence: float,
) -> Iterator[Finding]:
    """How often the outcome comes in each group and among all others; named where it differs for certain, and by much."""
    if task not in ("binary", "multiclass", "regression"):
        return
    targets = {"": outcome}
    if task == "multiclass":
        targets = {classes[code]: (outcome == code).astype(np.float64) for code in range(len(classes))}
    spread = float(np.std(outcome)) if task == "regression" else 0.0
    asked = []
    for label, values in targets.items():
        for attribute, members in attributes.items():
            for group in _large(members, blocks):
                found = difference(values, group.rows, blocks, confidence=confidence)
                if found is not None:
                    evidence: Evidence = {"class": label} if label else {}
                    asked.append(
                        _Question(f"{attribute}: {group.name}", found, evidence | {"rows": int(group.rows.sum())})
                    )
    if task == "regression":
        yield from _answers("label_mean", asked, lambda one: abs(one.estimate.point) > SPREAD_APART * spread, confidence,
                            unit="difference of means")  # fmt: skip
    else:
        yield from _answers("label_rate", asked, lambda one: _ratio(one) < settings.label_ratio_at_least, confidence,
                            unit="difference of rates")  # fmt: skip


def missingness(
    attributes: Mapping[str, Sequence[Group]], rows: pl.DataFrame, blocks: Ints | None, *, confidence: float
) -> Iterator[Finding]:
    """Features of which less is known about a group than about others: only those where it differs for certain, and by much."""
    asked = []
    for name in rows.columns:
        missing = rows[name].is_null()
        if not missing.any() or missing.all():
            continue
        for attribute, members in attributes.items():
            for group in _large(members, blocks):
                found = difference(missing.to_numpy().astype(np.float64), group.rows, blocks, confidence=confidence)
                if found is not None:
                    asked.append(
                        _Question(f"{name} by {attribute}: {group.name}", found, {"rows": int(group.rows.sum())})
                    )
    large = _answers("missing_by_group", asked, lambda one: abs(one.estimate.point) > MISSING_APART, confidence,
                     unit="difference of shares")  # fmt: skip
    yield from (finding for finding in large if finding.passed is False)


def proxies(
    attribute: str,
    members: Sequence[Group],
    rows: pl.DataFrame,
    settings: Privacy,
    blocks: Ints | None,
    *,
    confidence: float,
) -> Iterator[Finding]:
    """How well the features tell who belongs to a group, for the group that they tell best; and each that does so alone."""
    looked = [group for group in members if group.value not in (MISSING, OTHER)][:_PROXY_GROUPS]
    if len(looked) == 2 and len(members) == 2:
        looked = looked[:1]  # to tell one is to tell the other
    level = 1 - (1 - confidence) / max(1, len(looked))
    told = [
        (group, found) for group in looked if (found := proxy(rows, group.rows, blocks, confidence=level)) is not None
    ]
    if not told:
        return
    group, best = max(told, key=lambda pair: pair[1].together.point)
    first = strongest(best.alone, 3)
    evidence: Evidence = {
        "group": group.name,
        "groups": len(told),
        "rows": best.together.n,
        "blocks": best.together.blocks,
    }
    evidence |= {f"alone {name}": round(one.point, 6) for name, one in first}
    yield _limited("proxy", attribute, best.together.point, best.together.low, best.together.high, settings, evidence)
    for name, one in strongest(best.alone, len(best.alone)):
        if one.low is not None and one.low > settings.proxy_at_most:
            yield _limited(
                "proxy_feature",
                f"{name} for {attribute}",
                one.point,
                one.low,
                one.high,
                settings,
                {"group": group.name},
            )


def _limited(
    check: str, subject: str, value: float, low: float | None, high: float | None, settings: Privacy, evidence: Evidence
) -> Finding:
    """Named where even the low end of the interval is over the limit."""
    sure = value if low is None else low
    return Finding(check=check, subject=subject, value=value, low=low, high=high, limit=settings.proxy_at_most, rule="at_most",
                   passed=sure <= settings.proxy_at_most, severity="warn", unit="ROC AUC", evidence=evidence)  # fmt: skip


def _large(members: Sequence[Group], blocks: Ints | None) -> Iterator[Group]:
    """Groups that can be compared."""
    for group in members:
        rows = int(group.rows.sum())
        if rows >= LEAST and len(group.rows) - rows >= LEAST:
            yield group


def _answers(
    check: str, asked: Sequence[_Question], by_much: Callable[[Difference], bool], confidence: float, *, unit: str
) -> Iterator[Finding]:
    for question, p in zip(asked, holm([question.found.p for question in asked]), strict=True):
        found = question.found
        yield Finding(
            check=check,
            subject=question.subject,
            value=found.estimate.point,
            low=found.estimate.low,
            high=found.estimate.high,
            passed=not (p < 1 - confidence and by_much(found)),
            severity="warn",
            unit=unit,
            evidence=question.evidence
            | {
                "inside": found.inside,
                "others": found.outside,
                "p": p,
                "compared": len(asked),
                "blocks": found.estimate.blocks,
            },
        )


def _ratio(found: Difference) -> float:
    """The smaller of two rates over the larger: 1 where both are 0."""
    larger = max(found.inside, found.outside)
    return min(found.inside, found.outside) / larger if larger > 0 else 1.0
