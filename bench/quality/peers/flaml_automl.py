"""FLAML, told the metric and the time."""

from __future__ import annotations

from flaml import AutoML
from given import given, hand_over

task = given()
model = AutoML()
model.fit(
    X_train=task.learning,
    y_train=task.answers,
    task="regression" if task.kind == "regression" else "classification",
    metric="rmse" if task.kind == "regression" else "log_loss",
    time_budget=task.seconds,
    n_jobs=task.threads,
    seed=0,
    verbose=0,
)
if task.kind == "regression":
    hand_over(task, model.predict(task.test))
else:
    hand_over(task, model.predict_proba(task.test), model.classes_)
