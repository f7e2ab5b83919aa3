"""Who may ask: every path is closed without a token that holds, is for it, and has asked not too often."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from fullcycle.deployment.access import FILE, Access, Grant, read_access, write_access
from fullcycle.deployment.service import access
from fullcycle.deployment.service.access import Guard
from fullcycle.deployment.service.problem import Problem
from fullcycle.deployment.service.rate import Rate
from fullcycle.deployment.service.tls import Tls
from fullcycle.kernel.errors import Corrupt, InputError, OutsideError, TooNew
from fullcycle.kernel.record import digest

from .bundles import Place, Running, bundle, place, route, row

Headers = list[tuple[bytes, bytes]]


def grant(token: str, *scopes: str, **options: Any) -> Grant:
    return Grant(name=token, sha256=digest(token.encode()), scopes=scopes or ("predict", "outcome", "read"), **options)


def bearer(token: str, **others: str) -> Headers:
    found = {"authorization": f"Bearer {token}", **{name.replace("_", "-"): text for name, text in others.items()}}
    return [(name.encode(), text.encode()) for name, text in found.items()]


async def no_app(scope: Any, receive: Any, send: Any) -> None:
    pytest.fail("the service was asked")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(access, "EVERY", 0.0)  # look each time
    return tmp_path / FILE


def status(guard: Guard, headers: Headers, method: str = "POST", where: str = "/predict") -> int:
    try:
        guard.check(method, where, headers)
    except Problem as problem:
        return problem.status
    return 200


def test_without_a_token_ever_made_everybody_may(path: Path) -> None:
    guard = Guard(no_app, path)
    assert guard.check("POST", "/predict", []) == ""
    write_access(path, True, [])
    assert status(guard, []) == 401  # and the last one that goes opens nothing
    path.unlink()
    assert status(guard, []) == 401  # nor does the file that is lost


def test_scopes(path: Path) -> None:
    write_access(path, True, [grant("fct_p", "predict"), grant("fct_o", "outcome"), grant("fct_a", "admin")])
    guard = Guard(no_app, path)
    asked = [
        ("POST", "/predict"),
        ("POST", "/outcomes"),
        ("GET", "/metrics"),
        ("POST", "/invocations"),
        ("GET", "/none"),
    ]
    found = {token: [status(guard, bearer(token), *it) for it in asked] for token in ("fct_p", "fct_o", "fct_a")}
    assert found == {
        "fct_p": [200, 403, 403, 200, 403],
        "fct_o": [403, 200, 403, 403, 403],
        "fct_a": [200, 200, 200, 200, 200],
    }
    lives = ("/health/live", "/health/ready", "/ping", "/v2/health/live", "/v2/models/late-flights/ready")
    assert [status(guard, [], "GET", where) for where in lives] == [200] * len(lives)
    assert guard.check("POST", "/predict", bearer("fct_p")) == "fct_p"


@pytest.mark.parametrize(
    "given", [b"", b"fct_p", b"Basic fct_p", b"Bearer", b"Bearer ", b"Bearer fct_x", b"Bearer fct_p fct_p", b"\xff\xfe"]
)
def test_what_is_no_token_is_refused(path: Path, given: bytes) -> None:
    write_access(path, True, [grant("fct_p")])
    assert status(Guard(no_app, path), [(b"authorization", given)]) == 401


def test_a_token_holds_until_it_expires_or_is_revoked(path: Path) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=200)
    write_access(path, True, [grant("fct_p"), grant("fct_q", expires=soon)])
    guard = Guard(no_app, path)
    assert (status(guard, bearer("fct_p")), status(guard, bearer("fct_q"))) == (200, 200)
    write_access(path, True, [grant("fct_q", expires=soon)])
    assert status(guard, bearer("fct_p")) == 401
    time.sleep(0.25)
    assert status(guard, bearer("fct_q")) == 401


def test_a_damaged_file_leaves_what_was_said_before_and_starts_nothing(path: Path) -> None:
    write_access(path, True, [grant("fct_p")])
    guard = Guard(no_app, path)
    for junk, error in ((b"{", Corrupt), (b'{"version":2}', TooNew)):
        path.write_bytes(junk)
        assert (status(guard, bearer("fct_p")), status(guard, [])) == (200, 401)
        with pytest.raises(error):
            Guard(no_app, path)


def test_limits_of_a_token(path: Path) -> None:
    write_access(path, True, [grant("fct_p", rate=0.01, burst=2, largest=10), grant("fct_q")])
    guard, other = Guard(no_app, path), Guard(no_app, path)  # two workers
    assert status(guard, bearer("fct_p", content_length="10")) == 200
    assert status(other, bearer("fct_p", content_length="11")) == 413
    assert status(guard, bearer("fct_p")) == 429
    with pytest.raises(Problem) as refused:
        other.check("POST", "/predict", bearer("fct_p"))
    assert (refused.value.retry_after or 0) > 50
    assert status(guard, bearer("fct_q")) == 200
    write_access(path, True, [grant("fct_r", largest=10)])
    assert status(guard, bearer("fct_r", transfer_encoding="chunked")) == 411


def test_a_rate_is_kept_over_any_time() -> None:
    limit, taken = Rate(100.0, 20), 0
    for step in range(10_000):  # 10 seconds, asked a thousand times each
        taken += limit.wait(50.0 + step / 1000) == 0
    assert taken == 1000 + 19
    assert limit.wait(1.0) == 0  # the machine started anew: its clock too


def test_a_refusal_is_a_problem_document(path: Path) -> None:
    write_access(path, True, [grant("fct_p", "outcome")])
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    counted: list[int] = []
    guard = Guard(no_app, path, refused=counted.append)
    for headers in ([], bearer("fct_x"), bearer("fct_p")):
        scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers}
        asyncio.run(guard(scope, None, send))
    starts = [message for message in sent if message["type"] == "http.response.start"]
    told = [dict(message["headers"])[b"www-authenticate"] for message in starts]
    assert told == [b"Bearer", b'Bearer error="invalid_token"', b'Bearer error="insufficient_scope", scope="predict"']
    assert counted == [401, 401, 403]
    assert b"fct_" not in b"".join(message.get("body", b"") for message in sent)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place(tmp_path_factory.mktemp("closed"), bundle(), route("r1"))


@pytest.fixture(scope="module")
def service(here: Place) -> Iterator[Running]:
    with Running(here.path) as running:
        yield running


def test_a_running_service_closes_and_revokes_within_a_second(here: Place, service: Running) -> None:
    file = here.path.parent / FILE
    file.unlink(missing_ok=True)
    assert service.predict(row()).status_code == 200
    write_access(file, True, [grant("fct_p", "predict")])
    time.sleep(0.5)
    refused = service.predict(row())
    assert (refused.status_code, refused.json()["type"]) == (401, "urn:fullcycle:problem:unauthorized")
    headers = {"Authorization": "Bearer fct_p"}
    asked = {"json": {"rows": [row(1)]}, "headers": headers}
    assert service.client.post("/predict", **asked).status_code == 200
    assert service.client.get("/metrics", headers=headers).status_code == 403
    assert service.client.get("/health/ready").status_code == 200
    write_access(file, True, [])
    time.sleep(0.5)
    assert service.client.post("/predict", **asked).status_code == 401
    assert read_access(file) == Access(closed=True)


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``server`` and ``client``, each with a certificate that vouches for itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives import serialization as to
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("pems")
    for name in ("server", "client"):
        key, who = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.OID_COMMON_NAME, name)])
        made = x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(datetime(2020, 1, 1)).not_valid_after(datetime(2100, 1, 1))
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        (folder / f"{name}.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(to.Encoding.PEM))
        plain = key.private_bytes(to.Encoding.PEM, to.PrivateFormat.PKCS8, to.NoEncryption())
        (folder / f"{name}.key").write_bytes(plain)
    return folder


def test_over_tls_only_clients_with_a_certificate_are_answered(tmp_path: Path, pems: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"))
    files = [str(pems / name) for name in ("server.pem", "server.key", "client.pem")]
    with Running(here.path, tls=files) as running:
        url = running.told["url"].replace("127.0.0.1", "localhost")
        assert url.startswith("https://")
        trusting = ssl.create_default_context(cafile=str(pems / "server.pem"))
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/health/live", verify=trusting)
        trusting.load_cert_chain(pems / "client.pem", pems / "client.key")
        answer = httpx.post(f"{url}/predict", json={"rows": [row()]}, verify=trusting)
        assert answer.status_code == 200, answer.text


def test_certificates_that_do_not_fit_are_refused(pems: Path, tmp_path: Path) -> None:
    server, key, client = (str(pems / name) for name in ("server.pem", "server.key", "client.key"))
    Tls(server, key).check()
    for wrong in (Tls(server), Tls("", key), Tls(server, client), Tls(key, key), Tls(server, key, key)):
        with pytest.raises(InputError):
            wrong.check()
    with pytest.raises(OutsideError):
        Tls(server, str(tmp_path / "none.key")).check()
