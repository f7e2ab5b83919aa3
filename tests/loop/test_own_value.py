"""Money by ``@value`` and the same money by the table in cycle.toml: the same records, from the question to the verdict.

Each run is a process, since registries are global.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

import fullcycle as fc
from fullcycle.loop.face import Cycle
from shop import CYCLE, orders, write_shop

LIVE = ("--timeline", "live")
TABLE = """call = { true = { value = 8.35, low = 5, high = 11, source = "service desk" }, false = -2.15 }
leave = { true = 0, false = 0 }"""
BY_TABLE = """call = { true = "choose(price > 100, 0.1 * price, 8.35)", false = { value = -2.15, low = -3, high = -2, source = "desk" } }
leave = { true = 0, false = 0 }"""
BY_CODE = """
import fullcycle as fc

CALLING = {"value": -2.15, "low": -3, "high": -2, "source": "desk"}


@fc.value
def money(action, outcome, row):
    if action == "leave":
        return 0
    return (row.price > 100).choose(0.1 * row.price, 8.35) if outcome else CALLING
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fullcycle.cli", *arguments, "--project", str(folder), "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def told(folder: Path, *arguments: str) -> Any:
    found = run(folder, *arguments)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def shop(folder: Path, table: str = "", code: str = "") -> Path:
    assert TABLE in CYCLE.format(timeline="", retrain="", learners="", trials=0)
    write_shop(folder, orders(days=160), learners='["linear"]', trials=1, retrain="never")
    path = folder / "cycle.toml"
    path.write_text(path.read_text().replace(TABLE, table))
    if code:
        (folder / "cycle.py").write_text(code)
    return folder


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cycle, Cycle]:
    made = tmp_path_factory.mktemp("by")
    by_table, by_code = shop(made / "table", BY_TABLE), shop(made / "code", code=BY_CODE)
    for folder in (by_table, by_code):
        told(folder, "replay", "--from", "2024-04-10", "--to", "2024-05-15")
    return fc.open_project(by_table).current, fc.open_project(by_code).current


def test_the_charter_holds_the_table(both: tuple[Cycle, Cycle]) -> None:
    by_table, by_code = both
    assert by_code.charter is not None
    assert by_table.charter is not None
    assert by_code.charter.values == by_table.charter.values
    cells = by_code.charter.values.cells
    assert cells["call"]["true"].expression == "choose(price > 100, 0.1 * price, 8.35)"
    assert (cells["call"]["false"].low, cells["leave"]["true"].value) == (-3, 0)


def test_every_record_says_the_same_but_for_the_code_that_a_model_names(both: tuple[Cycle, Cycle]) -> None:
    by_table, by_code = both
    assert None not in by_code
    assert (by_code.charter, by_code.dataset) == (by_table.charter, by_table.dataset)
    assert by_code.model is not None
    assert by_code.model.code
    assert msgspec.structs.replace(by_code.model, code="") == by_table.model
    assert by_code.health is not None
    assert by_table.health is not None
    assert by_code.health.findings == by_table.health.findings
    assert by_code.verdict is not None
    assert by_table.verdict is not None
    assert by_code.verdict.account == by_table.verdict.account
    assert by_code.verdict.account is not None
    assert by_code.verdict.account.model != 0


def test_the_charter_changes_with_the_money_and_not_with_the_file(tmp_path: Path) -> None:
    folder = shop(tmp_path, code=BY_CODE)

    def scoped(text: str) -> Any:
        (folder / "cycle.py").write_text(text)
        told(folder, "scope", *LIVE)
        return told(folder, "show", "charter", *LIVE)

    first = scoped(BY_CODE)
    assert scoped("# a comment\n" + BY_CODE + "\n\n@fc.feature\ndef dear(c):\n    return 'price > 100'\n") == first
    dearer = scoped(BY_CODE.replace("-2.15", "-2.5"))
    assert dearer["id"] != first["id"]
    assert dearer["record"]["values"]["cells"]["call"]["false"]["value"] == "-2.5"


def test_classes_come_from_the_past(tmp_path: Path) -> None:
    code = "import fullcycle as fc\n\n\n@fc.value\ndef money(action, outcome, row):\n"
    folder = shop(tmp_path, code=code + "    return row.price / 10 if outcome == action else -len(outcome)\n")
    path = folder / "cycle.toml"
    text = path.read_text().replace('"binary"', '"multiclass"').replace('target = "returned"', 'target = "category"')
    text = text.replace('["call", "leave"]', '["shoes", "toys"]').replace(
        'expression = "price > 90"', 'always = "toys"'
    )
    head, rest = text.split("[scoping.success]")
    path.write_text(head + "[scoping.resources]" + rest.split("[scoping.resources]")[1])
    columns = folder / "columns.toml"
    columns.write_text(
        columns.read_text().replace('category = { type = "category"', 'category = { type = "category", known = "after"')
    )
    told(folder, "scope", *LIVE)
    values = told(folder, "show", "charter", *LIVE)["record"]["values"]
    assert values["classes"] == ["books", "coats", "shoes", "toys"]
    assert values["cells"]["shoes"]["shoes"]["expression"] == "price / 10"
    assert values["cells"]["toys"]["books"]["value"] == "-5"


@pytest.mark.parametrize(
    ("table", "code", "words"),
    [
        (BY_TABLE, BY_CODE, ("cycle.toml, [scoping.value]; cycle.py:7", "one of the two")),
        (
            "",
            BY_CODE.replace("return 0\n", "return 1 / 0\n"),
            ("cycle.py:10, money('leave', True)", "division by zero"),
        ),
        (
            "",
            BY_CODE.replace("    return (row", "    if row.price > 9:\n        pass\n    return (row"),
            ("cycle.py:11", "choose"),
        ),
        (
            "",
            BY_CODE + BY_CODE[BY_CODE.index("\n\n@") :],
            ("cycle.py:14", "two functions say what decisions are worth"),
        ),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, table: str, code: str, words: tuple[str, ...]) -> None:
    found = run(shop(tmp_path, table, code), "scope", *LIVE)
    assert found.returncode == 2, found.stderr
    assert [word for word in words if word not in found.stderr] == []
