"""The file that says what serves."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fullcycle.deployment.serving import (
    bundle_path,
    load_answerer,
    load_predictor,
    parse_serving,
    read_key,
    read_serving,
    write_serving,
)
from fullcycle.kernel.errors import Corrupt, InputError, OutsideError, TooNew
from fullcycle.kernel.record import canonical

from .bundles import bundle, place, route


def test_what_is_written_is_read_and_serves(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"))
    assert read_serving(here.path) == here.serving
    assert load_answerer(here.path, here.serving).predictor.digest == here.serving.bundle


def test_a_bundle_that_was_changed_is_refused(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"))
    bundle_path(here.path, here.serving.bundle).write_bytes(bundle(2.0))
    with pytest.raises(Corrupt, match="does not match its digest"):
        load_predictor(here.path, here.serving)


def test_a_route_without_its_bundle_is_not_written(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"))
    other = msgspec.structs.replace(here.serving, bundles={"r2": "00" * 32})
    with pytest.raises(InputError, match="not there"):
        write_serving(here.path, other)
    assert read_serving(here.path) == here.serving


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"))
    with pytest.raises(InputError, match="nothing is deployed"):
        read_serving(tmp_path / "elsewhere" / "route.json")
    with pytest.raises(TooNew):
        parse_serving(canonical(here.serving).replace(b'"version":2', b'"version":3'), place="")
    with pytest.raises(Corrupt):
        parse_serving(canonical(here.serving)[:-9], place="")
    (tmp_path / "entity.key").write_bytes(b"")
    with pytest.raises(OutsideError, match="wrong length"):
        read_key(here.path, here.serving)
    (tmp_path / "entity.key").unlink()
    with pytest.raises(OutsideError, match="entity key"):
        read_key(here.path, here.serving)
