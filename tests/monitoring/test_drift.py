"""Drift is found where it is, and not where only the days differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.measure.sketches import CategorySketch, NumberSketch, Sketch
from fullcycle.measure.tests import benjamini_hochberg, two_sample
from fullcycle.monitoring.drift import clustered_two_sample, drift, shift, total_variation

RULES = {"level": 0.01, "effect": 0.1, "rows_at_least": 300}
DAYS = 7


def clustered(
    rng: np.random.Generator, days: int, per_day: int, spread: float
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Numbers whose mean moves from day to day by *spread* of a row's standard deviation."""
    day = np.repeat(np.arange(days), per_day)
    return rng.normal(size=len(day)) + spread * rng.normal(size=days)[day], day


def alarms(runs: int, *, spread: float, per_day: int = 150, columns: int = 5, effect: float = 1e-9) -> tuple[int, int]:
    """Windows with a false alarm: by our test, and by a plain chi-square test that takes rows for independent."""
    ours = plain = 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        profile: dict[str, Sketch] = {}
        data = {}
        raw = []
        for name in map(str, range(columns)):
            past, _ = clustered(rng, 200, per_day, spread)
            now, day = clustered(rng, DAYS, per_day, spread)
            profile[name], data[name] = NumberSketch.fit(past), now
            raw.append(two_sample(profile[name].vector(), profile[name].like(now).vector()))  # type: ignore[union-attr]
        found = drift(pl.DataFrame(data), day, profile, level=0.01, effect=effect, rows_at_least=300)
        ours += any(one.passed is False for one in found)
        plain += bool(benjamini_hochberg(raw, 0.01).any())
    return ours, plain


def test_days_that_differ_are_no_drift() -> None:
    """Weather moves all rows of a day: the plain test cries wolf nearly always, the corrected one does not."""
    ours, plain = alarms(60, spread=0.5)
    assert plain > 50
    assert ours <= 4


def test_independent_rows_are_no_drift_either() -> None:
    """The correction does not invent alarms where days are alike."""
    ours, _ = alarms(60, spread=0.0)
    assert ours <= 3


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 0.2, 0.5, 1.0])
def test_false_alarms_stay_at_the_level(spread: float) -> None:
    """The test alone, without the smallest effect that counts, over many windows."""
    ours, _ = alarms(600, spread=spread)
    assert ours <= 12  # 6 expected at most; more than 12 of 600 has a chance of 1%


def test_a_planted_shift_is_found() -> None:
    """0.6 of a standard deviation in one of five columns, through the noise of days."""
    found_shift = other = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        profile: dict[str, Sketch] = {}
        data = {}
        for column in range(5):
            past, _ = clustered(rng, 200, 150, 0.1)
            now, day = clustered(rng, DAYS, 150, 0.1)
            profile[str(column)], data[str(column)] = NumberSketch.fit(past), now + 0.6 * (column == 0)
        found = {one.subject: one.passed for one in drift(pl.DataFrame(data), day, profile, **RULES)}  # type: ignore[arg-type]
        found_shift += found["0"] is False
        other += sum(passed is False for name, passed in found.items() if name != "0")
    assert found_shift >= 28
    assert other <= 1


def test_a_trivial_shift_of_many_rows_is_no_drift() -> None:
    """Real, and too small to matter: the test finds it, the effect does not reach the limit."""
    rng = np.random.default_rng(1)
    profile: dict[str, Sketch] = {"x": NumberSketch.fit(rng.normal(size=200_000))}
    day = np.tile(np.arange(20), 5000)
    (found,) = drift(pl.DataFrame({"x": rng.normal(size=100_000) + 0.05}), day, profile, **RULES)  # type: ignore[arg-type]
    assert found.evidence["real"] is True
    assert found.passed is True


def test_categories_new_ones_and_missing_values() -> None:
    """A new category counts among the others, a column gone missing is drift, whatever is left of it."""
    profile: dict[str, Sketch] = {
        "carrier": CategorySketch.fit({"AA": 500, "UA": 500}),
        "gone": NumberSketch.fit(np.arange(1000.0)),
        "same": CategorySketch.fit({"x": 900, None: 100}),
        "empty": CategorySketch.fit({None: 100}),
    }
    rows = pl.DataFrame(
        {
            "carrier": ["AA", "UA", "ZZ"] * 200,
            "gone": [None] * 600,
            "same": (["x"] * 9 + [None]) * 60,
            "empty": pl.Series([None] * 600, dtype=pl.String),
        }
    )
    found = {one.subject: one for one in drift(rows, np.arange(600) // 100, profile, **RULES)}  # type: ignore[arg-type]
    assert [name for name, one in found.items() if one.passed is False] == ["carrier", "gone"]
    assert found["carrier"].value == pytest.approx(1 / 3)
    assert found["gone"].value == 1.0
    assert found["gone"].evidence["missing"] == 1.0


def test_too_few_rows_or_days_are_a_note() -> None:
    """Nothing is tested, and the record says why."""
    profile: dict[str, Sketch] = {"x": NumberSketch.fit(np.arange(100.0))}
    rows = pl.DataFrame({"x": np.arange(299.0)})
    (few,) = drift(rows, np.arange(299) % 7, profile, **RULES)  # type: ignore[arg-type]
    assert (few.passed, few.severity, few.evidence["problem"]) == (None, "note", "too few rows")
    (one,) = drift(pl.concat([rows, rows]), np.zeros(598, np.int64), profile, **RULES)  # type: ignore[arg-type]
    assert one.evidence["problem"] == "too few days"


@given(st.lists(st.lists(st.integers(0, 60), min_size=4, max_size=4), min_size=2, max_size=9), st.randoms())
def test_the_order_of_days_and_cells_does_not_matter(daily: list[list[int]], random: Any) -> None:
    """A p-value between 0 and 1 for any counts, the same however they are laid out."""
    cells, reference = np.array(daily), np.array([100, 50, 7, 0])
    p, design = clustered_two_sample(reference, cells)
    assert p is not None
    assert 0 <= p <= 1
    assert design >= 1
    rows, columns = list(range(len(daily))), list(range(4))
    random.shuffle(rows)
    random.shuffle(columns)
    again, _ = clustered_two_sample(reference[columns], cells[np.ix_(rows, columns)])
    assert again == pytest.approx(p, abs=1e-9)


def test_days_alike_give_the_plain_chi_square_statistic() -> None:
    """With many days that agree, p nears that of independent rows."""
    reference, day = np.array([4000, 4000, 2000]), np.array([21, 20, 11])
    daily = np.tile(day, (400, 1))
    p, design = clustered_two_sample(reference, daily)
    assert design == 1.0
    assert p == pytest.approx(two_sample(reference, daily.sum(axis=0)), rel=0.2)


def test_counts_by_day_add_up_to_the_sketch() -> None:
    """The effect is that of the window's own sketch."""
    rng = np.random.default_rng(3)
    values = np.where(rng.random(500) < 0.1, np.nan, rng.normal(size=500))
    reference = NumberSketch.fit(rng.normal(size=5000))
    found = shift(reference, pl.Series(values, nan_to_null=True), np.arange(500) % 5)
    assert found.missing == np.isnan(values).mean()
    assert found.effect == pytest.approx(np.isnan(values).mean())  # what changed most is that values are missing
    assert total_variation(np.array([1, 1]), np.array([0, 0])) == 0.0
