"""Remote files, from a real HTTP server and a real S3 store on this machine."""

from __future__ import annotations

import gzip
import hashlib
import io
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest

import cloud_stores
import object_store
from fullcycle.data.sources.discover import discover
from fullcycle.data.sources.files import parquet
from fullcycle.data.sources.location import resolved, shown
from fullcycle.data.sources.read import read
from fullcycle.data.sources.reading import Reading, whole
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import InputError, OutsideError

CSV = b"a,b\n1,2\n3,4\n"


def source(location: str, **how: object) -> Source:
    return Source(name="rows", location=location, **how)  # type: ignore[arg-type]


# --- addresses


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("data/rows.csv", "data/rows.csv"),
        ("s3://bucket/rows@v2/x.csv", "s3://bucket/rows@v2/x.csv"),
        ("postgresql://ana:s3cret@host:5432/db", "postgresql://ana:***@host:5432/db"),
        ("postgresql://ana:s3/cr@et@host/db", "postgresql://ana:***@host/db"),
        ("https://s3cret@host/rows.csv", "https://***@host/rows.csv"),
        ("https://host/rows.csv?page=3&X-Amz-Signature=s3cret", "https://host/rows.csv?page=3&X-Amz-Signature=***"),
        ("https://host/rows.csv?key=${API_KEY}", "https://host/rows.csv?key=${API_KEY}"),
        ("cannot connect to mysql://ana:s3cret@h/d (timeout)", "cannot connect to mysql://ana:***@h/d (timeout)"),
        ("host=db password=s3cret user=ana", "host=db password=*** user=ana"),
        ('{"token": "s3cret"}', '{"token": ***}'),
    ],
)
def test_no_secret_is_shown(text: str, safe: str) -> None:
    assert shown(text) == safe
    assert shown(safe) == safe


def test_variables_are_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_USER", "ana")
    monkeypatch.setenv("DB_PASSWORD", "p@ss/w:rd")
    address = resolved("postgresql://${DB_USER}:${DB_PASSWORD}@host/db?options=${DB_USER}")
    assert address == "postgresql://ana:p%40ss%2Fw%3Ard@host/db?options=ana"
    monkeypatch.setenv("DB_URL", "postgresql://u:a%40b@host/db")
    assert resolved("${DB_URL}") == "postgresql://u:a%40b@host/db"
    with pytest.raises(InputError, match=r"postgresql://x:\*\*\*@host: the environment variable 'NOT_SET' is not set"):
        resolved("postgresql://x:${NOT_SET}@host")


# --- HTTP


