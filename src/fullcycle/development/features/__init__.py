"""Fitting the feature plan: what is learnt from training rows so that columns become features.

A plan is operations and numbers, and runs the same way in training and in production. Every sum has a fixed order, so
the same rows give the same plan on any number of threads.
"""

from __future__ import annotations

from fullcycle.development.features.columns import learnable, left_out
from fullcycle.development.features.fit import fit_plan
from fullcycle.development.features.target import out_of_fold, smoothed
from fullcycle.development.features.user_defined import FEATURES, Columns, Expressions, expressions, feature

__all__ = [
    "FEATURES",
    "Columns",
    "Expressions",
    "expressions",
    "feature",
    "fit_plan",
    "learnable",
    "left_out",
    "out_of_fold",
    "smoothed",
]
