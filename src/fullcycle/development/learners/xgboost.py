"""Gradient-boosted trees by XGBoost, an extra. Chen and Guestrin 2016, *XGBoost: a scalable tree boosting system*.

What it grows is kept as arrays that answer without XGBoost, the same to six digits: XGBoost itself adds up in 32 bits.
"""

from __future__ import annotations

import importlib.util
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fullcycle.development.learners.boosting import PATIENCE, UNTOLD, most_trees, own
from fullcycle.development.learners.constant import constant
from fullcycle.development.learners.learner import Constraints, Fitted, Floats, Parameters, Training
from fullcycle.development.learners.single_precision import at_most, bounded
from fullcycle.kernel.errors import OutsideError
from fullcycle.predictor.formats import trees

if TYPE_CHECKING:
    from optuna import Trial

MEND = "pip install 'fullcycle[xgboost]'"
_OBJECTIVES: dict[str, dict[str, Any]] = {
    "binary": {"objective": "binary:logistic", "eval_metric": "logloss"},
    "multiclass": {"objective": "multi:softprob", "eval_metric": "mlogloss", "base_score": 0.5},
    "regression": {"objective": "reg:squarederror", "eval_metric": "rmse"},
}
_LINKS: dict[str, trees.Link] = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}


class XGBoost:
    """Trees, one after the other, each fitted to what the ones before left over.

    Raises OutsideError, when it fits, where XGBoost is not installed.

    >>> XGBoost().default()["max_depth"]
    6
    """

    name = "xgboost"
    recipe = "trees"
    tasks = ("binary", "multiclass", "regression")
    keeps_rows = False
    honours = ("monotone", "never_together")
    libraries = ("xgboost", "xgboost-cpu")

    def default(self) -> Parameters:
        """XGBoost's own, but a third of the learning rate."""
        return {
            "max_depth": 6,
            "min_child_weight": 1.0,
            "subsample": 1.0,
            "colsample_bytree": 1.0,
            "reg_lambda": 1.0,
            "learning_rate": 0.1,
        }

    def suggest(self, trial: Trial) -> Parameters:
        """Ranges around the defaults."""
        return {
            "max_depth": trial.suggest_int("max_depth", 2, 10),
            "min_child_weight": trial.suggest_float("min_child_weight", 0.5, 100.0, log=True),
            "subsample": trial.suggest_float("subsample", 0.4, 1.0),
            "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 1.0),
            "reg_lambda": trial.suggest_float("reg_lambda", 0.1, 50.0, log=True),
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
        }

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread."""
        if importlib.util.find_spec("xgboost") is None:
            raise OutsideError("XGBoost is not installed", mend=MEND)
        booster, intercept = grown(training)
        width = training.X.shape[1]
        return Fitted(kept(booster, training, width, intercept), booster.num_boosted_rounds())


def grown(training: Training) -> tuple[Any, float]:
    """XGBoost's own model, and what it adds to its trees."""
    import xgboost

    X, y, task, classes, parameters, seed, validation, iterations, weights, constraints, *_ = training
    fixed = {"seed": seed, "nthread": 1, "tree_method": "hist", "verbosity": 0}
    settings: dict[str, Any] = {**_OBJECTIVES[task], **fixed, **own(parameters), **_declared(constraints)}
    intercept = 0.0
    if task == "multiclass":
        settings["num_class"] = classes
    else:
        level = float(np.float32(constant(y, task, classes, weights)[0]))
        settings["base_score"] = level
        intercept = math.log(level / (1 - level)) if task == "binary" else level
    train = xgboost.DMatrix(bounded(X), y, weight=weights, nthread=1)
    if validation is None:
        return xgboost.train(settings, train, iterations or UNTOLD), intercept
    watched = [(xgboost.DMatrix(bounded(validation[0]), validation[1], nthread=1), "validation")]
    options = {"early_stopping_rounds": PATIENCE, "verbose_eval": False}
    booster = xgboost.train(settings, train, most_trees(parameters), evals=watched, **options)
    return booster[: booster.best_iteration + 1], intercept


def _declared(constraints: Constraints) -> dict[str, str]:
    found = {}
    if constraints.monotone:
        found["monotone_constraints"] = f"({','.join(map(str, constraints.monotone))})"
    if constraints.together:
        found["interaction_constraints"] = json.dumps(constraints.together)
    return found


def kept(booster: Any, training: Training, width: int, intercept: float | Floats) -> trees.Trees:
    """XGBoost's model as trees that answer without it; what it adds to them is *intercept*."""
    model = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]["model"]
    outputs = training.classes if training.task == "multiclass" else 1
    found = [_tree(raw, number, outputs) for raw, number in zip(model["trees"], model["tree_info"], strict=True)]
    return trees.Trees(
        trees.forest(found), width, np.broadcast_to(intercept, outputs).astype(np.float64), _LINKS[training.task]
    )


def _tree(raw: dict[str, Any], output: int, outputs: int) -> trees.Nodes:
    left, right = raw["left_children"], raw["right_children"]
    order = [0]  # parents before children
    for node in order:
        order += [left[node], right[node]] if left[node] >= 0 else []
    inner = [node for node in order if left[node] >= 0]
    leaves = [node for node in order if left[node] < 0]
    number = {node: place for place, node in enumerate(inner)} | {node: -1 - place for place, node in enumerate(leaves)}
    told = np.array(raw["split_conditions"], dtype=np.float32).astype(np.float64)  # of a leaf: its value
    value = np.zeros((len(leaves), outputs))
    value[:, output] = told[leaves]
    return trees.tree(
        [raw["split_indices"][node] for node in inner],
        at_most(told[inner], below=True),
        [number[left[node]] for node in inner],
        [number[right[node]] for node in inner],
        [bool(raw["default_left"][node]) for node in inner],
        value,
    )
