"""The portrait of the training rows: every column's sketch, how columns hang together, and what they tell of the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import polars as pl
from msgspec import Struct

from fullcycle.data.history import History
from fullcycle.data.kept import Kept
from fullcycle.data.months import span_of
from fullcycle.data.privacy.detect import Suspicion
from fullcycle.data.profile import (
    Correlation,
    Rate,
    Relation,
    correlations,
    label_rate,
    merged,
    packed,
    profile,
    references,
    target_relation,
    unpacked,
)
from fullcycle.data.profile.ahead import ahead
from fullcycle.data.profile.sample import ROWS
from fullcycle.data.records import Column, Profile
from fullcycle.data.split.division import deciding
from fullcycle.data.suspected import undecided
from fullcycle.data.table import Segment, Table
from fullcycle.kernel.errors import Corrupt
from fullcycle.kernel.record import canonical
from fullcycle.measure.sketches import ColumnSketch

VERSION = 1
"""Raised when the same rows give other sketches; what was kept of an older version is then not read."""


class Portrait(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the training rows look like; kept as a blob.

    Attributes
    ----------
    sketches : of every column.
    correlations, relations, rates : of a sample of the rows, and over time.
    """

    sketches: dict[str, ColumnSketch]
    correlations: tuple[Correlation, ...]
    relations: tuple[Relation, ...]
    rates: tuple[Rate, ...]


class Drawn(NamedTuple):
    """A portrait, and what follows from it.

    Attributes
    ----------
    body : the portrait as bytes; the same portrait is the same bytes.
    profile : monitoring's reference.
    sample : the rows that figures dearer than one pass were measured on.
    suspicions : columns that seem to hold personal data.
    """

    portrait: Portrait
    body: bytes
    profile: dict[str, Profile]
    sample: pl.DataFrame
    suspicions: tuple[Suspicion, ...]


def portrait(
    table: Table,
    columns: Sequence[Column],
    history: History,
    suspicions: tuple[Suspicion, ...],
    *,
    rows: int,
    kept: Kept | None = None,
) -> Drawn:
    """The portrait of the *rows* training rows of *table*; no value of a column that seems personal stands in it.

    Parameters
    ----------
    kept : where the sketches of months, and the rows drawn of them, are kept for the next time.
    """
    kept = kept or Kept()
    sample = table.sample("train", rows, ROWS, kept)
    untold = undecided(suspicions, history)
    sketches = sketched(table, columns, kept, untold=untold)
    told = [column for column in columns if column.name not in history.keys]
    features = [column for column in told if column.known == "before"]
    target = sample[history.target] if history.target else None
    drawn = Portrait(
        sketches=sketches,
        correlations=correlations(sample, told),
        relations=() if target is None else target_relation(sample, target, features, untold=untold),
        rates=() if target is None else label_rate(sample, history.time, target),
    )
    return Drawn(drawn, canonical(drawn), references(sketches, columns), sample, suspicions)


def sketched(
    table: Table, columns: Sequence[Column], kept: Kept, *, untold: Sequence[str] = ()
) -> dict[str, ColumnSketch]:
    """The sketch of each column of the training rows, month by month; a month that is *kept* is not looked at again.

    >>> from fullcycle.data.split import Division, Thresholds
    >>> everything = Division(by="random", columns=("id",), thresholds={"": Thresholds(test=0.0, validation=0.0)})
    >>> sketched(Table((), everything, blobs=None), [], Kept())
    {}
    """
    told = [[column.name, column.kind, column.personal, column.name in untold] for column in columns]
    order: list[str] = []
    found: dict[str, bytes] = {}
    missing: dict[str, Segment] = {}
    for segment in table.segments:
        inside = deciding(table.division, "train", *(span_of(segment.period) or (None, None)))
        if inside is not None:
            key = kept.key("profile", VERSION, [segment.blob, inside, told])
            order.append(key)
            if (body := kept.get(key)) is not None:
                found[key] = body
            else:
                missing[key] = segment
    frames = ahead(table.frame(segment, "train") for segment in missing.values())
    for key, frame in zip(missing, frames, strict=True):
        found[key] = packed(profile(frame, columns, untold=untold))
        kept.put(key, found[key])
    return merged(unpacked(found[key]) for key in order)


def read(body: bytes) -> Portrait:
    """The portrait of a blob. Raises Corrupt where it holds none."""
    try:
        return msgspec.json.decode(body, type=Portrait)
    except msgspec.MsgspecError as error:
        raise Corrupt("a portrait is damaged", found=str(error)) from None
