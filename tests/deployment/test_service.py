"""The service over a real socket: what it answers, what it refuses, what it survives."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import polars as pl
import pytest

from fullcycle.deployment.serving import bundle_path, load_answerer
from fullcycle.predictor.bundle import Predictor
from fullcycle.traffic.compact import compact
from fullcycle.traffic.read import Traffic
from fullcycle.traffic.schema import scope_folder
from fullcycle.traffic.tables import Table

from .bundles import SCOPE, Place, Running, bundle, place, route, row

END = datetime(2100, 1, 1, tzinfo=UTC)


def read(here: Place) -> pl.DataFrame:
    traffic = Traffic(here.root, SCOPE)
    return traffic.read(traffic.cut(None, None, END))[0]


def wait_for(what: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place(tmp_path_factory.mktemp("one"), bundle(), route("r1", control=0.2))


@pytest.fixture(scope="module")
def service(here: Place) -> Iterator[Running]:
    with Running(here.path) as running:
        yield running


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert {"type", "title", "detail"} <= set(document)
    return document


def test_the_service_answers_as_the_core_and_the_predictor_do(service: Running, here: Place) -> None:
    rows = [row(number) for number in range(100, 200)]
    body = service.predict(*rows).json()
    assert body["release"] == "r1"
    table = load_answerer(here.path, here.serving).frame(pl.DataFrame(rows), 0)
    assert [tuple(one.values()) for one in body["predictions"]] == table.answers.rows()
    bare = Predictor.load(bundle()).predict(pl.DataFrame(rows))["score"].to_list()
    told = [one["score"] for one in body["predictions"]]
    assert all(score is None or score == wanted for score, wanted in zip(told, bare, strict=True))
    logged = {one["id"]: one for one in read(here).iter_rows(named=True)}
    assert [logged[one["id"]]["score"] for one in body["predictions"]] == bare


def test_control_rows_are_told_no_score(service: Running) -> None:
    found = service.predict(*[row(number) for number in range(60)], dry_run=True).json()["predictions"]
    controls = [one for one in found if one["variant"] == "control"]
    assert 0 < len(controls) < 60
    assert all(one["score"] is None for one in controls)
    assert all(one["score"] is not None for one in found if one["variant"] == "champion")


def test_a_dry_run_logs_nothing(service: Running, here: Place) -> None:
    before = read(here).height
    assert len(service.predict(row(900), dry_run=True).json()["predictions"]) == 1
    assert read(here).height == before


def test_a_retried_id_gets_the_logged_answer_and_another_row_409(service: Running, here: Place) -> None:
    first = service.predict(row(300, id="mine")).json()
    assert service.predict(row(300, id="mine")).json() == first
    assert read(here).filter(pl.col("id") == "mine").height == 1
    document = problem(service.predict(row(300, id="mine", distance=1.0)), 409)
    assert "'mine'" in document["detail"]
    problem(service.predict(row(301, id="mine", distance=row(300)["distance"])), 409)  # another decision, same columns
    problem(service.predict(row(302, id="two"), row(303, id="two")), 409)
    assert len(service.predict(row(304, id="one"), row(304, id="one")).json()["predictions"]) == 2


def test_422_names_row_column_found_and_expected(service: Running, here: Place) -> None:
    before = read(here).height
    document = problem(service.predict(row(1), row(2, distance="far"), {"flight": "N1"}), 422)
    assert document["detail"] == '2 of 3 rows cannot be answered. None was; with "partial": true the others are.'
    wanted = {"row": 1, "column": "distance", "found": "'far'", "expected": "a number, at least 0, at most 10000"}
    assert document["errors"][0] == wanted
    assert {(one["row"], one["column"], one["found"]) for one in document["errors"][1:]} == {
        (2, "distance", "nothing"),
        (2, "carrier", "nothing"),
        (2, "departure", "nothing"),
    }
    assert read(here).height == before


def test_a_partial_request_is_answered_as_far_as_it_can_be(service: Running) -> None:
    rows = [row(number) for number in range(400, 410)]
    rows[3]["distance"] = -1
    body = service.predict(*rows, partial=True).json()
    assert len(body["predictions"]) == 9
    assert [(one["row"], one["column"]) for one in body["rejected"]] == [(3, "distance")]
    problem(service.predict({"flight": "N1"}, partial=True), 422)


@pytest.mark.parametrize(
    ("body", "status", "column"),
    [
        (b"{", 400, None),
        (b"\xff", 400, None),
        (b"[" * 100_000, 400, None),
        (b'{"rows": [{"distance": NaN}]}', 400, None),
        (b'{"rows": 5}', 422, "rows"),
        (b'{"rows": 5, ', 400, None),
        (b"{}", 422, "rows"),
        (b'{"rows": [], "dryrun": true}', 422, "dryrun"),
        (b'{"rows": [5]}', 422, ""),
        (b'{"rows": [' + b"{}," * 1000 + b"{}]}", 413, None),
        (b'{"rows": ["' + b"x" * 2**20 + b'"]}', 413, None),
    ],
)
def test_what_is_no_request_is_refused(service: Running, body: bytes, status: int, column: str | None) -> None:
    document = problem(service.client.post("/predict", content=body), status)
    if column is not None:
        assert document["errors"][0]["column"] == column


def test_a_body_without_a_length_is_measured_as_it_comes(service: Running) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 2**15

    problem(service.client.post("/predict", content=parts()), 413)


def test_unknown_paths_and_methods_are_problems(service: Running) -> None:
    problem(service.client.get("/nothing"), 404)
    problem(service.client.post("/predict/", json={}), 404)
    response = service.client.get("/predict")
    problem(response, 405)
    assert response.headers["allow"] == "POST"


def test_outcomes_are_counted_and_logged(service: Running, here: Place) -> None:
    known = service.predict(row(500, id="o1"), row(501)).json()["predictions"]
    body = service.learn(
        {"id": "o1", "arr_delay": 41.0, "at": "2013-07-02T00:00:00Z"},
        {"flight": row(501)["flight"], "departure": row(501)["departure"], "actual": True},
        {"id": "never", "actual": None, "void": "cancelled"},
        {"id": "o1", "arr_dely": 41.0},
    ).json()
    assert body["reasons"] == [{"row": 3, "column": "arr_dely", "found": "41.0", "expected": "'arr_delay'?"}]
    del body["reasons"]
    assert body == {"matched": 2, "pending": 1, "duplicate": 0, "corrected": 0, "void": 1, "rejected": 1}
    again = service.learn({"id": "o1", "arr_delay": 41.0}, {"id": "o1", "arr_delay": 12.0}).json()
    assert (again["duplicate"], again["corrected"]) == (1, 1)
    found = {one["id"]: one for one in read(here).iter_rows(named=True)}
    assert (found["o1"]["status"], found["o1"]["after"]) == ("known", '{"arr_delay":12}')
    assert found[known[1]["id"]]["actual"] == 1.0
    problem(service.client.post("/outcomes", content=b"{"), 400)


def test_health_metrics_and_description(service: Running, here: Place) -> None:
    assert service.client.get("/health/live").json() == {"live": True}
    assert service.client.get("/health/ready").json() == {"ready": True, "release": "r1", "generation": 1}
    service.predict(row(700))
    text = service.client.get("/metrics").text
    worker = service.told["workers"][0]
    assert f'fullcycle_predictions_total{{worker="{worker}",variant="champion"}}' in text
    assert 'le="+Inf"' in text
    document = service.client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert set(schemas["Row"]["properties"]) == {"distance", "carrier", "departure", "flight", "id"}
    request = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    checked = {**schemas["PredictRequest"], "components": document["components"]}
    jsonschema.validate(request["example"], checked)
    answer = service.client.post("/predict", json=request["example"])
    jsonschema.validate(answer.json(), {**schemas["Predictions"], "components": document["components"]})
    page = service.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "distance" in page.text
    assert "//" not in page.text  # nothing comes from elsewhere


def test_two_workers_share_a_port_and_a_killed_one_loses_nothing(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1", control=0.1))
    acknowledged: list[str] = []
    with Running(here.path, workers=2) as running:
        assert len(set(running.told["workers"])) == 2
        done = threading.Event()

        def load(lane: int) -> None:
            number = 0
            while not done.is_set() and number < 400:
                id, number = f"{lane}-{number}", number + 1
                try:
                    with httpx.Client(base_url=running.told["url"], timeout=10) as client:
                        response = client.post("/predict", json={"rows": [row(number, id=id, flight=f"L{lane}")]})
                except httpx.HTTPError:
                    continue  # the killed worker's socket
                if response.status_code == 200:
                    acknowledged.append(id)

        lanes = [threading.Thread(target=load, args=(lane,)) for lane in range(4)]
        for lane in lanes:
            lane.start()
        wait_for(lambda: len(acknowledged) > 40)
        running.kill(running.told["workers"][0])
        so_far = len(acknowledged)
        wait_for(lambda: len(acknowledged) > so_far + 40)
        done.set()
        for lane in lanes:
            lane.join()
        seen: set[str] = set()

        def both() -> bool:
            with httpx.Client(base_url=running.told["url"]) as client:
                text = client.get("/metrics").text
            seen.update(line.split('worker="')[1].split('"')[0] for line in text.splitlines() if "worker=" in line)
            return len(seen) == 2 and str(running.told["workers"][0]) not in seen

        wait_for(both)  # another was started in its place
    folder = scope_folder(here.root, SCOPE)
    moved = compact(folder)
    assert moved is not None
    assert moved.segments >= 2
    ids = Table(folder, "decisions").scan().select("id").collect()["id"].to_list()
    assert len(ids) == len(set(ids))
    assert set(acknowledged) <= set(ids)


def test_a_route_is_swapped_under_load_without_a_failed_request(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"))
    bodies = {"r1": bundle(), "r2": bundle(0.5), "r3": bundle(1.0)}
    scores = {name: Predictor.load(body).predict(pl.DataFrame([row(0)]))["score"][0] for name, body in bodies.items()}
    found: list[tuple[int, str, float]] = []
    with Running(here.path) as running:
        done = threading.Event()

        def load() -> None:
            with httpx.Client(base_url=running.told["url"], timeout=10) as client:
                while not done.is_set():
                    response = client.post("/predict", json={"rows": [row(0)], "dry_run": True})
                    body = response.json()
                    found.append((response.status_code, body["release"], body["predictions"][0]["score"]))

        lanes = [threading.Thread(target=load) for _ in range(2)]
        for lane in lanes:
            lane.start()
        for generation, name in enumerate(("r2", "r3", "r1"), 2):
            here.deploy(bodies[name], route(name, generation=generation))
            wait_for(lambda name=name: bool(found) and found[-1][1] == name)  # type: ignore[misc]
        done.set()
        for lane in lanes:
            lane.join()
    assert {status for status, _, _ in found} == {200}
    assert {(release, score) for _, release, score in found} == set(scores.items())


def test_a_route_that_cannot_be_loaded_leaves_the_old_one_serving(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"))
    good = here.path.read_bytes()
    with Running(here.path) as running:
        here.path.write_bytes(
            good.replace(b'"generation":1', b'"generation":2').replace(b'"release":"r1"', b'"release":"r2"')
        )
        wait_for(lambda: "problem" in running.client.get("/health/ready").json())  # it names a release without a bundle
        assert running.client.get("/health/ready").json()["generation"] == 1
        assert running.predict(row(0)).json()["release"] == "r1"
        broken = bundle_path(here.path, "00" * 32)
        broken.write_bytes(b"junk")
        here.path.write_bytes(good.replace(here.serving.bundle.encode(), b"00" * 32))
        wait_for(lambda: "digest" in running.client.get("/health/ready").json()["problem"])
        assert running.predict(row(1)).json()["release"] == "r1"
        here.deploy(bundle(0.7), route("r3", generation=3))
        wait_for(lambda: running.client.get("/health/ready").json()["generation"] == 3)
        assert "problem" not in running.client.get("/health/ready").json()


def test_a_port_in_use_and_a_missing_release_are_named(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        running = Running(here.path, port=port)
        assert running.told["problem"] == f"port {port} is in use"
        assert f"--port {port + 1}" in running.told["mend"]
        assert running.end() == 3
    running = Running(tmp_path / "elsewhere" / "route.json")
    assert running.told["problem"] == "nothing is deployed here"
    assert running.end() == 2


def test_an_overloaded_service_says_when_to_come_back(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"), in_flight=0)
    with Running(here.path) as running:
        response = running.predict(row(0))
        assert problem(response, 503)["detail"] == "The service is overloaded."
        assert response.headers["retry-after"] == "1"


def test_workers_do_not_outlive_who_started_them(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"))
    with Running(here.path, workers=2) as running:
        assert running.predict(row(0)).status_code == 200
        running.process.kill()
        wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in running.told["workers"]))
    assert read(here).height == 1


def test_a_stopped_service_leaves_its_log_sealed(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"))
    with Running(here.path, workers=2) as running:
        assert running.predict(row(0)).status_code == 200
        assert running.stop() == 0
    suffixes = {path.suffix for path in (scope_folder(here.root, SCOPE) / "log").iterdir()}
    assert suffixes == {".sealed"}
