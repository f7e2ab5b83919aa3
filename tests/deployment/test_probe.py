"""Measured findings: in a process of their own, against the charter's limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from fullcycle.deployment.probe import probe
from fullcycle.kernel.errors import OutsideError
from fullcycle.kernel.finding import failed
from fullcycle.scoping.settings import Limits

from .bundles import bundle


def test_a_bundle_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle())
    found = probe(path, Limits(latency_p99="5s", memory="4GiB", bundle="1B"))
    assert [one.check for one in found] == ["latency_p99", "memory", "bundle"]
    assert [one.check for one in failed(found)] == ["bundle"]
    latency, memory, size = (one.value or 0.0 for one in found)
    assert 0 < latency < 5
    assert memory > 10_000_000
    assert size == path.stat().st_size


def test_what_cannot_be_measured_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(b"junk")
    with pytest.raises(OutsideError, match="not a readable archive"):
        probe(path, Limits())
