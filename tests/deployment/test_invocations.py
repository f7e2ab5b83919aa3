"""MLflow's and SageMaker's way to ask, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import polars as pl
import pytest

from .bundles import Place, Running, bundle, place, route, row

ROWS = [row(number) for number in range(20)]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place(tmp_path_factory.mktemp("invocations"), bundle(), route("r1"))


@pytest.fixture(scope="module")
def service(here: Place) -> Iterator[Running]:
    with Running(here.path) as running:
        yield running


def told(response: httpx.Response, status: int = 400, code: str = "BAD_REQUEST") -> str:
    assert response.status_code == status, response.text
    document = response.json()
    assert set(document) == {"error_code", "message"}
    assert document["error_code"] == code
    return str(document["message"])


def test_all_forms_get_the_answers_of_predict(service: Running) -> None:
    assert service.client.get("/ping").status_code == 200
    wanted = service.predict(*ROWS).json()["predictions"]
    names = list(ROWS[0])
    columns: dict[str, list[Any]] = {name: [it[name] for it in ROWS] for name in names}
    forms: list[dict[str, Any]] = [
        {"dataframe_split": {"columns": names, "index": [*range(20)], "data": [[*it.values()] for it in ROWS]}},
        {"dataframe_records": ROWS},
        {"instances": ROWS},
        {"inputs": columns},
        {"inputs": {name: [[it] for it in column] for name, column in columns.items()}},
        {"inputs": ROWS, "params": {"dry_run": True}},
    ]
    for form in forms:
        assert service.client.post("/invocations", json=form).json() == {"predictions": wanted}
    csv = pl.DataFrame(ROWS).write_csv().encode()
    for kind in ("text/csv", "text/csv; charset=utf-8"):
        answer = service.client.post("/invocations", content=csv, headers={"content-type": kind})
        assert answer.json() == {"predictions": wanted}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "none, expected exactly one of"),
        ({"instances": ROWS, "inputs": ROWS}, "instances and inputs"),
        ({"dataframe_records": None}, "not as asked"),
        ({"columns": ["a"], "data": [[1]]}, "unknown field"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": []}}, "same name"),
        ({"dataframe_split": {"columns": ["a", "b"], "data": [[1]]}}, "Row 0 of dataframe_split has 1 values"),
        ({"inputs": {"a": [1], "b": [1, 2]}}, "different numbers"),
        ({"instances": [[1.0, 2.0]]}, "an object of columns"),
        ({"instances": [{"flight": "N1"}]}, "Row 0, 'distance': found nothing"),
    ],
)
def test_what_is_no_invocation_is_told_as_mlflow_does(service: Running, body: dict[str, Any], said: str) -> None:
    assert said in told(service.client.post("/invocations", json=body))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "different column names"),
        (b"a,a\n1,2\n", "different column names"),
        (b"a,b\n", "lacks the column 'distance'"),
        (b"flight,distance,carrier,departure\nN1\n", "Row 0 of the CSV has 1 cells"),
        (b"\xff\xfe", "not UTF-8"),
        (b'a,b\n"1,2\n', "not CSV"),
        (b"flight,distance,carrier,departure\nN1,1_0,UA,2013-07-01\n", "found '1_0', expected a number"),
        (b"flight,distance,carrier,departure\nN1,inf,UA,2013-07-01\n", "found inf"),
    ],
)
def test_a_csv_that_is_none_is_refused(service: Running, body: bytes, said: str) -> None:
    answer = service.client.post("/invocations", content=body, headers={"content-type": "text/csv"})
    assert said in told(answer)


def test_other_refusals_keep_their_status(service: Running) -> None:
    other = service.client.post("/invocations", content=b"x", headers={"content-type": "application/x-npy"})
    assert "application/x-npy" in told(other, 415)
    assert "not JSON" in told(service.client.post("/invocations", content=b"{"))
    service.client.post("/invocations", json={"instances": [row(1, id="once")]})
    again = service.client.post("/invocations", json={"instances": [row(2, id="once")]})
    assert "used for another row" in told(again, 409, "RESOURCE_ALREADY_EXISTS")
    assert "1001 rows" in told(service.client.post("/invocations", json={"instances": [{}] * 1001}), 413)
