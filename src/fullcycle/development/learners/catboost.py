"""Gradient-boosted symmetric trees by CatBoost, an extra. Prokhorenkova et al. 2018, *CatBoost: unbiased boosting with
categorical features*.

What it grows is kept as arrays that answer without CatBoost.
"""

from __future__ import annotations

import importlib.util
import json
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fullcycle.development.learners.boosting import PATIENCE, UNTOLD, most_trees, own
from fullcycle.development.learners.learner import Constraints, Fitted, Parameters, Training
from fullcycle.development.learners.single_precision import at_most, bounded
from fullcycle.kernel.errors import OutsideError
from fullcycle.predictor.formats import trees

if TYPE_CHECKING:
    from optuna import Trial

MEND = "pip install 'fullcycle[catboost]'"
# steps of Newton's for each leaf: left unsaid, they would depend on how many trees are asked for
_LOSSES = {
    "binary": {"loss_function": "Logloss", "leaf_estimation_iterations": 10},
    "multiclass": {"loss_function": "MultiClass", "leaf_estimation_iterations": 1},
    "regression": {"loss_function": "RMSE", "leaf_estimation_iterations": 1},
}
_LINKS: dict[str, trees.Link] = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}


class CatBoost:
    """Trees that ask the same question at every node of a level.

    Raises OutsideError, when it fits, where CatBoost is not installed.

    >>> CatBoost().default()["depth"]
    6
    """

    name = "catboost"
    recipe = "trees"
    tasks = ("binary", "multiclass", "regression")
    keeps_rows = False
    honours = ("monotone",)
    libraries = ("catboost",)

    def default(self) -> Parameters:
        """CatBoost's own, with the learning rate said."""
        return {"depth": 6, "l2_leaf_reg": 3.0, "random_strength": 1.0, "rsm": 1.0, "learning_rate": 0.1}

    def suggest(self, trial: Trial) -> Parameters:
        """Ranges around the defaults."""
        return {
            "depth": trial.suggest_int("depth", 2, 8),
            "l2_leaf_reg": trial.suggest_float("l2_leaf_reg", 0.5, 50.0, log=True),
            "random_strength": trial.suggest_float("random_strength", 0.1, 10.0, log=True),
            "rsm": trial.suggest_float("rsm", 0.3, 1.0),
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
        }

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread."""
        if importlib.util.find_spec("catboost") is None:
            raise OutsideError("CatBoost is not installed", mend=MEND)
        model = grown(training)
        return Fitted(kept(model, training), model.tree_count_)


def grown(training: Training) -> Any:
    """CatBoost's own model."""
    import catboost

    X, y, task, _, parameters, seed, validation, iterations, weights, constraints, *_ = training
    fixed = {"random_seed": seed, "thread_count": 1, "allow_writing_files": False, "logging_level": "Silent"}
    settings = {
        **fixed,
        **_LOSSES[task],
        "boosting_type": "Plain",
        **own(parameters),
        **_declared(constraints),
    }
    train = catboost.Pool(bounded(X), y, weight=weights)
    if validation is None:
        return catboost.CatBoost({**settings, "iterations": iterations or UNTOLD}).fit(train)
    model = catboost.CatBoost({**settings, "iterations": most_trees(parameters)})
    known = np.isin(validation[1], y) | (task != "multiclass")  # CatBoost refuses classes that it never learnt
    watched = catboost.Pool(bounded(validation[0][known]), validation[1][known])
    return model.fit(train, eval_set=watched, early_stopping_rounds=PATIENCE, use_best_model=True)


def _declared(constraints: Constraints) -> dict[str, list[int]]:
    return {"monotone_constraints": list(constraints.monotone)} if constraints.monotone else {}


def kept(model: Any, training: Training) -> trees.Trees:
    """CatBoost's model as trees that answer without it; of *training* only task and targets are looked at."""
    with tempfile.TemporaryDirectory() as folder:  # the library writes to a file only
        file = Path(folder, "model.json")
        model.save_model(str(file), format="json")
        written = json.loads(file.read_bytes())
    scale, bias = written["scale_and_bias"]
    borders = written["features_info"]["float_features"]
    outputs = training.classes if training.task == "multiclass" else 1
    present = np.unique(training.y).astype(np.int64) if training.task == "multiclass" else np.array([0])
    # a class without a row: as likely as one row in all would make it, not impossible
    intercept = np.full(outputs, -math.log(len(training.y)))
    intercept[present] = bias
    nodes = trees.forest([_tree(raw, borders, scale, present, outputs) for raw in written["oblivious_trees"]])
    return trees.Trees(nodes, training.X.shape[1], intercept, _LINKS[training.task])


def _tree(raw: dict[str, Any], borders: list[dict[str, Any]], scale: float, present: Any, outputs: int) -> trees.Nodes:
    """A symmetric tree, written out: the path to a leaf is the leaf's number in binary, the lowest bit first."""
    splits = raw["splits"] or []
    depth = len(splits)
    level = np.repeat(np.arange(depth), 2 ** np.arange(depth))
    path = np.arange(2**depth - 1) - (2**level - 1)
    below = np.where(level == depth - 1, -1, 2 ** (level + 1) - 1)
    sign = np.where(level == depth - 1, -1, 1)
    value = np.zeros((2**depth, outputs))
    value[:, present] = np.array(raw["leaf_values"]).reshape(2**depth, len(present)) * scale
    place = [split["float_feature_index"] for split in splits]
    right_if_missing = [borders[it]["nan_value_treatment"] == "AsTrue" for it in place]
    return trees.tree(
        np.array([borders[it]["flat_feature_index"] for it in place], dtype=np.int32)[level],
        at_most(np.array([split["border"] for split in splits]))[level],
        below + sign * path,
        below + sign * (path + 2**level),
        ~np.array(right_if_missing, dtype=np.bool_)[level],
        value,
    )
