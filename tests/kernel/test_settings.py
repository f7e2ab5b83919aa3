"""Settings: every complaint names its line, whatever shape the file has, and what derives from a section agrees with it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel.errors import InputError, OutsideError, UnknownKey
from fullcycle.kernel.settings import Document, check, json_schema, table


class Section(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What sections are: closed tables."""


class Band(Section):
    value: float
    low: float | None = None


class Rule(Section):
    column: str
    at_most: Annotated[float, msgspec.Meta(ge=0, description="the limit")] = 0.0


class Source(Section):
    name: Annotated[str, msgspec.Meta(description="its name in messages")]
    from_: str = msgspec.field(name="from", default="")
    rules: tuple[Rule, ...] = ()


class Scoping(Section):
    task: Annotated[Literal["binary", "regression"], msgspec.Meta(description="the shape of the answer")]
    label_delay: Annotated[str, msgspec.Meta(description="how long until the outcome is known")] = "0d"
    actions: tuple[str, ...] = ()
    retries: int = 1
    control: float = 0.0
    sure: bool = True
    until: datetime | None = None
    money: Decimal = Decimal("2.50")
    value: dict[str, dict[str, Band | float]] = {}
    sources: list[Source] = []
    limits: Rule | None = None


class Empty(Section):
    name: str = "default"


def document(text: str) -> Document:
    return Document(Path("folder/cycle.toml"), text)


def refused(text: str, *keys: str | int) -> InputError:
    with pytest.raises(InputError) as caught:
        document(text).section(Scoping, *keys or ("scoping",))
    return caught.value


FULL = """\
# what we ask
[scoping]
task = "binary"
actions = [
    "rebook",
    "wait",
]
retries = 3
until = 2027-03-01T00:00:00Z
money = "1.10"

[scoping.value]
rebook = { true = { value = 90, low = 60 }, false = -40 }

[[scoping.sources]]
name = "flights"
from = '''
a
b'''

[[scoping.sources]]
name = "weather"
[[scoping.sources.rules]]
column = "x"
[[scoping.sources.rules]]
column = "y"
at_most = 2
"""


def test_a_section_is_read() -> None:
    section = document(FULL).section(Scoping, "scoping")
    assert (section.task, section.actions, section.retries, section.money) == (
        "binary",
        ("rebook", "wait"),
        3,
        Decimal("1.10"),
    )
    assert section.value == {"rebook": {"true": Band(value=90, low=60), "false": -40.0}}
    assert section.sources[0].from_ == "a\nb"
    assert section.sources[1].rules == (Rule(column="x"), Rule(column="y", at_most=2))


def test_a_table_that_is_not_there_is_empty() -> None:
    assert document("[other]").section(Empty, "scoping", "inner") == Empty()
    assert refused("").problem == "[scoping] needs 'task'"


@pytest.mark.parametrize(
    ("change", "line", "key", "near"),
    [
        (('task = "binary"', 'taks = "binary"'), 3, "taks", "task"),
        (("retries = 3", "retires = 3"), 8, "retires", "retries"),
        (("low = 60", "lo = 60"), 13, "lo", "low"),
        (('name = "weather"', 'nmae = "weather"'), 22, "nmae", "name"),
        (("at_most = 2", "at_moost = 2"), 27, "at_moost", "at_most"),
        (("[scoping.value]", "[scoping.vaule]"), 12, "vaule", "value"),
        (("[scoping.value]", "[scoping.zzz.zzz]"), 12, "zzz", None),
    ],
)
def test_an_unknown_key_names_its_line_and_the_nearest(
    change: tuple[str, str], line: int, key: str, near: str | None
) -> None:
    error = refused(FULL.replace(*change))
    assert isinstance(error, UnknownKey)
    assert (error.place, error.near) == (f"cycle.toml:{line}", near)
    assert "unknown key in [scoping" in str(error)
    assert f"{key!r}" in error.problem


