"""Behavioural tests are read from settings and files, and a mistake names file, line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from fullcycle.development.behaviours.read import Behaviour, read_behaviours
from fullcycle.development.settings import Development
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.settings import Document


def read(folder: Path, toml: str = "", **files: str) -> tuple[Behaviour, ...]:
    """The tests of a project with this ``cycle.toml`` and these files, by name with an underscore for the dot."""
    for name, text in files.items():
        path = folder / "behaviours" / name.replace("_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (folder / "cycle.toml").write_text(toml)
    document = Document(folder / "cycle.toml")
    return read_behaviours(folder, document, document.section(Development, "development").behaviours)


def test_without_any_there_are_none(tmp_path: Path) -> None:
    assert read(tmp_path) == ()


def test_all_ways_to_write_them(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        toml='[[development.behaviours]]\nname = "far"\nsample = 50\nchange = {x = "x + 1"}\nexpect = "up"\n'
        '[[development.behaviours]]\nfile = "behaviours/loose.csv"\npass_rate = 0.5\n',
        loose_csv="x,test.decision\n1,wait\n\n2,rebook\n",
        pairs_jsonl='{"x": 1, "test.pair": 7}\n{"x": 2, "test.pair": 7, "test.expect": "same"}\n',
        more_toml='[[tests]]\nname = "near"\nrows = [{x = 1.5}]\nat_most = 0.5\nseverity = "warn"\n',
    )
    assert [it.name for it in found] == ["far", "loose", "near", "pairs"]
    far, loose, near, pairs = found
    assert far.test.sample == 50
    assert [(case.place, case.row, case.decision) for case in loose.cases] == [
        ("behaviours/loose.csv:2", {"x": "1"}, "wait"),
        ("behaviours/loose.csv:4", {"x": "2"}, "rebook"),
    ]
    assert loose.test.pass_rate == 0.5
    assert (near.place, near.test.severity, near.cases[0].row) == ("behaviours/more.toml:1", "warn", {"x": 1.5})
    assert [(case.pair, case.expect) for case in pairs.cases] == [("7", None), ("7", "same")]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"a_csv": "x,x\n1,2\n"}, "behaviours/a.csv:1, column 1: two columns"),
        ({"a_csv": "x,test.at_most\n1\n"}, "behaviours/a.csv:2: a row has another number of cells"),
        (
            {"a_csv": "x,test.at_most\n1,many\n"},
            "behaviours/a.csv:2, column 'test.at_most': not a number: found 'many'",
        ),
        ({"a_csv": "x,test.atmost\n1,2\n"}, "write 'test.at_most'"),
        ({"a_csv": "x,test.pair\n1,p\n"}, "behaviours/a.csv:2: the pair 'p' has one row"),
        ({"a_csv": "x,test.pair,test.expect\n1,p,\n2,p,\n"}, "behaviours/a.csv:3, column 'test.expect'"),
        ({"a_csv": "x,test.pair,test.expect\n1,p,\n2,p,sideways\n"}, "behaviours/a.csv:3"),
        ({"a_csv": "x\n1\n"}, "behaviours/a.csv:2: 'a' expects nothing of a row"),
        ({"a_csv": 'x,test.at_most\n"1,2\n'}, "behaviours/a.csv:2: not CSV"),
        ({"a_csv": ""}, "holds no rows"),
        ({"a_jsonl": '{"x": 1, "test.at_most": 1}\n{"x": }\n'}, "behaviours/a.jsonl:2, column 7: not JSON"),
        ({"a_jsonl": "[1]\n"}, "behaviours/a.jsonl:1: not a row"),
        ({"a_jsonl": '{"x": [1], "test.at_most": 1}\n'}, "behaviours/a.jsonl:1, column 'x': not a cell"),
        ({"a_toml": "[[tests]]\nname = 'a'\nrows = [{x = 1}]\nat_mots = 1\n"}, "a.toml:4"),
        ({"a_toml": "[[tests]]\nname = 'a'\n"}, "behaviours/a.toml:1: 'a' needs rows"),
        ({"a_toml": "[[tests]]\nrows = [{x = 1}]\n"}, "has no name"),
        ({"a_toml": "[[tests]]\nname = 'a'\nrows = [{x = 1}]\nchange = {x = 2}\n"}, "add expect"),
        ({"a_toml": "[[tests]]\nname = 'a'\nrows = [{x = 1}]\nexpect = 'up'\n"}, "changes nothing"),
        ({"a_toml": "[[tests]]\nname = 'a'\nfile = 'b.csv'\nexpect = 'up'\nchange = {x = 1}\n"}, "is missing"),
        ({"a_toml": "[[tests]]\nname = 'a'\nfile = 'b.txt'\nexpect = 'up'\nchange = {x = 1}\n"}, "not a file of rows"),
        ({"a_toml": "[[tests]]\nname = 'a'\nrows = [{x = 1}]\nat_least = 2\nat_most = 1\n"}, "no score is"),
        ({"a_toml": "[[tests]]\nname = 'a'\nsample = 5\n"}, "expects nothing"),
        (
            {"a_csv": "x,test.at_most\n1,1\n", "a_jsonl": '{"test.at_most": 1}\n'},
            "two behavioural tests are called 'a'",
        ),
        ({"a_txt": ""}, "not a file of behavioural tests"),
    ],
)
def test_a_mistake_names_its_place(tmp_path: Path, files: dict[str, str], told: str) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, **files)
    assert told in str(refused.value)


def test_a_misspelt_key_of_cycle_toml_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cycle\.toml:3: .*pass_rate"):
        read(tmp_path, toml='[[development.behaviours]]\nname = "far"\npassrate = 0.9\n')
