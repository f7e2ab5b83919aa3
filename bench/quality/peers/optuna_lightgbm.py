"""Optuna's TPE over LightGBM by five folds, until the time is spent; then one fit on all rows."""

from __future__ import annotations

import time

import numpy as np
import optuna
from given import given, hand_over
from lightgbm import LGBMClassifier, LGBMRegressor, early_stopping
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold

task = given(calendar=True)
regression = task.kind == "regression"
learner = LGBMRegressor if regression else LGBMClassifier
folds = (KFold if regression else StratifiedKFold)(5, shuffle=True, random_state=0)
fixed = {"n_jobs": task.threads, "verbosity": -1, "bagging_freq": 1, "n_estimators": 2000}
end = time.monotonic() + 0.9 * task.seconds  # the rest is for the last fit


def loss(trial: optuna.Trial) -> float:
    parameters = {
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.2, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 256, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 2, 200, log=True),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 1.0),
        "subsample": trial.suggest_float("subsample", 0.4, 1.0),
        "reg_alpha": trial.suggest_float("reg_alpha", 1e-8, 10.0, log=True),
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-8, 50.0, log=True),
    }
    losses, trees = [], []
    for fitted, held in folds.split(task.learning, task.answers):
        if time.monotonic() > end:
            raise optuna.TrialPruned
        model = learner(**fixed, **parameters)
        rows, answers = task.learning.iloc[held], task.answers.iloc[held]
        model.fit(
            *(task.learning.iloc[fitted], task.answers.iloc[fitted]),
            eval_set=[(rows, answers)],
            callbacks=[early_stopping(50, verbose=False)],
        )
        if regression:
            losses.append(mean_squared_error(answers, model.predict(rows)))
        else:
            losses.append(log_loss(answers, model.predict_proba(rows), labels=model.classes_))
        trees.append(model.best_iteration_)
    trial.set_user_attr("trees", int(np.mean(trees)))
    return float(np.mean(losses))


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
study.optimize(loss, timeout=0.9 * task.seconds)
complete = [it for it in study.trials if it.state == optuna.trial.TrialState.COMPLETE]
found = {**study.best_params, "n_estimators": study.best_trial.user_attrs["trees"]} if complete else {}
model = learner(**{**fixed, **(found or {"n_estimators": 100})}).fit(task.learning, task.answers)
if regression:
    hand_over(task, model.predict(task.test))
else:
    hand_over(task, model.predict_proba(task.test), model.classes_)
