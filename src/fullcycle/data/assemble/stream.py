"""The rows of a source and of those that extend it, such as its mended quarantine, as one stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from fullcycle.data.sources.reading import BROKEN, Reading
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import InputError

QUARANTINE = ("source", "row", "reasons", "when", "raw")
"""What quarantine adds to a row; a mended one brings it back, and it is no part of the row."""


def members(name: str, sources: Sequence[Source]) -> tuple[str, ...]:
    """The source *name* and those that extend it, or extend one that does, in declared order.

    Raises
    ------
    InputError
        A source extends itself.

    Examples
    --------
    >>> def source(name, extends=""):
    ...     return Source(name=name, location="x.csv", extends=extends)
    >>> members("a", [source("a"), source("b"), source("mended", "a"), source("again", "mended")])
    ('a', 'mended', 'again')
    """
    found = [name]
    for member in found:
        added = [source.name for source in sources if source.extends == member]
        if again := [name for name in added if name in found]:
            raise InputError(
                "a source extends itself",
                place=f"cycle.toml, [[data.sources]] {again[0]}",
                found=member,
                mend="take 'extends' away from one of them",
            )
        found += added
    return tuple(found)


def united(readings: Sequence[Reading], key: Callable[[pl.DataFrame], pl.Series] | None = None) -> Reading:
    """One reading of the first's rows, then the others'; columns go by name, and what one lacks is missing there.

    A column is missing, not in the stream, where only quarantine added it. With a *key* of rows, a row of a later reading takes
    the place of those before it with the same key: a mended row that of the broken one.

    >>> from fullcycle.data.sources.reading import of_frame, whole
    >>> late = pl.DataFrame({"b": ["3"], "a": ["2"], "reasons": ["b: missing"]})
    >>> whole(united([of_frame(pl.DataFrame({"a": ["1"]}), "x"), of_frame(late, "y")])).rows()
    [('1', None), ('2', '3')]
    """
    if len(readings) == 1:
        return readings[0]
    base = readings[0].columns
    extra = (name for reading in readings[1:] for name in reading.columns if name not in (*base, *QUARANTINE))
    columns = tuple(dict.fromkeys([*base, *extra]))

    def batches() -> Iterator[pl.DataFrame]:
        for place, reading in enumerate(readings):
            later = [key(batch) for other in readings[place + 1 :] for batch in other.batches()] if key else []
            for batch in reading.batches():
                if key and later:
                    batch = batch.filter(~key(batch).is_in(pl.concat(later).implode()).fill_null(False))
                yield batch.select(
                    pl.col(name) if name in batch.columns else pl.lit(None).alias(name) for name in columns
                )

    def broken() -> pl.DataFrame:
        return pl.concat([reading.broken().select(list(BROKEN)) for reading in readings])

    findings = tuple(finding for reading in readings for finding in reading.findings)
    return Reading(columns, batches, broken, readings[0].fingerprint, findings)


def gathered(batches: Sequence[pl.DataFrame], columns: Sequence[str]) -> pl.DataFrame:
    """The batches in one frame; a column whose type differs between them becomes text.

    >>> gathered([pl.DataFrame({"a": [1]}), pl.DataFrame({"a": ["x"]})], ["a"])["a"].to_list()
    ['1', 'x']
    """
    if not batches:
        return pl.DataFrame(schema={name: pl.Null() for name in columns})
    kinds = {name: {batch.schema[name] for batch in batches} - {pl.Null()} for name in columns}
    mixed = [name for name, found in kinds.items() if len(found) > 1]
    alike = [
        batch.select(pl.col(name).cast(pl.String) if name in mixed else pl.col(name) for name in columns)
        for batch in batches
    ]
    return pl.concat(alike, how="vertical_relaxed").rechunk()
