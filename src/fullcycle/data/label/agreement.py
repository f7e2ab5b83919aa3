"""Agreement of annotators: Krippendorff's alpha, with an interval.

K. Krippendorff, *Computing Krippendorff's Alpha-Reliability* (2011), https://repository.upenn.edu/asc_papers/43
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding

Level = Literal["nominal", "ordinal", "interval"]
Floats = NDArray[np.float64]
_DRAWS = 1000


def alpha(values: Floats, level: Level, weights: Floats | None = None) -> float | None:
    """Krippendorff's alpha: 1 where all agree, 0 where they agree as by chance.

    Parameters
    ----------
    values : shape (units, annotators), NaN where one said nothing: codes of labels in their order, or numbers.
    weights : shape (units,), how often each unit counts; by default once.

    Returns
    -------
    None where it is not defined: no unit was looked at twice, or all labels are the same.

    >>> round(alpha(np.array([[1, 1], [2, 2], [1, 2], [3, 3]], float), "nominal"), 3)
    0.667
    """
    said = ~np.isnan(values)
    counts = said.sum(axis=1)
    pairable = counts > 1
    values, said, counts = values[pairable], said[pairable], counts[pairable].astype(float)
    weights = np.ones(len(values)) if weights is None else weights[pairable].astype(float)
    held = np.unique(values[said & (weights > 0)[:, None]])
    if len(held) < 2:  # nobody could disagree; sums of fractions might hide it
        return None
    if level == "ordinal":
        values = _ranked(values, said, weights)
    each = said * weights[:, None]
    total = float(each.sum())
    if level == "nominal":
        tallies = _tallies(values, said, weights)[1]
        expected = total * total - float((tallies * tallies).sum())
    else:
        centred = np.where(said, values - np.nansum(values * each) / total, 0.0)
        values = np.where(said, centred, np.nan)
        expected = 2 * (total * float((each * centred**2).sum()) - float((each * centred).sum()) ** 2)
    observed = float((weights * _disagreement(values, level) / (counts - 1)).sum())
    return 1 - (total - 1) * observed / expected


def _disagreement(values: Floats, level: Level) -> Floats:
    """Of each unit: the sum of the squared differences over all ordered pairs of its values."""
    found = np.zeros(len(values))
    for one in range(values.shape[1]):
        for other in range(one):
            apart = values[:, one] - values[:, other]
            apart = np.where(np.isnan(apart), 0.0, apart)
            found += 2.0 * ((apart != 0) if level == "nominal" else apart * apart)
    return found


def _tallies(values: Floats, said: NDArray[np.bool_], weights: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """The distinct values, how often each was said, and which one each said value is."""
    distinct, which = np.unique(values[said], return_inverse=True)
    repeated = np.broadcast_to(weights[:, None], values.shape)[said]
    return distinct, np.bincount(which, repeated, len(distinct)).astype(float), which


def _ranked(values: Floats, said: NDArray[np.bool_], weights: Floats) -> Floats:
    """Middle ranks: their differences are those of the ordinal metric."""
    _, tallies, which = _tallies(values, said, weights)
    ranked = np.full(values.shape, np.nan)
    ranked[said] = (np.cumsum(tallies) - tallies / 2)[which]
    return ranked


def agreement(
    given: pl.DataFrame,
    *,
    level: Level = "nominal",
    order: Sequence[str] = (),
    limit: float,
    confidence: float = 0.95,
    seed: int,
) -> Finding:
    """How far annotators agree on the rows that several of them looked at.

    Parameters
    ----------
    given : annotations with ``entity``, ``time``, ``annotator`` and ``label``.
    level : of the labels: names, names or numbers in an order, or numbers.
    order : of the names, lowest first, where the level is ordinal and they are no numbers.
    limit : least alpha before the finding warns.
    confidence : of the interval: percentiles over 1000 bootstrap samples of rows.

    Raises
    ------
    InputError
        A label is no number, or not in *order*, where the level asks for it; names the row.

    >>> given = pl.DataFrame({"entity": list("aabbccdd"), "time": ["1"] * 8, "annotator": ["ana", "ben"] * 4,
    ...     "label": ["x", "x", "y", "y", "x", "y", "z", "z"]})
    >>> finding = agreement(given, limit=0.8, seed=1)
    >>> round(finding.value, 3), finding.passed
    (0.667, False)
    """
    values = _matrix(given, level, order)
    found = alpha(values, level)
    looked = (~np.isnan(values)).sum(axis=1) if values.size else np.zeros(0)
    evidence: dict[str, str | int | float | bool | None] = {
        "level": level,
        "rows": int((looked > 1).sum()),
        "annotators": given["annotator"].n_unique(),
        "labels": given.height,
    }
    low = high = None
    if found is not None:
        draws = _bootstrap(values[looked > 1], level, seed)
        low, high = (float(np.quantile(draws, tail)) for tail in ((1 - confidence) / 2, (1 + confidence) / 2))
    return Finding(
        check="agreement",
        subject="labels",
        value=found,
        low=low,
        high=high,
        limit=limit,
        rule="at_least",
        passed=None if found is None else found >= limit,
        severity="warn",
        evidence=evidence,
    )


def _bootstrap(values: Floats, level: Level, seed: int) -> Floats:
    random, units = np.random.default_rng(seed), len(values)
    weights = (np.bincount(random.integers(0, units, units), minlength=units).astype(float) for _ in range(_DRAWS))
    draws = [drawn for weight in weights if (drawn := alpha(values, level, weight)) is not None]
    return np.array(draws or [1.0])  # every sample held one label alone: nobody disagreed in any


def _matrix(given: pl.DataFrame, level: Level, order: Sequence[str]) -> Floats:
    """Shape (rows, annotators): codes or numbers, NaN where one said nothing."""
    rows = {key: at for at, key in enumerate(dict.fromkeys(given.select("entity", "time").rows()))}
    people = {name: at for at, name in enumerate(sorted(given["annotator"].unique().to_list()))}
    names = {name: float(code) for code, name in enumerate(order or sorted(given["label"].unique().to_list()))}
    values = np.full((len(rows), len(people)), np.nan)
    named = level == "nominal" or (level == "ordinal" and bool(order))
    for entity, time, who, label in given.select("entity", "time", "annotator", "label").iter_rows():
        code = names.get(label) if named else _number(label)
        if code is None:
            expected = f"one of {', '.join(order)}" if named else "a number"
            place = f"label of {entity} at {time}"
            raise InputError(f"the label does not fit the {level} level", place=place, found=label, expected=expected)
        values[rows[entity, time], people[who]] = code
    return values


def _number(label: str) -> float | None:
    try:
        number = float(label)
    except ValueError:
        return None
    return number if np.isfinite(number) else None