@pytest.mark.parametrize(
    ("change", "line", "problem", "found"),
    [
        (('task = "binary"', 'task = "binry"'), 3, "scoping.task: invalid enum value 'binry'", "binry"),
        (("retries = 3", 'retries = "3"'), 8, "scoping.retries: expected int, got str", "3"),
        (('    "rebook",', "    7,"), 4, "scoping.actions.0: expected str, got int", 7),
        (("until = 2027-03-01T00:00:00Z", "until = 1"), 9, "scoping.until: expected datetime | null, got int", 1),
        (('money = "1.10"', 'money = "much"'), 10, "scoping.money: invalid decimal string", "much"),
        (("low = 60", 'low = "60"'), 13, "scoping.value.rebook.true.low: expected float | null, got str", "60"),
        (("false = -40", "false = [1]"), 13, "scoping.value.rebook.false: expected float | object, got array", [1]),
        (('column = "x"', "column = 1"), 24, "scoping.sources.1.rules.0.column: expected str, got int", 1),
        (("at_most = 2", "at_most = -1"), 27, "scoping.sources.1.rules.1.at_most: expected float >= 0.0", -1),
    ],
)
def test_a_wrong_value_names_its_line_and_what_was_found(
    change: tuple[str, str], line: int, problem: str, found: object
) -> None:
    error = refused(FULL.replace(*change))
    assert (error.place, error.found) == (f"cycle.toml:{line}", found)
    assert error.problem.lower() == problem.lower()


class Choices(Section):
    one: Literal["alpha", "beta"] | None = None
    listed: tuple[Literal["left", "right"], ...] = ()
    named: dict[str, Literal["up", "down"]] = {}


@pytest.mark.parametrize(
    ("line", "expected", "mend"),
    [
        ('one = "alfa"', "one of alpha, beta", "did you mean 'alpha'?"),
        ('one = "omega"', "one of alpha, beta", "write one of them"),
        ('listed = ["left", "rihgt"]', "one of left, right", "did you mean 'right'?"),
        ('named = { a = "up", b = "don" }', "one of down, up", "did you mean 'down'?"),
    ],
)
def test_a_wrong_choice_lists_the_choices(line: str, expected: str, mend: str) -> None:
    document = Document(Path("x.toml"), line)
    with pytest.raises(InputError) as error:
        document.section(Choices)
    assert (error.value.place, error.value.expected, error.value.mend) == ("x.toml:1", expected, mend)


@pytest.mark.parametrize(
    ("cut", "line", "problem"),
    [
        ('task = "binary"\n', 2, "[scoping] needs 'task'"),
        ('name = "flights"\n', 15, "[scoping.sources.0] needs 'name'"),
        ('column = "y"\n', 25, "[scoping.sources.1.rules.1] needs 'column'"),
        ("value = 90, ", 13, "[scoping.value.rebook.true] needs 'value'"),
    ],
)
def test_a_missing_key_names_its_table(cut: str, line: int, problem: str) -> None:
    error = refused(FULL.replace(cut, ""))
    assert (error.place, error.problem) == (f"cycle.toml:{line}", problem)
    assert "add a line" in error.mend


def test_a_missing_key_says_what_it_is_for() -> None:
    assert refused("[scoping]").expected == "the shape of the answer"
    assert refused('[scoping]\ntask="binary"\n[[scoping.sources]]').expected == "its name in messages"


def test_the_whole_file_may_be_one_section() -> None:
    assert check(Source, {"name": "x"}, document('name = "x"')).name == "x"
    with pytest.raises(UnknownKey, match=r"cycle\.toml:2: unknown key 'nmae'"):
        check(Source, {"nmae": "x"}, document('\nnmae = "x"'))
    with pytest.raises(InputError, match=r"cycle\.toml: cycle\.toml needs 'name'.*add a line 'name = …'\.$"):
        check(Source, {}, document(""))


@pytest.mark.parametrize("text", ["scoping = 3", "[[scoping]]"])
def test_a_table_that_is_something_else(text: str) -> None:
    assert refused(text).place == "cycle.toml:1"
    assert refused(text, "scoping", "inner").place == "cycle.toml:1"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = 1\nb = = 2\n", "cycle.toml:2:5"),
        ("a = soon", "cycle.toml:1:5"),
        ("[a\n", "cycle.toml:1:3"),
        ("a = '''x\n", "cycle.toml:2"),
    ],
)
def test_what_is_not_toml_names_line_and_column(text: str, place: str) -> None:
    with pytest.raises(InputError, match="not valid TOML") as caught:
        document(text)
    assert caught.value.place.startswith(place)


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "cycle.toml"
    with pytest.raises(InputError, match=r"cycle\.toml is missing"):
        Document(path)
    path.write_bytes(b"a = '\xe9'")
    with pytest.raises(InputError, match="not UTF-8 text: found 'byte 0xe9 at 5'"):
        Document(path)
    path.write_bytes("a = 'é'\r\n\r\nb = 2\r\n".encode())
    assert Document(path).values == {"a": "é", "b": 2}
    assert Document(path).place("b") == "cycle.toml:3"
    with pytest.raises(OutsideError, match="cannot be read"):
        Document(tmp_path)


