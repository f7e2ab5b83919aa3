"""Endpoints of other protocols: for each its method and path, what answers it, and how its errors look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import msgspec

from fullcycle.deployment.service.inference_protocol import metadata
from fullcycle.deployment.service.inference_protocol.infer import infer
from fullcycle.deployment.service.inference_protocol.infer import refusal as protocol_refusal
from fullcycle.deployment.service.invocations import invoke
from fullcycle.deployment.service.invocations import refusal as mlflow_refusal
from fullcycle.deployment.service.log import TrafficLog
from fullcycle.deployment.service.metrics import Metrics
from fullcycle.deployment.service.problem import Problem
from fullcycle.deployment.service.routing import Routing


class Call(msgspec.Struct, frozen=True):
    """One request, and what there is to answer it with; ``path`` holds what the path's braces stand for."""

    body: bytes
    content_type: str
    path: Mapping[str, str]
    routing: Routing
    log: TrafficLog
    metrics: Metrics


Answers: TypeAlias = Callable[[Call], Awaitable[Any]]
Refusal: TypeAlias = Callable[[Problem], tuple[int, dict[str, Any]]]


class Endpoint(NamedTuple):
    """A path, what answers it, and status and body of its errors. *limited* ones are refused when the service is full."""

    method: str
    path: str
    answer: Answers
    refusal: Refusal
    limited: bool = False


async def _server(call: Call) -> Any:
    return metadata.server()


async def _health(call: Call) -> Any:
    return metadata.READY


async def _model(call: Call) -> Any:
    serving, answerer = call.routing.serving, call.routing.answerer
    metadata.check(serving, call.path["model"], call.path.get("version", ""))
    return metadata.model(serving, answerer)


async def _model_ready(call: Call) -> Any:
    metadata.check(call.routing.serving, call.path["model"], call.path.get("version", ""))
    return {"name": call.path["model"], **metadata.READY}


async def _infer(call: Call) -> Any:
    if call.content_type.startswith("application/octet-stream"):
        raise Problem(400, "Tensors in binary are not taken; send them as JSON (binary_data=False).")
    name, release = call.path["model"], call.path.get("version", "")
    routing = call.routing
    serving, answerer = routing.serving, routing.answerer
    return await infer(call.body, serving, answerer, call.log, call.metrics, name=name, release=release)


async def _ping(call: Call) -> Any:
    return {}


async def _invocations(call: Call) -> Any:
    return await invoke(call.body, call.content_type, call.routing.answerer, call.log, call.metrics)


_MODEL, _VERSION = "/v2/models/{model}", "/v2/models/{model}/versions/{version}"
ENDPOINTS = (
    Endpoint("GET", "/v2", _server, protocol_refusal),
    Endpoint("GET", "/v2/health/live", _health, protocol_refusal),
    Endpoint("GET", "/v2/health/ready", _health, protocol_refusal),
    *(
        endpoint
        for path in (_MODEL, _VERSION)
        for endpoint in (
            Endpoint("GET", path, _model, protocol_refusal),
            Endpoint("GET", f"{path}/ready", _model_ready, protocol_refusal),
            Endpoint("POST", f"{path}/infer", _infer, protocol_refusal, limited=True),
        )
    ),
    Endpoint("GET", "/ping", _ping, mlflow_refusal),
    Endpoint("POST", "/invocations", _invocations, mlflow_refusal, limited=True),
)
