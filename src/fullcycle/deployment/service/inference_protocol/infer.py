"""``POST /v2/models/NAME/infer``: columns in, columns out, by the same contract, log and answers as ``/predict``."""

from __future__ import annotations

from typing import Any

import msgspec

from fullcycle.deployment.answer import Answerer
from fullcycle.deployment.service.inference_protocol import metadata
from fullcycle.deployment.service.inference_protocol.tensors import CONTENT_TYPES, Output, Tensor, column
from fullcycle.deployment.service.log import TrafficLog
from fullcycle.deployment.service.metrics import Metrics
from fullcycle.deployment.service.predict import MOST_ROWS, Predictions, answer_rows, decode, too_many
from fullcycle.deployment.service.predict import Request as Rows
from fullcycle.deployment.service.problem import Problem
from fullcycle.deployment.serving import Serving

OPTIONS = ("content_type", "dry_run")
"""Parameters of a request that are no columns; with ``dry_run`` nothing is logged."""


class Wanted(msgspec.Struct):
    """An output that is asked for."""

    name: str
    parameters: dict[str, Any] = {}


class Request(msgspec.Struct):
    """The body of a request. A parameter of a column's name is that column for every row."""

    inputs: list[Tensor]
    id: str | None = None
    parameters: dict[str, Any] = {}
    outputs: list[Wanted] = []


class Inference(msgspec.Struct, omit_defaults=True):
    """The body of an answer."""

    model_name: str
    model_version: str
    outputs: list[Output]
    id: str | None = None


_decoder = msgspec.json.Decoder(Request)


async def infer(
    body: bytes,
    serving: Serving,
    answerer: Answerer,
    log: TrafficLog,
    metrics: Metrics,
    *,
    name: str,
    release: str = "",
) -> Inference:
    """Answer the rows that the tensors of a request hold, all or none.

    Parameters
    ----------
    name, release : the model that is asked, and its version.

    Raises
    ------
    Problem : 400 tensors that are not as asked, 404 unknown model, and as :func:`answer_rows`.
    OutsideError : the answers could not be logged, so none leaves.
    """
    metadata.check(serving, name, release)
    request = decode(body, _decoder)
    wanted = _wanted(request, answerer)
    dry_run = request.parameters.get("dry_run", False)
    if not isinstance(dry_run, bool):
        raise Problem(400, "The parameter 'dry_run' is true or false.")
    rows = Rows(rows=read_rows(request, _lead(serving, answerer)), dry_run=dry_run)
    found = await answer_rows(rows, answerer, log, metrics)
    written = write_outputs(found, answerer)
    return Inference(
        serving.scope.project, found.release, [it for it in written if not wanted or it.name in wanted], request.id
    )


def read_rows(request: Request, columns: frozenset[str]) -> list[dict[str, Any]]:
    """The rows of a request.

    Parameters
    ----------
    columns : names that a parameter may give for every row.

    Raises
    ------
    Problem : 400 tensors that do not fit each other, 413 too many rows.

    Examples
    --------
    >>> tensor = Tensor(name="distance", shape=[2], datatype="FP64", data=[1.0, 2.0])
    >>> read_rows(Request(inputs=[tensor], parameters={"flight": "N1"}), frozenset(["flight"]))
    [{'flight': 'N1', 'distance': 1.0}, {'flight': 'N1', 'distance': 2.0}]
    """
    kind = request.parameters.get("content_type", "np")
    if kind not in CONTENT_TYPES:
        raise Problem(
            400, f"The request has content_type {str(kind)[:40]!r}, expected one of {', '.join(CONTENT_TYPES)}."
        )
    if not request.inputs:
        raise Problem(400, "The request has no inputs; each is one column.")
    lengths = {tensor.name: tensor.shape[0] if tensor.shape else 0 for tensor in request.inputs}
    if len(lengths) < len(request.inputs):
        raise Problem(400, "Two inputs have the same name.")
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name[:40]!r} {rows}" for name, rows in list(lengths.items())[:8])
        raise Problem(400, f"The inputs have different numbers of rows: {told}.")
    if (rows := next(iter(lengths.values()))) > MOST_ROWS:
        raise too_many(rows)
    constant = {name: value for name, value in request.parameters.items() if name in columns and name not in OPTIONS}
    if "id" in constant and rows > 1:
        raise Problem(400, "The parameter 'id' names one row; give an input 'id' for several.")
    values = [column(tensor, kind if kind in ("np", "pd") else "") for tensor in request.inputs]
    return [constant | dict(zip(lengths, row, strict=True)) for row in zip(*values, strict=True)]


def write_outputs(found: Predictions, answerer: Answerer) -> list[Output]:
    """The answers as tensors; where today's rule served, a score is null."""
    rows = [msgspec.to_builtins(it) for it in found.predictions]
    written = []
    for name, datatype, shape in metadata.outputs(answerer):
        values, width = [row.get(name) for row in rows], shape[1] if len(shape) > 1 else 0
        if width:
            values = [cell for value in values for cell in (value or [None] * width)]
        elif name == "set":
            values = [None if value is None else msgspec.json.encode(value).decode() for value in values]
        told = {"content_type": "str"} if datatype == "BYTES" else {}
        written.append(Output(name, [len(rows), *shape[1:]], datatype, values, told))
    return written


def refusal(problem: Problem) -> tuple[int, dict[str, Any]]:
    """Status and body of an error, as the protocol has it.

    >>> refusal(Problem(422, "1 of 1 rows cannot be answered."))
    (400, {'error': '1 of 1 rows cannot be answered.'})
    """
    shown = [f"Row {it.row}, {it.column!r}: found {it.found}, expected {it.expected}." for it in problem.errors[:8]]
    return 400 if problem.status == 422 else problem.status, {"error": " ".join([str(problem), *shown])}


def _wanted(request: Request, answerer: Answerer) -> set[str]:
    known = [name for name, _, _ in metadata.outputs(answerer)]
    for one in request.outputs:
        if one.name not in known:
            raise Problem(400, f"There is no output {one.name[:80]!r}, expected one of {', '.join(known)}.")
    return {one.name for one in request.outputs}


def _lead(serving: Serving, answerer: Answerer) -> frozenset[str]:
    """The columns that say what a decision is about."""
    return frozenset([serving.entity, serving.time, *(["id"] if answerer.has_ids else [])])
