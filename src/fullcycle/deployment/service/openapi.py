"""The API as OpenAPI 3.1, with the real columns of what serves."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fullcycle.deployment.answer import Answerer
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
            "/health/live": {"get": _get("The process runs")},
            "/health/ready": {"get": _get("Rows can be answered; says which release serves")},
            "/metrics": {"get": _get("Counters of one worker, for Prometheus", "text/plain")},
            "/openapi.json": {"get": _get("This document")},
            "/docs": {"get": _get("A page to try it", "text/html")},
        },
        "components": {"schemas": _schemas(serving, answerer)},
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
    row["properties"].setdefault(serving.entity, {"type": ["string", "integer"]})
    row["required"] = list(dict.fromkeys([*row["required"], serving.entity, serving.time]))
    if answerer.has_ids:
        row["properties"]["id"] = {"type": "string", "minLength": 1, "maxLength": 200, "description": "idempotency key"}
    score = {"type": ["number", "array", "null"], "items": {"type": "number"}}
    text, flag, whole = {"type": "string"}, {"type": "boolean", "default": False}, {"type": "integer"}
    failure = _object({"row": {"type": ["integer", "null"]}, "column": text, "found": text, "expected": text})
    prediction = _object({"id": text, "decision": {"type": ["string", "number"]}, "score": score, "variant": text})
    prediction["properties"]["interval"] = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    prediction["properties"]["set"] = {
        "type": "array",
        "items": text,
        "minItems": 1,
        "description": "the outcomes that may come true, at the declared confidence",
    }
    if _clusters(answerer):
        distance = {"type": ["number", "null"], "description": "to the cluster"}
        prediction = _object({"id": text, "cluster": whole, "distance": distance, "variant": text})
        prediction["properties"]["memberships"] = {"type": "array", "items": {"type": "number"}}
    failures = {"type": "array", "items": {"$ref": "#/components/schemas/RowFailure"}}
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
            **_object({"rows": _list("Row", MOST_ROWS), "partial": flag, "dry_run": flag}, required=["rows"]),
            "additionalProperties": False,
        },
        "Predictions": _object(
            {"release": text, "predictions": _list("Prediction"), "rejected": failures},
            required=["release", "predictions"],
        ),
        "Prediction": prediction,
        "OutcomesRequest": {**_object({"outcomes": _list("Outcome", MOST_ROWS)}), "additionalProperties": False},
        "Outcome": outcome,
        "Taken": _object({**dict.fromkeys(counted, whole), "reasons": failures}),
        "RowFailure": failure,
        "Problem": _object(
            {"type": text, "title": text, "status": whole, "detail": text, "errors": failures},
            required=["type", "title", "status", "detail"],
        ),
    }


def _object(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties) if required is None else required}


def _list(name: str, most: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}
    return found if most is None else {**found, "maxItems": most}


def _post(summary: str, request: str, answer: str, example: dict[str, Any]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    schema = {"$ref": f"#/components/schemas/{request}"}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}},
        "responses": {
            "200": {
                "description": "Done, and logged.",
                "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{answer}"}}},
            },
            **{status: {"description": told, "content": problem} for status, told in PROBLEMS.items()},
        },
    }


def _get(summary: str, media: str = "application/json") -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": {"description": "OK", "content": {media: {}}}}}
