"""The calendar of a time as features."""

from __future__ import annotations

from fullcycle.development.features.draft import Draft
from fullcycle.predictor.expression import YEARS
from fullcycle.predictor.plan import Calendar, Compare, Impute, Number, zone_offsets


def calendar_numbers(draft: Draft, name: str) -> None:
    """Minute of the day and weekday for trees.

    Not the day of the year: a model fitted on half a year would read the other half as beyond everything it saw. Not
    the day of the month: it repeats too seldom in a history to tell more than chance.
    """
    if draft.settings.calendar:
        for part in ("minute_of_day", "weekday"):
            draft.use(_calendar(draft, name, part))


def calendar_one_hot(draft: Draft, name: str) -> None:
    """A column for each weekday and each hour."""
    if not draft.settings.calendar:
        return
    for part, values in (("weekday", 7), ("hour", 24)):
        filled = draft.add(Impute, f"{name} {part} or none", input=_calendar(draft, name, part), value=-1.0)
        for value in range(values):
            constant = draft.add(Number, f"{name} {part} {value}", value=float(value))
            draft.use(draft.add(Compare, f"{name} {part} is {value}", relation="eq", left=filled, right=constant))


def _calendar(draft: Draft, name: str, part: str) -> str:
    offsets = () if draft.zone == "UTC" else zone_offsets(draft.zone, *YEARS)
    return draft.add(Calendar, f"{name} {part}", input=name, part=part, zone=draft.zone, offsets=offsets)
