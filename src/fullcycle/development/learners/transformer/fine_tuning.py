"""Fine-tuning: a linear head on the embeddings first, then head and last layers together, by AdamW.

The head first, since a head drawn by chance would spoil the layers below it: Kumar et al. 2022, *Fine-tuning can distort
pretrained features*. Loshchilov and Hutter 2019, *Decoupled weight decay regularization*; the rate rises over the first
tenth of the steps and falls to nought then, as in BERT. Everything random follows from the seed, and each step runs on
one thread, so that the same rows give the same weights.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullcycle.development.learners.learner import Floats, Parameters
from fullcycle.development.learners.transformer.batches import BATCH, Batch, Ints, drawn, in_order
from fullcycle.development.learners.transformer.network import PADDING, Arrays, embedded, losses
from fullcycle.development.learners.transformer.weights import LAYERS, WIDTH, Weights, layer

EPOCHS = 3  # at most
WARM = 0.1  # of all steps, over which the rate rises
_MOMENTUM, _SQUARES, _SMALL = 0.9, 0.999, 1e-8  # Adam's own
_ONE_THREAD = {"xla_cpu_multi_thread_eigen": False}
_THREADS = "PJRT_NPROC"  # the environment's name of how many threads XLA's CPU has

Single = NDArray[np.float32]


class Texts(NamedTuple):
    """Rows: (n, TOKENS) pieces of their texts, and (n, others) numbers of their other columns."""

    ids: NDArray[np.int32]
    numbers: Single

    @property
    def lengths(self) -> Ints:
        """How long each text is, (n,)."""
        return np.asarray((self.ids != PADDING).sum(axis=1), dtype=np.int64)


class Goal(NamedTuple):
    """What rows are fitted to: (n, outputs) 0 and 1 or standardised numbers, and (n,) how much each row counts."""

    target: Single
    shares: Single


class FineTuning:
    """A transformer on its way.

    Parameters
    ----------
    weights : before fine-tuning, by name.
    head : ``weight``, (WIDTH + others, outputs), and ``bias``, (outputs,).
    parameters : ``layers`` to tune, ``learning_rate``, ``dropout`` before the head and ``decay``.
    """

    def __init__(self, weights: Weights, head: Weights, task: str, parameters: Parameters, seed: int) -> None:
        import jax

        _cpu()  # before anything asks for a device
        self._task, self._parameters = task, parameters
        first = LAYERS - int(parameters["layers"])
        self._random, self._key = np.random.default_rng(seed), jax.random.key(seed, impl="threefry2x32")
        self._frozen = _placed({name: it for name, it in weights.items() if layer(name) < first})
        self._tuned = _placed({name: it for name, it in weights.items() if layer(name) >= first})
        self._tuned |= {f"head.{name}": it for name, it in _placed(head).items()}
        self._moments = tuple({name: it * 0 for name, it in self._tuned.items()} for _ in range(2))
        self._done = 0

    def epoch(self, rows: Texts, goal: Goal) -> None:
        """Learn from every row once, in an order drawn anew."""
        batches = drawn(rows.lengths, self._random)
        step, total = _step(self._task, float(self._parameters["dropout"])), EPOCHS * len(batches)
        for batch in batches:  # a limit of time is seen between two of them
            self._done += 1
            told = (
                rate(self._done, total) * float(self._parameters["learning_rate"]),
                float(self._parameters["decay"]),
                float(self._done),
                self._key,
            )
            inputs, wanted = _inputs(rows, batch), _wanted(goal, batch)
            self._tuned, self._moments = step(self._tuned, self._moments, self._frozen, *inputs, *wanted, *told)

    def weights(self) -> Weights:
        """Every weight as it is now; those of the head as ``head.weight`` and ``head.bias``."""
        return {name: np.array(it) for name, it in {**self._frozen, **self._tuned}.items()}


def embeddings(weights: Weights, rows: Texts) -> Floats:
    """The embedding of each row's texts, (n, WIDTH), of variance one."""
    placed, found = _placed(weights), np.empty((len(rows.ids), WIDTH))
    for batch in in_order(rows.lengths):
        answers = np.asarray(_embedding()(placed, rows.ids[batch.rows, : batch.length]), dtype=np.float64)
        found[batch.rows[: batch.size]] = answers[: batch.size]
    return found


