"""Parcels that come late: a small table as a file has it, and what the rooms make of it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import polars as pl

from fullcycle.data import make
from fullcycle.data.history import History
from fullcycle.data.kept import Kept
from fullcycle.data.records import Dataset
from fullcycle.data.settings import ColumnFact, Data, Rules
from fullcycle.data.sources.types import typed
from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.verbs import Observation
from fullcycle.measure.intervals import Estimate
from fullcycle.measure.value import ValueTable
from fullcycle.scoping.records import Charter, Feasibility
from fullcycle.scoping.settings import Limits, Resources, Risk

ZONE = "America/New_York"
FACTS = {
    "id": ColumnFact(type="category", feature=False),
    "sent": ColumnFact(type="time"),
    "weight": ColumnFact(type="float", low=0),
    "city": ColumnFact(type="category"),
    "first_scan": ColumnFact(type="float", known="2h"),
    "delay": ColumnFact(type="float", known="after"),
}
DERIVED = {"late": "delay > 30", "heavy_late": "late and weight > 5"}
KEYS = {"id": "[scoping] entity", "sent": "[scoping] time"}
DAY = timedelta(days=1)


def local(day: int, hour: int = 0, *, month: int = 3) -> datetime:
    """A time of 2024 in the zone of the parcels, in UTC."""
    return (datetime(2024, month, 1, hour, tzinfo=ZoneInfo(ZONE)) + (day - 1) * DAY).astimezone(UTC)


def parcels(*, days: int = 30, per_day: int = 5, seed: int = 3) -> pl.DataFrame:
    """Cells as text, from the 1st of March 2024 on, across the change of the clock on the 10th."""
    chance = random.Random(seed)
    rows = []
    for day in range(days):
        for number in range(per_day):
            at = datetime(2024, 3, 1, 4 + number) + day * DAY
            rows.append(
                {
                    "id": f"p{day:02d}-{number}",
                    "sent": at.isoformat(),
                    "weight": f"{chance.uniform(0.1, 9):.2f}",
                    "city": chance.choice(["Bonn", "Kiel", "Ulm"]),
                    "first_scan": f"{chance.uniform(1, 60):.1f}",
                    "delay": None if chance.random() < 0.05 else f"{chance.uniform(-20, 90):.0f}",
                }
            )
    return pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))


def changed(raw: pl.DataFrame, row: int, **cells: str | None) -> pl.DataFrame:
    """*raw* with some cells of one row changed."""
    here = pl.int_range(pl.len()) == row
    return raw.with_columns(
        pl.when(here).then(pl.lit(cell, dtype=pl.String)).otherwise(pl.col(name)).alias(name)
        for name, cell in cells.items()
    )


def history(raw: pl.DataFrame, facts: Mapping[str, ColumnFact] = FACTS, **over: Any) -> History:
    """The past that *raw* tells."""
    plain: dict[str, Any] = {
        "derived": DERIVED,
        "task": "binary",
        "target": "late",
        "entity": "id",
        "time": "sent",
        "label_delay": DAY,
        "zone": ZONE,
        "rules": Rules(),
    }
    past = History(tuple(facts), facts=facts, **{**plain, **over})
    past.add(*typed(raw, facts, keys=KEYS, time="sent", zone=ZONE, source="parcels.csv"))
    return past


def charter(**over: Any) -> Charter:
    """The question about parcels."""
    plain = Charter(
        as_of=local(40),
        project="parcels",
        timezone=ZONE,
        question="Which parcels come late?",
        task="binary",
        target="late",
        entity="id",
        time="sent",
        label_delay=DAY // timedelta(microseconds=1),
        actions=("call", "wait"),
        todays_rule={"always": "wait"},
        action_changes_outcome=False,
        volume_per_day=None,
        confidence=0.95,
        values=ValueTable(task="binary", currency="EUR"),
        gates=(),
        limits=Limits(),
        stakeholders=(),
        risk=Risk(),
        resources=Resources(),
        feasibility=Feasibility(rows=100, void=0, base=Estimate(point=0.5)),
    )
    return msgspec.structs.replace(plain, **over)


def settings(**over: Any) -> Data:
    """The section ``[data]``."""
    plain = {"sources": [{"name": "parcels", "from": "parcels.csv"}], "derive": DERIVED}
    return msgspec.convert({**plain, **over}, Data)


def dataset(
    past: History,
    blobs: FolderBlobs,
    *,
    as_of: datetime | None = None,
    asked: Charter | None = None,
    given: Data | None = None,
    kept: Kept | None = None,
) -> Dataset:
    """The Dataset of a past."""
    return make(
        charter=asked or charter(),
        source=Observation("ab"),
        settings=given or settings(),
        columns={},
        as_of=as_of or local(40),
        hashed_under="",
        erased=frozenset(),
        history=past,
        left_out=lambda: ("colour",),
        blobs=blobs,
        kept=kept,
    )


def store(folder: Path) -> FolderBlobs:
    """Where tables are kept."""
    return FolderBlobs(folder / "blobs")
