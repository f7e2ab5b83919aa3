"""Ratios, differences and what a number comes to in a group."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.development.features.aggregates import grouped
from fullcycle.development.settings import Aggregate
from fullcycle.kernel.errors import ColumnMissing, InputError

random = np.random.default_rng(0)
N = 600
FRAME = pl.DataFrame(
    {
        "a": random.normal(5, 1, N),
        "b": np.where(random.random(N) < 0.1, 0.0, random.normal(3, 1, N)),
        "noise": random.normal(size=N),
        "by": random.choice(["u", "v", "w"], N),
    }
).with_columns(a=pl.when(pl.int_range(N) % 10 == 3).then(None).otherwise("a"))
TARGET = (FRAME["a"].fill_null(5).to_numpy() / (FRAME["b"].to_numpy() + 9) > 0.4).astype(float)


def test_declared_pairs_are_features(fit: Any) -> None:
    found = fit(FRAME, TARGET, "trees", ratios=(("a", "b"),), differences=(("a", "b"), ("a", "b")))
    assert found.plan.features[-2:] == ("a / b", "a - b")
    a, b = FRAME["a"].cast(pl.Float64).to_numpy(), FRAME["b"].to_numpy()
    with np.errstate(all="ignore"):
        assert np.array_equal(found.matrix[:, -2], np.where(b == 0, np.nan, a / b), equal_nan=True)
    assert np.array_equal(found.matrix[:, -1], a - b, equal_nan=True)


def test_pairs_of_the_columns_that_tell_most_are_proposed(fit: Any) -> None:
    found = fit(FRAME, TARGET, "trees", propose_pairs=2)
    assert {"a / b", "b / a", "a - b"} <= set(found.plan.features)
    assert not any("noise" in name for name in found.plan.features if name != "noise")


def test_linear_models_are_proposed_pairs_and_trees_are_not(fit: Any) -> None:
    frame = FRAME.with_columns(copy=pl.col("a"), same=pl.lit(1.0))
    found = fit(frame, TARGET, "linear", propose_pairs="auto")
    pairs = {name for name in found.plan.features if " / " in name or " - " in name}
    assert {"a / b scaled", "b / a scaled", "a - b scaled"} <= pairs
    assert not any(word in name.split() for name in pairs for word in ("noise", "copy", "same"))
    assert not any(" / " in name for name in fit(frame, TARGET, "trees", propose_pairs="auto").plan.features)


def test_pairs_name_columns_of_numbers(fit: Any) -> None:
    with pytest.raises(InputError, match="by holds no numbers"):
        fit(FRAME, TARGET, "trees", ratios=(("a", "by"),))
    with pytest.raises(ColumnMissing, match="'late' is missing, which differences needs"):
        fit(FRAME, TARGET, "trees", differences=(("a", "late"),))


def test_aggregates_are_those_of_the_groups(fit: Any) -> None:
    wanted = Aggregate(number="a", by="by", statistics=("mean", "median", "std", "count"), difference=True)
    found = fit(FRAME, TARGET, "trees", aggregates=(wanted,))
    run = found.plan.compile()
    for group in ("u", "v", "w"):
        row = dict(zip(found.plan.features, run({"a": 7.0, "b": 1.0, "noise": 0.0, "by": group}), strict=True))
        values = FRAME.filter(pl.col("by") == group)["a"].drop_nulls()
        assert row["mean of a by by"] == pytest.approx(values.mean())
        assert row["median of a by by"] == pytest.approx(values.median())
        assert row["std of a by by"] == pytest.approx(values.std(ddof=0))
        assert row["count of a by by"] == len(values)
        assert row["a - its mean by by"] == pytest.approx(7.0 - row["mean of a by by"])
    unseen = dict(zip(found.plan.features, run({"a": 7.0, "b": 1.0, "noise": 0.0, "by": "new"}), strict=True))
    assert unseen["mean of a by by"] == pytest.approx(FRAME["a"].mean())
    assert unseen["count of a by by"] == 0
    missing = dict(zip(found.plan.features, run({"a": 7.0, "b": 1.0, "noise": 0.0, "by": None}), strict=True))
    assert math.isnan(missing["mean of a by by"])


def test_aggregates_know_the_training_rows_alone(fit: Any) -> None:
    wanted = (Aggregate(number="a", by="by"),)
    found = fit(FRAME.head(300), TARGET[:300], "trees", aggregates=wanted)
    other = fit(FRAME.head(300).with_columns(noise=pl.col("a")), 1 - TARGET[:300], "trees", aggregates=wanted)
    place = found.plan.features.index("mean of a by by")
    assert np.array_equal(found.matrix[:, place], other.matrix[:, other.plan.features.index("mean of a by by")])


def test_aggregates_name_a_number_and_a_category(fit: Any) -> None:
    for wanted, match in ((Aggregate(number="by", by="by"), "no numbers"), (Aggregate(number="a", by="b"), "no categ")):
        with pytest.raises(InputError, match=match):
            fit(FRAME, TARGET, "trees", aggregates=(wanted,))


@pytest.mark.parametrize("statistic", ["mean", "median", "std", "count"])
def test_groups_without_a_known_value(statistic: str) -> None:
    values, codes = np.array([np.nan, 1.0, np.inf, 3.0]), np.array([0, 1, 0, -1])
    found = grouped(values, codes, 3, statistic).tolist()
    assert found[1] == (0.0 if statistic == "std" else 1.0)
    if statistic == "count":
        assert found == [0.0, 1.0, 0.0]
    else:
        assert math.isnan(found[0])
        assert math.isnan(found[2])
