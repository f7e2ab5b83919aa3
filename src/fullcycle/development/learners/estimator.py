"""A fitted scikit-learn estimator as a model that serves without scikit-learn, and scores what the estimator scores.

What linear models, trees, forests and boosted trees have learnt is read into our own formats; anything else is converted to
ONNX, in double precision where its converter can, in single precision otherwise. Whichever it is, it is held against the
estimator on training rows and on rows that no table should hold, and refused where it differs.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from fullcycle.development.learners.extractor import extracted
from fullcycle.development.learners.learner import Floats, Training
from fullcycle.development.learners.onnx_converter import Unconverted, converted
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.formats import ModelFormat

APART = (
    1e-5  # how far a kept model's score may be from the estimator's: a probability, or a share of the target's spread
)
ROWS = 1000  # training rows on which the two are compared, at most
_HOSTILE = (0.0, -0.0, 1e-12, -1.0, 1e3, -1e6, 1.7e9, 2.0**40 + 1)  # nought, epoch seconds, integers beyond 32 bits
_PLACE = "cycle.py"


def is_estimator(found: object) -> bool:
    """Whether it looks like a scikit-learn estimator.

    >>> from sklearn.linear_model import Ridge
    >>> is_estimator(Ridge()), is_estimator(7)
    (True, False)
    """
    return all(hasattr(found, name) for name in ("fit", "predict", "get_params")) and not isinstance(found, type)


def keep(estimator: Any, training: Training) -> ModelFormat:
    """The fitted estimator as a model.

    Parameters
    ----------
    estimator : a classifier that gives probabilities, or a regressor, fitted on *training*'s rows.

    Raises
    ------
    InputError
        It is not fitted on these features, is of another task, or no model scores the same.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> rows = np.arange(8.0).reshape(8, 1)
    >>> kept = keep(LinearRegression().fit(rows, 2 * rows[:, 0]), Training(rows, 2 * rows[:, 0], "regression", 0, {}, seed=0))
    >>> kept.name, round(kept.score([10.0]), 9)
    ('linear', 20.0)
    """
    _check_task(estimator, training)
    rows, expected = _answers(estimator, training)
    reasons = []
    for model in _candidates(estimator, training):
        if isinstance(model, Unconverted):
            reasons.append(model.why)
            continue
        worst = apart(model.scores(rows), expected, training)
        if worst <= APART:
            return model
        reasons.append(f"as {model.name} its scores are up to {worst:.3g} apart")
    raise InputError(
        f"a {type(estimator).__name__} cannot be kept as a model that scores the same",
        place=_PLACE,
        found="; ".join(dict.fromkeys(reasons)),
        expected=f"scores at most {APART} apart",
        mend="take another estimator, or scale the features before it in a Pipeline",
    )


def apart(scores: Floats, expected: Floats, training: Training) -> float:
    """The largest difference: of probabilities, or of numbers in the target's spread or their own size; inf for NaN.

    >>> apart(np.array([1.0, 2.0]), np.array([1.0, 2.5]), Training(np.empty((2, 0)), np.zeros(2), "binary", 2, {}, 0))
    0.5
    """
    if scores.shape != expected.shape:
        return math.inf
    differences = np.abs(scores - expected)
    if training.task == "regression":
        differences = differences / np.maximum(np.abs(expected), float(np.std(training.y)) or 1.0)
    worst = float(differences.max(initial=0.0))
    return worst if math.isfinite(worst) else math.inf


def _candidates(estimator: Any, training: Training) -> Iterator[ModelFormat | Unconverted]:
    """Ways to keep it, the best first; each is made only where those before it did not do."""
    found = extracted(estimator, training)
    if found is not None:
        yield found
    for single in (False, True):
        yield converted(estimator, training, single=single)


def _check_task(estimator: Any, training: Training) -> None:
    from sklearn.base import is_classifier, is_regressor
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    name, task = type(estimator).__name__, training.task
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        mend = "return estimator.fit(X, y, sample_weight=weight)"
        raise InputError(f"the {name} is not fitted", place=_PLACE, mend=mend) from None
    if task == "regression":
        if not is_regressor(estimator):
            raise InputError(f"a {name} gives no numbers", place=_PLACE, expected="a regressor, for a regression")
    elif not is_classifier(estimator) or not hasattr(estimator, "predict_proba"):
        mend = "put it into sklearn.calibration.CalibratedClassifierCV"
        expected = f"a classifier with predict_proba, for a {task} task"
        raise InputError(f"a {name} gives no probabilities", place=_PLACE, expected=expected, mend=mend)
    width = getattr(estimator, "n_features_in_", training.X.shape[1])
    if width != training.X.shape[1]:
        expected = f"{training.X.shape[1]}, all that the function is given"
        raise InputError(f"the {name} was fitted on other features", place=_PLACE, found=width, expected=expected)


def _answers(estimator: Any, training: Training) -> tuple[Floats, Floats]:
    """Rows to compare on, and what the estimator says of them; those of which it says nothing finite are left out."""
    X = training.X
    chosen = X[np.arange(min(len(X), ROWS)) * len(X) // min(len(X), ROWS)]
    parts, found = [chosen], [scored(estimator, chosen, training)]
    for part in _hostile(chosen):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # that a number is huge is what is being tried
            try:
                scores = scored(estimator, part, training)
            except ValueError:  # it refuses such rows
                continue
        fit = np.isfinite(scores.reshape(len(part), -1)).all(axis=1)
        parts.append(part[fit])
        found.append(scores[fit])
    return np.vstack(parts), np.concatenate(found)


def _hostile(rows: Floats) -> Iterator[Floats]:
    """Some rows with each feature in turn, and with all at once, at what no table should hold; a part for each number."""
    few = rows[: max(1, min(len(rows), 64 // (rows.shape[1] + 1)))]
    for number in _HOSTILE:
        each = np.repeat(few, rows.shape[1] + 1, axis=0)
        for feature in range(rows.shape[1]):
            each[feature :: rows.shape[1] + 1, feature] = number
        each[rows.shape[1] :: rows.shape[1] + 1] = number
        yield each


def scored(estimator: Any, rows: Floats, training: Training) -> Floats:
    """The estimator's own scores in the shape of a model's: (n,), or (n, classes)."""
    if training.task == "regression":
        return np.asarray(estimator.predict(rows), dtype=np.float64).reshape(len(rows))
    known = np.asarray(estimator.classes_).astype(np.int64)
    scores = np.zeros((len(rows), training.classes))
    scores[:, known] = estimator.predict_proba(rows)
    return scores[:, 1] if training.task == "binary" else scores
