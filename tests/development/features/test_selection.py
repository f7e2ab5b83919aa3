"""Selection keeps what was planted, lets noise go, and says so; components are those of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.development.features import Dropped, check_settings, without
from fullcycle.development.features.mutual_information import informative
from fullcycle.development.features.projection import components
from fullcycle.development.features.selection import select
from fullcycle.development.settings import ColumnFeatures, Features, Knowledge
from fullcycle.kernel.errors import ColumnMissing, InputError

METHODS = ("lasso", "mutual_information", "null_importance")
random = np.random.default_rng(0)
X = random.normal(size=(3000, 30))
TARGETS = {
    "binary": (X[:, 0] - X[:, 1] + random.normal(size=3000) > 0).astype(float),
    "multiclass": np.digitize(X[:, 0] - X[:, 1] + 0.5 * random.normal(size=3000), [-1, 1]).astype(float),
    "regression": X[:, 0] - X[:, 1] + random.normal(size=3000),
}


@pytest.mark.parametrize("task", TARGETS)
@pytest.mark.parametrize("method", METHODS)
def test_what_was_planted_is_kept_and_most_noise_is_not(method: str, task: str) -> None:
    rows, features = (700, 10) if method == "null_importance" else X.shape
    matrix = np.where(random.random(X.shape) < 0.02, np.nan, X)[:rows, :features]
    target = TARGETS[task][:rows]
    kept, figures = select(matrix, target, method=method, task=task)
    assert kept[:2].all()
    assert kept[2:].sum() <= (18 if method == "lasso" else 6)  # the least error keeps some small weights
    assert figures[:2].min() >= figures[2:].max()
    if task == "binary":
        assert np.array_equal(select(matrix, target, method=method, task=task).figures, figures)


@pytest.mark.parametrize("method", METHODS)
def test_the_best_is_kept_where_nothing_tells(method: str) -> None:
    target = np.random.default_rng(5).integers(0, 2, 400).astype(float)
    assert 1 <= select(X[:400, :3], target, method=method, task="binary").kept.sum() <= 3


def test_information_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import mutual_info_score

    few, target = random.integers(0, 4, 2000).astype(float), random.integers(0, 3, 2000).astype(float)
    target = np.where(random.random(2000) < 0.5, few % 3, target)
    bias = 3 * 2 / (2 * 2000)
    expected = (mutual_info_score(few, target) - bias) / np.log(2)
    assert informative([few], target, "multiclass")[0].bits == pytest.approx(expected)


def test_chance_is_called_chance() -> None:
    target = random.integers(0, 2, 2000).astype(float)
    found = informative(random.normal(size=(400, 2000)), target, "binary")
    assert 0.02 < np.mean([it.p < 0.05 for it in found]) < 0.08


@pytest.mark.parametrize("recipe", ["linear", "trees"])
@pytest.mark.parametrize("method", METHODS)
def test_what_is_not_kept_is_said(fit: Any, recipe: str, method: str) -> None:
    frame = pl.DataFrame({f"x{place}": X[:800, place] for place in range(8)})
    found = fit(frame, TARGETS["binary"][:800], recipe, select=method)
    names = [it.feature for it in found.dropped if it.reason == method]
    assert len(names) + len(found.plan.features) == 8
    assert {column.name for column in found.plan.inputs} == {name.split()[0] for name in found.plan.features}
    if names:
        (note,) = without(found.dropped)
        assert (note.subject, note.value, note.passed) == (method, len(names), None)
        assert list(note.evidence) == names


def test_copies_and_constants_are_said(fit: Any) -> None:
    frame = pl.DataFrame(
        {"a": X[:, 0], "same": 1.0, "copy": X[:, 0], "none": None}, schema_overrides={"none": pl.Int64}
    )
    for recipe in ("linear", "trees"):
        found = fit(frame, TARGETS["binary"], recipe)
        assert len(found.plan.features) == 1
        reasons = {it.feature.split()[0]: it.reason for it in found.dropped}
        assert reasons == {
            "same": "constant",
            "copy": "duplicate",
            "none": "constant" if recipe == "trees" else "empty",
        }
    assert Dropped("copy", "duplicate", "a") in found.dropped


def test_components_are_those_of_scikit_learn(fit: Any) -> None:
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    x = X[:, :6] @ random.normal(size=(6, 6))
    frame = pl.DataFrame({f"x{place}": x[:, place] for place in range(6)})
    for recipe in ("linear", "trees"):
        found = fit(frame, TARGETS["binary"], recipe, project="pca", components=3)
        expected = PCA(3).fit_transform(StandardScaler().fit_transform(x))
        assert np.abs(found.matrix) == pytest.approx(np.abs(expected), rel=1e-6, abs=1e-6)
        assert found.plan.features == ("component 1", "component 2", "component 3")


def test_many_features_are_projected_at_random_with_the_same_result() -> None:
    low = random.normal(size=(300, 3)) @ random.normal(size=(3, 600)) * 10
    matrix = low + random.normal(size=(300, 600))
    matrix -= matrix.mean(axis=0)
    found = components(matrix, 3)
    exact = np.linalg.svd(matrix)[2][:3].T
    assert np.abs((found * exact).sum(axis=0)) == pytest.approx(np.ones(3), abs=1e-4)
    assert np.array_equal(found, components(matrix, 3))
    assert components(matrix[:2], 9).shape == (600, 2)


def test_settings_name_columns_that_there_are(fit: Any) -> None:
    frame = pl.DataFrame({"x": X[:, 0]})
    with pytest.raises(ColumnMissing, match="'y' is missing, which columns needs"):
        fit(frame, TARGETS["binary"], "trees", columns={"y": ColumnFeatures(scale="log")})
    with pytest.raises(InputError, match="a direction of a column cannot be kept"):
        check_settings(Features(project="pca"), (), knowledge=Knowledge(monotone={"x": "up"}))
    check_settings(Features(project="pca"), (), knowledge=Knowledge())


def test_features_of_a_clustering_are_not_selected() -> None:
    with pytest.raises(
        InputError, match=r"\[development\.features\] select: a clustering has no target.*write select = 'none'"
    ):
        check_settings(Features(select="lasso"), (), task="clustering")
    check_settings(Features(select="lasso"), (), task="binary")
