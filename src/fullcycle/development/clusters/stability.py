"""Stability: does the same method find the same clusters in other rows of the same kind?

The rows are drawn anew with replacement, whole blocks at a time, the learner is fitted to each draw, and both models
say to which cluster each test row belongs; the adjusted Rand index says how far they agree. Sources: Ben-Hur, Elisseeff
and Guyon 2002, *A stability based method for discovering structure in clustered data*; Hennig 2007, *Cluster-wise
assessment of cluster stability*.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullcycle.development.learners import LEARNERS, Parameters, Training
from fullcycle.development.losses import sample
from fullcycle.development.table import Floats
from fullcycle.measure.intervals import Estimate, block_codes, mean_interval
from fullcycle.measure.metrics import adjusted_rand
from fullcycle.predictor.policy import nearest

REFITS = 20
ROWS = 10_000  # of each refit, at most


class Stability(NamedTuple):
    """How far refits agree with the model.

    Attributes
    ----------
    together : the mean adjusted Rand index, with the interval of the mean over refits.
    clusters : of each cluster, by its code, the mean Jaccard index with the most alike cluster of a refit, likewise; None where
        no test row is in it.
    """

    together: Estimate
    clusters: tuple[Estimate | None, ...]


def stability(
    learner: str,
    parameters: Parameters,
    rows: Floats,
    blocks: NDArray[np.int64],
    test: Floats,
    codes: NDArray[np.int64],
    *,
    confidence: float,
    seed: int,
) -> Stability | None:
    """How far refits on rows drawn anew agree with the model; None where all rows hang together, and no others of their
    kind can be drawn.

    Parameters
    ----------
    rows, blocks : (n, features) that the model was fitted on, and (n,) which of them hang together.
    test, codes : (m, features) test rows, and (m,) the cluster to which the model says that each belongs.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(60, 1)) + np.repeat([0.0, 50.0], 30)[:, None]
    >>> codes = np.repeat([0, 1], 30)
    >>> found = stability("kmeans", {"clusters": 2}, rows, np.arange(60), rows, codes, confidence=0.95, seed=0)
    >>> found and (found.together.point, [it and it.point for it in found.clusters])
    (1.0, [1.0, 1.0])
    """
    kept = sample(len(rows), ROWS).to_numpy()
    known, (labels, k) = rows[kept], block_codes(blocks[kept])
    if k < 2:
        return None
    places = [np.flatnonzero(labels == block) for block in range(k)] if k < len(known) else []
    found, each = [], []
    for number in range(REFITS):
        drawn = np.random.default_rng([seed, number]).integers(0, k, k)
        at = np.concatenate([places[block] for block in drawn.tolist()]) if places else np.argsort(labels)[drawn]
        training = Training(known[at], np.zeros(len(at)), "clustering", 0, parameters, seed)
        again = nearest(LEARNERS[learner].fit(training).model.scores(test))
        found.append(adjusted_rand(codes, again))
        each.append([jaccard(codes == code, again) for code in range(int(codes.max()) + 1)])
    refits = np.arange(REFITS)
    clusters = tuple(
        None if math.isnan(own[0]) else mean_interval(own, refits, confidence=confidence, in_time=False)
        for own in np.array(each).T
    )
    return Stability(mean_interval(found, refits, confidence=confidence, in_time=False), clusters)


def jaccard(inside: NDArray[np.bool_], again: NDArray[np.int64]) -> float:
    """The Jaccard index of a cluster, (n,) rows inside, with the most alike one of others, (n,) codes; NaN for no row.

    >>> jaccard(np.array([True, True, False]), np.array([7, 7, 7]))
    0.6666666666666666
    """
    both = np.bincount(again[inside], minlength=int(again.max()) + 1)
    either = np.bincount(again, minlength=len(both)) + int(inside.sum()) - both
    return float((both / either).max()) if inside.any() else math.nan
