"""Learners: ways to fit a model. Each yields a model in a format that serving loads without running anybody's code."""

from __future__ import annotations

from fullcycle.development.learners.constant import Constant
from fullcycle.development.learners.learner import LEARNERS, Fitted, Learner, Parameters, Training
from fullcycle.development.learners.lightgbm import LightGBM
from fullcycle.development.learners.linear import Linear

__all__ = ["LEARNERS", "Constant", "Fitted", "Learner", "LightGBM", "Linear", "Parameters", "Training"]

for _learner in (Constant(), LightGBM(), Linear()):
    LEARNERS.add(_learner.name, _learner)