class Handler(BaseHTTPRequestHandler):
    """Answers by the path that is asked for; keeps what it was asked."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str | None]]
    failures: int

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        type(self).seen.append((path, self.headers.get("Authorization")))
        if path == "/slow.csv":
            self.server.released.wait(10)  # type: ignore[attr-defined]
            return
        if path in ("/busy.csv", "/down.csv"):
            type(self).failures += 1
            if path == "/down.csv" or type(self).failures < 2:
                return self.answer(b"later", status=503)
        if path == "/short.csv":
            self.answer(CSV, length=1000)
            self.close_connection = True
            return None
        if path == "/private.csv" and self.headers.get("Authorization") != "Bearer s3cret":
            return self.answer(b"no", status=401)
        if path == "/moved.csv":
            return self.answer(b"", status=302, location="/rows.csv")
        answers = {
            "/rows.csv": (CSV, "text/csv"),
            "/busy.csv": (CSV, "text/csv"),
            "/private.csv": (CSV, "text/csv"),
            "/export": (CSV, "text/csv; charset=utf-8"),
            "/page": (b"<html><title>Please sign in</title></html>", "text/html"),
            "/page.csv": (b"<!doctype html><html><body>oops</body></html>", "text/csv"),
            "/empty.csv": (b"", "text/csv"),
            "/rows.json": (b'[{"a": 1}]', "application/json"),
            "/rows.parquet": (parquet(pl.DataFrame({"a": [1, 2]})), "application/octet-stream"),
        }
        if path not in answers:
            return self.answer(b"nothing", status=404)
        body, type_ = answers[path]
        return self.answer(body, type_=type_)

    def answer(
        self,
        body: bytes,
        *,
        status: int = 200,
        type_: str = "text/plain",
        length: int | None = None,
        location: str = "",
    ) -> None:
        packed = "gzip" in self.headers.get("Accept-Encoding", "") and self.path.endswith("?packed")
        body = gzip.compress(body) if packed else body
        self.send_response(status)
        self.send_header("Content-Type", type_)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    Handler.seen, Handler.failures = [], 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.released = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.released.set()  # type: ignore[attr-defined]
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/rows.csv", "/rows.csv?packed", "/export", "/moved.csv", "/busy.csv"])
def test_a_file_of_a_web_server(tmp_path: Path, server: str, path: str) -> None:
    found = read(source(server + path), tmp_path)
    assert whole(found).rows() == [("1", "2"), ("3", "4")]
    assert found.fingerprint == hashlib.sha256(CSV).hexdigest()


def test_other_formats_of_a_web_server(tmp_path: Path, server: str) -> None:
    assert whole(read(source(server + "/rows.json"), tmp_path)).rows() == [(1,)]
    assert whole(read(source(server + "/rows.parquet"), tmp_path)).rows() == [(1,), (2,)]


def test_the_copy_goes_when_it_is_read_no_more(tmp_path: Path, server: str) -> None:
    found: Reading | None = read(source(server + "/rows.parquet"), tmp_path)
    assert found is not None
    batches = found.batches
    del found
    assert len(list(batches())) == 1
    assert len([file for file in tmp_path.rglob("*") if file.is_file()]) == 1
    del batches
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_a_token_goes_with_the_request_and_is_never_shown(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", "s3cret")
    assert len(whole(read(source(server + "/private.csv", token="${API_TOKEN}"), tmp_path))) == 2
    monkeypatch.setenv("API_TOKEN", "wr0ng")
    for location in (server + "/private.csv", server.replace("//", "//ana:wr0ng@") + "/private.csv?sig=wr0ng"):
        with pytest.raises(InputError, match=r"private\.csv\S*: the server refuses access: found '401 ") as error:
            read(source(location, token="${API_TOKEN}"), tmp_path)
        assert "wr0ng" not in str(error.value)
        assert "token" in error.value.mend


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fullcycle.data.sources.download.ATTEMPTS", 0)
    monkeypatch.setattr("fullcycle.data.sources.remote.ATTEMPTS", 0)


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("/page", InputError, r"/page: this is a web page, not data: found 'HTML, Please sign in'"),
        ("/page.csv", InputError, r"/page\.csv: this is a web page, not data: found 'HTML'"),
        ("/nothing.csv", InputError, r"/nothing\.csv: nothing is at the address: found '404 Not Found'"),
        ("/empty.csv", InputError, r"/empty\.csv: the file is empty"),
        ("/rows.csv/*.csv", InputError, r"nothing is at the address"),
        ("/short.csv", OutsideError, r"/short\.csv: the server broke off within its answer: found 'Connection broken"),
        ("/slow.csv", OutsideError, r"/slow\.csv: the server does not answer within 100ms"),
    ],
)
def test_what_a_web_server_does_wrong(
    tmp_path: Path, server: str, path: str, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words) as error:
        read(source(server + path, timeout="100ms"), tmp_path)
    assert "object at 0x" not in str(error.value)


def test_a_server_that_stays_down_is_asked_again_and_given_up(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("fullcycle.data.sources.download.ATTEMPTS", 2)
    with pytest.raises(OutsideError, match=r"the server answers with an error: found '503 Service Unavailable'"):
        read(source(server + "/down.csv?sig=s3cret"), tmp_path)
    assert Handler.seen == [("/down.csv", None)] * 3
    assert not [entry for entry in caplog.records if entry.levelname != "DEBUG"]


@pytest.mark.usefixtures("once")
def test_nobody_answers(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{held.getsockname()[1]}/rows.csv"
        with pytest.raises(OutsideError, match=r"the server does not answer: found '.*[Cc]onnection refused") as error:
            read(source(address), tmp_path)
    assert "object at 0x" not in str(error.value)


# --- S3


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with object_store.started(tmp_path_factory.mktemp("store")) as address:
        yield address


@pytest.fixture
def bucket(store: str, monkeypatch: pytest.MonkeyPatch) -> str:
    obstore_store = pytest.importorskip("obstore.store")
    for name, value in {**object_store.ACCESS, "AWS_ENDPOINT_URL": store, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    bucket = obstore_store.from_url("s3://bucket", client_options={"allow_http": True})
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    sink = io.BytesIO()
    frame.write_parquet(sink)
    bucket.put("rows/2024-01.parquet", sink.getvalue())
    bucket.put("rows/2024-02.parquet", sink.getvalue())
    bucket.put("rows/_SUCCESS", b"")
    bucket.put("one/rows.csv.gz", gzip.compress(CSV))
    return "s3://bucket"


def test_objects(tmp_path: Path, bucket: str) -> None:
    found = read(source(f"{bucket}/one/rows.csv.gz"), tmp_path)
    assert whole(found).rows() == [("1", "2"), ("3", "4")]
    assert found.fingerprint == hashlib.sha256(CSV).hexdigest()
    for location in (f"{bucket}/rows/*.parquet", f"{bucket}/rows/", f"{bucket}/rows", f"{bucket}/**/2024*"):
        assert whole(read(source(location), tmp_path))["a"].to_list() == [1, 2, 1, 2]
    with pytest.raises(InputError, match=r"bucket/rows/2024-03\.parquet: the object is missing: expected rows/2024-0"):
        read(source(f"{bucket}/rows/2024-03.parquet"), tmp_path)
    for location, words in (
        ("s3://other/*.csv", "nothing is at the address"),
        (f"{bucket}/none", "no object is there"),
    ):
        with pytest.raises(InputError, match=words):
            read(source(location), tmp_path)
    with pytest.raises(InputError, match=r"bucket/none/\*\.csv: no object is there"):
        read(source(f"{bucket}/none/*.csv"), tmp_path)


def test_a_delta_table_in_a_store(tmp_path: Path, bucket: str) -> None:
    from deltalake import write_deltalake

    from fullcycle.data.sources.formats.delta import store_options

    frame = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    write_deltalake(f"{bucket}/delta", frame, storage_options=store_options(), mode="overwrite")
    write_deltalake(str(tmp_path / "delta"), frame)
    found = read(source(f"{bucket}/delta", format="delta"), tmp_path)
    assert read(source(f"{bucket}/delta"), tmp_path).fingerprint == found.fingerprint
    assert whole(found).sort("a").equals(frame)
    assert found.fingerprint == read(source("delta"), tmp_path).fingerprint  # a copy is the same table
    with pytest.raises(InputError, match=r"bucket/none: there is no Delta table"):
        read(source(f"{bucket}/none", format="delta"), tmp_path)


def test_a_store_refuses_the_wrong_secret(tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    for location in (f"{bucket}/one/rows.csv.gz", f"{bucket}/rows/*.parquet"):
        with pytest.raises(InputError, match=r"s3://bucket/\S+: the store refuses access") as error:
            read(source(location), tmp_path)
        assert "AWS_SECRET_ACCESS_KEY" in error.value.mend


@pytest.mark.usefixtures("once")
def test_a_store_that_is_down(tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{held.getsockname()[1]}")
        with pytest.raises(OutsideError, match=r"s3://bucket/one/rows\.csv: the store does not answer"):
            read(source(f"{bucket}/one/rows.csv", timeout="1s"), tmp_path)


# --- Google's and Microsoft's


@pytest.fixture(params=["gs", "az"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    obstore_store = pytest.importorskip("obstore.store")
    start = {"gs": cloud_stores.google, "az": cloud_stores.azure}[request.param]
    with start(tmp_path, "rows") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        bucket = f"{request.param}://rows"
        store = obstore_store.from_url(bucket, client_options={"allow_http": True})
        objects = {f"sales/2024-{month}.parquet": parquet(pl.DataFrame({"a": [1, 2]})) for month in ("01", "02")}
        for name, body in {**objects, "one/rows.csv.gz": gzip.compress(CSV)}.items():
            if request.param == "gs":
                cloud_stores.put_google(environment["GOOGLE_SERVICE_ACCOUNT_KEY"], "rows", name, body)
            else:
                store.put(name, body)
        yield bucket


@pytest.mark.usefixtures("once")
def test_objects_of_other_clouds(elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(source(f"{elsewhere}/one/rows.csv.gz"), tmp_path)
    assert whole(found).rows() == [("1", "2"), ("3", "4")]
    assert found.fingerprint == hashlib.sha256(CSV).hexdigest()
    for location in (f"{elsewhere}/sales/*.parquet", f"{elsewhere}/sales/", f"{elsewhere}/**/2024*"):
        assert whole(read(source(location), tmp_path))["a"].to_list() == [1, 2, 1, 2]
    seen = discover(elsewhere, tmp_path)
    places = {table.location for table in seen.tables}
    assert f"{elsewhere}/one/rows.csv.gz" in places
    assert any(place.startswith(f"{elsewhere}/sales/") and "*" in place for place in places)
    with pytest.raises(InputError, match=r"rows/sales/2024-03\.parquet: the object is missing: expected sales/2024-0"):
        read(source(f"{elsewhere}/sales/2024-03.parquet"), tmp_path)
    with pytest.raises(InputError, match="no object is there"):
        read(source(f"{elsewhere}/none/*.csv"), tmp_path)
    if elsewhere == "az://rows":  # the other one asks for no key
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "d3Jvbmc=")
        with pytest.raises(InputError, match="the store refuses access") as error:
            read(source(f"{elsewhere}/one/rows.csv.gz"), tmp_path)
        assert "AZURE_STORAGE_ACCOUNT_KEY" in error.value.mend
