"""Reading the question: settings into the parts of a Charter, each checked."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from fullcycle.kernel.clock import duration, size
from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.measure.metrics import METRICS
from fullcycle.measure.metrics.clusters import BETTER
from fullcycle.measure.value import Amount, ValueTable
from fullcycle.scoping.records import Gate
from fullcycle.scoping.settings import AmountSetting, Limits, Money, Scoping

OTHERS = ("gain_per_1000", "base_rate", "mean", "worth_model")
"""Figures of the test rows that gates may name beside the metrics."""
_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}


def value_table(settings: Scoping) -> ValueTable:
    """Money per decision: action, then outcome.

    Raises
    ------
    InputError
        An action that is not declared, an outcome that the task does not have, or one that lacks its amount.
    """
    cells = dict(settings.value)
    currency = cells.pop("currency", "")
    if not isinstance(currency, str):
        raise InputError(
            "[scoping.value] currency is a name", place="cycle.toml", found=currency, expected="such as 'USD'"
        )
    if settings.task == "regression":
        return ValueTable(task=settings.task, currency=currency, cells=_per_unit(cells))
    table: dict[str, dict[str, Amount]] = {}
    for action, outcomes in cells.items():
        _declared(action, settings)
        if not isinstance(outcomes, dict):
            raise InputError(
                f"[scoping.value] {action} needs an amount for each outcome",
                place="cycle.toml",
                found=outcomes,
                mend=f"write {action} = {{ true = 90, false = -40 }}",
            )
        table[action] = {outcome: amount(money) for outcome, money in outcomes.items()}
    _complete(table, settings)
    classes = tuple(sorted(next(iter(table.values()), ()))) if settings.task == "multiclass" else ()
    return ValueTable(task=settings.task, currency=currency, cells=table, classes=classes)  # codes count classes sorted


def amount(money: Money) -> Amount:
    """A number, a range or an expression as an :class:`Amount`.

    >>> amount(AmountSetting(value=90, low=60, high=120)).low
    Decimal('60')
    >>> amount("0.1 * distance").expression
    '0.1 * distance'
    """
    match money:
        case str():
            return Amount(expression=money)
        case AmountSetting():
            low = money.value if money.low is None else money.low
            high = money.value if money.high is None else money.high
            if not low <= money.value <= high:
                raise InputError(
                    "an amount lies outside its own range",
                    place="cycle.toml, [scoping.value]",
                    found=money.value,
                    expected=f"between {low:g} and {high:g}",
                )
            return Amount(value=_decimal(money.value), low=_decimal(low), high=_decimal(high), source=money.source)
    return Amount(value=_decimal(money), low=_decimal(money), high=_decimal(money))


def gates(settings: Scoping) -> tuple[Gate, ...]:
    """The release gates of ``[scoping.success]``, each with exactly one rule."""
    found = []
    known = tuple(BETTER) if settings.task == "clustering" else (*METRICS, *OTHERS)
    for figure, gate in settings.success.items():
        if figure not in known:
            raise UnknownKey(figure, known, place="cycle.toml, [scoping.success]", what="figure")
        rules = {"at_least": gate.at_least, "at_most": gate.at_most, "better_than": gate.better_than}
        given = [(name, limit) for name, limit in rules.items() if limit is not None]
        if len(given) != 1:
            raise InputError(
                f"[scoping.success] {figure} needs exactly one rule",
                place="cycle.toml",
                found=", ".join(name for name, _ in given) or "none",
                expected="at_least, at_most or better_than",
            )
        name, limit = given[0]
        found.append(
            Gate(figure=figure, rule="better_than_constant")
            if isinstance(limit, str)
            else Gate(figure=figure, rule=name, limit=limit)
        )
    return tuple(found)


def todays_rule(settings: Scoping) -> dict[str, str | float]:
    """What is done without the model: ``always`` an action, a ``column`` or an ``expression``; for clustering nothing."""
    if settings.task == "clustering":
        return {"always": 0.0}  # without a model, all are in one cluster
    rule: dict[str, str | float] = {str(name): text for name, text in settings.todays_rule.items()}
    if not rule:
        today = settings.actions[-1] if settings.actions else 0
        raise InputError(
            "[scoping] needs 'todays_rule': what is done without the model",
            place="cycle.toml",
            mend=f"write todays_rule = {{ always = {today!r} }}",
        )
    if len(rule) > 1:
        raise InputError(
            "[scoping] todays_rule has more than one form",
            place="cycle.toml",
            found=", ".join(rule),
            expected="one of always, column, expression",
        )
    if "always" in rule and settings.actions and rule["always"] not in settings.actions:
        raise InputError(
            "todays_rule names no declared action",
            place="cycle.toml",
            found=rule["always"],
            expected=" or ".join(settings.actions),
        )
    return rule


def volume_per_day(text: str | None) -> float | None:
    """Decisions a day.

    >>> volume_per_day("6300/week")
    900.0
    """
    if text is None:
        return None
    number, _, unit = text.partition("/")
    return float(number) / _DAYS[unit]


def check_limits(limits: Limits) -> Limits:
    """The same limits, once their durations and sizes are seen to be readable."""
    for name in ("training", "latency_p99"):
        if (text := getattr(limits, name)) is not None:
            duration(text, place=f"cycle.toml, [scoping.limits] {name}")
    for name in ("memory", "bundle"):
        if (text := getattr(limits, name)) is not None:
            size(text, place=f"cycle.toml, [scoping.limits] {name}")
    return limits


def check_supported(settings: Scoping) -> None:
    """Refuse what this version cannot do honestly, with what it can."""
    if settings.task == "clustering":
        _check_clustering(settings)
    if settings.action_changes_outcome:
        raise InputError(
            "this version measures only decisions that leave the outcome as it is",
            place="cycle.toml, [scoping] action_changes_outcome",
            found=True,
            expected="false",
            mend="a question whose action changes its outcome needs a randomised share to learn from, which comes later",
        )


def _check_clustering(settings: Scoping) -> None:
    """Refuse what needs an outcome or an action: clusters have neither until people have looked at them."""
    senseless = {
        "target": settings.target,
        "actions": settings.actions,
        "todays_rule": settings.todays_rule,
        "value": [name for name in settings.value if name != "currency"],
        "limits.actions_per_day": settings.limits.actions_per_day,
        "limits.fairness": settings.limits.fairness,
    }
    for name, given in senseless.items():
        if given:
            raise InputError(
                f"a clustering has no use for {name!r}",
                place=f"cycle.toml, [scoping] {name}",
                found=given if isinstance(given, str) else ", ".join(map(str, given)),
                mend="take it out; once people have named the clusters, ask which action pays for whom as a question of its own",
            )


def _per_unit(cells: Mapping[str, str | float | dict[str, Money]]) -> dict[str, dict[str, Amount]]:
    unknown = sorted(set(cells) - {"over", "under"})
    if unknown or len(cells) == 1:
        raise InputError(
            "[scoping.value] of a regression needs 'over' and 'under', money per unit of error",
            place="cycle.toml",
            found=", ".join(cells),
        )
    if not cells:
        return {}
    amounts = {}
    for name, money in cells.items():
        amounts[name] = amount(_range(money, name) if isinstance(money, dict) else money)
    return {"": amounts}


def _range(money: Mapping[str, Money], name: str) -> AmountSetting:
    try:
        return msgspec.convert(money, AmountSetting)
    except msgspec.ValidationError as error:
        raise InputError(
            f"[scoping.value] {name} is one amount per unit",
            place="cycle.toml",
            found=str(error),
            expected="a number, a range or an expression",
        ) from None


def _declared(action: str, settings: Scoping) -> None:
    if action not in settings.actions:
        raise UnknownKey(action, settings.actions, place="cycle.toml, [scoping.value]", what="action")


def _complete(table: dict[str, dict[str, Amount]], settings: Scoping) -> None:
    if not table:
        return
    missing = [action for action in settings.actions if action not in table]
    if missing:
        raise InputError(
            f"[scoping.value] lacks the action {missing[0]!r}",
            place="cycle.toml",
            mend="give each action an amount for each outcome",
        )
    outcomes = (
        {"true", "false"} if settings.task == "binary" else set().union(*(set(cells) for cells in table.values()))
    )
    for action, cells in table.items():
        if set(cells) != outcomes:
            raise InputError(
                f"[scoping.value] {action} does not cover the outcomes",
                place="cycle.toml",
                found=", ".join(sorted(cells)),
                expected=", ".join(sorted(outcomes)),
            )


def _decimal(number: float) -> Decimal:
    return Decimal(int(number)) if float(number).is_integer() else Decimal(repr(number))
