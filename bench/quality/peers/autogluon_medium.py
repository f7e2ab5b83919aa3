"""AutoGluon with its preset ``medium_quality``, told the metric and the time."""

from __future__ import annotations

import tempfile

from autogluon.tabular import TabularPredictor
from given import given, hand_over

task = given()
with tempfile.TemporaryDirectory() as folder:
    predictor = TabularPredictor(
        label="answer",
        problem_type=task.kind,
        eval_metric="root_mean_squared_error" if task.kind == "regression" else "log_loss",
        path=folder,
        verbosity=0,
    )
    predictor.fit(
        task.learning.assign(answer=task.answers),
        time_limit=task.seconds,
        presets="medium_quality",
        num_cpus=task.threads,
    )
    if task.kind == "regression":
        hand_over(task, predictor.predict(task.test))
    else:
        scores = predictor.predict_proba(task.test)
        hand_over(task, scores.to_numpy(), scores.columns)
