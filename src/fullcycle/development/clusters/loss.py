"""What the search compares numbers of clusters by. Nought is what one cluster comes to; below it lies what is better.

There is no outcome that a clustering could be wrong about, so each learner is held against its own idea of a cluster:

* a **Gaussian mixture** is a density, so by the Bayesian information criterion of the training rows, less that of one
  Gaussian, per row (Schwarz 1978, *Estimating the dimension of a model*; Fraley and Raftery 2002, *Model-based
  clustering*);
* **k-means**, and whatever else gives distances only, by the silhouette of the validation rows, with its sign turned
  (Rousseeuw 1987). One cluster has a silhouette of 0 by definition.

The two are no figures of one kind, so a search is of one learner.
"""

from __future__ import annotations

import math

import numpy as np

from fullcycle.development.learners import Parameters
from fullcycle.development.losses import sample
from fullcycle.development.table import Floats
from fullcycle.measure.metrics import silhouette
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.formats.mixture import Mixture
from fullcycle.predictor.policy import nearest

ROWS = 2000  # of which the silhouette is read: its cost grows with their square


def cluster_loss(model: ModelFormat, parameters: Parameters, train: Floats, validation: Floats) -> float:
    """The loss of a clustering; 0 for one cluster, lower is better.

    Parameters
    ----------
    train, validation : (n, features) and (m, features); the first are those that it was fitted on.

    Examples
    --------
    >>> from fullcycle.predictor.formats.centroids import Centroids
    >>> rows = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> round(cluster_loss(Centroids([[0.5], [10.5]]), {}, rows, rows), 3)
    -0.9
    >>> cluster_loss(Centroids([[5.0]]), {}, rows, rows)
    0.0
    """
    if model.outputs < 2:
        return 0.0
    if isinstance(model, Mixture):
        return (_bic(model, train, str(parameters.get("covariance"))) - _bic_of_one(train)) / len(train)
    rows = validation[sample(len(validation), ROWS).to_numpy()]
    codes = nearest(model.scores(rows))
    if not 2 <= len(np.unique(codes)) < len(rows):
        return 0.0
    return -silhouette(rows, codes)


def _bic(model: Mixture, rows: Floats, covariance: str) -> float:
    """−2 log likelihood + parameters · log n."""
    shape = model.features if covariance == "diag" else model.features * (model.features + 1) // 2
    free = model.outputs * (model.features + shape) + model.outputs - 1
    return -2 * math.fsum(model.log_densities(rows).tolist()) + free * math.log(len(rows))


def _bic_of_one(rows: Floats) -> float:
    """That of the better of one Gaussian along the features and one of any slant."""
    from fullcycle.development.learners import LEARNERS, Training

    found = []
    for covariance in ("full", "diag"):
        training = Training(
            rows, np.zeros(len(rows)), "clustering", 0, {"clusters": 1, "covariance": covariance}, seed=0
        )
        model = LEARNERS["gaussian_mixture"].fit(training).model
        if isinstance(model, Mixture):
            found.append(_bic(model, rows, covariance))
    return min(found)
