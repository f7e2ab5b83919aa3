"""The portrait of the training rows: every column's sketch, how columns hang together, and what they tell of the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import polars as pl
from msgspec import Struct

from fullcycle.data.history import History
from fullcycle.data.privacy.detect import Suspicion
from fullcycle.data.profile import (
    Correlation,
    Rate,
    Relation,
    correlations,
    label_rate,
    merged,
    profile,
    references,
    target_relation,
)
from fullcycle.data.profile.ahead import ahead
from fullcycle.data.profile.sample import ROWS
from fullcycle.data.records import Column, Profile
from fullcycle.data.suspected import undecided
from fullcycle.data.table import Table
from fullcycle.kernel.errors import Corrupt
from fullcycle.kernel.record import canonical
from fullcycle.measure.sketches import ColumnSketch


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
    table: Table, columns: Sequence[Column], history: History, suspicions: tuple[Suspicion, ...], *, rows: int
) -> Drawn:
    """The portrait of the *rows* training rows of *table*; no value of a column that seems personal stands in it."""
    sample = table.sample("train", rows, ROWS)
    untold = undecided(suspicions, history)
    sketches = merged(profile(frame, columns, untold=untold) for frame in ahead(table.frames("train")))
    told = [column for column in columns if column.name not in (history.entity, history.time, history.target)]
    features = [column for column in told if column.known == "before"]
    drawn = Portrait(
        sketches=sketches,
        correlations=correlations(sample, told),
        relations=target_relation(sample, sample[history.target], features, untold=untold),
        rates=label_rate(sample, history.time, sample[history.target]),
    )
    return Drawn(drawn, canonical(drawn), references(sketches, columns), sample, suspicions)


def read(body: bytes) -> Portrait:
    """The portrait of a blob. Raises Corrupt where it holds none."""
    try:
        return msgspec.json.decode(body, type=Portrait)
    except msgspec.MsgspecError as error:
        raise Corrupt("a portrait is damaged", found=str(error)) from None
