"""``fullcycle key``, and what a release is signed with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Cli
from fullcycle import open_project
from fullcycle.deployment.serving import load_predictor, read_serving
from fullcycle.deployment.supply_chain.requirements import locked
from fullcycle.kernel.errors import Corrupt
from fullcycle.kernel.keys import SigningKey
from fullcycle.predictor import signature


@pytest.fixture
def at(released: Path, tmp_path: Path) -> Path:
    """A copy of a project whose release serves."""
    return Path(shutil.copytree(released, tmp_path / "shop"))


def exported(at: Path, here: Cli, folder: Path) -> Path:
    return Path(here("export", "bundle", folder, "--json", at=at).json["files"][0]).parent


def test_what_serves_is_signed_with_its_papers(at: Path, here: Cli, tmp_path: Path) -> None:
    (key,) = here("key", "list", "--json", at=at).json["keys"]
    path = open_project(at).folder.serving_path
    assert load_predictor(path, read_serving(path)).signer == key["name"]
    folder = exported(at, here, tmp_path / "out")
    files = {it.name: it.read_bytes() for it in folder.iterdir() if it.name != signature.FILE}
    envelope = (folder / signature.FILE).read_bytes()
    keys = [SigningKey.read(at / ".fullcycle" / "keys" / "dev.pem").public(key["name"])]
    assert signature.verify(files, envelope, keys).id == key["id"]
    assert files["README.md"].startswith(b"---\n")
    assert set(signature.PAPERS) | {"schema.json", "charter.json", "golden.json"} <= set(files)


def test_the_bill_of_materials_is_valid_and_tells_the_figures(at: Path, here: Cli, tmp_path: Path) -> None:
    schema = pytest.importorskip("cyclonedx.schema", reason="pip install 'cyclonedx-python-lib[json-validation]'")
    from cyclonedx.validation.json import JsonStrictValidator

    text = (exported(at, here, tmp_path) / "sbom.cdx.json").read_text()
    assert JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(text) is None
    assert (
        JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(text.replace('"library"', '"libary"')) is not None
    )
    found: dict[str, Any] = json.loads(text)
    project = open_project(at)
    model = project.current.model
    assert model is not None
    card = found["metadata"]["component"]["modelCard"]
    told = {it["type"]: it["value"] for it in card["quantitativeAnalysis"]["performanceMetrics"]}
    assert told == {name: str(it.point) for name, it in model.figures.items()}
    assert {it["name"]: it["version"] for it in found["components"]} == {it.name: it.version for it in locked()}
    named = {it["value"] for it in found["metadata"]["component"]["properties"]}
    assert model.id in named


def test_the_provenance_names_what_the_release_was_made_of(at: Path, here: Cli, tmp_path: Path) -> None:
    found = json.loads((exported(at, here, tmp_path) / "provenance.json").read_text())
    release = open_project(at).current.release
    assert release is not None
    assert {it["digest"]["sha256"] for it in found["subject"]} == {release.bundle, release.id}
    build = found["predicate"]["buildDefinition"]
    materials = {it["name"]: it["digest"]["sha256"] for it in build["resolvedDependencies"]}
    assert set(materials.values()) == set(release.parents)
    assert build["externalParameters"]["strategy"] == "direct"
    assert found["predicate"]["runDetails"]["metadata"]["invocationId"]


def test_a_revoked_key_serves_nothing_until_another_signs(at: Path, here: Cli) -> None:
    project = open_project(at)
    release, path = project.current.release, project.folder.serving_path
    (name,) = [it["name"] for it in here("key", "list", "--json", at=at).json["keys"]]
    here("key", "revoke", name, at=at)
    with pytest.raises(Corrupt, match="not trusted"):
        load_predictor(path, read_serving(path))
    here("deploy", at=at).refused(2, "signing key", "fullcycle key create")
    new = here("key", "create", "--json", at=at).json
    assert here("deploy", at=at).code == 0
    assert load_predictor(path, read_serving(path)).signer == new["name"]
    assert project.current.release == release  # a key changes no id
    here("key", "revoke", name, at=at).refused(2, "unknown trusted key")


def test_keys_from_elsewhere(at: Path, here: Cli, tmp_path: Path) -> None:
    key = SigningKey.generate("ecdsa").public("")
    (tmp_path / "ci.pem").write_text(key.pem)
    said = here("key", "trust", "ci", tmp_path / "ci.pem", "--json", at=at).json
    assert said == {"name": "ci", "id": key.id, "pem": key.pem}
    here("key", "trust", "ci", tmp_path / "ci.pem", at=at).refused(2, "has a key already")
    here("key", "trust", "me", at / ".fullcycle" / "keys" / "dev.pem", at=at).refused(2, "not a public key")
    here("key", "trust", "me", tmp_path / "none.pem", at=at).refused(3, "cannot read the key")
    (tmp_path / "junk.pem").write_bytes(b"\xff" * 20)
    here("key", "trust", "me", tmp_path / "junk.pem", at=at).refused(2, "not a public key")
    listed = json.loads((at / ".fullcycle/serving/dev/live/keys.json").read_text())["keys"]
    assert {it["name"] for it in listed} >= {"ci"}
    assert here("key", "list", "--env", "production", "--json", at=at).json == {"keys": []}
