"""The Open Inference Protocol over a real socket: the same answers as ``/predict``, in the protocol's own shape."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.deployment.service.inference_protocol.infer import write_outputs
from fullcycle.deployment.service.inference_protocol.tensors import DATATYPES, Tensor, column
from fullcycle.deployment.service.predict import Prediction, Predictions, with_conformal
from fullcycle.deployment.service.problem import Problem
from fullcycle.deployment.serving import load_answerer, read_serving
from fullcycle.measure.value import ValueTable
from fullcycle.predictor.conformal import Conformal
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.policy import Policy
from fullcycle.traffic.read import Traffic

from .bundles import CONTRACT, POLICY, SCOPE, Place, Running, bundle, place, route, row

MODEL = "/v2/models/late-flights"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place(tmp_path_factory.mktemp("protocol"), bundle(), route("r1", control=0.2))


@pytest.fixture(scope="module")
def service(here: Place) -> Iterator[Running]:
    with Running(here.path) as running:
        yield running


def tensors(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as pandas' columns are sent."""
    kinds = {"distance": ("FP64", "np"), "carrier": ("BYTES", "str"), "departure": ("BYTES", "datetime")}
    found = []
    for name in rows[0]:
        datatype, content = kinds.get(name, ("BYTES", "str"))
        data = [[it[name]] for it in rows]
        tensor = {"name": name, "shape": [len(rows), 1], "datatype": datatype, "data": data}
        found.append({**tensor, "parameters": {"content_type": content}})
    return found


def ask(service: Running, rows: list[dict[str, Any]], path: str = MODEL, **more: Any) -> httpx.Response:
    body = {"inputs": tensors(rows), "parameters": {"content_type": "pd"}, **more}
    return service.client.post(f"{path}/infer", json=body)


def told(response: httpx.Response, status: int = 400) -> str:
    assert response.status_code == status, response.text
    document = response.json()
    assert set(document) == {"error"}
    return str(document["error"])


def test_server_and_health_are_told(service: Running) -> None:
    assert set(service.client.get("/v2").json()) == {"name", "version", "extensions"}
    for path in ("/v2/health/live", "/v2/health/ready"):
        assert service.client.get(path).json() == {"live": True, "ready": True}
    for path in (MODEL, f"{MODEL}/versions/r1"):
        assert service.client.get(f"{path}/ready").json() == {"name": "late-flights", "live": True, "ready": True}


def test_metadata_names_the_charters_columns(service: Running) -> None:
    found = service.client.get(MODEL).json()
    assert (found["name"], found["versions"], found["platform"]) == ("late-flights", ["r1"], "fullcycle_linear")
    assert {it["name"]: it["datatype"] for it in found["inputs"]} == {
        "distance": "FP64",
        "carrier": "BYTES",
        "departure": "BYTES",
        "flight": "BYTES",
    }
    assert {it["name"] for it in found["outputs"]} == {"id", "decision", "score", "variant"}
    assert service.client.get(f"{MODEL}/versions/r1").json() == found


def test_tensors_get_the_answers_of_predict_and_are_logged(service: Running, here: Place) -> None:
    rows = [row(number) for number in range(50)]
    body = ask(service, rows, id="request 7").json()
    assert (body["model_name"], body["model_version"], body["id"]) == ("late-flights", "r1", "request 7")
    columns = {it["name"]: it["data"] for it in body["outputs"]}
    wanted = service.predict(*rows).json()["predictions"]
    for name in ("id", "decision", "score", "variant"):
        assert columns[name] == [it[name] for it in wanted]
    assert None in columns["score"]  # the control group is told none
    traffic = Traffic(here.root, SCOPE)
    logged = traffic.read(traffic.cut(None, None, datetime(2100, 1, 1, tzinfo=UTC)))[0]
    assert set(columns["id"]) <= set(logged["id"])


def test_a_column_may_come_as_a_parameter_and_outputs_are_chosen(service: Running) -> None:
    one = row(3)
    body = {
        "inputs": [
            {"name": "distance", "shape": [1], "datatype": "FP32", "data": [one["distance"]]},
            {"name": "carrier", "shape": [1], "datatype": "BYTES", "data": [one["carrier"]]},
        ],
        "parameters": {"flight": one["flight"], "departure": one["departure"], "id": "mine", "dry_run": True},
        "outputs": [{"name": "decision"}, {"name": "id"}],
    }
    found = service.client.post(f"{MODEL}/versions/r1/infer", json=body).json()
    assert [it["name"] for it in found["outputs"]] == ["id", "decision"]
    assert found["outputs"][0]["data"] == ["mine"]
    assert "id" not in found
    assert told(service.client.post(f"{MODEL}/infer", json={**body, "outputs": [{"name": "scores"}]})).startswith(
        "There is no output 'scores'"
    )
    body["inputs"] = [{**it, "shape": [2], "data": it["data"] * 2} for it in body["inputs"]]  # type: ignore[index]
    assert "names one row" in told(service.client.post(f"{MODEL}/infer", json=body))


