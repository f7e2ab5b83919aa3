"""Every decision has its page, its line in the list, and the same three parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import fullcycle

ROOT = Path(fullcycle.__file__).parents[2]
FOLDER = ROOT / "docs" / "decisions"
PAGES = sorted(path.name for path in FOLDER.glob("[0-9]*.md"))
LINE = re.compile(r"^\| (\d{4}) \| \[(.+)\]\((.+\.md)\) \|", re.M)


def listed() -> list[tuple[str, str, str]]:
    """Number, title and file of each line of the list."""
    return LINE.findall((FOLDER / "README.md").read_text(encoding="utf-8"))


def test_every_page_is_listed_once_in_order() -> None:
    assert [file for _, _, file in listed()] == PAGES
    assert [number for number, _, _ in listed()] == [f"{place:04}" for place in range(1, len(PAGES) + 1)]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_its_parts_and_fits_a_screen(page: str) -> None:
    text = (FOLDER / page).read_text(encoding="utf-8")
    number, title = next((number, title) for number, title, file in listed() if file == page)
    assert text.startswith(f"# {number} {title}\n")
    assert page.startswith(number)
    assert re.findall(r"^## (.+)$", text, re.M) == ["Context", "Choice", "Rejected"]
    assert len(text.splitlines()) <= 60


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_is_there(page: str) -> None:
    text = (FOLDER / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:src|tests|docs|bench)/[\w/.-]+)`", text)
    assert [path for path in named if not (ROOT / path).exists()] == []
    linked = re.findall(r"\]\(([\w./-]+)\)", text)
    assert [path for path in linked if not (FOLDER / path).exists()] == []
