"""Metrics: how far scores are from what came true. Each agrees with scikit-learn's to 1e-12 where both are defined.

A *target* is (n,): 0 or 1 for binary, class codes 0 … k − 1 for multiclass, numbers for regression. A *score* is (n,):
the probability of 1 for binary, the prediction for regression; (n, k) probabilities for multiclass. A *weight* is (n,),
or None where rows count alike. Sums are exactly rounded (`math.fsum`), so a metric does not depend on the order of rows'
partial sums, threads or vector width.
"""

from __future__ import annotations

from fullcycle.measure.metrics.catalogue import METRICS, Metric, effect_of_design, evaluate, metric, own, replicates
from fullcycle.measure.metrics.clusters import adjusted_rand, davies_bouldin, silhouette, silhouettes
from fullcycle.measure.metrics.decisions import accuracy, confusion, f1, hits, precision, recall
from fullcycle.measure.metrics.errors import (
    absolute_errors,
    mae,
    mape,
    percentage_errors,
    pinball,
    pinball_losses,
    r2,
    rmse,
    squared_errors,
)
from fullcycle.measure.metrics.probabilities import brier, brier_losses, expected_log_losses, log_loss, log_losses
from fullcycle.measure.metrics.ranking import average_precision, roc_auc
from fullcycle.measure.metrics.reliability import (
    Calibration,
    calibration,
    calibration_error,
    calibration_intercept,
    calibration_slope,
)

__all__ = [
    "METRICS",
    "Calibration",
    "Metric",
    "absolute_errors",
    "accuracy",
    "adjusted_rand",
    "average_precision",
    "brier",
    "brier_losses",
    "calibration",
    "calibration_error",
    "calibration_intercept",
    "calibration_slope",
    "confusion",
    "davies_bouldin",
    "effect_of_design",
    "evaluate",
    "expected_log_losses",
    "f1",
    "hits",
    "log_loss",
    "log_losses",
    "mae",
    "mape",
    "metric",
    "own",
    "percentage_errors",
    "pinball",
    "pinball_losses",
    "precision",
    "r2",
    "recall",
    "replicates",
    "rmse",
    "roc_auc",
    "silhouette",
    "silhouettes",
    "squared_errors",
]
