"""Gaussian mixtures: clusters of numbers, of any share, width and, if rows are enough for it, slant.

Dempster, Laird and Rubin 1977, *Maximum likelihood from incomplete data via the EM algorithm*, as scikit-learn has it.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from fullcycle.development.learners.kmeans import MOST, by_size, clusters
from fullcycle.development.learners.learner import Fitted, Floats, Parameters, Training
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.formats.mixture import Mixture

if TYPE_CHECKING:
    from optuna import Trial

COVARIANCES = ("full", "diag")
STARTS = 3  # of which the likeliest is kept
STEPS = 300  # of each, at most
_LEAST = 1e-3  # variance, where a feature's is 1: what takes one value in a cluster would make it endlessly likely


class GaussianMixture:
    """Components are numbered by size, the largest first. There are fewer of them where fewer distinct rows are.

    >>> rows = np.random.default_rng(0).normal(size=(200, 1)) + np.repeat([0.0, 9.0], [120, 80])[:, None]
    >>> parameters = {"clusters": 2, "covariance": "full"}
    >>> fitted = GaussianMixture().fit(Training(rows, np.zeros(200), "clustering", 0, parameters, seed=0))
    >>> fitted.model.shares.round(3).tolist()
    [0.6, 0.4]
    """

    name = "gaussian_mixture"
    recipe = "numbers"  # no Gaussian is shaped like a flag: each category would be a cluster of its own
    tasks = ("clustering",)
    keeps_rows = False
    honours = ()

    def default(self) -> Parameters:
        """Three components, each of its own slant."""
        return {"clusters": 3, "covariance": "full"}

    def suggest(self, trial: Trial) -> Parameters:
        """Two to ten components, slanted or along the features."""
        return {
            "clusters": trial.suggest_int("clusters", 2, MOST),
            "covariance": trial.suggest_categorical("covariance", COVARIANCES),
        }

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread, whose sums have one order.

        Raises
        ------
        InputError
            Rows have weights, which the library does not know for mixtures; or there is only one.
        """
        from sklearn import mixture
        from sklearn.exceptions import ConvergenceWarning
        from threadpoolctl import threadpool_limits

        if training.weights is not None:
            raise InputError("a mixture cannot weigh rows", mend="take the learner 'kmeans'")
        if len(training.X) < 2:
            raise InputError("a mixture needs rows", found=len(training.X), expected="2 or more")
        covariance = str(training.parameters["covariance"])
        found = mixture.GaussianMixture(
            n_components=clusters(training),
            covariance_type=covariance,
            reg_covar=_LEAST,
            n_init=STARTS,
            max_iter=STEPS,
            random_state=training.seed,
        )
        with threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # BIC judges what it has come to
            labels = found.fit_predict(training.X)
        order = by_size(labels.astype(np.int32), np.asarray(found.means_))
        whitening = _lower(np.asarray(found.precisions_cholesky_), covariance)
        return Fitted(Mixture(found.weights_[order], found.means_[order], whitening[order]), 0)


def _lower(factors: Floats, covariance: str) -> Floats:
    """Cholesky factors of the precisions as lower triangles, (components, features, features)."""
    if covariance == "full":
        return factors.transpose(0, 2, 1)
    return np.stack([np.diag(row) for row in factors])
