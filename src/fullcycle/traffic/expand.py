"""From the JSON of a logged row back to typed columns."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from fullcycle.kernel.errors import InputError, UnknownKey

_STORED: dict[str, pl.DataType] = {
    "float": pl.Float64(),
    "integer": pl.String(),  # as integers Polars would cut 2.5 to 2, as floats it would round beyond 2**53
    "boolean": pl.Boolean(),
    "category": pl.String(),
    "text": pl.String(),
    "time": pl.String(),
}


def expand(frame: pl.DataFrame, kinds: Mapping[str, str]) -> pl.DataFrame:
    """Typed columns out of ``row``, and out of ``after`` for what is known only then.

    Parameters
    ----------
    frame : with ``row`` and, where outcomes are wanted, ``after``: JSON objects as text.
    kinds : for each column wanted ``float``, ``integer``, ``boolean``, ``category``, ``text`` or ``time`` (ISO 8601; UTC
        where it names no zone).

    Returns
    -------
    The columns of *kinds* in that order, as many rows as *frame*; what a row lacks is null.

    Raises
    ------
    InputError : a text is not JSON, or a value not of its kind; ``UnknownKey`` where a kind is none of the six.

    Examples
    --------
    >>> expand(pl.DataFrame({"row": ['{"carrier":"UA","delay":4.0}']}), {"delay": "float", "carrier": "category"}).rows()
    [(4.0, 'UA')]
    """
    for kind in kinds.values():
        if kind not in _STORED:
            raise UnknownKey(kind, _STORED, what="kind of column")
    if not kinds:
        return pl.DataFrame(height=frame.height)
    shape = pl.Struct({name: _STORED[kind] for name, kind in kinds.items()})
    sources = [source for source in ("row", "after") if source in frame.columns]
    try:
        parts = [frame[source].str.json_decode(shape).struct.unnest() for source in sources]
        columns = [_typed(name, kind, [part[name] for part in parts]) for name, kind in kinds.items()]
    except pl.exceptions.PolarsError as error:
        mend = "give the kinds under which the rows were logged"
        raise InputError(f"a logged row does not fit its columns: {error}", mend=mend) from error
    return pl.DataFrame(columns)


def _typed(name: str, kind: str, found: list[pl.Series]) -> pl.Series:
    column = pl.select(pl.coalesce(found).alias(name)).to_series()
    if kind == "time":
        return _times(column)
    return _integers(column) if kind == "integer" else column


def _integers(column: pl.Series) -> pl.Series:
    """Whole numbers, some of which may be written with a point."""
    whole = column.cast(pl.Int64, strict=False)
    rest = column.filter(whole.is_null() & column.is_not_null()).cast(pl.Float64)
    if (rest % 1 != 0).any():
        raise pl.exceptions.InvalidOperationError(f"column {column.name!r} holds a number that is not whole")
    if rest.is_empty():
        return whole
    return whole.zip_with(whole.is_not_null() | column.is_null(), column.cast(pl.Float64, strict=False).cast(pl.Int64))


def _times(column: pl.Series) -> pl.Series:
    """ISO 8601 texts as UTC; one column may hold some with a zone and some without."""
    zoned = column.str.contains(r"(?:[zZ]|[+-]\d\d:?\d\d)$") & column.str.contains("[T ]")
    parts = [pl.when(mask).then(column).otherwise(None) for mask in (zoned, ~zoned)]
    texts = [pl.select(part.alias(column.name)).to_series() for part in parts]
    read = [text.str.to_datetime(time_unit="us", time_zone="UTC") for text in texts if text.null_count() < len(text)]
    empty = pl.lit(None, dtype=pl.Datetime("us", "UTC"))
    joined = pl.select(pl.coalesce([*read, empty]).alias(column.name)).to_series()
    return joined if len(joined) == len(column) else joined.new_from_index(0, len(column))
