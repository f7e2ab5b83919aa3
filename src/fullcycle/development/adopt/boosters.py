"""Files of LightGBM, XGBoost and CatBoost, read into trees that answer without the last two."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from fullcycle.development.adopt.foreign import Foreign
from fullcycle.development.learners import catboost as catboost_trees
from fullcycle.development.learners import xgboost as xgboost_trees
from fullcycle.development.learners.learner import Floats, Training
from fullcycle.development.learners.single_precision import bounded
from fullcycle.kernel.errors import Corrupt, InputError, OutsideError
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.formats.lightgbm import LightGBM
from fullcycle.predictor.formats.lightgbm_text import canonical

_OBJECTIVES = {
    "binary:logistic": "binary",
    "multi:softprob": "multiclass",
    "multi:softmax": "multiclass",
    "reg:squarederror": "regression",
}


def lightgbm(path: Path) -> Foreign:
    """A model text of LightGBM. It is checked to be trees before LightGBM's C++ reads a line of it.

    Raises
    ------
    InputError : it is no such text, or codes categories of a data frame inside.
    """
    text = _text(path)
    try:
        if re.search(r"^pandas_categorical:(?!null|\[\]\s*$)", text, re.MULTILINE):
            raise Corrupt("categories of a data frame are coded inside the booster", expected="numbers")
        model = LightGBM(canonical(text))
    except Corrupt as error:
        raise InputError(error.problem, place=str(path), found=error.found, expected=error.expected) from None
    named = re.search(r"^feature_names=(.*)$", text, re.MULTILINE)
    names = tuple(named[1].split()) if named else ()

    def read(training: Training) -> tuple[ModelFormat, Floats]:
        import lightgbm as library

        name = model.objective.split()[0]
        _check_task("binary" if name == "binary" else "multiclass" if model.outputs > 1 else "regression", training)
        return model, np.asarray(library.Booster(model_str=text).predict(training.X, num_threads=1))

    return Foreign("lightgbm", () if _numbered(names, r"Column_\d+") else names, model.features, read)


def xgboost(path: Path) -> Foreign:
    """A model of XGBoost in JSON or UBJSON.

    Raises
    ------
    InputError : it is none, or other than trees, or of an objective that serves no question here.
    OutsideError : XGBoost is not installed.
    """
    if importlib.util.find_spec("xgboost") is None:
        raise OutsideError("XGBoost is not installed", mend=xgboost_trees.MEND)
    import xgboost as library

    booster = library.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(path.read_bytes()))
        learner = json.loads(bytes(booster.save_raw("json")))["learner"]
        config = json.loads(booster.save_config())["learner"]
    except (library.core.XGBoostError, ValueError, LookupError) as error:
        first = str(error).strip().splitlines()[0][:160]
        raise InputError("not a model of XGBoost", place=str(path), found=first) from None
    objective, kind = config["objective"]["name"], learner["gradient_booster"]["name"]
    if kind != "gbtree" or objective not in _OBJECTIVES:
        found, expected = f"{kind}, {objective}", f"gbtree, and {', '.join(_OBJECTIVES)}"
        raise InputError("a model of XGBoost that cannot be kept", place=str(path), found=found, expected=expected)
    if any(tree["categories_nodes"] for tree in learner["gradient_booster"]["model"]["trees"]):
        raise InputError("trees that split by sets of categories", place=str(path), expected="numbers")

    def read(training: Training) -> tuple[ModelFormat, Floats]:
        _check_task(_OBJECTIVES[objective], training)
        matrix = library.DMatrix(bounded(training.X), nthread=1)
        matrix.feature_names = booster.feature_names
        intercept = _base(config, training.classes if training.task == "multiclass" else 1)
        return xgboost_trees.kept(booster, training, training.X.shape[1], intercept), _xgboost_scores(booster, matrix)

    return Foreign("xgboost", tuple(booster.feature_names or ()), int(booster.num_features()), read)


def _xgboost_scores(booster: Any, matrix: Any) -> Floats:
    """Probabilities, or numbers; of softmax the margins are made probabilities."""
    scores = np.asarray(booster.predict(matrix), dtype=np.float64)
    if json.loads(booster.save_config())["learner"]["objective"]["name"] != "multi:softmax":
        return scores
    margins = np.asarray(booster.predict(matrix, output_margin=True), dtype=np.float64)
    raised = np.exp(margins - margins.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _base(config: dict[str, Any], outputs: int) -> Floats:
    """What XGBoost adds to its trees, (outputs,): one number for all scores, or, from 3.1 on, one for each."""
    told = str(config["learner_model_param"]["base_score"]).strip("[]").split(",")
    level = np.broadcast_to(np.array([float(number) for number in told]), outputs).copy()
    return np.log(level / (1 - level)) if config["objective"]["name"] == "binary:logistic" else level


def catboost(path: Path) -> Foreign:
    """A model of CatBoost (``cbm``).

    Raises
    ------
    InputError : it is none, or takes categories, or its trees are not symmetric.
    OutsideError : CatBoost is not installed.
    """
    if importlib.util.find_spec("catboost") is None:
        raise OutsideError("CatBoost is not installed", mend=catboost_trees.MEND)
    import catboost as library

    model = library.CatBoost()
    try:
        model.load_model(str(path))
    except library.CatBoostError as error:
        raise InputError("not a model of CatBoost", place=str(path), found=str(error)[:160]) from None
    if model.get_cat_feature_indices() or model.get_text_feature_indices():
        raise InputError("a model of CatBoost that takes categories or texts", place=str(path), expected="numbers")
    names = tuple(str(name) for name in model.feature_names_)

    def read(training: Training) -> tuple[ModelFormat, Floats]:
        _check_task({0: "regression", 2: "binary"}.get(len(model.classes_), "multiclass"), training)
        codes = training._replace(y=np.arange(max(training.classes, 2), dtype=np.float64))
        try:
            kept = catboost_trees.kept(model, codes)
        except KeyError:
            raise InputError("a model of CatBoost whose trees are not symmetric", place=str(path)) from None
        kind = "RawFormulaVal" if training.task == "regression" else "Probability"
        scores = np.asarray(model.predict(bounded(training.X), prediction_type=kind, thread_count=1), dtype=np.float64)
        return kept, scores[:, 1] if training.task == "binary" else scores

    return Foreign("catboost", () if _numbered(names, r"\d+") else names, len(names), read)


def _check_task(task: str, training: Training) -> None:
    if task != training.task:
        raise InputError("the model is for another task", found=task, expected=training.task)


def _numbered(names: tuple[str, ...], pattern: str) -> bool:
    """Whether the library has only counted the columns."""
    return all(re.fullmatch(pattern, name) for name in names)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError("not a text", place=str(path)) from None
