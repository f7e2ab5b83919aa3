"""The scripts of a workflow, run on a project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.conftest import Cli


@pytest.fixture
def shop(tmp_path: Path, released: Path, here: Cli) -> Path:
    """A copy of a project that serves, with a workflow."""
    folder = Path(shutil.copytree(released, tmp_path / "shop"))
    assert here("export", "github", ".", at=folder).code == 0
    return folder


def bash(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path} | environment
    return subprocess.run(
        ["bash", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_cycle_goes_on_where_the_gates_pass(shop: Path) -> None:
    done = bash(shop, "ci/cycle.sh")
    assert done.returncode == 0, done.stderr
    told = (shop / "findings.md").read_text()
    assert told.startswith("### Every gate passed")
    assert "gates" in told


def test_a_failed_gate_stops_it_and_is_told(shop: Path, edit: Callable[[Path, str, str], None]) -> None:
    edit(shop / "cycle.toml", "[scoping.success]", "[scoping.success]\nroc_auc = { at_least = 0.9999 }")
    done = bash(shop, "ci/cycle.sh")
    assert done.returncode == 1, done.stderr
    told = (shop / "findings.md").read_text()
    assert told.startswith("### A gate failed: nothing is released")
    assert "roc_auc" in told
    assert "at least 0.9999" in told


def test_what_a_person_wrote_wrong_is_told(shop: Path, edit: Callable[[Path, str, str], None]) -> None:
    edit(shop / "cycle.toml", "[scoping.success]", "[scoping.sucess]")
    done = bash(shop, "ci/cycle.sh")
    assert done.returncode == 2
    assert "sucess" in (shop / "findings.md").read_text()


def test_keys_come_from_secrets_and_are_trusted_once(shop: Path, here: Cli) -> None:
    keys = {"ENTITY_KEY": "a key of sixteen", "SIGNING_KEY": signing_key()}
    for _ in range(2):
        done = bash(shop, "ci/keys.sh", "staging", **keys)
        assert done.returncode == 0, done.stderr
    assert (shop / ".fullcycle" / "entity.key").read_text() == "a key of sixteen"
    assert (shop / ".fullcycle" / "keys" / "staging.pem").stat().st_mode & 0o077 == 0
    assert [it["name"] for it in here("key", "list", "--env", "staging", "--json", at=shop).json["keys"]] == ["ci"]
    assert bash(shop, "ci/keys.sh", "staging", SIGNING_KEY="no key").returncode != 0


def signing_key() -> str:
    made = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, text=True, check=True)
    return made.stdout


@pytest.mark.slow
def test_a_release_goes_to_staging(shop: Path, here: Cli) -> None:
    done = bash(shop, "ci/release.sh", "staging")
    assert done.returncode == 0, done.stderr
    assert here("status", "--env", "staging", "--json", at=shop).json["route"]["shares"]
    assert (shop / "release" / "image" / "Dockerfile").exists()
    assert (shop / "release" / "chart" / "Chart.yaml").exists()
