"""Learners: ways to fit a model. Each yields a model in a format that serving loads without running anybody's code."""

from __future__ import annotations

from fullcycle.development.learners.catboost import CatBoost
from fullcycle.development.learners.constant import Constant
from fullcycle.development.learners.decision_tree import DecisionTree
from fullcycle.development.learners.elastic_net import ElasticNet
from fullcycle.development.learners.extra_trees import ExtraTrees
from fullcycle.development.learners.gaussian_mixture import GaussianMixture
from fullcycle.development.learners.kmeans import KMeans
from fullcycle.development.learners.learner import LEARNERS, Constraints, Fitted, Learner, Parameters, Training
from fullcycle.development.learners.lightgbm import LightGBM
from fullcycle.development.learners.linear import Linear
from fullcycle.development.learners.linear_svm import LinearSVM
from fullcycle.development.learners.multilayer_perceptron import MultilayerPerceptron
from fullcycle.development.learners.random_forest import RandomForest
from fullcycle.development.learners.rbf_svm import RBFSVM
from fullcycle.development.learners.transformer import Transformer
from fullcycle.development.learners.xgboost import XGBoost

__all__ = [
    "BUILT_IN",
    "LEARNERS",
    "RBFSVM",
    "CatBoost",
    "Constant",
    "Constraints",
    "DecisionTree",
    "ElasticNet",
    "ExtraTrees",
    "Fitted",
    "GaussianMixture",
    "KMeans",
    "Learner",
    "LightGBM",
    "Linear",
    "LinearSVM",
    "MultilayerPerceptron",
    "Parameters",
    "RandomForest",
    "Training",
    "Transformer",
    "XGBoost",
]

_OURS: tuple[Learner, ...] = (
    CatBoost(),
    Constant(),
    DecisionTree(),
    ElasticNet(),
    ExtraTrees(),
    GaussianMixture(),
    KMeans(),
    LightGBM(),
    Linear(),
    LinearSVM(),
    MultilayerPerceptron(),
    RandomForest(),
    RBFSVM(),
    Transformer(),
    XGBoost(),
)
BUILT_IN = tuple(learner.name for learner in _OURS)
"""The names of our own learners, in order."""

for _learner in _OURS:
    LEARNERS.add(_learner.name, _learner)
