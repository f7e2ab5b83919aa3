"""Scales against scikit-learn, and what they do where there is little to scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.development.settings import ColumnFeatures

random = np.random.default_rng(0)
TARGET = [0.0, 1.0] * 250


def one(fit: Any, values: Any, scale: str) -> Any:
    found = fit(pl.DataFrame({"x": values}), TARGET, "linear", scale=scale)
    assert found.plan.features == ("x scaled",)
    return found


def test_standard_and_robust_follow_their_definitions(fit: Any) -> None:
    from sklearn.preprocessing import RobustScaler

    x = random.lognormal(0, 1, 500)
    standard = one(fit, x, "standard").matrix[:, 0]
    assert standard == pytest.approx((x - x.mean()) / x.std())
    robust = one(fit, x, "robust").matrix[:, 0]
    assert robust == pytest.approx(RobustScaler().fit_transform(x[:, None])[:, 0], abs=0.02, rel=0.02)


def test_quantiles_become_normal_as_scikit_learns_do(fit: Any) -> None:
    from sklearn.preprocessing import QuantileTransformer

    x = random.lognormal(0, 2, 500)
    found = one(fit, x, "quantile")
    theirs = QuantileTransformer(output_distribution="normal", n_quantiles=500).fit_transform(x[:, None])[:, 0]
    inner = np.argsort(x)[25:-25]
    assert found.matrix[inner, 0] == pytest.approx(theirs[inner], abs=0.06)
    assert found.matrix.mean() == pytest.approx(0, abs=1e-12)
    assert found.matrix.std() == pytest.approx(1)
    run = found.plan.compile()
    assert run({"x": 1e300}) == run({"x": float(x.max())})


def test_a_long_tail_is_taken_by_its_logarithm_and_nothing_else_is(fit: Any) -> None:
    x = random.lognormal(3, 1.5, 500)
    logarithm = np.log1p(x)
    expected = (logarithm - logarithm.mean()) / logarithm.std()
    for scale in ("auto", "log"):
        assert one(fit, x, scale).matrix[:, 0] == pytest.approx(expected)
    for values in (random.normal(size=500), x - 100, -x):
        assert np.array_equal(one(fit, values, "auto").matrix, one(fit, values, "standard").matrix)
    assert np.array_equal(one(fit, -x - 5, "log").matrix, one(fit, -x - 5, "standard").matrix)  # no logarithm there


def test_one_column_may_have_a_scale_of_its_own(fit: Any) -> None:
    frame = pl.DataFrame({"x": random.normal(size=500), "y": random.normal(size=500)})
    found = fit(frame, TARGET, "linear", scale="robust", columns={"y": ColumnFeatures(scale="none")})
    assert np.array_equal(found.matrix[:, 1], frame["y"].to_numpy())
    assert found.plan.features == ("x scaled", "y clipped")


@pytest.mark.parametrize("scale", ["auto", "standard", "robust", "quantile", "log", "none"])
def test_wild_numbers_give_finite_features(fit: Any, scale: str) -> None:
    x = np.array([1e308, -1e308, 5e-324, np.inf, np.nan] * 100)
    found = fit(pl.DataFrame({"x": x, "ties": [0.0] * 480 + [1.0] * 20}), TARGET, "linear", scale=scale)
    assert np.isfinite(found.matrix).all()
    assert np.isfinite(found.plan.compile()({"x": 1.7e308, "ties": -1e300})).all()


def test_trees_take_numbers_as_they_are_but_never_endless_ones(fit: Any) -> None:
    frame = pl.DataFrame({"x": [1e308, 1.0, None, 3.0] * 125, "half": [0.1, 2.0, 3.0, 0.5] * 125})
    found = fit(frame, TARGET, "trees", ratios=(("x", "half"),), scale="quantile")
    assert np.array_equal(found.matrix[:, 0], frame["x"].cast(pl.Float64).to_numpy(), equal_nan=True)
    assert not np.isinf(found.matrix).any()
    assert "x / half clipped" in found.plan.features


@pytest.mark.parametrize(
    ("impute", "expected"), [("median", 2.0), ("mean", 3.2), ("most_frequent", 1.0), ("constant", -5.0)]
)
def test_what_stands_for_a_missing_number(fit: Any, impute: str, expected: float) -> None:
    frame = pl.DataFrame({"x": [None, *[1.0, 1.0, 2.0, 3.0, 9.0, None] * 83, None]})
    found = fit(frame, TARGET, "trees", impute=impute, constant=-5.0)
    assert found.plan.features == ("x is missing", "x filled")
    assert found.plan.compile()({"x": float("nan")}) == [1.0, pytest.approx(expected)]
    assert fit(frame, TARGET, "trees", impute=impute, missing_flags=False).plan.features == ("x filled",)
