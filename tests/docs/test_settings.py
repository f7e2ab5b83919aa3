"""The page of settings says what the program says, and the program says something of every setting."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

import fullcycle
from fullcycle.data.settings import ColumnFact
from fullcycle.kernel.settings import table
from fullcycle.project.folder import SECTIONS, Platform

DOCS = Path(fullcycle.__file__).parents[2] / "docs"
TYPES = {**SECTIONS, "platform": Platform, "columns.toml": ColumnFact}


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_settings", DOCS / "generate_settings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current(generator: ModuleType) -> None:
    found = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert found == generator.page(), "run: python docs/generate_settings.py"


@pytest.mark.parametrize("section", TYPES)
def test_every_setting_says_what_it_is(section: str) -> None:
    settings = list(table(TYPES[section]))
    assert settings
    assert [setting.name for setting in settings if not setting.help] == []


def test_the_page_has_a_line_for_every_setting(generator: ModuleType) -> None:
    rows = [line for line in generator.page().splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(list(table(type_))) for type_ in TYPES.values())


def test_names_within_tables_and_lists_are_marked(generator: ModuleType) -> None:
    names = [setting.name for setting in generator.lines(SECTIONS["scoping"])]
    assert {"success.NAME.at_least", "value.NAME.NAME.low", "stakeholders[].standing.until", "risk.class"} <= set(names)
