"""The other protocols' part of the API's description."""

from __future__ import annotations

import csv
import io
from typing import Any

from fullcycle.deployment.answer import Answerer
from fullcycle.deployment.service.inference_protocol import metadata
from fullcycle.deployment.service.inference_protocol.tensors import CONTENT_TYPES, DATATYPES
from fullcycle.deployment.service.openapi_parts import get, list_, object_, post, ref
from fullcycle.deployment.service.predict import MOST_ROWS
from fullcycle.deployment.serving import Serving

Json = dict[str, Any]
_TEXT, _FLAG, _OBJECT = {"type": "string"}, {"type": "boolean"}, {"type": "object"}
_REASONS = {
    "400": "The request is not as asked, or a row cannot be answered.",
    "404": "No such model or version.",
    "409": "An id was used for another row.",
    "413": "More than 1 MiB, or more than 1000 rows.",
    "415": "Another content type.",
    "503": "Overloaded, or the answers cannot be logged; Retry-After says when to try again.",
}


def protocol_paths(serving: Serving, answerer: Answerer, row: Json) -> Json:
    """Paths of the Open Inference Protocol, and of MLflow's and SageMaker's containers; *row* is an example."""
    missing = _refused("ProtocolError", "404")
    refused = _refused("ProtocolError", "400", "404", "409", "413", "503")
    request = {"application/json": {"schema": ref("InferenceRequest"), "example": _tensors(serving, answerer, row)}}
    model = {"name": "model", "in": "path", "required": True, "schema": {"enum": [serving.scope.project]}}
    paths: Json = {
        "/v2": {"get": get("Open Inference Protocol: the server", ref("ServerMetadata"))},
        "/v2/health/live": {"get": get("Open Inference Protocol: the process runs", ref("Health"))},
        "/v2/health/ready": {"get": get("Open Inference Protocol: rows can be answered", ref("Health"))},
    }
    named = [("/v2/models/{model}", [model], "the model")]
    if serving.route.champion:
        version = {"name": "version", "in": "path", "required": True, "schema": {"enum": [serving.route.champion]}}
        named.append(("/v2/models/{model}/versions/{version}", [model, version], "this release of it"))
    for path, parameters, what in named:
        told = f"Open Inference Protocol: {what}"
        paths[path] = {"get": get(told, ref("ModelMetadata"), refused=missing), "parameters": parameters}
        ready = get(f"{told} can answer", ref("ModelHealth"), refused=missing)
        paths[f"{path}/ready"] = {"get": ready, "parameters": parameters}
        decide = post(f"{told} decides about rows", request, ref("InferenceAnswer"), refused)
        paths[f"{path}/infer"] = {"post": decide, "parameters": parameters}
    forms = {
        "application/json": {
            "schema": ref("Invocation"),
            "example": {"dataframe_records": [row], "params": {"dry_run": True}},
        },
        "text/csv": {"schema": _TEXT, "example": _csv(row)},
    }
    refused = _refused("InvocationError", "400", "409", "413", "415", "503")
    paths["/ping"] = {"get": get("MLflow and SageMaker: rows can be answered", _OBJECT)}
    invoke = post("MLflow and SageMaker: decide about rows", forms, ref("Invocations"), refused)
    paths["/invocations"] = {"post": invoke}
    return paths


def protocol_schemas(answerer: Answerer) -> Json:
    """Their schemas."""
    column = {"type": "array", "items": {"type": "integer", "minimum": -1}}
    told = object_(
        {"name": _TEXT, "datatype": {"enum": [*DATATYPES]}, "shape": column, "parameters": _OBJECT}, ["name"]
    )
    names = [name for name, _, _ in metadata.outputs(answerer)]
    shape = {
        "type": "array",
        "items": {"type": "integer", "minimum": 0, "maximum": MOST_ROWS},
        "minItems": 1,
        "maxItems": 2,
    }
    tensor = {"name": _TEXT, "shape": shape, "datatype": {"enum": [*DATATYPES]}, "data": {"type": "array"}}
    content = {"type": "object", "properties": {"content_type": {"enum": [*CONTENT_TYPES]}}}
    options = object_({"content_type": {"enum": [*CONTENT_TYPES]}, "dry_run": _FLAG}, [])
    wanted = object_({"name": {"enum": names}, "parameters": _OBJECT}, ["name"])
    answered = object_({**tensor, "parameters": _OBJECT}, [*tensor])
    split = object_(
        {"columns": {"type": "array", "items": _TEXT}, "data": {"type": "array", "items": {"type": "array"}}}
    )
    forms: Json = {
        "dataframe_split": split,
        "dataframe_records": list_("Row", MOST_ROWS),
        "instances": list_("Row", MOST_ROWS),
        "inputs": {"oneOf": [{"type": "object", "additionalProperties": {"type": "array"}}, list_("Row", MOST_ROWS)]},
    }
    params = {**object_({"dry_run": _FLAG}, []), "additionalProperties": False}
    return {
        "ServerMetadata": object_({"name": _TEXT, "version": _TEXT, "extensions": {"type": "array", "items": _TEXT}}),
        "Health": object_({"live": _FLAG, "ready": _FLAG}),
        "ModelHealth": object_({"name": _TEXT, "live": _FLAG, "ready": _FLAG}),
        "ModelMetadata": object_(
            {
                "name": _TEXT,
                "versions": {"type": "array", "items": _TEXT},
                "platform": _TEXT,
                "inputs": {"type": "array", "items": told},
                "outputs": {"type": "array", "items": told},
            }
        ),
        "Tensor": object_({**tensor, "parameters": content}, [*tensor]),
        "InferenceRequest": object_(
            {
                "id": {"type": ["string", "null"]},
                "parameters": options,
                "inputs": {**list_("Tensor"), "minItems": 1},
                "outputs": {"type": "array", "items": wanted},
            },
            ["inputs"],
        ),
        "InferenceAnswer": object_(
            {"model_name": _TEXT, "model_version": _TEXT, "id": _TEXT, "outputs": {"type": "array", "items": answered}},
            ["model_name", "model_version", "outputs"],
        ),
        "ProtocolError": object_({"error": _TEXT}),
        "Invocation": {
            "oneOf": [
                {**object_({name: form, "params": params}, [name]), "additionalProperties": False}
                for name, form in forms.items()
            ]
        },
        "Invocations": object_({"predictions": list_("Prediction")}),
        "InvocationError": object_({"error_code": _TEXT, "message": _TEXT}),
    }


def _refused(schema: str, *statuses: str) -> Json:
    content = {"application/json": {"schema": ref(schema)}}
    return {status: {"description": _REASONS[status], "content": content} for status in statuses}


def _tensors(serving: Serving, answerer: Answerer, row: Json) -> Json:
    told = metadata.model(serving, answerer)["inputs"]
    inputs = [{**it, "shape": [1], "data": [row.get(it["name"])]} for it in told]
    return {"id": "1", "parameters": {"content_type": "pd", "dry_run": True}, "inputs": inputs}


def _csv(row: Json) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, row, lineterminator="\n")
    writer.writeheader()
    writer.writerow({name: str(cell).lower() if isinstance(cell, bool) else cell for name, cell in row.items()})
    return text.getvalue()
