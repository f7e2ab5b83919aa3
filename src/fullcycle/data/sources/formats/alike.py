"""Alike: whether the files of one source have the same columns in the same types."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from fullcycle.data.sources.formats.table import File, Table
from fullcycle.kernel.errors import InputError


def common(tables: Sequence[tuple[File, Table]]) -> dict[str, pl.DataType]:
    """One type for each column of all files of a source, in the order of the first.

    Whole numbers and fractions make fractions, days and times make times; a column without a value takes any type.

    Raises
    ------
    InputError
        A file lacks a column, has one more or under another name, or has one of another type; names both files.

    >>> from pathlib import Path
    >>> def table(**schema): return Table(schema, lambda: iter(()), list, "", {})
    >>> one, other = (File(Path(name), name, "parquet") for name in ("a.parquet", "b.parquet"))
    >>> common([(one, table(x=pl.Int32(), y=pl.Null())), (other, table(y=pl.String(), x=pl.Float64()))])
    {'x': Float64, 'y': String}
    """
    (first, table), *others = tables
    schema = dict(table.schema)
    for file, other in others:
        _refuse_other_columns(first, list(schema), file, list(other.schema))
        for name, type_ in other.schema.items():
            schema[name] = _joint(name, schema[name], type_, first, file)
    return schema


def _refuse_other_columns(first: File, expected: list[str], file: File, found: list[str]) -> None:
    missing = [name for name in expected if name not in found]
    new = [name for name in found if name not in expected]
    if not missing and not new:
        return
    renamed = bool(missing and new)
    raise InputError(
        "a column was renamed" if renamed else "a column is missing" if missing else "there is a column more",
        place=file.shown,
        found=", ".join(new) or None,
        expected=f"{', '.join(missing) or 'the columns'}, as in {first.shown}",
        mend="give all files of a source the same columns, or name them as sources of their own",
    )


_FAMILIES = (
    ("a number", lambda type_: type_.is_numeric()),
    ("a time", lambda type_: isinstance(type_, pl.Datetime | pl.Date)),
    ("text", lambda type_: isinstance(type_, pl.String | pl.Categorical | pl.Enum)),
)


def _joint(name: str, one: pl.DataType, other: pl.DataType, first: File, file: File) -> pl.DataType:
    """The type that holds values of both."""
    if one == other or isinstance(other, pl.Null):
        return one
    if isinstance(one, pl.Null):
        return other
    families = [[word for word, fits in _FAMILIES if fits(type_)] for type_ in (one, other)]
    zones = {type_.time_zone for type_ in (one, other) if isinstance(type_, pl.Datetime)}
    if not families[0] or families[0] != families[1] or len(zones) > 1:
        raise InputError(
            f"column {name!r} changed its type",
            place=file.shown,
            found=str(other),
            expected=f"{one}, as in {first.shown}",
            mend="write the column in one type",
        )
    return pl.concat([pl.DataFrame(schema={name: type_}) for type_ in (one, other)], how="vertical_relaxed").schema[
        name
    ]
