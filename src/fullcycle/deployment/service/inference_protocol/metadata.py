"""What the protocol tells of server and model, under the charter's own column names."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fullcycle.deployment.answer import Answerer
from fullcycle.deployment.service.problem import Problem
from fullcycle.deployment.serving import Serving

_KINDS = {"float": "FP64", "integer": "INT64", "boolean": "BOOL"}
READY = {"live": True, "ready": True}
"""Both names, since servers differ on which of them an answer holds."""


def server() -> dict[str, Any]:
    """``GET /v2``.

    >>> server()["name"]
    'fullcycle'
    """
    return {"name": "fullcycle", "version": version("fullcycle"), "extensions": []}


def model(serving: Serving, answerer: Answerer) -> dict[str, Any]:
    """``GET /v2/models/NAME``: the model is the project, its version the release."""
    return {
        "name": serving.scope.project,
        "versions": [serving.route.champion] if serving.route.champion else [],
        "platform": f"fullcycle_{answerer.predictor.model.name}",
        "inputs": _inputs(serving, answerer),
        "outputs": [
            {"name": name, "datatype": datatype, "shape": shape} for name, datatype, shape in outputs(answerer)
        ],
    }


def check(serving: Serving, name: str, release: str = "") -> None:
    """Refuse a model that is not served here.

    Parameters
    ----------
    release : as a version, in full or its first 12 digits; ``""`` for whichever serves.

    Raises
    ------
    Problem : 404.

    Examples
    --------
    >>> from fullcycle.kernel.scope import Scope
    >>> from fullcycle.kernel.state import Route
    >>> check(Serving(scope=Scope(project="late-flights"), route=Route(), entity="flight", time="departure"), "late-flights")
    """
    project, champion = serving.scope.project, serving.route.champion
    if name != project:
        raise Problem(404, f"There is no model {name[:80]!r}; this service answers {project!r}.")
    if release and release not in (champion, champion[:12]):
        known = f"version {champion!r} serves" if champion else "today's rule serves, no release"
        raise Problem(404, f"Model {project!r} has no version {release[:80]!r} here; {known}.")


def outputs(answerer: Answerer) -> list[tuple[str, str, list[int]]]:
    """Name, datatype and shape (-1 for the rows) of each tensor that an answer may hold."""
    policy, classes = answerer.predictor.policy, answerer.predictor.model.outputs
    if policy.task == "clustering":
        found = [
            ("id", "BYTES", [-1]),
            ("cluster", "INT64", [-1]),
            ("distance", "FP64", [-1]),
            ("variant", "BYTES", [-1]),
        ]
        return [*found, ("memberships", "FP64", [-1, classes])] if answerer.predictor.model.name == "mixture" else found
    decision = "FP64" if policy.task == "regression" else "BYTES"
    score = [-1, classes] if classes > 1 else [-1]
    found = [("id", "BYTES", [-1]), ("decision", decision, [-1]), ("score", "FP64", score), ("variant", "BYTES", [-1])]
    if policy.conformal is not None:
        found.append(("interval", "FP64", [-1, 2]) if policy.task == "regression" else ("set", "BYTES", [-1]))
    return found


def _inputs(serving: Serving, answerer: Answerer) -> list[dict[str, Any]]:
    kinds = {rule.name: rule.kind for rule in answerer.contract.columns}
    kinds.setdefault(serving.entity, "text")
    found: list[dict[str, Any]] = []
    for name, kind in kinds.items():
        tensor: dict[str, Any] = {"name": name, "datatype": _KINDS.get(kind, "BYTES"), "shape": [-1]}
        if kind not in _KINDS:
            tensor["parameters"] = {"content_type": "datetime" if kind == "time" else "str"}
        found.append(tensor)
    return found
