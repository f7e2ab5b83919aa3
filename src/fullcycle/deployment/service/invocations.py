"""``POST /invocations`` and ``GET /ping``: what MLflow's scoring server and SageMaker's containers answer.

https://mlflow.org/docs/latest/genai/serving/ and
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import msgspec

from fullcycle.deployment.answer import Answerer
from fullcycle.deployment.service.log import TrafficLog
from fullcycle.deployment.service.metrics import Metrics
from fullcycle.deployment.service.predict import ClusterPrediction, Prediction, Request, answer_rows, decode
from fullcycle.deployment.service.problem import Problem
from fullcycle.predictor.contract import Contract

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_CODES = {
    404: "RESOURCE_DOES_NOT_EXIST",
    409: "RESOURCE_ALREADY_EXISTS",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}


class Split(msgspec.Struct):
    """A table as pandas writes it with ``orient="split"``; its index says nothing that is asked here."""

    columns: list[str]
    data: list[list[Any]]
    index: list[Any] = []


class Params(msgspec.Struct, forbid_unknown_fields=True):
    """What may be asked besides; with ``dry_run`` nothing is logged."""

    dry_run: bool = False


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """A request: exactly one of the four forms."""

    dataframe_split: Split | msgspec.UnsetType = msgspec.UNSET
    dataframe_records: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    instances: list[Any] | msgspec.UnsetType = msgspec.UNSET
    inputs: dict[str, Any] | list[Any] | msgspec.UnsetType = msgspec.UNSET
    params: Params = msgspec.field(default_factory=Params)


class Invocation(msgspec.Struct):
    """The body of an answer."""

    predictions: list[Prediction] | list[ClusterPrediction]


_decoder = msgspec.json.Decoder(Body)


async def invoke(body: bytes, content_type: str, answerer: Answerer, log: TrafficLog, metrics: Metrics) -> Invocation:
    """Answer the rows of a request, all or none.

    Parameters
    ----------
    content_type : ``application/json`` or ``text/csv``, with or without parameters such as ``charset``.

    Raises
    ------
    Problem : 400 not JSON or not one form, 415 another content type, and as :func:`answer_rows`.
    OutsideError : the answers could not be logged, so none leaves.
    """
    kind = content_type.partition(";")[0].strip().lower() or "application/json"
    if kind == "text/csv":
        request = Request(rows=from_csv(body, answerer.contract))
    elif kind == "application/json":
        read = decode(body, _decoder)
        request = Request(rows=from_json(read), dry_run=read.params.dry_run)
    else:
        raise Problem(415, f"The content type is {kind[:80]!r}, expected application/json or text/csv.")
    return Invocation((await answer_rows(request, answerer, log, metrics)).predictions)


def from_json(body: Body) -> list[Any]:
    """The rows of the one form that a request has.

    Raises
    ------
    Problem : 400 none or several, or columns of different lengths.

    Examples
    --------
    >>> from_json(Body(dataframe_split=Split(["a", "b"], [[1, 2]])))
    [{'a': 1, 'b': 2}]
    >>> from_json(Body(inputs={"a": [1, 3]}))
    [{'a': 1}, {'a': 3}]
    """
    given = [name for name in FORMS if getattr(body, name) is not msgspec.UNSET]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        raise Problem(400, f"The request has {found}, expected exactly one of {', '.join(FORMS)}.")
    rows = getattr(body, given[0])
    if isinstance(rows, Split):
        return _of_split(rows)
    return _of_columns(rows) if isinstance(rows, dict) else list(rows)


def _of_split(table: Split) -> list[dict[str, Any]]:
    if len(set(table.columns)) < len(table.columns):
        raise Problem(400, "Two columns of dataframe_split have the same name.")
    for place, row in enumerate(table.data):
        if len(row) != len(table.columns):
            raise Problem(400, f"Row {place} of dataframe_split has {len(row)} values, expected {len(table.columns)}.")
    return [dict(zip(table.columns, row, strict=True)) for row in table.data]


def _of_columns(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Columns by name; one that is no list is one row's."""
    lists = {name: it if isinstance(it, list) else [it] for name, it in columns.items()}
    lists = {
        name: [it[0] if isinstance(it, list) and len(it) == 1 else it for it in value] for name, value in lists.items()
    }
    if len({len(it) for it in lists.values()}) > 1:
        told = ", ".join(f"{name[:40]!r} {len(it)}" for name, it in list(lists.items())[:8])
        raise Problem(400, f"The columns of inputs have different numbers of rows: {told}.")
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def from_csv(body: bytes, contract: Contract) -> list[dict[str, Any]]:
    """The rows of a CSV with a header (RFC 4180); an empty cell is a missing value, kinds are the contract's.

    Raises
    ------
    Problem : 400 not UTF-8, no header, or a row of another length.

    Examples
    --------
    >>> from fullcycle.predictor.contract import ColumnRule
    >>> contract = Contract((ColumnRule(name="distance", kind="float"), ColumnRule(name="wet", kind="boolean")))
    >>> from_csv(b"flight,distance,wet\\nN1,,true\\n", contract)
    [{'flight': 'N1', 'distance': None, 'wet': True}]
    """
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError:
        raise Problem(400, "The CSV is not UTF-8.") from None
    except csv.Error as error:
        raise Problem(400, f"The body is not CSV: {error}.") from None
    lines = [line for line in lines if line]
    if not lines or len(set(lines[0])) < len(lines[0]):
        raise Problem(400, "A CSV begins with a line of different column names.")
    header, kinds = lines[0], contract.kinds
    if lacking := [rule.name for rule in contract.columns if rule.required and rule.name not in header]:
        raise Problem(400, f"The CSV lacks the column {lacking[0]!r}.")
    for place, line in enumerate(lines[1:]):
        if len(line) != len(header):
            raise Problem(400, f"Row {place} of the CSV has {len(line)} cells, expected {len(header)}.")
    reads = [_CELLS.get(kinds.get(name, ""), str) for name in header]
    return [
        {name: read(cell) if cell else None for name, read, cell in zip(header, reads, line, strict=True)}
        for line in lines[1:]
    ]


def _number(cell: str) -> float | int | str:
    """A number if it is one; otherwise the text, which the contract turns away with its reason."""
    if "_" in cell:  # which Python takes for a number
        return cell
    try:
        return int(cell)
    except ValueError:
        pass
    try:
        return float(cell)
    except ValueError:
        return cell


def _truth(cell: str) -> bool | str:
    return {"true": True, "false": False}.get(cell.lower(), cell)


_CELLS: dict[str, Callable[[str], Any]] = {"float": _number, "integer": _number, "boolean": _truth}


def refusal(problem: Problem) -> tuple[int, dict[str, Any]]:
    """Status and body of an error, as MLflow's scoring server has it.

    >>> refusal(Problem(422, "1 of 1 rows cannot be answered."))
    (400, {'error_code': 'BAD_REQUEST', 'message': '1 of 1 rows cannot be answered.'})
    """
    shown = [f"Row {it.row}, {it.column!r}: found {it.found}, expected {it.expected}." for it in problem.errors[:8]]
    told = {"error_code": _CODES.get(problem.status, "BAD_REQUEST"), "message": " ".join([str(problem), *shown])}
    return 400 if problem.status == 422 else problem.status, told
