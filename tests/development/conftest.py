"""A small world to develop models in: made rows, a dataset of them, a charter, a journal."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.data.records import Column, Dataset
from fullcycle.data.split import Division, Part, Span
from fullcycle.data.table import Segment
from fullcycle.development import make
from fullcycle.development.records import Model, Trial
from fullcycle.development.settings import Development
from fullcycle.engine import SerialEngine
from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.clock import SetClock
from fullcycle.kernel.journal import SQLiteJournal
from fullcycle.kernel.scope import Actor, Scope
from fullcycle.kernel.verbs import Engine, Run
from fullcycle.measure.intervals import Estimate
from fullcycle.measure.value import Amount, ValueTable
from fullcycle.predictor.contract import ColumnRule, Contract
from fullcycle.scoping.records import Charter, Feasibility
from fullcycle.scoping.settings import Limits, Resources, Risk

START = datetime(2024, 1, 1, 5, tzinfo=UTC)
_KINDS = {pl.Float64: "float", pl.Int64: "integer", pl.Boolean: "boolean", pl.String: "category"}


class World:
    """A folder with blobs and a journal, and short ways to make what development reads."""

    def __init__(self, folder: Path) -> None:
        self.blobs = FolderBlobs(folder / "blobs")
        self.journal = SQLiteJournal(folder / "journal.db")

    def run(self) -> Run:
        """The verbs, as a freshly started process has them."""
        scope, actor = Scope(project="test"), Actor(kind="service", name="test", known_by="process")
        return Run(self.journal, self.blobs, scope, actor, SetClock(START))

    def frame(self, n: int = 1200, *, signal: float = 2.0, seed: int = 0) -> pl.DataFrame:
        """n rows over 60 days: a number, a category and the hour tell of the chance that ``late`` comes true."""
        random = np.random.default_rng(seed)
        at = [START + timedelta(minutes=60 * 24 * 60 * row // n) for row in range(n)]
        x, carrier = random.normal(size=n), random.integers(0, 3, n)
        hour = np.array([it.hour for it in at])
        z = signal * (x + 0.7 * (carrier - 1) + 0.5 * np.sin(hour / 24 * 6.3)) - 0.5
        late = random.random(n) < 1 / (1 + np.exp(-z))
        return pl.DataFrame(
            {
                "id": [f"r{row}" for row in range(n)],
                "at": pl.Series(at, dtype=pl.Datetime("us", "UTC")),
                "x": np.where(random.random(n) < 0.05, np.nan, x),
                "noise": random.normal(size=n),
                "carrier": pl.Series(np.array(["AA", "BB", "CC"])[carrier]),
                "size": z + random.normal(size=n),
                "band": pl.Series(np.array(["low", "middle", "high"])[np.digitize(x, [-0.5, 0.5])]),
                "late": late,
            }
        ).with_columns(pl.col("x").fill_nan(None))

    def dataset(
        self,
        frame: pl.DataFrame,
        *,
        target: str = "late",
        after: Sequence[str] = ("late", "size", "band"),
        derived: dict[str, str] | None = None,
        kinds: dict[str, str] | None = None,
    ) -> Dataset:
        """A dataset of *frame*: six tenths to train, two to validate, two to test."""
        body = io.BytesIO()
        frame.write_parquet(body)
        sorts = {
            name: "time" if isinstance(type_, pl.Datetime) else _KINDS[type(type_)]
            for name, type_ in frame.schema.items()
        } | (kinds or {})
        columns = tuple(
            Column(
                name=name, kind=sort, known="after" if name in after else "before", feature=name not in (*after, "at")
            )
            for name, sort in sorts.items()
        )
        brought = [column for column in columns if column.known == "before" and column.name not in (derived or {})]
        classes: tuple[str, ...] = ()
        if not target:
            pass
        elif frame[target].dtype == pl.Boolean:
            classes = ("false", "true")
        elif frame[target].dtype == pl.String:
            classes = tuple(sorted(frame[target].unique().to_list()))
        return Dataset(
            as_of=START + timedelta(days=90),
            sources=(),
            table=(Segment(period="", rows=len(frame), blob=self.blobs.put(body.getvalue())),),
            quarantine="",
            turned_away={},
            columns=columns,
            derived=derived or {},
            division=Division(
                by="time",
                columns=("at",),
                spans={name: Span(start=part.start, end=part.end) for name, part in _parts(frame).items()},
            ),
            parts=_parts(frame),
            embargo=0,
            contract=Contract(
                columns=tuple(ColumnRule(name=it.name, kind=it.kind) for it in brought),  # type: ignore[arg-type]
                zone="UTC",
            ),
            profile={},
            classes=classes,
            left_out=(),
            findings=(),
        )

    def charter(self, task: str = "binary", **changes: Any) -> Charter:
        """A charter about ``late``, ``band`` or ``size``; of clusters, about nothing."""
        target = {"binary": "late", "multiclass": "band", "regression": "size"}.get(task, "")
        actions = {"multiclass": ("low", "middle", "high"), "binary": ("rebook", "wait")}.get(task, ())
        fields: dict[str, Any] = {
            "project": "test",
            "timezone": "America/New_York",
            "question": "?",
            "as_of": START,
            "task": task,
            "target": target,
            "entity": "id",
            "time": "at",
            "label_delay": 3_600_000_000,
            "actions": actions,
            "todays_rule": {"always": actions[-1] if actions else "0"},
            "action_changes_outcome": False,
            "volume_per_day": None,
            "confidence": 0.95,
            "values": money() if task == "binary" else ValueTable(task=task, currency="USD"),
            "gates": (),
            "limits": Limits(),
            "stakeholders": (),
            "risk": Risk(),
            "resources": Resources(),
            "feasibility": Feasibility(rows=1, void=0, base=Estimate(point=0.5)),
        }
        return Charter(**{**fields, **changes})

    def develop(
        self,
        charter: Charter,
        dataset: Dataset,
        *,
        engine: Engine | None = None,
        refit: Trial | Model | None = None,
        **settings: Any,
    ) -> Model:
        """The Model, made as the loop makes it."""
        inputs = {"charter": charter, "dataset": dataset, **({"refit": refit} if refit else {})}
        run = self.run()
        return run.step(
            make,
            inputs=inputs,
            parameters={"settings": Development(**{"search_budget": "3 trials", **settings})},
            using={"blobs": self.blobs, "run": run, "engine": engine or SerialEngine()},
        )

    def steps(self, name: str) -> list[str]:
        """How each call of a step ended: ``step`` where it ran, ``reused`` where it did not."""
        return [entry.verb for entry in self.journal.read() if entry.step == name]


def money(**cells: dict[str, float]) -> ValueTable:
    """Rebooking is worth 90 where the flight is late and costs 40 where it is not; waiting is worth nothing."""
    found = cells or {"rebook": {"true": 90, "false": -40}, "wait": {"true": 0, "false": 0}}
    amounts = {
        action: {outcome: Amount(value=Decimal(number)) for outcome, number in row.items()}
        for action, row in found.items()
    }
    return ValueTable(task="binary", currency="USD", cells=amounts)


def _parts(frame: pl.DataFrame) -> dict[str, Part]:
    cuts = [0, frame.height * 6 // 10, frame.height * 8 // 10, frame.height]
    tick = timedelta(microseconds=1)
    return {
        name: Part(start=frame["at"][first], end=frame["at"][last - 1] + tick, rows=last - first)
        for name, first, last in zip(("train", "validation", "test"), cuts, cuts[1:], strict=False)
    }


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A world of its own."""
    return World(tmp_path)


@pytest.fixture
def other_world(tmp_path: Path) -> Callable[[], World]:
    """Makes further worlds, each with its own journal."""
    names: Iterator[int] = iter(range(100))
    return lambda: World(tmp_path / f"other{next(names)}")