KEYS = st.text("abcdefgh_-", min_size=1, max_size=4)
VALUES = st.sampled_from(
    [
        "1",
        "true",
        '"# [x]"',
        "[\n  1, # one\n  2,\n]",
        "'''\nx = 1\n[y]\n'''",
        '"""a\\\n  b"""',
        "{ q = [1, 2] }",
        '"a\u2028\x85b"',
    ]
)
GAPS = st.sampled_from(["", "\n", "# [not] = a key\n", "\n  \n\n"])


@st.composite
def laid_out(draw: st.DrawFn) -> tuple[str, dict[tuple[Any, ...], int]]:
    """A TOML file of any layout, with the line of each key as it was written."""
    text, lines, counts = "", {}, {}

    def write(line: str, *path: str | int) -> None:
        nonlocal text
        text += draw(GAPS)
        lines[path] = text.count("\n") + 1
        text += line + draw(st.sampled_from(["\n", " # why\n" if not line.endswith("'''") else "\n"]))

    for name in draw(st.lists(KEYS.map(lambda key: "t" + key), max_size=4)):
        array = draw(st.booleans()) if name not in counts and (name,) not in lines else counts.get(name, -1) >= 0
        if (name,) in lines and not array:
            continue
        path: tuple[str | int, ...] = (name,)
        if array:
            counts[name] = counts.get(name, -1) + 1
            path = (name, counts[name])
        write(f"[[{name}]]" if array else f"[ {name} ]", *path)
        lines.setdefault((name,), lines[path])
        for key in draw(st.lists(KEYS, max_size=3, unique=True)):
            write(f"{key} = {draw(VALUES)}", *path, key)
        if draw(st.booleans()):
            for number in range(draw(st.integers(1, 2))):
                write(f"[[{name}.zzzzz]]", *path, "zzzzz", number)
                write("deep.er = 1", *path, "zzzzz", number, "deep", "er")
    return text, lines


@given(laid_out())
def test_every_key_is_found_on_its_line(file: tuple[str, dict[tuple[Any, ...], int]]) -> None:
    text, lines = file
    read = document(text)
    for path, line in lines.items():
        assert read.place(*path) == f"cycle.toml:{line}", (text, path)
        assert read.place(*path, "not there") == f"cycle.toml:{line}", (text, path)


def test_the_place_of_nothing_is_the_file() -> None:
    assert document("a = 1").place("b") == "cycle.toml"
    assert document("a = 1").place() == "cycle.toml"


def test_the_table_of_settings() -> None:
    rows = {row.name: row for row in table(Scoping, "scoping")}
    assert list(rows)[:2] == ["scoping.task", "scoping.label_delay"]
    assert (rows["scoping.task"].type, rows["scoping.task"].default) == ("binary | regression", "required")
    assert rows["scoping.label_delay"].help == "how long until the outcome is known"
    defaults = {name.removeprefix("scoping."): row.default for name, row in rows.items()}
    assert {name: default for name, default in defaults.items() if "." not in name} == {
        "task": "required",
        "label_delay": "0d",
        "actions": "[]",
        "retries": "1",
        "control": "0.0",
        "sure": "true",
        "until": "none",
        "money": "2.50",
        "value": "{}",
        "sources": "[]",
        "limits": "none",
    }
    assert defaults["sources.from"] == ""
    assert rows["scoping.sources.rules.at_most"].help == "the limit"
    assert (rows["scoping.actions"].type, rows["scoping.money"].type) == ("list of text", "money")
    assert (rows["scoping.until"].type, rows["scoping.limits"].type) == ("time", "table")


def test_the_json_schema_is_one_and_agrees() -> None:
    schema = json_schema({"scoping": Scoping, "source": Source})
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    good = {
        "scoping": {
            "task": "binary",
            "value": {"a": {"true": {"value": 1}, "false": 2}},
            "sources": [{"name": "x", "from": "y"}],
        }
    }
    assert list(validator.iter_errors(good)) == []
    for bad in (
        {"scoping": {}},
        {"scoping": {"task": "binry"}},
        {"scoping": {"task": "binary", "more": 1}},
        {"scopng": {}},
    ):
        assert list(validator.iter_errors(bad)), bad
        if "scoping" in bad:
            with pytest.raises(InputError):
                check(Scoping, bad["scoping"], document(""))
