"""Breaking changes: what a client of the release that serves may send or read, and of a new one may no longer.

A request may bring more than is asked for, so that a column which falls away breaks nobody. An answer may bring more than before.
Where it cannot be proved that every row which was accepted still is, as between two patterns, the change counts as breaking.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fullcycle.deployment.answer import with_time
from fullcycle.kernel.finding import Finding
from fullcycle.predictor.bundle import Predictor
from fullcycle.predictor.contract import ColumnRule, Contract
from fullcycle.predictor.contract.row import reader

CHECK = "breaking_change"
_WIDER = {("integer", "float"), ("category", "text"), ("text", "category"), ("time", "text"), ("time", "category")}


class Interface(msgspec.Struct, frozen=True):
    """What clients rely on: the columns of a request, and by name the types of an answer's fields."""

    contract: Contract
    answers: dict[str, str]


class Difference(msgspec.Struct, frozen=True):
    """A place in the API's description (``Row`` is a row of a request, ``Prediction`` an answer), as it was and as it is."""

    path: str
    was: str
    now: str


def interface(predictor: Predictor, time: str) -> Interface:
    """The interface of a release; *time* is the column that says when a prediction is made."""
    policy, outputs = predictor.policy, predictor.model.outputs
    answers = {"id": "string", "variant": "string"}
    if policy.task == "clustering":
        answers |= {"cluster": "integer", "distance": "number"}
        if predictor.model.name == "mixture":
            answers["memberships"] = "array"  # the number of clusters is the search's to choose
    else:
        answers["decision"] = "string" if policy.actions else "number"
        answers["score"] = "number" if outputs == 1 else f"{outputs} numbers"
        if policy.conformal is not None:
            answers["interval" if policy.task == "regression" else "set"] = "array"
    return Interface(with_time(predictor.contract, time), answers)


def differences(was: Interface, now: Interface) -> tuple[Difference, ...]:
    """What breaks a client of *was* that asks *now*; empty where nothing does.

    Examples
    --------
    >>> was = Interface(Contract((ColumnRule(name="distance", kind="float"),)), {"score": "number"})
    >>> now = Interface(Contract((ColumnRule(name="distance", kind="float", low=0.0),)), {})
    >>> for it in differences(was, now):
    ...     print(it.path, it.was, it.now)
    Row.distance.minimum none 0
    Prediction.score number absent
    >>> differences(was, was)
    ()
    """
    return (*_columns(was.contract, now.contract), *_answers(was.answers, now.answers))


def findings(found: tuple[Difference, ...], *, allowed: bool) -> tuple[Finding, ...]:
    """One for each difference, which stops a release unless breaking changes are *allowed*.

    >>> findings((Difference("Row.distance", "absent", "required"),), allowed=False)[0].evidence
    {'was': 'absent', 'is': 'required'}
    """
    return tuple(
        Finding(
            check=CHECK,
            subject=it.path,
            passed=False,
            severity="warn" if allowed else "reject",
            evidence={"was": it.was, "is": it.now},
        )
        for it in found
    )


def _columns(was: Contract, now: Contract) -> Iterator[Difference]:
    before = {rule.name: rule for rule in was.columns}
    for rule in now.columns:
        old = before.get(rule.name)
        if old is None:
            if rule.required:
                yield Difference(f"Row.{rule.name}", "absent", "required")
        else:
            yield from _rule(old, rule, f"Row.{rule.name}")
    times = {rule.name for rule in was.columns if rule.kind == "time"}
    if was.zone != now.zone and any(rule.name in times and rule.kind == "time" for rule in now.columns):
        yield Difference("Row, times without an offset", was.zone, now.zone)


def _rule(was: ColumnRule, now: ColumnRule, path: str) -> Iterator[Difference]:
    if now.required and not was.required:
        yield Difference(f"{path}.required", "false", "true")
    if was.nullable and not now.nullable:
        yield Difference(f"{path}.type", f"{was.kind} or null", now.kind)
    if was.kind != now.kind and (was.kind, now.kind) not in _WIDER:
        yield Difference(f"{path}.type", was.kind, now.kind)
    elif now.kind in ("float", "integer"):
        yield from _range(was, now, path)
    elif now.kind in ("category", "text"):
        yield from _spellings(was, now, path)


def _range(was: ColumnRule, now: ColumnRule, path: str) -> Iterator[Difference]:
    if now.lenient:
        return
    (low, high), (least, most) = _accepted(was), now.bounds
    if least > low:
        yield Difference(f"{path}.minimum", _told(was.low, was), _told(now.low, now))
    if most < high:
        yield Difference(f"{path}.maximum", _told(was.high, was), _told(now.high, now))


def _accepted(rule: ColumnRule) -> tuple[float, float]:
    """The numbers that a rule does not turn away: where it is lenient, all of its kind."""
    return msgspec.structs.replace(rule, low=None, high=None).bounds if rule.lenient else rule.bounds


def _told(bound: float | None, rule: ColumnRule) -> str:
    return "none" if bound is None or rule.lenient else f"{bound:g}"


def _spellings(was: ColumnRule, now: ColumnRule, path: str) -> Iterator[Difference]:
    if now.lenient or not (now.categories or now.pattern):
        return  # any text is taken
    free = was.lenient or was.kind == "time" or not (was.categories or was.pattern)
    if free or (now.pattern and (was.pattern != now.pattern or was.categories is not None)):
        part = "enum" if now.categories else "pattern"
        yield Difference(f"{path}.{part}", "any" if free else was.expected, now.expected)
        return
    if was.normalise != now.normalise:
        yield Difference(f"{path}.spellings", _steps(was), _steps(now))
    read = reader(now)
    accepted = [*(was.categories or ()), *was.aliases]
    if lost := [word for word in accepted if read(word) is None]:
        yield Difference(f"{path}.enum", ", ".join(lost[:8]) + (", …" if len(lost) > 8 else ""), "absent")
    elif was.categories is None and now.categories is not None:
        yield Difference(f"{path}.enum", was.expected, now.expected)


def _steps(rule: ColumnRule) -> str:
    return ", ".join(rule.normalise) or "as they are"


def _answers(was: dict[str, str], now: dict[str, str]) -> Iterator[Difference]:
    for name, kind in was.items():
        if now.get(name) != kind:
            yield Difference(f"Prediction.{name}", kind, now.get(name, "absent"))
