"""The API as OpenAPI 3.1, with the real columns of what serves."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fullcycle.deployment.answer import Answerer
from fullcycle.deployment.service.openapi_parts import get, list_, object_, post, ref
from fullcycle.deployment.service.openapi_protocols import protocol_paths, protocol_schemas
from fullcycle.deployment.service.predict import MOST_ROWS
from fullcycle.deployment.serving import Serving
from fullcycle.predictor.contract import ColumnRule, Contract

PROBLEMS = {
    "400": "The body is not JSON.",
    "409": "An id was used for another row.",
    "413": "More than 1 MiB, or more than 1000 rows.",
    "422": "Rows that are not as asked: row, column, found, expected.",
    "503": "Overloaded, or the answers cannot be logged; Retry-After says when to try again.",
}

_READY = object_(
    {
        "ready": {"type": "boolean"},
        "release": {"type": "string"},
        "generation": {"type": "integer"},
        "problem": {"type": "string", "description": "why a newer route is not followed"},
    },
    required=["ready", "release", "generation"],
)
_OUTCOMES = ("Tell what really happened", "OutcomesRequest", "Taken")


def openapi(serving: Serving, answerer: Answerer) -> dict[str, Any]:
    """The document, as JSON."""
    return {
        "openapi": "3.1.0",
        "info": {"title": serving.scope.project, "version": version("fullcycle")},
        "paths": {
            "/predict": {
                "post": _post("Decide about rows", "PredictRequest", "Predictions", _example(serving, answerer))
            },
            **({} if _clusters(answerer) else {"/outcomes": {"post": _post(*_OUTCOMES, _outcome(serving))}}),
            **protocol_paths(serving, answerer, example_row(serving, answerer)),
            "/health/live": {"get": get("The process runs", object_({"live": {"type": "boolean"}}))},
            "/health/ready": {"get": get("Rows can be answered; says which release serves", _READY)},
            "/metrics": {"get": get("Counters of one worker, for Prometheus", {"type": "string"}, "text/plain")},
            "/openapi.json": {"get": get("This document", {"type": "object"})},
            "/docs": {"get": get("A page to try it", {"type": "string"}, "text/html")},
        },
        "components": {"schemas": {**_schemas(serving, answerer), **protocol_schemas(answerer)}},
    }


def example_row(serving: Serving, answerer: Answerer) -> dict[str, Any]:
    """A row that is answered, made up from the contract."""
    row = answerer.contract.example()
    row.setdefault(serving.entity, "example")
    return row


def _clusters(answerer: Answerer) -> bool:
    return answerer.predictor.policy.task == "clustering"


def _example(serving: Serving, answerer: Answerer) -> dict[str, Any]:
    return {"rows": [example_row(serving, answerer)], "dry_run": True}


def _outcome(serving: Serving) -> dict[str, Any]:
    labels = tuple(_rule(name, kind) for name, kind in serving.labels.items())
    return {"outcomes": [{"id": "…", **(Contract(labels).example() if labels else {"actual": 1})}]}


def _rule(name: str, kind: str) -> ColumnRule:
    return ColumnRule(name=name, kind=kind, required=False)  # type: ignore[arg-type]


def _schemas(serving: Serving, answerer: Answerer) -> dict[str, Any]:
    row = answerer.contract.json_schema()
    row["properties"].setdefault(serving.entity, {"type": ["string", "integer"], "minLength": 1})
    for name, unit in serving.units.items():
        if (told := row["properties"].get(name)) is not None:
            told["description"] = "; ".join(filter(None, [told.get("description", ""), f"in {unit}"]))
            told["x-unit"] = unit
    row["required"] = list(dict.fromkeys([*row["required"], serving.entity, serving.time]))
    if answerer.has_ids:
        row["properties"]["id"] = {
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": 200,
            "description": "idempotency key",
        }
    score = {"type": ["number", "array", "null"], "items": {"type": "number"}}
    text, flag, whole = {"type": "string"}, {"type": "boolean", "default": False}, {"type": "integer"}
    failure = object_({"row": {"type": ["integer", "null"]}, "column": text, "found": text, "expected": text})
    prediction = object_({"id": text, "decision": {"type": ["string", "number"]}, "score": score, "variant": text})
    reasons = {
        "base": score | {"description": "what is expected of any row"},
        "contributions": {
            "type": "array",
            "items": object_({"column": {**text, "examples": list(row["properties"])[:3]}, "adds": score}),
            "description": "what each column adds to the score, the most telling first",
        },
        "method": {"type": "string", "enum": ["tree_shap", "linear", "sampling"]},
        "scale": {**text, "description": "of what they add up to: score, or what the link makes a score of"},
        "calibrated": {"type": "boolean", "description": "false where they make the score before it is calibrated"},
        "seed": whole,
    }
    prediction["properties"]["interval"] = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    prediction["properties"]["set"] = {
        "type": "array",
        "items": text,
        "minItems": 1,
        "description": "the outcomes that may come true, at the declared confidence",
    }
    if _clusters(answerer):
        distance = {"type": ["number", "null"], "description": "to the cluster"}
        prediction = object_({"id": text, "cluster": whole, "distance": distance, "variant": text})
        prediction["properties"]["memberships"] = {"type": "array", "items": {"type": "number"}}
    prediction["properties"]["reasons"] = ref("Reasons")
    failures = {"type": "array", "items": ref("RowFailure")}
    labels = Contract(tuple(_rule(name, kind) for name, kind in serving.labels.items())).json_schema()["properties"]
    outcome = {
        "type": "object",
        "properties": {
            "id": text,
            serving.entity: {"type": ["string", "integer"]},
            serving.time: {"type": "string"},
            "at": text,
            "actual": {"type": ["boolean", "number", "string", "null"]},
            "void": {"type": "string", "description": "why there is no outcome"},
            "acted_on": {"type": "boolean"},
            "feedback": text,
            **labels,
        },
        "additionalProperties": False,
    }
    counted = ("matched", "pending", "duplicate", "corrected", "void", "rejected")
    return {
        "Row": row,
        "PredictRequest": {
            **object_(
                {"rows": list_("Row", MOST_ROWS), "partial": flag, "dry_run": flag, "explain": flag}, required=["rows"]
            ),
            "additionalProperties": False,
        },
        "Predictions": object_(
            {"release": text, "predictions": list_("Prediction"), "rejected": failures},
            required=["release", "predictions"],
        ),
        "Prediction": prediction,
        "Reasons": object_(reasons, required=["base", "contributions", "method", "scale"]),
        "OutcomesRequest": {**object_({"outcomes": list_("Outcome", MOST_ROWS)}), "additionalProperties": False},
        "Outcome": outcome,
        "Taken": object_({**dict.fromkeys(counted, whole), "reasons": failures}),
        "RowFailure": failure,
        "Problem": object_(
            {"type": text, "title": text, "status": whole, "detail": text, "errors": failures},
            required=["type", "title", "status", "detail"],
        ),
    }


def _post(summary: str, request: str, answer: str, example: dict[str, Any]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": ref("Problem")}}
    refused = {status: {"description": told, "content": problem} for status, told in PROBLEMS.items()}
    return post(summary, {"application/json": {"schema": ref(request), "example": example}}, ref(answer), refused)
