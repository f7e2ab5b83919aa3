"""Each encoding of a category: frequent, rare, unseen and missing values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.development.settings import ColumnFeatures
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan import Hash

WORDS = (["low"] * 30 + ["high"] * 40 + ["middle"] * 20 + ["once"] + [None] * 9) * 2
TARGET = [0.0, 1.0] * 100
FRAME = pl.DataFrame({"c": WORDS})
ASKED = ("low", "high", "once", "unseen", None)


def answers(fit: Any, recipe: str = "trees", **settings: Any) -> list[list[float]]:
    run = fit(FRAME, TARGET, recipe, **settings).plan.compile()
    return [run({"c": word}) for word in ASKED]


def test_ordinal_follows_the_text_or_the_declared_order(fit: Any) -> None:
    assert [it[0] for it in answers(fit, encode="ordinal")][:2] == [1.0, 0.0]  # high, low, middle
    own = {"c": ColumnFeatures(encode="ordinal", order=("low", "middle", "high"))}
    found = [it[0] for it in answers(fit, columns=own)]
    assert found[:2] == [0.0, 2.0]
    assert all(math.isnan(it) for it in found[2:])
    with pytest.raises(InputError, match="a value stands twice"):
        answers(fit, columns={"c": ColumnFeatures(encode="ordinal", order=("low", "low"))})


def test_frequency_is_the_share_of_rows(fit: Any) -> None:
    assert [it[0] for it in answers(fit, encode="frequency")][:4] == [0.3, 0.4, 0.0, 0.0]


def test_hashing_has_a_place_for_every_word_and_keeps_none(fit: Any) -> None:
    found = fit(FRAME, TARGET, "trees", encode="hash", hash_width=4)
    assert b"middle" not in found.plan.to_json()
    bucket = Hash(output="o", input="a", buckets=4).row({"a": 0})
    for word in ("low", "high"):
        row = dict(zip(found.plan.features, found.plan.compile()({"c": word}), strict=True))
        assert [name for name, value in row.items() if value] == [f"c in bucket {bucket([word]):.0f}"]


def test_linear_models_take_target_and_share_on_one_scale(fit: Any) -> None:
    for encode in ("target", "frequency", "ordinal"):
        found = fit(FRAME, TARGET, "linear", encode=encode)
        assert np.isfinite(found.matrix).all()
        assert "c is missing" not in found.plan.inputs
        scaled = found.matrix[:, [name.endswith("scaled") for name in found.plan.features]]
        assert scaled.std(axis=0) == pytest.approx(np.ones(scaled.shape[1]))


@pytest.mark.parametrize("encode", ["auto", "one_hot", "ordinal", "frequency", "target", "hash"])
@pytest.mark.parametrize("recipe", ["linear", "trees"])
def test_the_most_frequent_may_stand_for_a_missing_one(fit: Any, recipe: str, encode: str) -> None:
    found = answers(fit, recipe, encode=encode, impute="most_frequent", missing_flags=False)
    assert found[4] == found[1]


def test_a_linear_model_never_sees_its_own_answers_through_a_category(fit: Any) -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 2, 4000).astype(float)
    frame = pl.DataFrame({"c": [f"N{code}" for code in random.integers(0, 800, 4000)], "x": random.normal(size=4000)})
    found = fit(frame, target, "linear", encode="target", rare=1)
    place = found.plan.features.index("c by target scaled")
    assert abs(np.corrcoef(found.matrix[:, place], target)[0, 1]) < 0.05
    assert np.corrcoef(found.plan.matrix(frame)[:, place], target)[0, 1] > 0.3  # what its own map would have leaked


def test_a_category_of_very_many_values(fit: Any) -> None:
    codes = np.random.default_rng(0).integers(0, 100_000, 120_000)
    frame = pl.DataFrame({"c": pl.Series(codes).cast(pl.String), "x": codes % 7 * 1.0})
    target = (codes % 3 == 0).astype(float)
    assert fit(frame, target, "trees").plan.features == ("x",)  # each value is rare
    found = fit(frame, target, "trees", rare=2)
    assert found.plan.features == ("c by target", "c share", "x")
    assert len(fit(frame, target, "linear", rare=1).plan.features) <= 52
