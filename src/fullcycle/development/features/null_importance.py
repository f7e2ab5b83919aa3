"""Features whose importance to boosted trees is more than it would be for a shuffled target."""

from __future__ import annotations

from typing import Any

import numpy as np

from fullcycle.development.features.draft import Floats

SHUFFLES = 20
BLOCK = 50  # neighbouring rows are shuffled together, so that the target stays as alike from row to row as it is
_TREES = 40
_PARAMETERS = {
    "num_leaves": 31,
    "learning_rate": 0.1,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.5,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 0,
    "verbosity": -1,
}


def null_importance(matrix: Floats, target: Floats, task: str) -> Floats:
    """The share of shuffles in which each feature (n, features) gains less than with the true target; (features,).

    Source: Altmann et al. 2010, *Permutation importance: a corrected feature importance measure*, with the gain of
    LightGBM's trees.

    >>> x = np.random.default_rng(0).normal(size=(400, 3))
    >>> [round(share, 1) for share in null_importance(x, x[:, 1], "regression").tolist()][1]
    1.0
    """
    import lightgbm

    data = lightgbm.Dataset(matrix, target, free_raw_data=False, params={"verbosity": -1, "num_threads": 1})
    true = _gains(data, target, task)
    random = np.random.default_rng(0)
    below = np.zeros(matrix.shape[1])
    for _ in range(SHUFFLES):
        blocks = np.array_split(np.arange(len(target)), max(2, len(target) // BLOCK))
        order = np.concatenate([blocks[place] for place in random.permutation(len(blocks))])
        below += _gains(data, target[order], task) < true
    return below / SHUFFLES


def _gains(data: Any, target: Floats, task: str) -> Floats:
    import lightgbm

    objective = {"binary": "binary", "multiclass": "multiclass"}.get(task, "regression")
    parameters: dict[str, Any] = {**_PARAMETERS, "objective": objective}
    if task == "multiclass":
        parameters["num_class"] = int(target.max()) + 1
    data.set_label(target)
    booster = lightgbm.train(parameters, data, num_boost_round=_TREES)
    return np.asarray(booster.feature_importance("gain"), dtype=np.float64)
