"""Learners of a project's own: any scikit-learn estimator is kept as a model that scores the same, or refused with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from fullcycle.development.learners import LEARNERS, Training
from fullcycle.development.learners.estimator import APART, apart, keep
from fullcycle.development.learners.kept_rows import kept_rows
from fullcycle.development.learners.own import Own, learner
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.formats import load
from fullcycle.testing.learners import hostile, made

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
pytest.importorskip("skl2onnx", reason="pip install 'fullcycle[onnx]'")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As :class:`Own` fits; threads that wait for each other on a busy machine would take seconds."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


def scikit(path: str, **options: Any) -> Any:
    """An estimator by the name of its module and class."""
    from importlib import import_module

    module, _, name = path.rpartition(".")
    return getattr(import_module(f"sklearn.{module}"), name)(**options)


def piped(*steps: Any) -> Any:
    from sklearn.pipeline import make_pipeline

    return make_pipeline(*steps)


CLASSIFIERS: dict[str, Any] = {
    "logistic": lambda: ("linear", scikit("linear_model.LogisticRegression")),
    "discriminant": lambda: ("linear", scikit("discriminant_analysis.LinearDiscriminantAnalysis")),
    "tree": lambda: ("trees", scikit("tree.DecisionTreeClassifier", max_depth=4, random_state=0)),
    "forest": lambda: ("trees", scikit("ensemble.RandomForestClassifier", n_estimators=7, random_state=0)),
    "bagged trees": lambda: ("trees", scikit("ensemble.BaggingClassifier", n_estimators=5, random_state=0)),
    "boosting": lambda: ("trees", scikit("ensemble.GradientBoostingClassifier", n_estimators=9, random_state=0)),
    "histograms": lambda: ("trees", scikit("ensemble.HistGradientBoostingClassifier", max_iter=9, random_state=0)),
    "bayes": lambda: ("onnx", scikit("naive_bayes.GaussianNB")),
    "scaled": lambda: (
        "onnx",
        piped(scikit("preprocessing.StandardScaler"), scikit("linear_model.LogisticRegression")),
    ),
    "adaboost": lambda: ("onnx", scikit("ensemble.AdaBoostClassifier", n_estimators=5, random_state=0)),
    "calibrated": lambda: ("onnx", scikit("calibration.CalibratedClassifierCV", estimator=scikit("svm.LinearSVC"))),
}
REGRESSORS: dict[str, Any] = {
    "ridge": lambda: ("linear", scikit("linear_model.Ridge")),
    "huber": lambda: ("linear", scikit("linear_model.HuberRegressor")),
    "forest": lambda: ("trees", scikit("ensemble.ExtraTreesRegressor", n_estimators=7, random_state=0)),
    "boosting": lambda: ("trees", scikit("ensemble.GradientBoostingRegressor", n_estimators=9, random_state=0)),
    "histograms": lambda: ("trees", scikit("ensemble.HistGradientBoostingRegressor", max_iter=9, random_state=0)),
    "perceptron": lambda: (
        "onnx",
        scikit("neural_network.MLPRegressor", hidden_layer_sizes=(4,), solver="lbfgs", random_state=0),
    ),
}
CASES = [(name, task) for name in CLASSIFIERS for task in ("binary", "multiclass")] + [
    (name, "regression") for name in REGRESSORS
]


@pytest.mark.parametrize(("name", "task"), CASES)
def test_an_estimator_is_kept_in_the_simplest_format_and_scores_the_same(name: str, task: str) -> None:
    expected, estimator = (REGRESSORS if task == "regression" else CLASSIFIERS)[name]()
    rows, new = made(task), made(task, seed=5)
    estimator.fit(rows.X, rows.y)
    model = keep(estimator, rows)
    assert model.name == expected
    theirs = estimator.predict(new.X) if task == "regression" else estimator.predict_proba(new.X)
    theirs = theirs[:, 1] if task == "binary" else theirs
    again = load(model.name, model.to_bytes())
    assert apart(again.scores(new.X), theirs, rows) <= APART
    assert keep(estimator, rows).to_bytes() == model.to_bytes()
    mixed = np.vstack([hostile()[:40], new.X[:20]])
    for row, scores in zip(mixed.tolist(), model.scores(mixed), strict=True):
        np.testing.assert_array_equal(np.asarray(model.score(row)), scores)


def test_trees_of_lightgbms_own_estimators_are_kept_as_its_text() -> None:
    import lightgbm

    rows = made("multiclass")
    fitted = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, num_threads=1).fit(rows.X, rows.y)
    assert keep(fitted, rows).name == "lightgbm"


def test_rows_with_missing_numbers_reach_an_estimator_that_asks_for_them() -> None:
    rows = made("binary")
    X = rows.X.copy()
    X[::5, 0] = np.nan
    estimator = scikit("ensemble.HistGradientBoostingClassifier", max_iter=9).fit(X, rows.y)
    model = keep(estimator, rows._replace(X=X))
    assert apart(model.scores(X), estimator.predict_proba(X)[:, 1], rows) <= APART


def test_a_class_without_a_training_row_scores_nought() -> None:
    rows = made("multiclass")
    rows = rows._replace(y=np.where(rows.y == 1, 0, rows.y))
    for estimator in (scikit("linear_model.LogisticRegression"), scikit("naive_bayes.GaussianNB")):
        scores = keep(estimator.fit(rows.X, rows.y), rows).scores(rows.X)
        assert scores.shape == (300, 3)
        assert (scores[:, 1] == 0).all()


@pytest.mark.parametrize(
    ("task", "make", "told"),
    [
        ("binary", lambda: scikit("linear_model.Ridge"), "gives no probabilities"),
        ("binary", lambda: scikit("svm.LinearSVC"), "gives no probabilities"),
        ("regression", lambda: scikit("naive_bayes.GaussianNB"), "gives no numbers"),
        (
            "regression",
            lambda: piped(scikit("preprocessing.SplineTransformer"), scikit("linear_model.Ridge")),
            "skl2onnx: ",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_reason(task: str, make: Any, told: str) -> None:
    rows = made(task)
    estimator = make().fit(rows.X, rows.y > 0 if told == "gives no numbers" else rows.y)
    with pytest.raises(InputError) as refused:
        keep(estimator, rows)
    assert told in str(refused.value)


def test_one_that_is_not_fitted_or_on_other_features_is_refused() -> None:
    rows = made("regression")
    with pytest.raises(InputError, match="is not fitted"):
        keep(scikit("linear_model.Ridge"), rows)
    with pytest.raises(InputError, match="other features"):
        keep(scikit("linear_model.Ridge").fit(rows.X[:, :2], rows.y), rows)


def test_a_model_whose_single_precision_moves_scores_is_refused() -> None:
    """Epoch seconds in 32 bits lie two minutes apart, and a support vector machine of numbers knows no 64 bits."""
    random = np.random.default_rng(0)
    seconds = 1.7e9 + random.uniform(0, 1000, 200)
    X = seconds[:, None]
    y = np.sin(seconds / 20)
    rows = Training(X, y, "regression", 0, {}, 0)
    estimator = piped(scikit("preprocessing.StandardScaler"), scikit("svm.SVR")).fit(X, y)
    with pytest.raises(InputError, match="cannot be kept") as refused:
        keep(estimator, rows)
    assert "apart" in str(refused.value.found)


@pytest.mark.parametrize(
    "make",
    [
        lambda: scikit("neighbors.KNeighborsRegressor"),
        lambda: scikit("svm.SVR"),
        lambda: scikit("gaussian_process.GaussianProcessRegressor"),
        lambda: scikit("kernel_ridge.KernelRidge"),
        lambda: piped(scikit("kernel_approximation.Nystroem", n_components=10), scikit("linear_model.Ridge")),
        lambda: scikit("ensemble.BaggingRegressor", estimator=scikit("neighbors.KNeighborsRegressor"), n_estimators=2),
        lambda: scikit("model_selection.GridSearchCV", estimator=scikit("svm.SVR"), param_grid={"C": [1.0, 2.0]}, cv=2),
    ],
)
def test_estimators_that_hold_rows_are_known(make: Any) -> None:
    rows = made("regression")
    assert kept_rows(make().fit(rows.X, rows.y))


@pytest.mark.parametrize("name", REGRESSORS)
def test_estimators_that_hold_none_are_known_too(name: str) -> None:
    rows = made("regression")
    assert kept_rows(REGRESSORS[name]()[1].fit(rows.X, rows.y)) == ""


@pytest.fixture
def neighbours() -> Iterator[Any]:
    """A function that yields nearest neighbours."""

    def neighbours(X: Any, y: Any, weight: Any, seed: int, n_neighbors: int = 5) -> Any:
        return scikit("neighbors.KNeighborsClassifier", n_neighbors=n_neighbors).fit(X, y)

    yield neighbours
    if "neighbours" in LEARNERS:
        LEARNERS.remove("neighbours")


def test_nearest_neighbours_must_say_that_they_keep_rows(neighbours: Any) -> None:
    from fullcycle.data.records import Column
    from fullcycle.development.admission import obstacle
    from fullcycle.development.settings import Knowledge

    rows = made("binary")
    with pytest.raises(InputError, match="does not say so"):
        Own(neighbours).fit(rows)
    learner(keeps_rows=True)(neighbours)
    own = LEARNERS["neighbours"]
    assert own.fit(rows).model.name == "onnx"
    email = Column(name="email", kind="category", known="before", feature=True, personal="keep")
    assert "personal data" in str(obstacle(own, "binary", Knowledge(), (email,)))


def test_rows_count_their_weight() -> None:
    def weighted(X: Any, y: Any, weight: Any, seed: int) -> Any:
        return scikit("linear_model.LogisticRegression").fit(X, y, sample_weight=weight)

    rows = made("binary")
    both = rows._replace(
        X=np.vstack([rows.X, rows.X]), y=np.append(rows.y, 1 - rows.y), weights=np.repeat([1.0, 0.01], len(rows.y))
    )
    scores = Own(weighted).fit(both).model.scores(rows.X)
    assert ((scores > 0.5) == (rows.y == 1)).mean() > 0.9


def test_a_function_that_yields_something_else_is_refused() -> None:
    def nonsense(X: Any, y: Any, weight: Any, seed: int) -> Any:
        return {"weights": [1.0]}

    with pytest.raises(InputError, match="yields no model"):
        Own(nonsense).fit(made("binary"))
    with pytest.raises(InputError, match="not declared right"):
        learner(recipe="raw")(nonsense)
