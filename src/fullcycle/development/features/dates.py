"""The calendar of a time as features, and the days between two times.

There is no calendar of holidays here: they differ by country and year. Where they matter, join a table of them.
"""

from __future__ import annotations

from collections.abc import Callable

from fullcycle.development.features.draft import Draft
from fullcycle.development.features.scaling import as_it_is, scaled
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.expression import YEARS
from fullcycle.predictor.plan import Calendar, Compare, Cyclic, Impute, Number, Standardise, Subtract, zone_offsets
from fullcycle.predictor.plan.zones import DAY

# How long the circle of a part is, and for those that a linear model takes one by one, their values. A year is a line.
PERIODS = {"minute_of_day": 1440.0, "hour": 24.0, "weekday": 7.0, "day": 31.0, "month": 12.0, "day_of_year": 365.25}
_VALUES = {"hour": range(24), "weekday": range(7), "month": range(1, 13)}

_PLACE = "cycle.toml, [development.features] days_between"


def dates_for_trees(draft: Draft, name: str) -> None:
    """Minute of the day and weekday for trees, where no other parts are declared.

    Not the day of the year: a model fitted on half a year would read the other half as beyond everything it saw. Not
    the day of the month: it repeats too seldom in a history to tell more than chance.
    """
    for part in _parts(draft, ("minute_of_day", "weekday")):
        if draft.settings.cyclic and part in PERIODS:
            _circle(draft, name, part, as_it_is)
        else:
            draft.use(_calendar(draft, name, part))


def dates_for_linear(draft: Draft, name: str) -> None:
    """A column for each weekday and each hour, where no other parts are declared."""
    for part in _parts(draft, ("weekday", "hour")):
        if draft.settings.cyclic and part in PERIODS:
            _circle(draft, name, part, scaled)
        elif part in _VALUES:
            _one_hot(draft, name, part)
        else:
            scaled(draft, _calendar(draft, name, part))


def days_between(draft: Draft, first: str, second: str) -> str:
    """Days from one time to another, with their fraction; missing where one is.

    Raises
    ------
    InputError
        One is no time.
    """
    for name in (first, second):
        if (kind := draft.kind(name)) != "time":
            raise InputError(f"{name} is no time", place=_PLACE, found=kind, expected="two time columns")
    apart = draft.add(Subtract, f"from {first} to {second}", left=second, right=first)
    return draft.add(Standardise, f"days from {first} to {second}", input=apart, mean=0.0, scale=float(DAY))


def _parts(draft: Draft, auto: tuple[str, ...]) -> tuple[str, ...]:
    if not draft.settings.calendar:
        return ()
    return auto if draft.settings.dates == "auto" else draft.settings.dates


def _circle(draft: Draft, name: str, part: str, use: Callable[[Draft, str], None]) -> None:
    whole = _calendar(draft, name, part)
    for side in ("sine", "cosine"):
        use(draft, draft.add(Cyclic, f"{name} {part} {side}", input=whole, period=PERIODS[part], side=side))


def _one_hot(draft: Draft, name: str, part: str) -> None:
    filled = draft.add(Impute, f"{name} {part} or none", input=_calendar(draft, name, part), value=-1.0)
    for value in _VALUES[part]:
        constant = draft.add(Number, f"{name} {part} {value}", value=float(value))
        draft.use(draft.add(Compare, f"{name} {part} is {value}", relation="eq", left=filled, right=constant))


def _calendar(draft: Draft, name: str, part: str) -> str:
    zone = draft.of(name).zone or draft.zone
    offsets = () if zone == "UTC" else zone_offsets(zone, *YEARS)
    return draft.add(Calendar, f"{name} {part}", input=name, part=part, zone=zone, offsets=offsets)
