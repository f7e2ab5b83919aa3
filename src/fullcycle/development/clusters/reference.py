"""Reference: what the same method finds in rows that have no clusters.

k-means cuts any cloud into pieces, and the pieces of an even cloud have a silhouette too. So each of some tables of as
many rows is drawn evenly from the box that the rows fill along their principal components, clustered in the same way,
and its silhouette read from further rows of the same draw (Tibshirani, Walther and Hastie 2001, *Estimating the number
of clusters in a data set via the gap statistic*, 3b). A silhouette above all of 1/α − 1 such tables is chance in one
case of 1/α (Besag and Diggle 1977, *Simple Monte Carlo tests for spatial pattern*).
"""

from __future__ import annotations

import math

import numpy as np

from fullcycle.development.learners import LEARNERS, Parameters, Training
from fullcycle.development.table import Floats
from fullcycle.measure.metrics import silhouette
from fullcycle.predictor.policy import nearest

FITTED, READ = 2000, 1000  # rows of each table that are fitted, and read, at most


def silhouettes_by_chance(
    learner: str, parameters: Parameters, rows: Floats, *, read: int, confidence: float, seed: int
) -> Floats:
    """The silhouettes of tables without clusters, sorted; 0 for one in which a single cluster was found.

    Parameters
    ----------
    rows : (n, features) that the clustering was fitted on.
    read : how many rows the silhouette is read from.
    confidence : at which none of them should reach that of clusters; 0.95 takes 19 tables.

    Examples
    --------
    >>> rows = np.random.default_rng(0).uniform(size=(200, 2))
    >>> found = silhouettes_by_chance("kmeans", {"clusters": 4}, rows, read=100, confidence=0.9, seed=0)
    >>> len(found), bool((found < 0.5).all())
    (9, True)
    """
    tables = math.ceil(round(1 / (1 - confidence), 6)) - 1
    box = _Box(rows)
    fitted, seen = min(len(rows), FITTED), min(read, READ)
    found = []
    for number in range(tables):
        drawn = box.draw(fitted + seen, np.random.default_rng([seed, number]))
        training = Training(drawn[:fitted], np.zeros(fitted), "clustering", 0, parameters, seed)
        held = drawn[fitted:]
        codes = nearest(LEARNERS[learner].fit(training).model.scores(held))
        found.append(silhouette(held, codes) if 2 <= len(np.unique(codes)) < len(held) else 0.0)
    return np.sort(found)


class _Box:
    """The box that rows fill along their principal components."""

    def __init__(self, rows: Floats) -> None:
        from threadpoolctl import threadpool_limits

        self._mean = np.array([math.fsum(column.tolist()) / len(rows) for column in rows.T])
        with threadpool_limits(limits=1):
            _, _, self._axes = np.linalg.svd(rows - self._mean, full_matrices=False)
            turned = (rows - self._mean) @ self._axes.T
        self._low, self._high = turned.min(axis=0), turned.max(axis=0)

    def draw(self, n: int, random: np.random.Generator) -> Floats:
        """n rows, even over the box."""
        from threadpoolctl import threadpool_limits

        even = self._low + (self._high - self._low) * random.random((n, len(self._low)))
        with threadpool_limits(limits=1):
            found: Floats = even @ self._axes + self._mean
        return found
