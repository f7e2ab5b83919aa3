"""Traces and logs of a real service: kept, told to a real OTLP receiver, and read back."""

from __future__ import annotations

import gzip
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fullcycle.deployment.service.json_log import JsonFormatter
from fullcycle.deployment.service.tracing import TRACE, Collector, TraceParent, parse

from .bundles import Running, bundle, place, route, row

TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = {"traceparent": f"00-{TRACE_ID}-{SPAN_ID}-01"}


class Receiver(ThreadingHTTPServer):
    """As much of a collector as receives spans."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiving)
        self.spans: list[tuple[dict[str, Any], Any]] = []


class _Receiving(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        assert self.path == "/v1/traces"
        for one in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = attributes(one.resource)
            self.server.spans += [(resource, span) for scope in one.scope_spans for span in scope.spans]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""


def attributes(of: Any) -> dict[str, Any]:
    return {it.key: getattr(it.value, it.value.WhichOneof("value")) for it in of.attributes}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_spans_of_requests_reach_a_collector(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{receiver.server_port}")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "flights")
    with Running(place(tmp_path, bundle(), route("r1")).path) as running:
        answer = running.client.post("/predict", json={"rows": [row(1)], "dry_run": True}, headers=PARENT)
        own = parse(answer.headers["traceparent"].encode())
        running.client.get("/health/live")
        running.client.get("/guessed")
        assert running.stop() == 0  # what waits is sent before it ends
    by_name = {span.name: (resource, span) for resource, span in receiver.spans}
    assert set(by_name) == {"POST /predict", "GET /health/live", "GET"}
    resource, span = by_name["POST /predict"]
    assert resource["service.name"] == "flights"
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE_ID, SPAN_ID)
    assert own == TraceParent(TRACE_ID, span.span_id.hex(), 1)
    found = attributes(span)
    assert (found["http.response.status_code"], found["fullcycle.release"]) == (200, "r1")
    assert span.end_time_unix_nano > span.start_time_unix_nano
    assert by_name["GET"][1].trace_id.hex() != TRACE_ID


def test_a_trace_is_kept_where_nobody_collects_and_workers_log_json(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"))
    with Running(here.path) as running:
        answer = running.client.get("/health/live", headers=PARENT)
        found = parse(answer.headers["traceparent"].encode())
        assert found is not None
        assert found.trace == TRACE_ID
        assert found.span != SPAN_ID
        assert "traceparent" not in running.client.get("/health/live").headers
        assert "traceparent" not in running.client.get("/health/live", headers={"traceparent": "01-x"}).headers
        here.deploy(bundle(0.5), route("r2", generation=2))
        assert running.process.stderr is not None
        told = json.loads(running.process.stderr.readline())
        assert (told["level"], told["message"]) == ("info", "route 2 serves")


@pytest.mark.parametrize(
    ("header", "good"),
    [
        (f"00-{TRACE_ID}-{SPAN_ID}-00", True),
        (f"cc-{TRACE_ID}-{SPAN_ID}-01-later", True),  # a later version may say more
        (f"00-{TRACE_ID}-{SPAN_ID}-01-more", False),
        (f"ff-{TRACE_ID}-{SPAN_ID}-01", False),
        (f"00-{TRACE_ID}-{'0' * 16}-01", False),
        (f"00-{TRACE_ID.upper()}-{SPAN_ID}-01", False),
        ("", False),
    ],
)
def test_what_is_no_traceparent_is_ignored(header: str, good: bool) -> None:
    assert (parse(header.encode()) is not None) == good


def test_a_log_line_is_json_with_its_trace() -> None:
    token = TRACE.set(TraceParent(TRACE_ID, SPAN_ID, 1))
    try:
        raise ValueError("no\nway")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
        record = logging.LogRecord("fullcycle.x", logging.ERROR, "", 0, "failed: %s", ("é",), info)
        line = JsonFormatter().format(record)
    finally:
        TRACE.reset(token)
    told = json.loads(line)
    assert "\n" not in line
    assert (told["level"], told["message"], told["trace_id"]) == ("error", "failed: é", TRACE_ID)
    assert "ValueError" in told["exception"]


def test_a_collector_without_its_library_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.resources", None)
    assert Collector({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}).tracer is None
    assert "fullcycle[tracing]" in caplog.text
