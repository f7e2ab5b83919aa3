"""A planted bad slice is found among hundreds and stops the model; without one nothing is."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.development.levels import levels
from fullcycle.development.losses import row_losses, surprise
from fullcycle.development.slices import slice_findings, worst_slices
from fullcycle.kernel.finding import may_go_on

DAYS, EACH = 40, 100


def world_of_rows(seed: int, *, flipped: bool) -> tuple[pl.DataFrame, Any, Any, Any]:
    """Calibrated scores; where *flipped*, those of young buyers in Ulm say the opposite of what comes true."""
    random = np.random.default_rng(seed)
    n = DAYS * EACH
    frame = pl.DataFrame(
        {
            "city": random.choice(["Bonn", "Kiel", "Ulm"], n),
            "age": random.uniform(18, 80, n),
            "size": random.normal(size=n),
        }
    )
    score = random.beta(1.5, 3, n)
    target = (random.random(n) < score).astype(float)
    if flipped:
        here = ((frame["city"] == "Ulm") & (frame["age"] < 45)).to_numpy()
        score = np.where(here, 1 - score, score)
    return frame, target, score, np.arange(n) // EACH


def found_in(seed: int, *, flipped: bool) -> Any:
    frame, target, score, blocks = world_of_rows(seed, flipped=flipped)
    columns = levels(frame, {"city": "category", "age": "float", "size": "float"}, zone="UTC", least=200)
    constant = np.full(len(target), target.mean())
    harm = row_losses("binary", target, score) - row_losses("binary", target, constant)
    return worst_slices(columns, surprise("binary", target, score), harm, blocks, confidence=0.95)


def test_a_planted_bad_slice_is_found_and_stops_the_model() -> None:
    found = found_in(0, flipped=True)
    worst = found.worst[0]
    assert worst.where["city"] == "Ulm"
    assert set(worst.where) == {"city", "age"}
    assert worst.p < 0.001
    assert worst.surprise.low > 0
    findings = slice_findings(found, confidence=0.95, unit="nats")
    assert {it.check for it in findings if it.passed is False} == {"slice_worse_than_constant", "slice_surprises"}
    assert not may_go_on(findings)


def test_without_one_nothing_is_found_more_often_than_said() -> None:
    alarms = [
        any(it.passed is False for it in slice_findings(found_in(seed, flipped=False), confidence=0.95, unit="nats"))
        for seed in range(40)
    ]
    assert sum(alarms) <= 6  # 2 families at 5% each


def test_the_interval_of_a_slice_is_the_plain_jackknife() -> None:
    from fullcycle.measure.intervals import jackknife

    frame, target, score, blocks = world_of_rows(1, flipped=True)
    columns = levels(frame, {"city": "category"}, zone="UTC", least=200)
    values = surprise("binary", target, score)
    found = worst_slices(columns, values, values, blocks, confidence=0.9)
    worst = found.worst[0]
    inside = (frame["city"] == worst.where["city"]).to_numpy()

    def statistic(weights: Any) -> float:
        kept = weights > 0
        return float(values[kept & inside].mean() - values[kept & ~inside].mean())

    plain = jackknife(statistic, blocks, confidence=0.9)
    assert (worst.surprise.point, worst.surprise.low) == pytest.approx((plain.point, plain.low))


def test_few_rows_or_days_make_no_slice() -> None:
    frame, target, score, blocks = world_of_rows(2, flipped=True)
    columns = levels(frame, {"city": "category"}, zone="UTC", least=200)
    values = row_losses("binary", target, score)
    assert worst_slices(columns, values, values, blocks // 8, confidence=0.95).tested == 0
    assert levels(frame.head(300), {"city": "category"}, zone="UTC", least=200) == []


def test_levels_of_every_kind_of_column() -> None:
    from datetime import UTC, datetime

    frame = pl.DataFrame(
        {
            "at": [datetime(2024, 1, 1, hour, tzinfo=UTC) for hour in (1, 13, 13, 23)],
            "flag": [True, False, None, True],
            "whole": [1, 1, 2, 2],
            "number": [None, 1.0, 2.0, float("nan")],
            "note": ["a", "b", "c", "d"],
        }
    )
    kinds = {"at": "time", "flag": "boolean", "whole": "integer", "number": "float", "note": "text", "gone": "float"}
    found = {it.name: it for it in levels(frame, kinds, zone="Europe/Berlin", least=1)}
    assert set(found) == {"weekday of at", "hour of at", "flag", "whole", "number"}
    assert found["weekday of at"].names == ("Monday", "Tuesday")  # eleven at night in UTC is the next day in Berlin
    assert found["flag"].names == ("false", "missing", "true")
    wide = pl.DataFrame({"x": [*map(float, range(100)), None]})
    (fifths,) = levels(wide, {"x": "float"}, zone="UTC", least=1)
    assert len(fifths.names) == 6
    assert set(np.bincount(fifths.codes).tolist()) == {1, 20}
