"""One row: each value of a JSON object parsed for the plan, or the reason why it cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fullcycle.predictor.contract.pattern import LONGEST, matcher
from fullcycle.predictor.contract.rule import ColumnRule, Failure, Parsed, Parser
from fullcycle.predictor.contract.spelling import speller
from fullcycle.predictor.plan.values import NAN, SORTS
from fullcycle.predictor.plan.zones import EPOCH

TIME_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"
)
TIMES = (-62_135_596_800_000_000, 253_402_300_799_999_999)  # the years 1 to 9999, in microseconds
MICROSECOND = timedelta(microseconds=1)
_TIME = re.compile(TIME_PATTERN)


def parser(rule: ColumnRule, zone: ZoneInfo) -> Parser:
    """What reads a value of this column."""
    match rule.kind:
        case "float" | "integer":
            return _number_parser(rule)
        case "boolean":
            return _boolean_parser(rule)
        case "time":
            return _time_parser(rule, zone)
        case _:
            return _string_parser(rule)


def _null(rule: ColumnRule) -> Parsed | Failure:
    return _missing(rule) if rule.nullable else rule.failure("null")


def _number_parser(rule: ColumnRule) -> Parser:
    if rule.lenient:
        return _lenient_number_parser(rule)
    null, (low, high), whole = _null(rule), rule.bounds, rule.kind == "integer"

    def parse(raw: object) -> Parsed | Failure:
        if isinstance(raw, float):
            if low <= raw <= high and (not whole or raw.is_integer()):
                return raw if raw.__class__ is float else float(raw)
            return null if raw != raw else rule.failure(_show(raw))
        if isinstance(raw, int) and low <= raw <= high and raw is not True and raw is not False:
            return float(raw)
        return null if raw is None else rule.failure(_show(raw))

    return parse


def _lenient_number_parser(rule: ColumnRule) -> Parser:
    """A number outside the bounds becomes missing; what is no number, or not whole, is turned away as ever."""
    (low, high), whole = rule.bounds, rule.kind == "integer"

    def parse(raw: object) -> Parsed | Failure:
        if raw is None or raw != raw:
            return NAN
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            return rule.failure(_show(raw))
        if whole and isinstance(raw, float) and not raw.is_integer():
            return rule.failure(_show(raw))
        return float(raw) if low <= raw <= high else NAN

    return parse


def _boolean_parser(rule: ColumnRule) -> Parser:
    null = _null(rule)

    def parse(raw: object) -> Parsed | Failure:
        if raw is True:
            return 1.0
        if raw is False:
            return 0.0
        return null if _is_missing(raw) else rule.failure(_show(raw))

    return parse


def _string_parser(rule: ColumnRule) -> Parser:
    if rule.pattern or rule.normalise or rule.aliases or rule.lenient:
        return _spelled_parser(rule)
    null, categories = _null(rule), None if rule.categories is None else frozenset(rule.categories)

    def parse(raw: object) -> Parsed | Failure:
        if isinstance(raw, str) and (categories is None or raw in categories):
            return raw
        return null if _is_missing(raw) else rule.failure(_show(raw))

    return parse


def _spelled_parser(rule: ColumnRule) -> Parser:
    """A text in the spelling that stays, then held against categories and pattern."""
    null, read, lenient = _null(rule), reader(rule), rule.lenient

    def parse(raw: object) -> Parsed | Failure:
        if not isinstance(raw, str):
            return null if _is_missing(raw) else rule.failure(_show(raw))
        text = read(raw)
        if text is not None:
            return text
        return None if lenient else rule.failure(_show(raw))

    return parse


def reader(rule: ColumnRule) -> Callable[[str], str | None]:
    """What gives a text its spelling that stays, and None where categories or pattern do not allow it.

    >>> read = reader(ColumnRule(name="a", kind="category", categories=("UA",), normalise=("lower",)))
    >>> read("ua"), read("AA")
    ('UA', None)
    """
    spell = speller(rule.normalise, rule.aliases, rule.categories) or str
    categories = None if rule.categories is None else frozenset(rule.categories)
    if categories is not None:  # each matches the pattern, as the rule made sure
        return lambda text: found if (found := spell(text)) in categories else None
    if not rule.pattern:
        return spell
    match = matcher(rule.pattern).fullmatch

    def read(text: str) -> str | None:
        found = spell(text)
        return found if len(found) <= LONGEST and match(found) is not None else None

    return read


def _time_parser(rule: ColumnRule, zone: ZoneInfo) -> Parser:
    null = _null(rule)

    def parse(raw: object) -> Parsed | Failure:
        if _is_missing(raw):
            return null
        instant = instant_of(raw, zone)
        return rule.failure(_show(raw)) if instant is None else float(instant)

    return parse


def instant_of(raw: object, zone: ZoneInfo) -> int | None:
    """Microseconds since 1970 UTC of a datetime or an ISO 8601 string; None if it is neither, or out of range."""
    if isinstance(raw, str):
        if _TIME.fullmatch(raw) is None:
            return None
        try:
            raw = datetime.fromisoformat(raw)
        except ValueError:  # the 30th of February
            return None
    if not isinstance(raw, datetime):
        return None
    if raw.tzinfo is None:
        raw = raw.replace(tzinfo=zone, fold=0)
    instant = (raw - EPOCH) // MICROSECOND
    return instant if TIMES[0] <= instant <= TIMES[1] else None


def if_absent(rule: ColumnRule) -> Parsed | Failure:
    """What a row has where it does not bring the column."""
    if rule.required:
        return rule.failure("nothing")
    return _missing(rule)


def _missing(rule: ColumnRule) -> Parsed:
    return NAN if SORTS[rule.kind] == "number" else None


def _is_missing(raw: object) -> bool:
    """Null, or the NaN that a table of floats has in its place."""
    return raw is None or (isinstance(raw, float) and raw != raw)


def _show(value: object) -> str:
    if isinstance(value, int) and abs(value) > 10**60:
        return "a huge number"
    text = str(value) if isinstance(value, datetime) else repr(value)
    return text if len(text) <= 80 else text[:80] + "…"
