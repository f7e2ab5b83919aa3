"""The map of the house shows every room, and what the page names is there."""

from __future__ import annotations

import re
from pathlib import Path

import fullcycle

HOUSE = Path(fullcycle.__file__).parent
ROOT = HOUSE.parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_map_shows_every_folder() -> None:
    folders = {path.parent.name for path in HOUSE.glob("*/__init__.py")}
    shown = re.findall(r"^\| `(\w+)` \|", PAGE, re.M)
    assert len(folders) > 10
    assert set(shown) == folders


def test_what_the_page_names_is_there() -> None:
    named = re.findall(r"`([\w./]+/[\w./]*)`", PAGE)
    assert len(named) > 10
    assert [
        path for path in named if not any((base / path).exists() for base in (ROOT, HOUSE, HOUSE / "development"))
    ] == ["development/learners/NAME.py"]


def test_every_make_target_is_explained() -> None:
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert (
        set(targets)
        >= set(re.findall(r"^\| `make ([a-z-]+)` \|", PAGE, re.M))
        >= {"test", "test-slow", "check", "bench"}
    )