def test_what_is_wrong_is_told_as_the_protocol_does(service: Running) -> None:
    rows = [row(1), row(2)]
    assert "no model 'other'" in told(ask(service, rows, "/v2/models/other"), 404)
    assert "no version 'r9'" in told(ask(service, rows, f"{MODEL}/versions/r9"), 404)
    assert "no model" in told(service.client.get("/v2/models/other/ready"), 404)
    assert "not JSON" in told(service.client.post(f"{MODEL}/infer", content=b"{"))
    binary = {"inference-header-content-length": "2"}
    assert "in binary" in told(service.client.post(f"{MODEL}/infer", content=b"{}\0", headers=binary))
    assert "inputs" in told(service.client.post(f"{MODEL}/infer", json={}))
    assert "no inputs" in told(service.client.post(f"{MODEL}/infer", json={"inputs": []}))
    bad = told(ask(service, [row(1), row(2, distance=-5.0)]))
    assert "Row 1, 'distance': found -5.0, expected a number, at least 0, at most 10000." in bad
    assert "'distance' has 'far' at 1, expected FP64" in told(ask(service, [row(1), row(2, distance="far")]))
    assert "larger than" in told(service.client.post(f"{MODEL}/infer", content=b" " * (2**20 + 1)), 413)
    many = {"name": "distance", "shape": [1001], "datatype": "FP64", "data": [1.0] * 1001}
    assert "1001 rows" in told(service.client.post(f"{MODEL}/infer", json={"inputs": [many]}), 413)
    ask(service, [row(70, id="once")])
    assert "used for another row" in told(ask(service, [row(71, id="once")]), 409)
    short = [*tensors(rows), {"name": "x", "shape": [1], "datatype": "BOOL", "data": [True]}]
    assert "different numbers" in told(service.client.post(f"{MODEL}/infer", json={"inputs": short}))
    assert "same name" in told(service.client.post(f"{MODEL}/infer", json={"inputs": tensors(rows) * 2}))
    assert "content_type 'pandas'" in told(ask(service, rows, parameters={"content_type": "pandas"}))
    assert "true or false" in told(ask(service, rows, parameters={"dry_run": "yes"}))


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        ({"datatype": "FP8"}, "datatype 'FP8'"),
        ({"shape": [1, 2]}, "shape [1, 2], expected [n] or [n, 1]"),
        ({"shape": []}, "shape []"),
        ({"shape": [-1]}, "shape [-1]"),
        ({"shape": [3]}, "2 values, expected 3"),
        ({"data": [[1.0], [[2.0]]], "shape": [2, 1]}, "'[2.0]' at 1, expected FP64"),
        ({"data": [1.0, True]}, "'True' at 1"),
        ({"datatype": "INT8", "data": [128, 0]}, "'128' at 0, expected INT8"),
        ({"datatype": "UINT64", "data": [0, -1]}, "'-1' at 1"),
        ({"datatype": "FP16", "data": [65505.0, 0]}, "'65505.0' at 0"),
        ({"datatype": "BOOL", "data": [1, 0]}, "'1' at 0"),
        ({"parameters": {"content_type": "datetime"}}, "content_type 'datetime' with datatype FP64, expected BYTES"),
        ({"datatype": "BYTES", "data": ["%", "="], "parameters": {"content_type": "base64"}}, "expected UTF-8"),
    ],
)
def test_a_tensor_that_is_not_what_it_says_is_refused(tensor: dict[str, Any], said: str) -> None:
    given = {"name": "distance", "shape": [2], "datatype": "FP64", "data": [1.0, 2.0], **tensor}
    with pytest.raises(Problem) as caught:
        column(Tensor(**given))
    assert said in str(caught.value)


@given(st.data())
def test_every_value_of_a_datatype_comes_through(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(DATATYPES))
    values = {
        "BOOL": st.booleans(),
        "BYTES": st.text('a"\\\0é\U0001d11e'),
        "FP16": st.floats(width=16, allow_nan=False, allow_infinity=False),
        "FP32": st.floats(width=32, allow_nan=False, allow_infinity=False),
        "FP64": st.floats(allow_nan=False, allow_infinity=False),
    }
    if kind not in values:
        bits = int(kind.rpartition("T")[2])
        low = 0 if kind.startswith("U") else -(2 ** (bits - 1))
        values[kind] = st.integers(low, low + 2**bits - 1)
    cells = data.draw(st.lists(st.none() | values[kind], max_size=5))
    flat = column(Tensor(name="a", shape=[len(cells)], datatype=kind, data=cells))
    nested = column(Tensor(name="a", shape=[len(cells), 1], datatype=kind, data=[[cell] for cell in cells]))
    assert flat == nested == cells


def test_intervals_and_sets_have_tensors_of_their_own(tmp_path: Any) -> None:
    number = Policy(
        task="regression",
        actions=(),
        values=ValueTable(task="regression", currency="USD"),
        todays_rule={"always": 0.0},
        kinds=CONTRACT.kinds,
        conformal=Conformal(quantile=2.5, confidence=0.9, exchangeable="rows", n=900, blocks=900),
    )
    here = place(tmp_path, bundle(policy=number, model=Linear([0.8, -0.3, 0.05], 0.0)), route("r1"))
    answerer = load_answerer(here.path, here.serving)
    rows = [Prediction("a", 7.0, 7.0, "champion"), Prediction("b", 1.0, None, "control")]
    found = {it.name: it for it in write_outputs(Predictions("r1", with_conformal(rows, number)), answerer)}
    assert (found["interval"].shape, found["interval"].data) == ([2, 2], [4.5, 9.5, None, None])
    assert (found["decision"].datatype, found["score"].data) == ("FP64", [7.0, None])
    classes = msgspec.structs.replace(POLICY, conformal=number.conformal)
    place(tmp_path, bundle(policy=classes), route("r1"))
    answerer = load_answerer(here.path, read_serving(here.path))
    likely = Prediction("a", "wait", 0.2, "champion", labels=["false", "true"])
    found = {it.name: it for it in write_outputs(Predictions("r1", [likely]), answerer)}
    assert found["set"].data == ['["false","true"]']