def logits(weights: Weights, rows: Texts) -> Floats:
    """What the head makes of rows, (n, outputs): log-odds, or standardised numbers. *weights* as a fine-tuning gives them."""
    inputs = np.hstack([embeddings(weights, rows), rows.numbers])
    return inputs @ weights["head.weight"].astype(np.float64) + weights["head.bias"]


def rate(step: int, steps: int) -> float:
    """The share of the learning rate at a step, from 1 to *steps*.

    >>> [round(rate(step, 20), 2) for step in (1, 2, 11, 20)]
    [0.5, 1.0, 0.53, 0.05]
    """
    warm = max(int(WARM * steps), 1)
    return step / warm if step <= warm else (steps - step + 1) / (steps - warm + 1)


def _placed(weights: Weights) -> Arrays:
    """As arrays of JAX on the CPU, whatever else there is; copies, since a step writes over what it is given."""
    import jax

    return {name: jax.device_put(it.copy(), _cpu()) for name, it in weights.items()}


@lru_cache(maxsize=1)
def _cpu() -> Any:
    """The CPU with one thread: XLA cuts a sum in as many parts as it has threads when the device is first asked for."""
    import jax

    before = os.environ.get(_THREADS)
    os.environ[_THREADS] = "1"
    try:
        return jax.devices("cpu")[0]
    finally:
        if before is None:
            del os.environ[_THREADS]
        else:
            os.environ[_THREADS] = before


def _inputs(rows: Texts, batch: Batch) -> Sequence[Any]:
    return rows.ids[batch.rows, : batch.length], rows.numbers[batch.rows]


def _wanted(goal: Goal, batch: Batch) -> Sequence[Any]:
    there = np.arange(BATCH) < batch.size  # rows that only fill up count nothing
    return goal.target[batch.rows], goal.shares[batch.rows] * there / np.float32(batch.size)


@lru_cache(maxsize=1)
def _embedding() -> Callable[..., Any]:
    import jax

    compiled: Callable[..., Any] = jax.jit(embedded, compiler_options=_ONE_THREAD)
    return compiled


@lru_cache(maxsize=8)
def _step(task: str, dropout: float) -> Callable[..., Any]:
    """A compiled step of AdamW: weights and moments after a batch."""
    import jax
    import jax.numpy as jnp

    def loss(tuned: Arrays, frozen: Arrays, ids: Any, numbers: Any, target: Any, shares: Any, key: Any) -> Any:
        inputs = jnp.concatenate([embedded({**frozen, **tuned}, ids), numbers], axis=1)
        # what stays is made larger, so that nothing changes where nothing is left out
        kept = jax.random.bernoulli(key, 1 - dropout, inputs.shape) / (1 - dropout)
        logits = (inputs * kept) @ tuned["head.weight"] + tuned["head.bias"]
        return (losses(logits, target, task) * shares).sum()

    def step(
        tuned: Arrays, moments: Any, frozen: Arrays, ids: Any, numbers: Any, target: Any, shares: Any,
        rate: Any, decay: Any, done: Any, key: Any,
    ) -> Any:  # fmt: skip
        folded = jax.random.fold_in(key, done.astype(int))
        slopes = jax.grad(loss)(tuned, frozen, ids, numbers, target, shares, folded)
        means, squares, weights = {}, {}, {}
        for name, slope in slopes.items():
            means[name] = _MOMENTUM * moments[0][name] + (1 - _MOMENTUM) * slope
            squares[name] = _SQUARES * moments[1][name] + (1 - _SQUARES) * slope**2
            size = jnp.sqrt(squares[name] / (1 - _SQUARES**done)) + _SMALL
            held = decay if slope.ndim == 2 else 0.0  # neither biases nor scales are held small
            change = means[name] / (1 - _MOMENTUM**done) / size + held * tuned[name]
            weights[name] = tuned[name] - rate * change
        return weights, (means, squares)

    compiled: Callable[..., Any] = jax.jit(step, compiler_options=_ONE_THREAD, donate_argnums=(0, 1))
    return compiled
