"""What is kept of other libraries' models scores what those libraries score."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.development.learners import LEARNERS, Training
from fullcycle.development.learners import catboost as cat
from fullcycle.development.learners import xgboost as xgb
from fullcycle.development.learners.grown import MOST_LEAVES
from fullcycle.development.learners.single_precision import at_most
from fullcycle.kernel.errors import OutsideError

TABLES = {"binary": "breast_cancer", "multiclass": "wine", "regression": "diabetes"}
SINGLE = st.one_of(st.floats(width=32, allow_nan=False), st.floats(allow_nan=False))


def table(task: str, parameters: dict[str, Any]) -> tuple[Training, Any]:
    """Training rows of a real table with holes in it, and other rows of it."""
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{TABLES[task]}")(return_X_y=True)
    random = np.random.default_rng(0)
    order = random.permutation(len(y))
    X, y = X[order].astype(float), y[order].astype(float)
    X[random.random(X.shape) < 0.05] = np.nan
    half = len(y) // 2
    return Training(X[:half], y[:half], task, len(set(y)) if task != "regression" else 0, parameters, 3), X[half:]


@pytest.mark.parametrize("task", TABLES)
@pytest.mark.parametrize("name", ["DecisionTree", "RandomForest", "ExtraTrees"])
def test_trees_of_scikit_learn_score_the_same_to_the_bit(name: str, task: str) -> None:
    from sklearn import ensemble, tree

    key = "".join(f"_{it.lower()}" if it.isupper() else it for it in name)[1:]
    parameters: dict[str, Any] = {"min_samples_leaf": 2}
    ours = parameters | ({"smoothing": 0} if name == "DecisionTree" else {"trees": 11})
    theirs = parameters | ({} if name == "DecisionTree" else {"n_estimators": 11, "max_leaf_nodes": MOST_LEAVES})
    kind = "Regressor" if task == "regression" else "Classifier"
    made = getattr(tree if name == "DecisionTree" else ensemble, f"{name}{kind}")
    training, rows = table(task, ours)
    model = made(random_state=3, **theirs).fit(training.X, training.y)
    expected = model.predict(rows) if task == "regression" else model.predict_proba(rows)
    found = LEARNERS[key].fit(training).model.scores(rows)
    assert found.tolist() == (expected[:, 1] if task == "binary" else expected).tolist()


@pytest.mark.parametrize("task", TABLES)
def test_xgboost_scores_the_same_to_six_digits(task: str) -> None:
    pytest.importorskip("xgboost", reason=xgb.MEND)
    training, rows = table(task, LEARNERS["xgboost"].default())
    expected = xgb.grown(training)[0].inplace_predict(rows)
    np.testing.assert_allclose(LEARNERS["xgboost"].fit(training).model.scores(rows), expected, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("task", TABLES)
def test_catboost_scores_the_same_to_twelve_digits(task: str) -> None:
    pytest.importorskip("catboost", reason=cat.MEND)
    training, rows = table(task, LEARNERS["catboost"].default())
    wanted = "RawFormulaVal" if task == "regression" else "Probability"
    expected = cat.grown(training).predict(rows, prediction_type=wanted)
    expected = expected[:, 1] if task == "binary" else expected
    np.testing.assert_allclose(LEARNERS["catboost"].fit(training).model.scores(rows), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["xgboost", "catboost"])
def test_a_library_that_is_not_there_is_asked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(OutsideError, match=rf"pip install 'fullcycle\[{name}\]'"):
        LEARNERS[name].fit(table("binary", LEARNERS[name].default())[0])


@given(threshold=SINGLE, number=SINGLE)
def test_a_threshold_for_32_bits_is_one_for_64(threshold: float, number: float) -> None:
    with np.errstate(over="ignore"):
        rounded = [float(np.float32(it)) for it in (number, threshold)]
    for it, single in zip((number, threshold), rounded, strict=True):
        if np.isfinite(threshold):
            assert (it <= at_most(threshold)) == (single <= threshold)
            assert (it <= at_most(threshold, below=True)) == (single < threshold)
    if np.isfinite(threshold) and np.isfinite(rounded[1]):  # the last number that passes, and the first that does not
        last = float(at_most(threshold))
        with np.errstate(over="ignore"):
            assert float(np.float32(last)) <= threshold < float(np.float32(np.nextafter(last, np.inf)))
