"""A small airline whose truth is known: records and traffic for the tests of the rooms that look at production."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import polars as pl

from fullcycle.data.records import Column, Dataset, Origin, Profile
from fullcycle.data.split import Division
from fullcycle.deployment.records import Release
from fullcycle.development.records import Model
from fullcycle.kernel.verbs import Observation
from fullcycle.measure.intervals import Estimate, mean_interval
from fullcycle.measure.metrics import evaluate
from fullcycle.measure.sketches import CategorySketch, NumberSketch
from fullcycle.measure.value import Amount, ValueTable
from fullcycle.predictor.contract import ColumnRule, Contract
from fullcycle.predictor.policy import Decider, Policy
from fullcycle.scoping.records import Charter, Feasibility
from fullcycle.scoping.settings import Limits, Resources, Risk
from fullcycle.traffic.match import match
from fullcycle.traffic.read import CONTENT, content_digest
from fullcycle.traffic.schema import Decision, Outcome, micros
from fullcycle.traffic.tables import rows_frame

ZONE = "America/New_York"
START = datetime(2013, 7, 1, 4, tzinfo=UTC)
DAY = timedelta(days=1)
DELAY = DAY // timedelta(microseconds=1)
KINDS = {"distance": "float", "carrier": "category", "when": "time", "arr_delay": "float", "late": "boolean"}
CARRIERS = ("AA", "B6", "UA")
RATES = Resources(
    people_days=12,
    people_days_per_month=1,
    day_rate=600,
    compute_per_hour=0.5,
    hours_per_million_rows=0.02,
    serving_per_month=20,
)
COLUMNS = (
    Column(name="distance", kind="float", known="before", feature=True),
    Column(name="carrier", kind="category", known="before", feature=True),
    Column(name="when", kind="time", known="before", feature=True),
    Column(name="arr_delay", kind="float", known="after", feature=False),
    Column(name="late", kind="boolean", known="after", feature=False),
)


def table(**over: Any) -> ValueTable:
    """Rebooking a late flight is worth 90, one on time costs 40."""
    cells = {
        "rebook": {"true": amount(90, 60, 120), "false": amount(-40)},
        "wait": {"true": amount(0), "false": amount(0)},
    }
    return ValueTable(task="binary", currency="USD", actions=("rebook", "wait"), cells=over.get("cells", cells))


def amount(value: int, low: int | None = None, high: int | None = None) -> Amount:
    ends = [None if end is None else Decimal(end) for end in (low, high)]
    return Amount(value=Decimal(value), low=ends[0], high=ends[1])


def policy(**over: Any) -> Policy:
    plain = Policy(
        task="binary",
        actions=("rebook", "wait"),
        values=table(),
        todays_rule={"always": "wait"},
        zone=ZONE,
        kinds=KINDS,
    )
    return msgspec.structs.replace(plain, **over)


def charter(**over: Any) -> Charter:
    plain = Charter(
        project="late-flights",
        timezone=ZONE,
        question="Which flights will be late?",
        task="binary",
        target="late",
        entity="tail",
        time="when",
        label_delay=DELAY,
        actions=("rebook", "wait"),
        todays_rule={"always": "wait"},
        action_changes_outcome=False,
        volume_per_day=100.0,
        confidence=0.95,
        values=table(),
        gates=(),
        limits=Limits(),
        stakeholders=(),
        risk=Risk(),
        resources=RATES,
        as_of=START,
        feasibility=Feasibility(rows=1000, void=0, base=Estimate(point=0.3)),
    )
    return msgspec.structs.replace(plain, **over)


@dataclass
class Flights:
    """Rows with their true probability of being late."""

    time: np.ndarray[Any, Any]
    distance: np.ndarray[Any, Any]
    carrier: np.ndarray[Any, Any]
    chance: np.ndarray[Any, Any]
    late: np.ndarray[Any, Any]
    day: np.ndarray[Any, Any]


def flights(
    days: int,
    per_day: int,
    *,
    seed: int,
    start: datetime = START,
    base: float = -0.9,
    weather: float = 0.4,
    moved: float = 0.0,
) -> Flights:
    """Days of flights. *weather* is the spread between days of the log-odds, *moved* a shift of all distances."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), per_day)
    distance = np.round(rng.normal(1000 + moved, 300, len(day)), 1)
    carrier = rng.integers(0, len(CARRIERS), len(day))
    odds = base + (distance - 1000) / 200 + 0.5 * (carrier == 1) + weather * rng.normal(size=days)[day]
    chance = 1 / (1 + np.exp(-odds))
    place = np.tile(np.arange(per_day), days)
    time = micros(start) + day * DELAY + place * (DELAY // per_day)
    return Flights(
        time, distance, np.array(CARRIERS)[carrier], chance, (rng.random(len(day)) < chance).astype(float), day
    )


def scores(found: Flights, kind: str, seed: int = 0, *, base: float = -0.9) -> np.ndarray[Any, Any]:
    """What a model says: ``good`` knows all but the weather, ``noise`` nothing."""
    rng = np.random.default_rng(seed + 1000)
    if kind == "noise":
        return np.round(rng.uniform(0.05, 0.95, len(found.day)), 6)
    odds = base + (found.distance - 1000) / 200 + 0.5 * (found.carrier == "B6")
    return np.round(1 / (1 + np.exp(-odds)), 6)


def served(
    found: Flights,
    score: np.ndarray[Any, Any],
    *,
    decides: Policy | None = None,
    control: float = 0.0,
    waiting: float = 0.0,
    void: float = 0.0,
    seed: int = 0,
) -> Observation:
    """The flights as production saw them: decisions logged, outcomes matched."""
    rng = np.random.default_rng(seed + 2000)
    rows = pl.DataFrame({"distance": found.distance, "carrier": found.carrier, "when": [None] * len(found.day)})
    actions = Decider(decides or policy()).decide(
        score, rows.with_columns(pl.col("when").cast(pl.Datetime("us", "UTC")))
    )
    fate = rng.random(len(found.day))
    group = rng.random(len(found.day)) < control
    logged: list[tuple[Any, int]] = []
    came: list[tuple[Any, int]] = []
    for place in range(len(found.day)):
        time, key = int(found.time[place]), f"d{place:06d}"
        share = control if group[place] else 1 - control
        row = json.dumps({"carrier": str(found.carrier[place]), "distance": float(found.distance[place])})
        logged.append(
            (
                _decision(
                    key,
                    time,
                    "wait" if group[place] else str(actions[place]),
                    bool(group[place]),
                    share,
                    float(score[place]),
                    row,
                ),
                place,
            )
        )
        if fate[place] >= waiting:
            came.append((_outcome(key, time, float(found.late[place]), fate[place] < waiting + void), place))
    decisions = rows_frame("decisions", logged, "s1")
    outcomes = rows_frame("outcomes", came, "s1")
    frame, counts = match(decisions, outcomes)
    frame = frame.sort([*CONTENT, "id"])  # as a reader sorts
    return Observation(content_digest(frame), (frame, counts))


def _decision(key: str, time: int, action: str, control: bool, share: float, score: float, row: str) -> Decision:
    variant = "control" if control else "champion"
    common: dict[str, Any] = {
        "environment": "dev",
        "timeline": "live",
        "id": key,
        "decision": key,
        "entity": key,
        "release": "r1",
    }
    return Decision(
        **common, time=time, at=time, variant=variant, propensity=share, action=action, score=score, row=row, digest=key
    )


def _outcome(key: str, time: int, late: float, void: bool) -> Outcome:
    came = time + DELAY
    common: dict[str, Any] = {"environment": "dev", "timeline": "live", "id": key, "at": came, "received": came}
    if void:
        return Outcome(**common, status="void", reason="cancelled", row='{"arr_delay":null}')
    return Outcome(**common, status="known", row=json.dumps({"arr_delay": 31.0 + 9 * late if late else 4.0}))


def dataset(past: Flights) -> Dataset:
    """The dataset whose training rows were *past*."""
    sketches: dict[str, Any] = {
        "number": NumberSketch.fit(past.distance),
        "category": CategorySketch.fit(past.carrier.tolist()),
    }
    profile = {
        "distance": Profile(sketch=sketches["number"], missing=0.0),
        "carrier": Profile(sketch=sketches["category"], missing=0.0),
        "when": Profile(sketch=NumberSketch.fit(past.time.astype(float)), missing=0.0),
    }
    rules = (ColumnRule(name="distance", kind="float"), ColumnRule(name="carrier", kind="category"))
    return Dataset(
        as_of=START,
        sources=(Origin(name="s"),),
        table=(),
        quarantine="",
        turned_away={},
        columns=COLUMNS,
        derived={"late": "arr_delay > 30"},
        division=Division(by="time", columns=("when",)),
        parts={},
        embargo=0,
        contract=Contract(columns=rules),
        profile=profile,
        classes=("false", "true"),
        left_out=(),
        findings=(),
    )


def model(past: Flights, kind: str, **over: Any) -> Model:
    """A model as it was tested on *past*."""
    score = scores(past, kind)
    figures = {
        name: evaluate(name, past.late, score, past.day)
        for name in ("roc_auc", "log_loss", "brier", "average_precision")
    }
    rebook = np.where(score > 40 / 130, np.where(past.late == 1, 90.0, -40.0), 0.0)
    always = np.where(past.late == 1, 90.0, -40.0)
    best = always if always.sum() > 0 else np.zeros(len(always))
    figures["gain_per_1000"] = mean_interval((rebook - best) * 1000, past.day, unit="USD/1000")
    plain = Model(
        task="binary",
        learner=kind,
        parameters={},
        plan="",
        fitted="",
        format="linear",
        policy=policy(),
        leaderboard=(),
        figures=figures,
        scores="",
        trained_rows=500_000,
        fits=20,
        seed=0,
        findings=(),
    )
    return msgspec.structs.replace(plain, **over)


def release(made: Model) -> Release:
    return Release(
        parents=(made.id,), bundle="", strategy="direct", steps=(1.0,), control=0.0, replaces="", findings=()
    )
