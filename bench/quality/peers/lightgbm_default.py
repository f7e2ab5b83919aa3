"""LightGBM as it comes out of the box."""

from __future__ import annotations

from given import given, hand_over
from lightgbm import LGBMClassifier, LGBMRegressor

task = given(calendar=True)
learner = LGBMRegressor if task.kind == "regression" else LGBMClassifier
model = learner(n_jobs=task.threads, verbosity=-1).fit(task.learning, task.answers)
if task.kind == "regression":
    hand_over(task, model.predict(task.test))
else:
    hand_over(task, model.predict_proba(task.test), model.classes_)
