"""The columns of a request as the log keeps them: canonical JSON, the same text from one row and from a table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import msgspec
import polars as pl
import rfc8785

from fullcycle.predictor.contract import ColumnRule, Parsed
from fullcycle.predictor.plan import Input, frame_slots
from fullcycle.predictor.plan.values import Slots

Plain: TypeAlias = float | int | str | bool | None
_EXACT = 2**53
_EPOCH = datetime(1970, 1, 1)  # UTC
_INT64 = 9223372036854774784.0  # the largest float that a 64-bit integer can be
_encode = msgspec.json.Encoder().encode


class RowText:
    """Writes rows as text.

    Parameters
    ----------
    rules : the columns, with their kinds.
    leave_out : columns that are not logged, such as the entity, of which only a keyed hash is.

    Examples
    --------
    >>> text = RowText([ColumnRule(name="b", kind="float"), ColumnRule(name="a", kind="boolean")])
    >>> text.one({"b": 1.0, "a": 0.0})
    '{"a":false,"b":1}'
    >>> text.many(pl.DataFrame({"b": [1.0], "a": [False]}))
    ['{"a":false,"b":1}']
    """

    def __init__(self, rules: Iterable[ColumnRule], leave_out: Sequence[str] = ()) -> None:
        kept = [rule for rule in rules if rule.name not in leave_out]
        kept.sort(key=lambda rule: rule.name.encode("utf-16-be"))  # the order of RFC 8785
        self._inputs = [Input(rule.name, rule.kind) for rule in kept]
        self._columns = [(rule.name, _PLAIN[rule.kind]) for rule in kept]
        self._names = [rule.name for rule in kept]
        self._floats = [rule.name for rule in kept if rule.kind == "float"]
        self._others = [(name, plain) for name, plain in self._columns if plain not in (_number, _same)]

    def one(self, values: Mapping[str, Parsed]) -> str:
        """The text of one row, from the values that its contract parsed."""
        row: dict[str, Any] = {name: values[name] for name in self._names}
        # What `_number` and `canonical_text` do, without a call for each cell: msgspec writes NaN as null.
        for name in self._floats:
            value = row[name]
            if value.is_integer() and -_EXACT < value < _EXACT:
                row[name] = int(value)
            elif not 1e-5 <= abs(value) < 1e15 and value == value:
                return self._slowly(values)
        for name, plain in self._others:
            row[name] = found = plain(row[name])
            if found.__class__ is float:
                return self._slowly(values)
        return _encode(row).decode()

    def _slowly(self, values: Mapping[str, Parsed]) -> str:
        return canonical_text({name: plain(values[name]) for name, plain in self._columns})

    def many(self, frame: pl.DataFrame) -> list[str]:
        """The texts of the rows of a table that keeps the contract."""
        if not self._columns:
            return ["{}"] * frame.height
        slots = frame_slots(frame, self._inputs)
        columns = [map(plain, _cells(slots, name)) for name, plain in self._columns]
        names = [name for name, _ in self._columns]
        return [canonical_text(dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]


def canonical_text(row: dict[str, Plain]) -> str:
    """Canonical JSON (RFC 8785) of a row whose keys are in order.

    >>> canonical_text({"a": 1e-07, "b": 0.5})
    '{"a":1e-7,"b":0.5}'
    """
    # msgspec writes in C what RFC 8785 asks for, but for numbers that need an exponent: those take the slow way.
    for value in row.values():
        if value.__class__ is float and not 1e-5 <= abs(value) < 1e15:
            return rfc8785.dumps(row).decode()
    return _encode(row).decode()


def text_digest(text: str) -> str:
    """Digest of a row's text, 32 hexadecimal digits.

    >>> len(text_digest("{}"))
    32
    """
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _cells(slots: Slots, name: str) -> list[Any]:
    column = slots[name]
    return column.to_list() if isinstance(column, pl.Series) else slots.numbers(name).tolist()


def _number(value: Any) -> Plain:
    if value != value:
        return None
    if value.is_integer() and -_EXACT < value < _EXACT:
        return int(value)
    return float(value)


def _whole(value: Any) -> Plain:
    return _number(value if value != value else min(max(value, -_INT64), _INT64))


def _truth(value: Any) -> Plain:
    return None if value != value else value == 1


def _time(value: Any) -> Plain:
    if value != value:
        return None
    return (_EPOCH + timedelta(microseconds=int(value))).isoformat(timespec="microseconds") + "Z"


def _same(value: Any) -> Plain:
    return value  # type: ignore[no-any-return]


_PLAIN: dict[str, Callable[[Any], Plain]] = {
    "float": _number,
    "integer": _whole,
    "boolean": _truth,
    "category": _same,
    "text": _same,
    "time": _time,
}
