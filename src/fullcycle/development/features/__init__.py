"""Fitting the feature plan: what is learnt from training rows so that columns become features.

A plan is operations and numbers, and runs the same way in training and in production. Every sum has a fixed order, so
the same rows give the same plan on any number of threads.
"""

from __future__ import annotations

from fullcycle.development.features.check import check_settings
from fullcycle.development.features.columns import learnable, left_out, without
from fullcycle.development.features.draft import Dropped
from fullcycle.development.features.fit import FittedFeatures, fit_features, fit_plan
from fullcycle.development.features.target import out_of_fold, smoothed
from fullcycle.development.features.user_defined import FEATURES, Columns, Expressions, expressions, feature

__all__ = [
    "FEATURES",
    "Columns",
    "Dropped",
    "Expressions",
    "FittedFeatures",
    "check_settings",
    "expressions",
    "feature",
    "fit_features",
    "fit_plan",
    "learnable",
    "left_out",
    "out_of_fold",
    "smoothed",
    "without",
]
