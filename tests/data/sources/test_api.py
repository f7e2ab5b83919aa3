"""Paged JSON APIs, from a real HTTP server on this machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fullcycle.data.sources import exchange
from fullcycle.data.sources.read import read
from fullcycle.data.sources.reading import Reading, whole
from fullcycle.data.sources.settings import Pages, Source
from fullcycle.kernel.errors import InputError, OutsideError

ROWS = [{"id": number, "to": {"city": f"c{number}"}} for number in range(7)]

Reply = tuple[int, dict[str, str], Any]
"""Status, headers and body; what is no bytes is sent as JSON."""


class Server:
    """Answers as *routes* say: by path, a function of the query and of how often the path was asked for before."""

    def __init__(self) -> None:
        self.routes: dict[str, Callable[[dict[str, str], int], Reply]] = {}
        self.asked: list[tuple[float, str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                before = sum(path.partition("?")[0] == parts.path for _, path, _ in outer.asked)
                outer.asked.append((time.monotonic(), self.path, self.headers.get("Authorization")))
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                status, headers, body = outer.routes[parts.path](query, before)
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that gave up
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(exchange, "PAUSE", 0.01)
    running = Server()
    yield running
    running.close()


def source(address: str, pages: Pages | None = None, **how: Any) -> Source:
    return Source(name="orders", location=address, pages=pages or Pages(), **how)


def rows(reading: Reading) -> list[dict[str, Any]]:
    return whole(reading).to_dicts()


FLAT = [{"id": row["id"], "to.city": row["to"]["city"]} for row in ROWS]  # type: ignore[index]


# --- three ways to page, and a fourth


def test_pages_follow_the_next_link(server: Server, tmp_path: Path) -> None:
    def answer(query: dict[str, str], _: int) -> Reply:
        start = int(query.get("from", 0))
        link = f"/orders?from={start + 3}" if start + 3 < len(ROWS) else None
        return 200, {}, {"data": {"items": ROWS[start : start + 3]}, "paging": {"next": link}}

    server.routes["/orders"] = answer
    reading = read(source(f"{server.address}/orders", Pages(rows="data.items", next="paging.next")), tmp_path)
    assert rows(reading) == rows(reading) == FLAT
    assert [path for _, path, _ in server.asked] == ["/orders", "/orders?from=3", "/orders?from=6"]


def test_pages_follow_the_link_header(server: Server, tmp_path: Path) -> None:
    def answer(query: dict[str, str], _: int) -> Reply:
        page = int(query.get("page", 1))
        links = [f'<{server.address}/orders?page=1>; rel="first"']
        if page < 3:
            links.append(f'<{server.address}/orders?page={page + 1}>; title="a, b"; rel="next"')
        return 200, {"Link": ", ".join(links)}, ROWS[3 * page - 3 : 3 * page]

    server.routes["/orders"] = answer
    assert rows(read(source(f"{server.address}/orders"), tmp_path)) == FLAT


def test_pages_follow_the_cursor(server: Server, tmp_path: Path) -> None:
    def answer(query: dict[str, str], _: int) -> Reply:
        start = int(query.get("after", "c0").removeprefix("c"))
        more = {"cursor": f"c{start + 3}"} if start + 3 < len(ROWS) else {}
        return 200, {}, {"items": ROWS[start : start + 3], "meta": {"size": 3, **more}}

    server.routes["/orders"] = answer
    pages = Pages(rows="items", cursor="meta.cursor", parameter="after")
    assert rows(read(source(f"{server.address}/orders?size=3", pages), tmp_path)) == FLAT
    assert [path for _, path, _ in server.asked][1:] == ["/orders?size=3&after=c3", "/orders?size=3&after=c6"]


@pytest.mark.parametrize("end", ["an empty page", "404"])
def test_pages_are_counted(server: Server, tmp_path: Path, end: str) -> None:
    def answer(query: dict[str, str], _: int) -> Reply:
        start = 3 * int(query["page"])
        return (404, {}, {}) if end == "404" and start >= len(ROWS) else (200, {}, ROWS[start : start + 3])

    server.routes["/orders"] = answer
    pages = Pages(parameter="page", first=0)
    assert rows(read(source(f"{server.address}/orders", pages), tmp_path)) == FLAT


def test_the_size_of_a_page_does_not_change_what_was_read(server: Server, tmp_path: Path) -> None:
    def answer(query: dict[str, str], _: int) -> Reply:
        size = int(query["size"])
        start = size * (int(query["page"]) - 1)
        return 200, {}, ROWS[start : start + size]

    server.routes["/orders"] = answer
    readings = [
        read(source(f"{server.address}/orders?size={size}", Pages(parameter="page")), tmp_path) for size in (2, 5)
    ]
    assert readings[0].fingerprint == readings[1].fingerprint
    ROWS[0]["id"] = 100
    try:
        changed = read(source(f"{server.address}/orders?size=5", Pages(parameter="page")), tmp_path)
    finally:
        ROWS[0]["id"] = 0
    assert changed.fingerprint != readings[0].fingerprint


# --- what stands in a row


def test_records_may_differ(server: Server, tmp_path: Path) -> None:
    body = [
        {"id": 1, "tags": ["a", 2], "price": 3},
        {"id": 2, "price": 2.5, "gift": True},
        "maintenance at noon",
        {"id": "x3", "price": None},
    ]
    server.routes["/orders"] = lambda *_: (200, {}, body)
    reading = read(source(f"{server.address}/orders"), tmp_path)
    assert rows(reading) == [
        {"gift": None, "id": "1", "price": 3.0, "tags": '["a",2]'},
        {"gift": True, "id": "2", "price": 2.5, "tags": None},
        {"gift": None, "id": "x3", "price": None, "tags": None},
    ]
    assert reading.broken().rows() == [("orders", 3, '"maintenance at noon"', "not a JSON object")]


# --- what may pass


def test_it_waits_as_long_as_the_server_says(server: Server, tmp_path: Path) -> None:
    busy = (429, {"Retry-After": "1"}, {})
    server.routes["/orders"] = lambda _, before: (200, {}, ROWS) if before else busy
    assert rows(read(source(f"{server.address}/orders"), tmp_path)) == FLAT
    first, second = (at for at, _, _ in server.asked)
    assert second - first >= 1


def test_it_does_not_wait_for_an_hour(server: Server, tmp_path: Path) -> None:
    server.routes["/orders"] = lambda *_: (429, {"Retry-After": "3600"}, {})
    with pytest.raises(
        OutsideError, match=r"no more requests: found '429 Too Many Requests'.* try again in 3600 seconds"
    ):
        read(source(f"{server.address}/orders"), tmp_path)
    assert len(server.asked) == 1


def test_a_failure_may_pass(server: Server, tmp_path: Path) -> None:
    server.routes["/orders"] = lambda _, before: (200, {}, ROWS) if before == 2 else (500, {}, {})
    assert rows(read(source(f"{server.address}/orders"), tmp_path)) == FLAT


def test_a_failure_that_stays_is_told(server: Server, tmp_path: Path) -> None:
    server.routes["/orders"] = lambda *_: (503, {}, {})
    with pytest.raises(OutsideError, match="/orders, page 1: the server answers with an error: found '503"):
        read(source(f"{server.address}/orders"), tmp_path)
    assert len(server.asked) == exchange.ATTEMPTS + 1


def test_a_server_that_is_slow_is_given_up(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "ATTEMPTS", 1)
    released = threading.Event()
    server.routes["/orders"] = lambda *_: (200, {}, ROWS if released.wait(10) else [])
    with pytest.raises(OutsideError, match="does not answer within 100ms"):
        read(source(f"{server.address}/orders?key=s3cret", timeout="100ms"), tmp_path)
    released.set()


def test_no_more_requests_than_allowed(server: Server, tmp_path: Path) -> None:
    server.routes["/orders"] = lambda query, _: (200, {}, ROWS[int(query["page"]) : int(query["page"]) + 1])
    read(source(f"{server.address}/orders", Pages(parameter="page", rate=50)), tmp_path)
    times = [at for at, _, _ in server.asked]
    assert times[-1] - times[0] >= (len(times) - 2) / 50


# --- what is wrong


def test_the_token_is_sent_and_a_wrong_one_named(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERS_TOKEN", "s3cret")
    server.routes["/orders"] = lambda *_: (200 if server.asked[-1][2] == "Bearer s3cret" else 401, {}, ROWS)
    asked = source(f"{server.address}/orders", token="${ORDERS_TOKEN}")
    assert rows(read(asked, tmp_path)) == FLAT
    monkeypatch.setenv("ORDERS_TOKEN", "wr0ng")
    with pytest.raises(InputError, match="the server refuses access: found '401 Unauthorized'") as refused:
        read(asked, tmp_path)
    assert "wr0ng" not in str(refused.value)


def test_no_secret_of_the_address_is_shown(server: Server, tmp_path: Path) -> None:
    server.routes["/orders"] = lambda *_: (200, {}, {"error": "none"})
    with pytest.raises(InputError) as refused:
        read(source(f"{server.address}/orders?api_key=s3cret"), tmp_path)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("body", "type_", "message"),
    [
        (b"<!DOCTYPE html><html><title>Sign in</title>", "text/html", "a web page, not data: found 'HTML, Sign in'"),
        (b"id,city\n1,Bonn\n", "text/csv", "not JSON: found '15 bytes of text/csv'"),
        (b"", "application/json", "not JSON: found 'nothing'"),
        (
            b'{"data": [], "page": 1}',
            "application/json",
            r"no list of rows: found 'an object of data, page'.*rows = 'data'",
        ),
        (b"[]", "application/json", "the API gives no rows"),
        (b"[1, 2]", "application/json", "no row of the API is an object"),
    ],
)
def test_another_answer_is_told(server: Server, tmp_path: Path, body: bytes, type_: str, message: str) -> None:
    server.routes["/orders"] = lambda *_: (200, {"Content-Type": type_}, body)
    with pytest.raises(InputError, match=message):
        read(source(f"{server.address}/orders"), tmp_path)


def test_nothing_at_the_address(server: Server, tmp_path: Path) -> None:
    server.routes["/orders"] = lambda *_: (404, {}, {})
    with pytest.raises(InputError, match="nothing is at the address"):
        read(source(f"{server.address}/orders", Pages(parameter="page")), tmp_path)


@pytest.mark.parametrize(
    ("pages", "message"),
    [
        (Pages(rows="itms", next="paging.next"), "there is no 'itms'.* did you mean 'items'"),
        (Pages(rows="items", next="pagin.next"), "there is no 'pagin'.* did you mean 'paging'"),
        (Pages(rows="items", next="items"), "'items' is no next: found 'a list of 7'"),
        (Pages(rows="items", next="paging.next", parameter="page"), "'next' of pages stands alone"),
        (Pages(rows="items", cursor="paging.next"), "needs the query parameter"),
    ],
)
def test_pages_that_do_not_fit_the_answer(server: Server, tmp_path: Path, pages: Pages, message: str) -> None:
    server.routes["/orders"] = lambda *_: (200, {}, {"items": ROWS, "paging": {"next": None}})
    with pytest.raises(InputError, match=message):
        read(source(f"{server.address}/orders", pages), tmp_path)


# --- it comes to an end


def test_a_page_that_repeats(server: Server, tmp_path: Path) -> None:
    server.routes["/orders"] = lambda *_: (200, {}, ROWS)  # it does not know the parameter
    with pytest.raises(InputError, match="page 2: a page holds the same rows as an earlier one"):
        read(source(f"{server.address}/orders", Pages(parameter="pge")), tmp_path)


def test_links_that_lead_back(server: Server, tmp_path: Path) -> None:
    def answer(query: dict[str, str], before: int) -> Reply:
        return 200, {}, {"rows": [{"id": before}], "next": f"/orders?page={(before + 1) % 3}"}

    server.routes["/orders"] = answer
    with pytest.raises(InputError, match="round in a circle"):
        read(source(f"{server.address}/orders?page=0", Pages(rows="rows", next="next")), tmp_path)


def test_pages_that_stay_empty(server: Server, tmp_path: Path) -> None:
    server.routes["/orders"] = lambda _, before: (200, {}, {"rows": [], "next": f"/orders?page={before}"})
    with pytest.raises(InputError, match="51 pages in a row hold no row"):
        read(source(f"{server.address}/orders", Pages(rows="rows", next="next")), tmp_path)


def test_another_host_gets_nothing(server: Server, tmp_path: Path) -> None:
    server.routes["/orders"] = lambda *_: (200, {}, {"rows": ROWS, "next": "http://169.254.169.254/latest?key=s3cret"})
    with pytest.raises(InputError, match=r"another host: found 'http://169.254.169.254', expected 127.0.0.1"):
        read(source(f"{server.address}/orders", Pages(rows="rows", next="next")), tmp_path)


def test_a_proxy_may_garble_scheme_and_port(server: Server, tmp_path: Path) -> None:
    def answer(query: dict[str, str], _: int) -> Reply:
        return (
            200,
            {},
            {"rows": [{"page": query.get("page")}], **({} if query else {"next": "https://127.0.0.1/orders?page=2"})},
        )

    server.routes["/orders"] = answer
    reading = read(source(f"{server.address}/orders", Pages(rows="rows", next="next")), tmp_path)
    assert rows(reading) == [{"page": None}, {"page": "2"}]
