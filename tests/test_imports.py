"""The arrows of the house: imports run one way, and a room reads only the records of the rooms before it."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fullcycle

HOUSE = Path(fullcycle.__file__).parent
ROOT = HOUSE.parent.parent
ROOMS = ("scoping", "data", "development", "deployment", "monitoring", "business")


def imported(path: Path) -> Iterator[str]:
    """Modules that a file names in an import, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wrong_arrows(house: Path) -> list[str]:
    """Imports by which a room reads more of an earlier room than its records."""
    wrong = []
    for place, room in enumerate(ROOMS):
        for path in sorted((house / room).rglob("*.py")):
            for name in imported(path):
                parts = name.split(".")
                if parts[0] == "fullcycle" and parts[1:2] and parts[1] in ROOMS[:place] and parts[2:3] != ["records"]:
                    wrong.append(f"{path.relative_to(house)}: {name}")
    return wrong


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter on the package in *folder*, with the contract of pyproject.toml."""
    command = [
        str(Path(sys.executable).parent / "lint-imports"),
        "--no-cache",
        "--config",
        str(folder / "pyproject.toml"),
    ]
    env = {"PYTHONPATH": str(folder / "src"), "PATH": ""}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def copy_of_the_house(folder: Path) -> Path:
    shutil.copytree(HOUSE, folder / "src" / "fullcycle", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder / "src" / "fullcycle"


def test_a_room_reads_only_the_records_of_earlier_rooms() -> None:
    assert all(any((HOUSE / room).rglob("*.py")) for room in ROOMS)
    assert wrong_arrows(HOUSE) == []


def test_imports_run_one_way(tmp_path: Path) -> None:
    copy_of_the_house(tmp_path)
    found = lint(tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "1 kept, 0 broken" in found.stdout


def test_an_arrow_that_runs_backwards_is_found(tmp_path: Path) -> None:
    house = copy_of_the_house(tmp_path)
    (house / "kernel" / "backwards.py").write_text("from fullcycle.loop import stages\n")
    found = lint(tmp_path)
    assert found.returncode == 1
    assert "fullcycle.kernel.backwards -> fullcycle.loop" in found.stdout


def test_reading_more_than_the_records_is_found(tmp_path: Path) -> None:
    house = copy_of_the_house(tmp_path)
    (house / "business" / "nosy.py").write_text("from fullcycle.data.split import boundaries\n")
    assert wrong_arrows(house) == ["business/nosy.py: fullcycle.data.split.boundaries"]
