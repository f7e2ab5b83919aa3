"""Krippendorff's alpha, against its published example and an independent implementation."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.data.label.agreement import agreement, alpha
from fullcycle.kernel.errors import InputError

NAN = np.nan
# Krippendorff (2011), section D: four observers, twelve units
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T


@pytest.mark.parametrize(("level", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_the_published_example(level: Any, expected: float) -> None:
    assert alpha(PUBLISHED, level) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_it_agrees_with_an_independent_implementation(level: Any) -> None:
    oracle = pytest.importorskip("krippendorff", reason="install: pip install krippendorff")
    random = np.random.default_rng(7)
    for _ in range(25):
        values = random.integers(1, 6, (30, 4)).astype(float)
        values[random.random(values.shape) < 0.4] = NAN
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = oracle.alpha(reliability_data=values.T, level_of_measurement=level)
        assert alpha(values, level) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_a_weight_is_a_unit_that_comes_as_often(level: Any) -> None:
    weights = np.array([2, 0, 1, 3, 1, 1, 0, 1, 1, 2, 1, 1])
    assert alpha(PUBLISHED, level, weights.astype(float)) == pytest.approx(alpha(PUBLISHED.repeat(weights, 0), level))


def test_where_it_is_not_defined() -> None:
    assert alpha(np.array([[0.1, 0.1], [0.1, 0.1]]), "interval") is None
    assert alpha(np.array([[1.0, NAN], [NAN, 2.0]]), "nominal") is None
    assert alpha(np.zeros((0, 2)), "ordinal") is None


def annotations(values: Any = PUBLISHED) -> pl.DataFrame:
    rows = [
        (f"u{unit}", "1", f"o{who}", str(int(value)))
        for unit, cells in enumerate(values)
        for who, value in enumerate(cells)
        if not np.isnan(value)
    ]
    return pl.DataFrame(rows, schema=["entity", "time", "annotator", "label"], orient="row")


def test_the_finding_has_an_interval_and_warns() -> None:
    finding = agreement(annotations(), level="ordinal", limit=0.9, seed=3)
    assert finding.value == pytest.approx(0.815, abs=6e-4)
    assert finding.low is not None
    assert finding.high is not None
    assert 0 < finding.low < finding.value < finding.high <= 1
    assert (finding.passed, finding.severity) == (False, "warn")
    assert finding.evidence == {"level": "ordinal", "rows": 11, "annotators": 4, "labels": 41}
    assert agreement(annotations(), level="ordinal", limit=0.9, seed=3) == finding
    assert agreement(annotations(), level="ordinal", limit=0.8, seed=3).passed


def test_names_in_an_order() -> None:
    order = ("none", "some", "much", "very much", "all")
    names = pl.col("label").replace_strict({str(code): name for code, name in enumerate(order, 1)})
    named = agreement(annotations().with_columns(names), level="ordinal", order=order, limit=0.5, seed=1)
    assert named.value == pytest.approx(0.815, abs=6e-4)
    with pytest.raises(InputError, match="label of u0 at 1: the label does not fit the ordinal level: found 'none'"):
        agreement(annotations().with_columns(names), level="ordinal", order=order[1:], limit=0.5, seed=1)
    with pytest.raises(InputError, match="expected a number"):
        agreement(annotations().with_columns(names), level="interval", limit=0.5, seed=1)


def test_one_annotator_alone() -> None:
    finding = agreement(annotations(PUBLISHED[:, :1]), limit=0.5, seed=1)
    assert (finding.value, finding.passed, finding.evidence["rows"]) == (None, None, 0)
    assert agreement(annotations().head(0), limit=0.5, seed=1).passed is None
