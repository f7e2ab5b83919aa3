"""The columns of a request as the log keeps them: canonical JSON, the same text from one row and from a table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import msgspec
import numpy as np
import polars as pl
import rfc8785

from fullcycle.predictor.contract import ColumnRule, Parsed
from fullcycle.predictor.plan import Input, frame_slots
from fullcycle.predictor.plan.values import Numbers, Slots

Plain: TypeAlias = float | int | str | bool | None
_EXACT = 2**53
_EPOCH = datetime(1970, 1, 1)  # UTC
_INT64 = 9223372036854774784.0  # the largest float that a 64-bit integer can be
_POSITIONAL = (1e-5, 1e15)  # sizes that are written without an exponent by all
_ESCAPED = r'["\\\x00-\x1f]'  # what stands in a JSON string only behind a backslash
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
        return self.column(frame).to_list()

    def column(self, frame: pl.DataFrame) -> pl.Series:
        """The same as a column, made column by column."""
        if not self._inputs:
            return pl.repeat("{}", frame.height, dtype=pl.String, eager=True)
        slots = frame_slots(frame, self._inputs)
        parts: list[pl.Expr] = []
        cells = []
        for place, column in enumerate(self._inputs):
            parts.append(pl.lit(("," if place else "{") + json_text(column.name) + ":"))
            parts.append(pl.col(str(place)))
            cells.append(_texts(slots, column).fill_null("null").alias(str(place)))
        return pl.DataFrame(cells).select(pl.concat_str(*parts, pl.lit("}"))).to_series()


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


def json_text(text: str) -> str:
    """A string as JSON.

    >>> json_text('a"b')
    '"a\\\\"b"'
    """
    return _encode(text).decode()


def text_digest(text: str) -> str:
    """Digest of a row's text, 32 hexadecimal digits.

    >>> len(text_digest("{}"))
    32
    """
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def text_digests(texts: pl.Series) -> list[str]:
    """The same of a column.

    >>> text_digests(pl.Series(["{}"])) == [text_digest("{}")]
    True
    """
    return [hashlib.blake2b(text, digest_size=16).hexdigest() for text in texts.cast(pl.Binary).to_list()]


def _texts(slots: Slots, column: Input) -> pl.Series:
    """The cells of a column as JSON; null where one is missing."""
    cells = slots[column.name]
    if isinstance(cells, pl.Series):
        return _quoted(cells)
    numbers = slots.numbers(column.name)
    if column.kind in ("float", "integer"):
        return _number_texts(numbers, _PLAIN[column.kind])
    found = pl.Series(numbers).fill_nan(None)
    if column.kind == "boolean":
        return (found == 1).cast(pl.String)  # true, false
    return found.cast(pl.Int64).cast(pl.Datetime("us")).dt.strftime('"%Y-%m-%dT%H:%M:%S%.6fZ"')


def _number_texts(numbers: Numbers, plain: Callable[[Any], Plain]) -> pl.Series:
    """Numbers as RFC 8785 writes them: Polars does so, but for whole ones and those that need an exponent."""
    cells = pl.Series(numbers).fill_nan(None)
    size = np.abs(numbers)
    odd = np.flatnonzero((size >= _POSITIONAL[1]) | ((size < _POSITIONAL[0]) & (size > 0)))
    texts = cells.cast(pl.String)
    if (np.floor(numbers) == numbers).any():
        texts = texts.str.strip_suffix(".0")
    if ((numbers == 0) & np.signbit(numbers)).any():
        texts = texts.replace({"-0": "0"})
    if len(odd):
        texts = texts.scatter(odd, [canonical_text({"": plain(numbers[place])})[4:-1] for place in odd.tolist()])
    return texts


def _quoted(cells: pl.Series) -> pl.Series:
    """Words as JSON strings."""
    quoted = cells.to_frame("t").select('"' + pl.col("t") + '"').to_series()
    odd = cells.str.contains(_ESCAPED).fill_null(False)
    if odd.any():
        places = odd.arg_true()
        quoted = quoted.scatter(places, [json_text(text) for text in cells.gather(places).to_list()])
    return quoted


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
    plain: Plain = value
    return plain


_PLAIN: dict[str, Callable[[Any], Plain]] = {
    "float": _number,
    "integer": _whole,
    "boolean": _truth,
    "category": _same,
    "text": _same,
    "time": _time,
}
