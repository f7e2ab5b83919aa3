"""Whatever is set, the plan serves one row as it was fitted on many, on hostile rows too."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fullcycle.development.settings import (
    Aggregate,
    ColumnFeatures,
    DatePart,
    Encoding,
    Features,
    Imputation,
    Scaling,
)
from fullcycle.predictor.plan import Plan

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ROWS = 240
random = np.random.default_rng(0)

FRAME = pl.DataFrame(
    {
        "x": np.where(random.random(ROWS) < 0.1, np.nan, random.lognormal(2, 2, ROWS)),
        "huge": random.choice([1e308, -1e308, 5e-324, 0.0, 3.0, np.inf, -np.inf, np.nan], ROWS),
        "count": pl.Series(random.integers(-(2**62), 2**62, ROWS)),
        "few": pl.Series(random.integers(0, 3, ROWS)),
        "yes": random.random(ROWS) < 0.5,
        "seconds": 1.7e9 + random.random(ROWS) * 1e7,
        "small": pl.Series(random.choice(["a", "b", "", "é"], ROWS)).set(pl.Series(random.random(ROWS) < 0.1), None),
        "large": pl.Series([f"N{code}" for code in random.integers(0, 60, ROWS)]),
        "at": pl.Series([EPOCH + timedelta(hours=7.3 * row) for row in range(ROWS)], dtype=pl.Datetime("us", "UTC")),
        "before": pl.Series(
            [datetime(1700, 1, 1, tzinfo=UTC) + timedelta(days=90 * row) for row in range(ROWS)],
            dtype=pl.Datetime("us", "UTC"),
        ),
        "empty": pl.Series([None] * ROWS, dtype=pl.Float64),
        "same": np.full(ROWS, 7.0),
    }
)
TARGET = (random.random(ROWS) < 0.4).astype(float)
HOSTILE = pl.concat(
    [
        FRAME.head(40),
        pl.DataFrame(
            {
                "x": [math.nan, 1e308, -1e308, 0.0],
                "huge": [math.inf, 5e-324, None, 1.0],
                "count": [2**63 - 1, -(2**63), None, 0],
                "few": [None, 9, -1, 2],
                "yes": [None, True, False, None],
                "seconds": [0.0, 4e18, None, -1.0],
                "small": ["unseen", None, "\x00", ""],
                "large": [None, "", "N1", "🦊"],
                "at": [datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC), None, EPOCH],
                "before": [None, datetime(1700, 1, 1, tzinfo=UTC), EPOCH, datetime(2200, 1, 1, tzinfo=UTC)],
                "empty": [1.0, None, 2.0, 3.0],
                "same": [7.0, 8.0, None, 7.0],
            },
            schema=FRAME.schema,
        ),
    ]
)
EVERYTHING: dict[str, Any] = {
    "rare": 5,
    "ratios": (("x", "huge"), ("few", "same")),
    "differences": (("x", "seconds"),),
    "days_between": (("before", "at"),),
    "aggregates": (
        Aggregate(number="x", by="large", statistics=("mean", "median", "std", "count"), difference=True),
        Aggregate(number="huge", by="small", statistics=("mean", "std")),
    ),
    "columns": {"at": ColumnFeatures(zone="America/New_York")},
}
CHOICES = [
    *({"scale": it} for it in get_args(Scaling)),
    *({"encode": it, "hash_width": 5} for it in get_args(Encoding)),
    *({"impute": it} for it in get_args(Imputation)),
    *({"select": it} for it in ("lasso", "mutual_information", "null_importance")),
    {"impute": "constant", "constant": -7.5, "missing_flags": False},
    {"dates": get_args(DatePart)},
    {"dates": get_args(DatePart), "cyclic": True},
    {"propose_pairs": 4},
    {"project": "pca", "components": 4},
]


def parsed(row: dict[str, Any]) -> dict[str, Any]:
    """One row as the contract parses it: floats with NaN, strings with None."""
    found = {}
    for name, value in row.items():
        if isinstance(value, datetime):
            value = (value - EPOCH) // timedelta(microseconds=1)
        if name in ("small", "large"):
            found[name] = value
        else:
            found[name] = float(value) if value is not None and math.isfinite(value) else math.nan
    return found


def bits(values: Any) -> list[int]:
    array = np.asarray(values, dtype=np.float64)
    found: list[int] = np.where(np.isnan(array), np.nan, array).view(np.int64).tolist()
    return found


def assert_parity(plan: Plan, frame: pl.DataFrame) -> None:
    plan = Plan.from_json(plan.to_json())
    run = plan.compile()
    for row, expected in zip(frame.iter_rows(named=True), plan.matrix(frame), strict=True):
        assert bits(run(parsed(row))) == bits(expected), row


@pytest.mark.parametrize("recipe", ["linear", "trees"])
@pytest.mark.parametrize("choice", CHOICES, ids=lambda it: "-".join(f"{k}={v}" for k, v in it.items())[:40])
def test_each_setting_serves_as_it_was_fitted(fit: Any, recipe: str, choice: dict[str, Any]) -> None:
    found = fit(FRAME, TARGET, recipe, **{**EVERYTHING, **choice})
    assert_parity(found.plan, HOSTILE)
    if recipe == "linear" or choice.get("project") == "pca":
        assert np.isfinite(found.matrix).all()
        assert np.isfinite(found.plan.matrix(HOSTILE)).all()
    assert not np.isinf(found.matrix).any()
    own = found.plan.matrix(FRAME)
    out_of_fold = [" by target" in name or "component" in name for name in found.plan.features]
    kept = ~np.array(out_of_fold)
    assert np.array_equal(own[:, kept], found.matrix[:, kept], equal_nan=True)
    assert found.plan.to_json() == fit(FRAME, TARGET, recipe, **{**EVERYTHING, **choice}).plan.to_json()


names = st.sampled_from(["x", "huge", "count", "few", "yes", "seconds"])
any_settings = st.fixed_dictionaries(
    {
        "scale": st.sampled_from(get_args(Scaling)),
        "encode": st.sampled_from(get_args(Encoding)),
        "impute": st.sampled_from(get_args(Imputation)),
        "constant": st.floats(-1e6, 1e6),
        "missing_flags": st.booleans(),
        "cyclic": st.booleans(),
        "dates": st.just("auto") | st.lists(st.sampled_from(get_args(DatePart)), unique=True).map(tuple),
        "propose_pairs": st.sampled_from(["auto", 0, 3]),
        "rare": st.integers(1, 30),
        "hash_width": st.integers(2, 9),
        "ratios": st.lists(st.tuples(names, names), max_size=2).map(tuple),
        "differences": st.lists(st.tuples(names, names), max_size=2).map(tuple),
        "select": st.sampled_from(["none", "mutual_information"]),
        "project": st.sampled_from(["none", "none", "pca"]),
        "components": st.integers(1, 6),
    }
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(any_settings, st.sampled_from(["linear", "trees"]), st.sampled_from(["binary", "multiclass", "regression"]))
def test_any_settings_together(fit: Any, wanted: dict[str, Any], recipe: str, task: str) -> None:
    target = FRAME["few"].to_numpy() if task == "multiclass" else FRAME["seconds"].to_numpy()
    found = fit(FRAME, TARGET if task == "binary" else target, recipe, task=task, **wanted)
    assert hash(Features(**wanted)) == hash(Features(**wanted))
    assert_parity(found.plan, HOSTILE.tail(12))
