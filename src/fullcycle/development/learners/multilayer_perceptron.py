"""A multilayer perceptron with dropout, by Adam.

Srivastava et al. 2014, *Dropout: a simple way to prevent neural networks from overfitting*; Kingma and Ba 2015, *Adam: a method
for stochastic optimization*; Loshchilov and Hutter 2019, *Decoupled weight decay regularization*.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from fullcycle.development.learners.learner import Fitted, Floats, Parameters, Training
from fullcycle.development.learners.linear_svm import standard
from fullcycle.measure.metrics import log_loss, rmse
from fullcycle.predictor.formats.linear import Linear, Link
from fullcycle.predictor.formats.perceptron import Perceptron

if TYPE_CHECKING:
    from optuna import Trial

EPOCHS = 100  # at most, where validation rows decide when to stop
PATIENCE = 8  # epochs without gain after which it stops
UNTOLD = 30  # epochs where neither validation rows nor a number tell
STEPS = 20_000  # at most, so that a large table is not read a hundred times
BATCH = 128
_MOMENTUM, _SQUARES, _TINY = 0.9, 0.999, 1e-8  # Adam's own
_LINKS: dict[str, Link] = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}


class MultilayerPerceptron:
    """Layers of rectified linear units, of which a share is left out at each step of learning.

    >>> rows = np.random.default_rng(0).normal(size=(300, 2))
    >>> differ = (rows[:, 0] * rows[:, 1] > 0).astype(float)
    >>> learner = MultilayerPerceptron()
    >>> fitted = learner.fit(Training(rows, differ, "binary", 2, learner.default(), seed=0))
    >>> fitted.model.score([1.0, 1.0]) > 0.8, fitted.model.score([1.0, -1.0]) < 0.2
    (True, True)
    """

    name = "multilayer_perceptron"
    recipe = "linear"
    tasks = ("binary", "multiclass", "regression")
    keeps_rows = False
    honours = ()

    def default(self) -> Parameters:
        """Two layers of 64, a tenth left out."""
        return {"units": 64, "layers": 2, "dropout": 0.1, "learning_rate": 2e-3, "decay": 1e-4}

    def suggest(self, trial: Trial) -> Parameters:
        """Ranges around the defaults."""
        return {
            "units": trial.suggest_int("units", 16, 256, log=True),
            "layers": trial.suggest_int("layers", 1, 3),
            "dropout": trial.suggest_float("dropout", 0.0, 0.5),
            "learning_rate": trial.suggest_float("learning_rate", 3e-4, 1e-2, log=True),
            "decay": trial.suggest_float("decay", 1e-6, 1e-1, log=True),
        }

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread, whose sums have one order."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):
            return _fit(training)


def _fit(training: Training) -> Fitted:
    mean, scale = standard(training) if training.task == "regression" else (0.0, 1.0)
    target, network = _target(training, mean, scale), _Network(training)
    most = min(EPOCHS, max(STEPS * BATCH // len(target), 1)) if training.validation else training.iterations or UNTOLD
    loss_of = rmse if training.task == "regression" else log_loss
    best, kept, epochs = np.inf, network.weights, most
    for epoch in range(1, most + 1):
        network.epoch(target)
        if training.validation is None:
            kept = network.weights
            continue
        rows, outcome = training.validation
        loss = loss_of(outcome, _model(network.weights, training.task, mean, scale).scores(rows))
        if loss < best:
            best, kept, epochs = loss, [array.copy() for array in network.weights], epoch
        elif epoch - epochs >= PATIENCE:
            break
    return Fitted(_model(kept, training.task, mean, scale), epochs)


def _target(training: Training, mean: float, scale: float) -> Floats:
    if training.task == "multiclass":
        return np.eye(training.classes)[training.y.astype(np.int64)]
    return (training.y[:, None] - mean) / scale


def _model(weights: list[Floats], task: str, mean: float, scale: float) -> Perceptron:
    *hidden, last, level = weights
    layers = list(zip(hidden[::2], hidden[1::2], strict=True))
    if task == "multiclass":
        return Perceptron(layers, Linear(last.T, level, "softmax"))
    return Perceptron(layers, Linear(last[:, 0] * scale, float(level[0]) * scale + mean, _LINKS[task]))


class _Network:
    """Weights and biases of each layer in turn, and Adam's memory of their gradients."""

    def __init__(self, training: Training) -> None:
        told = training.parameters
        self._rows, self._task = training.X, training.task
        share = np.ones(len(self._rows)) if training.weights is None else training.weights
        self._shares = share[:, None] * (len(share) / float(share.sum()))
        self._rate, self._decay = float(told["learning_rate"]), float(told["decay"])
        self._dropout, self._random = float(told["dropout"]), np.random.default_rng(training.seed)
        outputs = training.classes if training.task == "multiclass" else 1
        widths = [self._rows.shape[1], *[int(told["units"])] * int(told["layers"]), outputs]
        self.weights: list[Floats] = []
        for inputs, units in itertools.pairwise(widths):  # He et al. 2015, for rectified units
            self.weights.append(self._random.normal(size=(inputs, units)) * np.sqrt(2 / inputs))
            self.weights.append(np.zeros(units))
        self._means = [np.zeros_like(array) for array in self.weights]
        self._squares = [np.zeros_like(array) for array in self.weights]
        self._step = 0

    def epoch(self, target: Floats) -> None:
        """Learn from every row once, in an order drawn anew."""
        order = self._random.permutation(len(target))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            self._learn(self._gradients(self._rows[batch], target[batch], self._shares[batch]))

    def _gradients(self, rows: Floats, target: Floats, shares: Floats) -> list[Floats]:
        inputs, masks = [rows], []
        for weights, biases in zip(self.weights[:-2:2], self.weights[1:-2:2], strict=True):
            units = np.maximum(inputs[-1] @ weights + biases, 0.0)
            # what stays is made larger, so that nothing changes where nothing is left out
            mask = (self._random.random(units.shape) >= self._dropout) / (1 - self._dropout)
            inputs.append(units * mask)
            masks.append((units > 0) * mask)
        sums = inputs[-1] @ self.weights[-2] + self.weights[-1]
        error = (_linked(sums, self._task) - target) * shares / len(rows)
        found: list[Floats] = []
        for layer in range(len(inputs) - 1, -1, -1):
            found = [inputs[layer].T @ error, error.sum(axis=0), *found]
            if layer:
                error = (error @ self.weights[2 * layer].T) * masks[layer - 1]
        return found

    def _learn(self, gradients: list[Floats]) -> None:
        self._step += 1
        rate = self._rate * np.sqrt(1 - _SQUARES**self._step) / (1 - _MOMENTUM**self._step)
        for place, gradient in enumerate(gradients):
            mean, square = self._means[place], self._squares[place]
            mean += (1 - _MOMENTUM) * (gradient - mean)
            square += (1 - _SQUARES) * (gradient**2 - square)
            if gradient.ndim == 2:  # biases are not held small
                self.weights[place] *= 1 - self._rate * self._decay
            self.weights[place] -= rate * mean / (np.sqrt(square) + _TINY)


def _linked(sums: Floats, task: str) -> Floats:
    if task == "regression":
        return sums
    if task == "binary":
        found: Floats = 1 / (1 + np.exp(-np.clip(sums, -500, 500)))
        return found
    grown = np.exp(sums - sums.max(axis=1, keepdims=True))
    shares: Floats = grown / grown.sum(axis=1, keepdims=True)
    return shares
