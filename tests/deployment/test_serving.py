"""The file that says what serves."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fullcycle.deployment.serving import (
    KEYS,
    PRODUCTION,
    TRUSTED_KEYS,
    bundle_path,
    load_answerer,
    load_predictor,
    papers_path,
    parse_serving,
    read_key,
    read_serving,
    write_serving,
)
from fullcycle.kernel.errors import Corrupt, InputError, OutsideError, TooNew
from fullcycle.kernel.keys import SigningKey, write_trusted
from fullcycle.kernel.record import canonical
from fullcycle.kernel.scope import Scope
from fullcycle.predictor import signature
from fullcycle.predictor.bundle import files as bundle_files
from fullcycle.predictor.signature import pack_papers, unpack_papers

from .bundles import Place, bundle, place, route


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
        parse_serving(canonical(here.serving).replace(b'"version":2', b'"version":99'), place="")
    with pytest.raises(Corrupt):
        parse_serving(canonical(here.serving)[:-9], place="")
    (tmp_path / "entity.key").write_bytes(b"")
    with pytest.raises(OutsideError, match="wrong length"):
        read_key(here.path, here.serving)
    (tmp_path / "entity.key").unlink()
    with pytest.raises(OutsideError, match="entity key"):
        read_key(here.path, here.serving)


def sign(here: Place, key: SigningKey, *, papers: bytes = pack_papers({"README.md": b"# A model"})) -> None:
    """Sign what serves, and let the server trust *key*."""
    name = here.serving.bundle
    files = {**bundle_files(bundle_path(here.path, name).read_bytes()), **unpack_papers(papers)}
    envelope = signature.sign(files, "r1", key)
    write_serving(here.path, here.serving, signed={name: (envelope, papers)})
    write_trusted(here.path.parent / KEYS, [key.public("ann")])


def test_a_server_with_trusted_keys_loads_only_what_they_have_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, key = place(tmp_path, bundle(), route("r1")), SigningKey.generate()
    sign(here, key)
    assert load_predictor(here.path, here.serving).signer == "ann"
    here.deploy(bundle(2.0), route("r2"))
    with pytest.raises(OutsideError, match="cannot read the signature"):
        load_predictor(here.path, here.serving)
    sign(here, key)
    papers_path(here.path, here.serving.bundle).write_bytes(pack_papers({"README.md": b"# Another"}))
    with pytest.raises(Corrupt, match=r"README\.md"):
        load_predictor(here.path, here.serving)
    sign(here, key)
    write_trusted(tmp_path / "other.json", [SigningKey.generate().public("bob")])
    monkeypatch.setenv(TRUSTED_KEYS, str(tmp_path / "other.json"))  # a server may hold its list elsewhere
    with pytest.raises(Corrupt, match="not trusted"):
        load_predictor(here.path, here.serving)


def test_production_asks_for_a_signature(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"))
    live = msgspec.structs.replace(here.serving, scope=Scope(project="late-flights", environment=PRODUCTION))
    with pytest.raises(OutsideError, match="signature"):
        load_predictor(here.path, live)
    sign(here, SigningKey.generate())
    assert load_predictor(here.path, live).signer == "ann"
    (tmp_path / KEYS).unlink()
    with pytest.raises(OutsideError, match="trusted keys"):
        load_predictor(here.path, live)
