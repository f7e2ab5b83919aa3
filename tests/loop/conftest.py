"""A shop whose model is small and quick to make."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import fullcycle as fc
from shop import orders, write_shop

QUICK = """
[development.evaluation]
learning_curve = false
slices = false
robustness = false
explanations = false
label_errors = false
"""


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in ``live`` with a model of two trials."""
    rows = orders(days=80, per_day=25)
    folder = write_shop(
        tmp_path_factory.mktemp("quick") / "shop", rows, timeline="live", learners='["linear"]', trials=3
    )
    toml = folder / "cycle.toml"
    toml.write_text(toml.read_text() + QUICK)
    project = fc.open_project(folder, workers=1)
    project.develop()
    return folder


@pytest.fixture
def shop(quick: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(quick, tmp_path / "shop"))
