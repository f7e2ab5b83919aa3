"""Dates on a circle, by part and zone, and the days between them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import numpy as np
import polars as pl
import pytest

from fullcycle.development.settings import ColumnFeatures, DatePart
from fullcycle.kernel.errors import InputError

START = datetime(2023, 1, 1, tzinfo=UTC)
TIMES = [START + timedelta(hours=31 * row) for row in range(400)]
TIME = pl.Datetime("us", "UTC")
FRAME = pl.DataFrame({"at": pl.Series(TIMES, dtype=TIME)})
TARGET = [0.0, 1.0] * 200


def test_declared_parts_are_read_in_the_zone_of_the_column(fit: Any) -> None:
    own = {"at": ColumnFeatures(zone="Asia/Tokyo")}
    found = fit(FRAME, TARGET, "trees", dates=("hour", "month", "day", "day_of_year", "year"), columns=own)
    local = FRAME["at"].dt.convert_time_zone("Asia/Tokyo").dt
    expected = [local.hour(), local.month(), local.day(), local.ordinal_day(), local.year()]
    assert np.array_equal(found.matrix, np.column_stack([it.to_numpy() for it in expected]).astype(float))


def test_on_a_circle_midnight_lies_beside_the_minute_before(fit: Any) -> None:
    found = fit(FRAME, TARGET, "trees", cyclic=True)
    assert found.plan.features[:2] == ("at minute_of_day sine", "at minute_of_day cosine")
    hours = np.array([it.hour for it in FRAME["at"].dt.convert_time_zone("Europe/Paris").to_list()])
    assert found.matrix[:, 0] == pytest.approx(np.sin(2 * np.pi * hours / 24))
    assert found.matrix[:, 1] == pytest.approx(np.cos(2 * np.pi * hours / 24))


@pytest.mark.parametrize("cyclic", [True, False])
@pytest.mark.parametrize("recipe", ["linear", "trees"])
def test_every_part_serves_times_of_any_century(fit: Any, recipe: str, cyclic: bool) -> None:
    old = [datetime(1700, 1, 1, tzinfo=UTC) + timedelta(days=97.3 * row) for row in range(400)]
    frame = FRAME.with_columns(old=pl.Series(old, dtype=TIME))
    found = fit(frame, TARGET, recipe, dates=get_args(DatePart), cyclic=cyclic)
    assert np.isfinite(found.matrix).all()
    assert any(name.startswith("old") for name in found.plan.features)


def test_days_between_keep_their_fraction(fit: Any) -> None:
    due = [it + timedelta(days=row % 9, hours=6) if row % 50 else None for row, it in enumerate(TIMES)]
    frame = FRAME.with_columns(due=pl.Series(due, dtype=TIME), x=pl.Series(np.arange(400.0)))
    found = fit(frame, TARGET, "trees", days_between=(("at", "due"),))
    place = found.plan.features.index("days from at to due")
    assert found.matrix[1:4, place].tolist() == [1.25, 2.25, 3.25]
    assert np.isnan(found.matrix[0, place])
    with pytest.raises(InputError, match="x is no time"):
        fit(frame, TARGET, "trees", days_between=(("at", "x"),))
