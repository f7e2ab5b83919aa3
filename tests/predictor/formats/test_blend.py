"""Blends and calibrated models: one row as many to the bit, bytes that come back, and nothing else that does."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.development.learners import LEARNERS
from fullcycle.kernel.errors import Corrupt, InputError
from fullcycle.predictor import archive
from fullcycle.predictor.formats import load
from fullcycle.predictor.formats.blend import Blend, Part
from fullcycle.predictor.formats.calibrated import Calibrated, Map
from fullcycle.predictor.formats.linear import Linear
from fullcycle.testing.learners import fit, hostile, made

MAPS = {
    "temperature": Map(method="temperature", numbers=(1.7,)),
    "sigmoid": Map(method="sigmoid", numbers=(1.2, -0.3)),
    "isotonic": Map(method="isotonic", numbers=(0.1, 0.2, 0.7, 0.05, 0.3, 0.9)),
}
DAMAGES = (
    lambda body: body[:-1],
    lambda body: body.replace(b'"weight":0.25', b'"weight":0.35'),
    lambda body: b"",
    lambda body: archive.pack({"blend.json": b'{"features":1,"members":[]}'}),
    lambda body: archive.pack({"blend.json": b"{}"}),
)


def blend(task: str) -> Blend:
    """A LightGBM and a linear model, each with some columns of five."""
    models = [fit(LEARNERS[name], made(task), {}).model for name in ("lightgbm", "linear")]
    return Blend([Part(models[0], (0, 1, 2, 3), 0.25), Part(models[1], (4, 1, 2, 3), 0.75)], 5)


def rows(task: str) -> Any:
    """Hostile and plain rows of five columns."""
    four = np.vstack([hostile(), made(task, seed=3).X])
    return np.column_stack([four, four[:, 0]])


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_blend_is_the_weighted_mean_and_one_row_is_as_many(task: str) -> None:
    model, matrix = blend(task), rows(task)
    again = load("blend", model.to_bytes())
    scores = again.scores(matrix)
    for row, expected in zip(matrix.tolist(), scores, strict=True):
        np.testing.assert_array_equal(np.asarray(again.score(row)), expected)
    plain = made(task, seed=4).X
    plain = np.column_stack([plain, plain[:, 0]])
    each = [part.model.scores(np.ascontiguousarray(plain[:, part.columns])) for part in model.parts]
    np.testing.assert_allclose(model.scores(plain), 0.25 * each[0] + 0.75 * each[1], rtol=1e-15)
    assert again.to_bytes() == model.to_bytes()


@pytest.mark.parametrize("method", MAPS)
def test_a_calibrated_model_answers_one_row_as_many(method: str) -> None:
    model = Calibrated(blend("binary"), MAPS[method])
    again, matrix = load("calibrated", model.to_bytes()), rows("binary")
    scores = again.scores(matrix)
    for row, expected in zip(matrix.tolist(), scores, strict=True):
        np.testing.assert_array_equal(again.score(row), expected)
    assert again.to_bytes() == model.to_bytes()
    assert ((scores >= 0) & (scores <= 1) | np.isnan(scores)).all()


def test_several_classes_by_temperature() -> None:
    model = Calibrated(blend("multiclass"), MAPS["temperature"])
    matrix = np.column_stack([made("multiclass", seed=3).X, np.zeros(300)])
    scores = model.scores(matrix)
    assert scores.sum(axis=1) == pytest.approx(np.ones(300))
    assert (scores.argmax(axis=1) == blend("multiclass").scores(matrix).argmax(axis=1)).all()
    assert [model.score(row) for row in matrix[:20].tolist()] == scores[:20].tolist()
    with pytest.raises(InputError, match="temperature"):
        Calibrated(blend("multiclass"), MAPS["sigmoid"])


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(sorted(MAPS)))
def test_a_map_never_turns_the_order_round(one: float, other: float, method: str) -> None:
    low, high = sorted([one, other])
    assert MAPS[method].one(low) <= MAPS[method].one(high)
    assert 0 <= MAPS[method].one(low) <= 1
    assert MAPS[method].scores(np.array([one])).tolist() == [MAPS[method].one(one)]


def test_a_map_as_scikit_learn_interpolates() -> None:
    knots, levels = [0.1, 0.2, 0.7], [0.05, 0.3, 0.9]
    grid = np.linspace(0, 1, 101)
    np.testing.assert_allclose(MAPS["isotonic"].scores(grid), np.interp(grid, knots, levels), atol=1e-15)
    assert math.isnan(MAPS["isotonic"].one(math.nan))


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_bytes_are_refused(damage: Any) -> None:
    with pytest.raises(Corrupt):
        Blend.from_bytes(damage(blend("binary").to_bytes()))


def test_nothing_nests_without_end() -> None:
    inner = Blend([Part(Linear([1.0], 0.0), (0,), 1.0)], 1)
    with pytest.raises(Corrupt, match="blend"):
        Blend.from_bytes(Blend([Part(inner, (0,), 1.0)], 1).to_bytes())
    once = Calibrated(Linear([1.0], 0.0, "sigmoid"), MAPS["sigmoid"])
    with pytest.raises(Corrupt, match="another"):
        Calibrated.from_bytes(Calibrated(once, MAPS["sigmoid"]).to_bytes())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Blend([], 1),
        lambda: Blend([Part(Linear([1.0], 0.0), (1,), 1.0)], 1),
        lambda: Blend([Part(Linear([1.0], 0.0), (0, 0), 1.0)], 1),
        lambda: Blend([Part(Linear([1.0], 0.0), (0,), 0.5)], 1),
        lambda: Blend([Part(Linear([1.0], 0.0), (0,), -1.0)], 1),
        lambda: Calibrated(Linear([1.0], 0.0), Map(method="temperature", numbers=(0.0,))),
        lambda: Calibrated(Linear([1.0], 0.0), Map(method="isotonic", numbers=(0.5, 0.1, 0.2, 0.9))),
        lambda: Calibrated(Linear([1.0], 0.0), Map(method="sigmoid", numbers=(1.0,))),
    ],
)
def test_what_does_not_fit_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError):
        wrong()


def test_another_width_is_refused() -> None:
    model = blend("binary")
    with pytest.raises(InputError, match="width"):
        model.scores(np.zeros((2, 4)))
    with pytest.raises(InputError, match="width"):
        model.score([0.0])
