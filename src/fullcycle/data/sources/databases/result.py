"""The result of a query: its rows as frames, in the few types that the rest of the house knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal, NamedTuple, Protocol

import polars as pl

from fullcycle.data.sources.databases.address import Address
from fullcycle.kernel.errors import InputError

Wish = Literal["decimal", "boolean"]
"""What a column shall become, if all its values allow it: a decimal that came as text, a boolean that came as 0 and 1."""

_FIRST, _LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999)


class Result(NamedTuple):
    """Rows as a database gives them.

    Attributes
    ----------
    columns : names, in the order of the query.
    batches : frames with these columns, all of one schema.
    wishes : by column, what it shall become once all values were seen.
    """

    columns: tuple[str, ...]
    batches: Iterator[pl.DataFrame]
    wishes: Mapping[str, Wish] = {}


class Column(NamedTuple):
    """A column of a table, with the database's name of its type."""

    name: str
    type: str


class Reference(NamedTuple):
    """Columns of one table that refer to the key of another, as declared."""

    columns: tuple[str, ...]
    table: str
    key: tuple[str, ...]


class Table(NamedTuple):
    """A table as its catalogue describes it.

    Attributes
    ----------
    rows : how many, as far as known; an estimate unless *exact*.
    bytes : on disk, as far as known.
    keys : declared primary and unique keys.
    """

    name: str
    columns: tuple[Column, ...]
    rows: int | None = None
    exact: bool = False
    bytes: int | None = None
    keys: tuple[tuple[str, ...], ...] = ()
    references: tuple[Reference, ...] = ()


class Database(Protocol):
    """A database that was connected, read-only."""

    address: Address
    backslash: bool

    def result(self, query: str) -> Result: ...

    def tables(self) -> tuple[str, ...]: ...

    def catalogue(self) -> tuple[Table, ...]: ...

    def quoted(self, name: str) -> str: ...

    def digest_of_rows(self, table: str, columns: Sequence[str]) -> str: ...

    def close(self) -> None: ...


def once(columns: tuple[str, ...], address: Address) -> tuple[str, ...]:
    """*columns*, if no name occurs twice.

    Raises
    ------
    InputError
        One does, or there is none.
    """
    if repeated := [name for place, name in enumerate(columns) if name in columns[:place]]:
        raise InputError(
            "two columns of the query have the same name",
            place=address.place,
            found=repeated[0],
            mend=f"name them apart in the query: … AS {repeated[0]}_2",
        )
    if not columns:
        raise InputError(
            "the query gives no columns", place=address.place, mend="write a query that starts with SELECT"
        )
    return columns


def normal(frame: pl.DataFrame) -> pl.DataFrame:
    """*frame* in the types that a source gives, whatever the database calls them.

    Whole numbers are Int64 (UInt64 where unsigned), others Float64 or Decimal; times are naive, or in UTC, with
    microseconds, and missing where no calendar has them (``infinity``); bytes are hexadecimal text; what is nested is
    JSON text; categories are text.

    >>> frame = pl.DataFrame({"a": pl.Series([1], dtype=pl.Int8), "b": [b"\\x00\\xff"], "c": [[1, 2]]})
    >>> normal(frame).row(0), normal(frame).dtypes
    ((1, '00ff', '[1,2]'), [Int64, String, String])
    """
    if any(dtype.is_extension() for dtype in frame.dtypes):
        frame = frame.with_columns(
            column.ext.storage() for column in frame.get_columns() if column.dtype.is_extension()
        )
    return frame.with_columns(_normal(name, dtype) for name, dtype in frame.schema.items())


def _normal(name: str, dtype: pl.DataType) -> pl.Expr:
    cell = pl.col(name)
    match dtype:
        case pl.Datetime():
            moment = cell.cast(pl.Datetime("us", dtype.time_zone))
            if dtype.time_zone:
                moment = moment.dt.convert_time_zone("UTC")
                return pl.when(moment.is_between(_FIRST.replace(tzinfo=UTC), _LAST.replace(tzinfo=UTC))).then(moment)
            return pl.when(moment.is_between(_FIRST, _LAST)).then(moment)
        case pl.Date():
            return pl.when(cell.is_between(date(1, 1, 1), date(9999, 12, 31))).then(cell)
        case pl.Binary():
            return cell.bin.encode("hex")
        case pl.List() | pl.Array() | pl.Struct():
            text = pl.struct(cell.alias("v")).struct.json_encode()
            return pl.when(cell.is_not_null()).then(text.str.slice(5, text.str.len_chars() - 6)).alias(name)
        case pl.Categorical() | pl.Enum() | pl.Null():
            return cell.cast(pl.String)
        case _ if dtype.is_unsigned_integer():
            return cell.cast(pl.UInt64)
        case _ if dtype.is_signed_integer() and dtype != pl.Int128:
            return cell.cast(pl.Int64)
        case _ if dtype.is_float():
            return cell.cast(pl.Float64)
    return cell


def column_frame(
    columns: tuple[str, ...], rows: list[tuple[Any, ...]], made: Callable[[str, tuple[Any, ...]], pl.Series]
) -> pl.DataFrame:
    """A frame of *rows*, each column made by *made* from its name and values.

    >>> column_frame(("a", "b"), [(1, "x"), (2, "y")], pl.Series).to_dicts()
    [{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'y'}]
    """
    return pl.DataFrame([made(name, values) for name, values in zip(columns, zip(*rows, strict=True), strict=True)])
