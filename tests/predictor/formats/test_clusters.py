"""Formats of clusters: scikit-learn's numbers without scikit-learn, and nothing loaded that is no model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from fullcycle.development.learners import LEARNERS, Training
from fullcycle.kernel.errors import Corrupt, InputError
from fullcycle.predictor.formats import arrays, load
from fullcycle.predictor.formats.centroids import Centroids
from fullcycle.predictor.formats.mixture import Mixture, memberships
from fullcycle.predictor.policy import nearest


@pytest.mark.parametrize("covariance", ["full", "diag"])
def test_a_mixture_says_what_scikit_learn_says(covariance: str) -> None:
    """Densities, memberships and clusters, up to the order of the components."""
    random = np.random.default_rng(3)
    slant = np.array([[1.0, 0.8, 0.0], [0.0, 0.6, 0.0], [0.0, 0.0, 2.0]])
    rows = random.normal(size=(400, 3)) @ slant + 3 * random.integers(0, 3, 400)[:, None]
    theirs = GaussianMixture(3, covariance_type=covariance, reg_covar=1e-3, n_init=3, max_iter=300, random_state=0)
    labels = theirs.fit(rows).predict(rows)
    parameters = {"clusters": 3, "covariance": covariance}
    ours = LEARNERS["gaussian_mixture"].fit(Training(rows, np.zeros(400), "clustering", 0, parameters, seed=0)).model
    assert isinstance(ours, Mixture)
    assert ours.log_densities(rows) == pytest.approx(theirs.score_samples(rows), abs=1e-9)
    order = np.argsort(-np.bincount(labels))
    assert nearest(ours.scores(rows)).tolist() == np.argsort(order)[labels].tolist()
    shares = np.array([memberships(row) for row in ours.scores(rows).tolist()])
    assert shares == pytest.approx(theirs.predict_proba(rows)[:, order], abs=1e-9)


def test_a_missing_feature_makes_every_distance_missing() -> None:
    for model in (Centroids([[0.0, 1.0]]), Mixture([1.0], [[0.0, 1.0]], [np.eye(2)])):
        assert np.isnan(model.score([float("nan"), 0.0])).all()
        assert np.isnan(model.scores(np.array([[np.nan, 0.0]]))).all()
        with pytest.raises(InputError, match="another width"):
            model.score([1.0])
        with pytest.raises(InputError, match="another width"):
            model.scores(np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Centroids([]), "no table of finite numbers"),
        (lambda: Centroids([[np.inf]]), "no table of finite numbers"),
        (lambda: Mixture([1.0], [], []), "means of a mixture are no table"),
        (lambda: Mixture([0.5, 0.5], [[0.0]], [[[1.0]]]), "do not fit"),
        (lambda: Mixture([0.0, 1.0], [[0.0], [1.0]], [[[1.0]], [[1.0]]]), "outside 0 to 1"),
        (lambda: Mixture([1.0], [[0.0, 1.0]], [[[1.0, 1.0], [0.0, 1.0]]]), "lower triangular"),
        (lambda: Mixture([1.0], [[0.0]], [[[0.0]]]), "flat"),
        (lambda: Mixture([1.0], [[np.nan]], [[[1.0]]]), "not finite"),
    ],
)
def test_what_is_no_model_is_refused(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()


@pytest.mark.parametrize("name", ["centroids", "mixture"])
def test_bytes_that_are_no_model_are_corrupt(name: str) -> None:
    with pytest.raises(Corrupt):
        load(name, arrays.pack({"landmarks": np.zeros(1)}))
    bad = {"centroids": np.array([[np.nan]])}
    flat = {"shares": np.ones(1), "means": np.zeros((1, 1)), "whitening": np.zeros((1, 1, 1))}
    with pytest.raises(Corrupt):
        load(name, arrays.pack(bad if name == "centroids" else flat))
