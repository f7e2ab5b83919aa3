"""One table of rows from the declared sources: joined by key or by time, or made from events.

The first source, with those that extend it, is a stream of batches; or its rows are made from events, month by month.
Sources that are joined, and events, are held in memory, with only the columns that are needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from fullcycle.data.assemble.assembly import Assembly
from fullcycle.data.assemble.examples import month_key
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.sources.reading import Reading
from fullcycle.kernel.finding import Finding

if TYPE_CHECKING:  # data.settings holds this folder's settings
    from fullcycle.data.settings import Data

__all__ = ["Assembled", "assemble", "month_key"]


class Assembled(NamedTuple):
    """One stream of raw rows.

    Attributes
    ----------
    columns : names of the columns, in order.
    batches : the rows, a few at a time; may be called again.
    broken : what could not be read or used, once *batches* has been gone through; columns of ``reading.BROKEN``.
    findings : what was seen while joining, once *batches* has been gone through.
    fingerprint : SHA-256 over the fingerprints of the sources that were read, and nothing else.
    """

    columns: tuple[str, ...]
    batches: Callable[[], Iterator[pl.DataFrame]]
    broken: Callable[[], pl.DataFrame]
    findings: Callable[[], tuple[Finding, ...]]
    fingerprint: str


def assemble(
    settings: Data,
    readings: Mapping[str, Reading],
    facts: Mapping[str, ColumnFact],
    *,
    zone: str,
    entity: str = "",
    time: str = "",
    target: str = "",
    label_delay: timedelta = timedelta(),
    state: Path | None = None,
) -> Assembled:
    """One table from the declared sources.

    Parameters
    ----------
    readings : by name of the source.
    facts : what ``columns.toml`` says; types of the columns that times and expressions read, and what may be shown.
    zone : in which naive times are read, and the calendar of rows made from events goes.
    entity : column that says what a row is about; with the time, by which a mended row takes the place of the broken one.
    time : column of a row's time; what is joined by time, and windows, are cut at it.
    target : column that holds the label of rows made from events.
    label_delay : how long until that label is known; at least as long as it looks ahead.
    state : folder of the project's state, where months made from events are kept; None keeps none.

    Raises
    ------
    UnknownKey
        A source that is joined is not declared; names the nearest.
    ColumnMissing
        A source lacks a column that is named; names the nearest.
    InputError
        Two columns would have one name, or the settings contradict themselves; while the batches are gone through: a join
        multiplies rows, keys cannot be compared, or a column of events does not parse.

    Examples
    --------
    >>> from fullcycle.data.settings import Data, Join, Source
    >>> from fullcycle.data.sources.reading import of_frame, whole
    >>> sources = (Source(name="orders", location="o.csv"), Source(name="shops", location="s.csv"))
    >>> settings = Data(sources=sources, joins=(Join(source="shops", on=("shop",)),))
    >>> orders = of_frame(pl.DataFrame({"id": [1, 2], "shop": ["a", "z"]}), "1")
    >>> shops = of_frame(pl.DataFrame({"shop": ["a", "b"], "size": [10, 20]}), "2")
    >>> found = assemble(settings, {"orders": orders, "shops": shops}, {}, zone="UTC")
    >>> whole(found).rows(), found.findings()[0].value
    ([(1, 'a', 10), (2, 'z', None)], 0.5)
    """
    assembly = Assembly(
        settings,
        readings,
        facts,
        zone=zone,
        entity=entity,
        time=time,
        target=target,
        label_delay=label_delay,
        state=state,
    )
    found = hashlib.sha256()
    for name, reading in sorted(readings.items()):
        found.update(f"{name}\0{reading.fingerprint}\0".encode())
    return Assembled(assembly.columns, assembly.batches, assembly.broken, assembly.findings, found.hexdigest())
