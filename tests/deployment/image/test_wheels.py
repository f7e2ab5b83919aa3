"""Wheels that go into an image."""

from __future__ import annotations

import base64
import csv
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fullcycle.deployment.image import wheels
from fullcycle.deployment.image.wheels import fetch, locked, own_wheel
from fullcycle.kernel.errors import OutsideError


def test_our_own_wheel_is_the_same_each_time_and_lists_what_it_holds(tmp_path: Path) -> None:
    one, other = own_wheel(tmp_path / "one"), own_wheel(tmp_path / "other")
    assert one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as archive:
        names = archive.namelist()
        record = next(name for name in names if name.endswith(".dist-info/RECORD"))
        rows = list(csv.reader(archive.read(record).decode().splitlines()))
        assert [row[0] for row in rows] == names
        for name, told, size in rows[:-1]:
            body = archive.read(name)
            digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
            assert (told, size) == (f"sha256={digest}", str(len(body)))


def test_our_own_wheel_runs_from_where_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(own_wheel(tmp_path)) as archive:
        archive.extractall(tmp_path / "site")
    code = "import fullcycle, importlib.metadata as m; print(fullcycle.__file__, m.version('fullcycle'))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "site", capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith(str(tmp_path / "site"))


def test_another_byte_is_another_lock(tmp_path: Path) -> None:
    wheel = tmp_path / "a_b-1.0-py3-none-any.whl"
    wheel.write_bytes(b"1")
    before = locked([wheel])
    wheel.write_bytes(b"2")
    assert locked([wheel]) != before


def test_a_library_that_the_index_does_not_have_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(OutsideError, match="could not be fetched"):
        fetch({"no-such-library": "1.0"}, tmp_path, machine="x86_64", python="3.11")


def test_without_pip_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(wheels.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutsideError, match="ensurepip"):
        fetch({"click": "8.2"}, tmp_path, machine="x86_64", python="3.11")
