"""Experiment tracking: each model and its trials are logged to the server that ``[platform]`` names, once.

A server that does not answer never fails a model: it is noted, told, and tried again when the model is next asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from fullcycle.data.sources.location import resolved, shown
from fullcycle.development.board import leaderboard
from fullcycle.development.mlflow import MLflow
from fullcycle.development.records import Model
from fullcycle.development.tracking import model_run, trial_run
from fullcycle.kernel.errors import InputError, OutsideError
from fullcycle.kernel.state import State
from fullcycle.kernel.verbs import Run
from fullcycle.project import Project
from fullcycle.project.measured import made, seconds

STEP = "development.mlflow"


class Tracking(Struct, frozen=True, kw_only=True):
    """Whether a model was logged, and why not."""

    logged: bool
    problem: str = ""


def track(project: Project, run: Run, model: Model) -> None:
    """Log *model*, unless no server is named or it was logged there before."""
    address = project.platform.mlflow
    if not address:
        return
    try:
        run.act(STEP, f"{address}:{model.id}", lambda: _log(project, run, model, address), inputs=(model.id,))
    except (OutsideError, InputError) as error:
        run.append(run.entry("note", step=STEP, inputs=(model.id,), facts={"problem": str(error)}))


def tracking(state: State, id: str) -> Tracking | None:
    """What became of logging the model *id* when it was last tried; None where it never was."""
    tried = [it for it in state.entries if it.step == STEP and it.verb in ("act", "note") and id in it.inputs]
    if not tried:
        return None
    return Tracking(logged=tried[-1].verb == "act", problem=str(tried[-1].facts.get("problem", "")))


def _log(project: Project, run: Run, model: Model, address: str) -> Mapping[str, Any]:
    from fullcycle.development.card import card
    from fullcycle.project.card import facts, pictures

    entries, scope = run.state.refresh().entries, project.scope
    took = seconds(entries)
    entry = made(entries, model.id)
    at = entry.at if entry is not None else run.clock.now()
    tags = {"fullcycle.environment": scope.environment, "fullcycle.timeline": scope.timeline}
    found = facts(project, model)
    texts = {"card.md": card(found, form="markdown"), "card.html": card(found, pictures=pictures(found))}
    with MLflow(resolved(address), shown=shown(address)) as server:
        experiment = server.experiment(scope.project)
        parent = server.log(experiment, model_run(model, seconds=took.get(model.id, 0.0), tags=tags), at=at)
        trials = tuple(trial_run(place) for place in leaderboard(model, run.blobs, took) if place.trial)
        server.log_children(experiment, parent, trials, at=at)
        kept = [name for name, text in texts.items() if server.artifact(parent, name, text.encode())]
    return {"experiment": experiment, "run": parent, "trials": len(trials), "artifacts": kept}
