"""k-means: clusters around middles, such that the squared distances to them are small.

Lloyd 1982, *Least squares quantization in PCM*; Arthur and Vassilvitskii 2007, *k-means++: the advantages of careful
seeding*; as scikit-learn has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fullcycle.development.learners.learner import Fitted, Floats, Parameters, Training
from fullcycle.predictor.formats.centroids import Centroids

if TYPE_CHECKING:
    from optuna import Trial

STARTS = 10  # of which the best is kept
MOST = 10  # clusters that the search asks for of its own accord


class KMeans:
    """Clusters are numbered by size, the largest first. There are fewer of them where fewer distinct rows are.

    >>> rows = np.array([[0.0], [0.1], [0.2], [5.0], [5.2]])
    >>> fitted = KMeans().fit(Training(rows, np.zeros(5), "clustering", 0, {"clusters": 2}, seed=0))
    >>> fitted.model.centroids.round(6).tolist()
    [[0.1], [5.1]]
    """

    name = "kmeans"
    recipe = "distances"
    tasks = ("clustering",)
    keeps_rows = False
    honours = ()

    def default(self) -> Parameters:
        """Three clusters."""
        return {"clusters": 3}

    def suggest(self, trial: Trial) -> Parameters:
        """Two to ten clusters."""
        return {"clusters": trial.suggest_int("clusters", 2, MOST)}

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread, whose sums have one order."""
        from sklearn import cluster
        from threadpoolctl import threadpool_limits

        found = cluster.KMeans(
            n_clusters=clusters(training), init="k-means++", n_init=STARTS, random_state=training.seed
        )
        with threadpool_limits(limits=1):
            found.fit(training.X, sample_weight=training.weights)
        order = by_size(found.labels_, np.asarray(found.cluster_centers_))
        return Fitted(Centroids(found.cluster_centers_[order]), 0)


def clusters(training: Training) -> int:
    """How many clusters are fitted: what the parameters say, or one for each distinct row where there are fewer.

    >>> clusters(Training(np.zeros((4, 1)), np.zeros(4), "clustering", 0, {"clusters": 3}, seed=0))
    1
    """
    wanted = int(training.parameters["clusters"])
    return min(wanted, len(np.unique(training.X, axis=0)))


def by_size(labels: np.ndarray[tuple[int], np.dtype[np.int32]], middles: Floats) -> list[int]:
    """The clusters in order: of most rows first; of equal ones by their middles.

    >>> by_size(np.array([0, 1, 1], np.int32), np.array([[2.0], [1.0]]))
    [1, 0]
    """
    sizes = np.bincount(labels, minlength=len(middles)).tolist()
    return sorted(range(len(middles)), key=lambda code: (-sizes[code], middles[code].tolist()))
