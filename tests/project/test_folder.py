"""A project folder: what a person wrote is read once, and a mistake in it is named by file and line."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from fullcycle.data.sources import SOURCES
from fullcycle.kernel.errors import ColumnMissing, InputError, UnknownKey
from fullcycle.project import Project, find_folder, load_code, schema
from fullcycle.project.folder import SECTIONS

CYCLE = """\
[project]
name = "parcels"
timezone = "Europe/Berlin"

[scoping]
question = "Which parcels come late?"
task = "binary"
target = "late"
entity = "id"
time = "sent"
label_delay = "1d"
actions = ["call", "wait"]
todays_rule = { always = "wait" }
action_changes_outcome = false

[data]
sources = [{ name = "parcels", from = "parcels.csv" }]
derive = { late = "delay > 30" }
"""

COLUMNS = """\
id = { type = "category", feature = false }
sent = { type = "time" }
weight = { type = "float", low = 0 }
name = { type = "text", personal = "drop" }
delay = { type = "float", known = "after" }
"""

ROWS = """\
id,sent,weight,name,delay,colour
a,2024-03-01T10:00:00,1.5,Ann,40,red
b,2024-03-02T10:00:00,2.5,Bob,10,blue
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cycle.toml").write_text(CYCLE)
    (tmp_path / "columns.toml").write_text(COLUMNS)
    (tmp_path / "parcels.csv").write_text(ROWS)
    return tmp_path


def edit(folder: Path, name: str, old: str, new: str) -> Project:
    """The project after *old* was replaced in one of its files; an empty *old* appends."""
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1) if old else text + new)
    return Project(folder)


def test_a_folder_is_read(folder: Path) -> None:
    project = Project(folder)
    assert project.settings.scoping.target == "late"
    assert str(project.label_delay) == "1 day, 0:00:00"
    assert (project.scope.project, project.scope.environment, project.scope.timeline) == ("parcels", "dev", "live")
    rows, fingerprint = project.read_rows()
    past = project.history(rows)
    assert past.rows.all()["late"].to_list() == [True, False]
    assert past.rows.all()["sent"][0].isoformat() == "2024-03-01T09:00:00+00:00"
    assert len(fingerprint) == 64


def test_looking_writes_nothing(folder: Path) -> None:
    before = sorted(folder.iterdir())
    project = Project(folder)
    project.history(project.read_rows()[0])
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ('label_delay = "1d"', 'lable_delay = "1d"', "cycle.toml:11", "unknown key in .scoping. 'lable_delay'.*'label_delay'"),
        ('task = "binary"', 'task = "binery"', "cycle.toml:7", "Invalid enum value 'binery'"),
        ('question = "Which parcels come late?"\n', "", "cycle.toml:", "needs 'question'"),
        ('timezone = "Europe/Berlin"', 'timezone = "Europe/Berlni"', "cycle.toml:3", "no such time zone: found 'Europe/Berlni'"),
        ('timezone = "Europe/Berlin"', 'timezone = "Europe"', "cycle.toml:3", "no such time zone"),
        ('timezone = "Europe/Berlin"', 'timezone = "../x"', "cycle.toml:3", "no such time zone"),
        ("[data]\n", "[data\n", "cycle.toml:16", "not valid TOML"),
        ('name = "parcels"\n', 'name = "My Parcels"\n', "cycle.toml:2", "project.name"),
        ("[data]\n", "[dota]\n", "cycle.toml:16", "unknown key 'dota'.*'data'"),
        ("action_changes_outcome = false\n", "", "cycle.toml:5", "needs 'action_changes_outcome'"),
        ('from = "parcels.csv" }]', 'frm = "parcels.csv" }]', "cycle.toml:17", "'frm'.*'from'"),
        ('sources = [{ name = "parcels", from = "parcels.csv" }]', 'sources = []', "cycle.toml:17", "sources"),
    ],
)  # fmt: skip
def test_a_mistake_in_cycle_toml_names_its_line(folder: Path, old: str, new: str, place: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        edit(folder, "cycle.toml", old, new)
    assert error.value.place.startswith(place)


def test_a_label_delay_that_is_none_names_its_line(folder: Path) -> None:
    with pytest.raises(InputError, match=r"cycle\.toml:11: not a duration: found 'soon'"):
        _ = edit(folder, "cycle.toml", '"1d"', '"soon"').label_delay


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("low = 0", "lwo = 0", r"columns\.toml:3: unknown key in \[weight\] 'lwo'.*'low'"),
        ('"float", low', '"flaot", low', r"columns\.toml:3: .*flaot"),
        ('type = "category", ', "", r"columns\.toml:1: \[id\] needs 'type'"),
        ('personal = "drop"', 'personal = "keep"', r"columns\.toml:4: name holds personal data without a reason.*because"),
        ('personal = "drop"', 'low = 3', r"columns\.toml:4: name: only numbers have bounds"),
        ("low = 0", "low = 5, high = 4", r"columns\.toml:3: weight: no value lies between the bounds: found '5.0 to 4.0'"),
        ("low = 0", 'categories = ["a"]', r"columns\.toml:3: weight: categories are for a category"),
        ('known = "after"', 'known = "aftre"', r"columns\.toml:5, known: not a duration: found 'aftre'"),
        ("weight = {", "weight = 3 #", r"columns\.toml:3: weight: expected object"),
    ],
)  # fmt: skip
def test_a_mistake_in_columns_toml_names_its_line(folder: Path, old: str, new: str, words: str) -> None:
    project = edit(folder, "columns.toml", old, new)
    with pytest.raises(InputError, match=words):
        _ = project.columns


def test_a_missing_file_of_the_two_is_named(folder: Path) -> None:
    (folder / "columns.toml").unlink()
    with pytest.raises(InputError, match=r"columns\.toml is missing"):
        _ = Project(folder).columns
    (folder / "cycle.toml").unlink()
    with pytest.raises(InputError, match=r"cycle\.toml is missing"):
        Project(folder)


def test_personal_data_is_left_out_or_kept_with_a_reason(folder: Path) -> None:
    assert "name" not in Project(folder).columns
    project = edit(folder, "columns.toml", 'personal = "drop"', 'personal = "keep", because = "it is printed"')
    assert project.columns["name"].because == "it is printed"


def test_undeclared_columns_are_left_out_and_named_or_refused(folder: Path) -> None:
    project = Project(folder)
    raw = project.read_rows()[0]
    assert project.left_out(raw) == ("colour",)  # the name was declared: to be dropped
    assert "colour" not in project.history(raw).rows.empty.columns
    strict = edit(folder, "cycle.toml", "", 'undeclared = "error"\n')
    with pytest.raises(InputError, match=r"parcels\.csv: columns that nobody declared: found 'colour'"):
        strict.history(raw)
    (folder / "columns.toml").write_text(COLUMNS + 'colour = { type = "category" }\n')
    assert len(Project(folder).history(raw).rows.all()) == 2


def test_a_key_without_a_line_names_the_nearest(folder: Path) -> None:
    project = edit(folder, "cycle.toml", 'time = "sent"', 'time = "snet"')
    with pytest.raises(
        ColumnMissing, match=r"cycle\.toml:10: column 'snet' is missing, which \[scoping\] time needs"
    ) as error:
        project.history(project.read_rows()[0])
    assert error.value.near == "sent"


def test_a_cleaned_column_that_is_none_names_the_nearest(folder: Path) -> None:
    project = edit(folder, "cycle.toml", "[data]", '[data]\nclean = { formats = { wieght = ["decimal comma"] } }')
    with pytest.raises(
        ColumnMissing, match=r"'wieght' is missing, which .*clean.* formats needs.*did you mean 'weight'"
    ):
        project.history(project.read_rows()[0])


def test_a_column_that_the_source_lacks_names_the_nearest(folder: Path) -> None:
    project = edit(folder, "columns.toml", "weight", "wieght")
    with pytest.raises(ColumnMissing, match=r"parcels\.csv: column 'wieght' is missing.*'weight'"):
        project.history(project.read_rows()[0])


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import math\n\nx = = 3\n", r"cycle\.py:3\b.*invalid syntax"),
        ("x = 1\nprint(y)\n", r"cycle\.py:2: .*'y' is not defined"),
        ("import no_such_thing\n", r"cycle\.py:1: .*no_such_thing"),
        ("def f():\n    return 1 / 0\n\nf()\n", r"cycle\.py:2: .*division by zero"),
        ("rows = {}\nrows['a']\n", r"cycle\.py:2: .*'a'"),
        ("import json\njson.loads('{')\n", r"cycle\.py:2: "),
        ("open('/no/such/file')\n", r"cycle\.py:1: .*No such file"),
        ("assert False, 'never'\n", r"cycle\.py:1: .*never"),
    ],
)
def test_a_cycle_py_that_does_not_run_names_its_line(folder: Path, code: str, words: str) -> None:
    (folder / "cycle.py").write_text(code)
    modules = set(sys.modules)
    for _ in range(2):  # it fails each time, not only the first
        with pytest.raises(InputError, match=words):
            Project(folder).load_code()
    assert not [name for name in set(sys.modules) - modules if name.startswith("fullcycle_project")]


def test_a_cycle_py_runs_once_and_counts_in_keys(folder: Path) -> None:
    assert Project(folder).code == ""
    Project(folder).load_code()
    (folder / "cycle.py").write_text(
        "import builtins\nbuiltins.parcels_ran = getattr(builtins, 'parcels_ran', 0) + 1\n"
    )
    project = Project(folder)
    try:
        project.load_code()
        load_code(folder / "cycle.py")
        import builtins

        assert builtins.parcels_ran == 1  # type: ignore[attr-defined]
    finally:
        del builtins.parcels_ran  # type: ignore[attr-defined]
    assert len(project.code) == 64


def test_a_source_in_cycle_py(folder: Path) -> None:
    (folder / "cycle.py").write_text(
        "import polars as pl\nfrom fullcycle.data.sources import SOURCES\n"
        "@SOURCES.register('two')\ndef two(since):\n    return pl.DataFrame({'id': ['a'], 'sent': ['2024-03-01'], "
        "'weight': [1.0], 'delay': [3.0]})\n"
    )
    project = edit(folder, "cycle.toml", 'from = "parcels.csv"', 'from = "python:two"')
    edit(folder, "columns.toml", 'name = { type = "text", personal = "drop" }\n', "")
    try:
        assert project.history(project.read_rows()[0]).rows.all()["delay"].to_list() == [3.0]
    finally:
        SOURCES.remove("two")


def test_the_scope_can_be_named(folder: Path) -> None:
    project = edit(folder, "cycle.toml", 'timezone = "Europe/Berlin"', 'timeline = "replay"')
    assert project.scope.timeline == "replay"
    other = Project(folder, environment="production", timeline="live")
    assert (other.scope.environment, other.scope.timeline) == ("production", "live")
    assert project.serving_path != other.serving_path


def test_the_key_is_made_once_for_its_owner_alone(folder: Path) -> None:
    path = Project(folder).key_path
    body = path.read_bytes()
    assert Project(folder).key_path.read_bytes() == body
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(body) == 64


def test_the_journal_and_blobs_lie_in_the_state_folder(folder: Path) -> None:
    project = Project(folder)
    assert list(project.journal.read()) == []
    name = project.blobs.put(b"hello")
    assert project.blobs.path(name).is_relative_to(folder / ".fullcycle")


def test_the_folder_is_found_from_within(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert find_folder(Path()).resolve() == folder.resolve()
    assert find_folder(folder).resolve() == folder.resolve()
    monkeypatch.chdir(folder)
    assert find_folder(Path()) == Path()


def test_no_project_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no project here.*fullcycle init"):
        find_folder(tmp_path)


def test_the_schema_has_every_section() -> None:
    found = schema()
    assert set(SECTIONS) | {"platform"} == set(found["properties"])
    assert found["additionalProperties"] is False


def test_an_environment_has_a_journal_of_its_own(folder: Path) -> None:
    project = edit(folder, "cycle.toml", "", '\n[platform.production]\njournal = "sqlite:///elsewhere.sqlite"\n')
    assert project.settings.platform["production"].journal == "sqlite:///elsewhere.sqlite"
    with pytest.raises(UnknownKey, match=r"\[platform\.production\] 'jornal'"):
        edit(folder, "cycle.toml", "journal =", "jornal =")


def test_a_misspelt_environment_is_refused(folder: Path) -> None:
    with pytest.raises(UnknownKey, match="unknown environment 'prodcution'"):
        Project(folder, environment="prodcution")


@pytest.mark.parametrize(
    ("name", "old", "new", "place", "words"),
    [
        ("columns.toml", "low = 0 }", 'low = 0, format = "%d/%m" }', "columns.toml:3", "weight: a number is not written like that"),
        ("columns.toml", '"drop" }', '"drop", unit = "kg" }', "columns.toml:4", "name: a text has no unit: found 'kg'"),
        ("columns.toml", "low = 0 }", 'low = 0, zone = "UTC" }', "columns.toml:3", "weight: a float has no time zone"),
        ("cycle.toml", "[data]\n", '[data]\nclean.formats.id = ["%d/%m/%Y"]\n', "cycle.toml:17", "id: a category has no format"),
        ("cycle.toml", "[data]\n", '[data]\nclean.formats.sent = ["decimal comma"]\n', "cycle.toml:17", "sent: a time is not written"),
        ("cycle.toml", "[data]\n", "[data]\nclean.units.sent = { factor = 2, above = 1 }\n", "cycle.toml:17", "sent: units are of numbers"),
        ("cycle.toml", "[data]\n", "[data]\nclean.outliers.id = {}\n", "cycle.toml:17", "id: outliers are of numbers"),
        ("cycle.toml", "[data]\n", '[data]\nrules.check.light = "weigth < 9"\n', "cycle.toml:17", "'weigth'.*'weight'"),
        ("cycle.toml", "[data]\n", '[data]\nrules.check.light = "weight + 9"\n', "cycle.toml:17", "a rule must be true or false"),
        ("cycle.toml", "[data]\n", '[data]\nrules.check.light = "weight < "\n', "cycle.toml:17", "weight < "),
        ("cycle.toml", "[data]\n", '[data]\nrules.unique = [["idd"]]\n', "cycle.toml:17", "'idd'.*'id'"),
        ("cycle.toml", 'late = "delay > 30"', 'late = "dealy > 30"', "cycle.toml:18", "'dealy'.*'delay'"),
    ],
)  # fmt: skip
def test_what_is_declared_of_data_names_file_and_line(
    folder: Path, name: str, old: str, new: str, place: str, words: str
) -> None:
    with pytest.raises(InputError, match=words) as error:
        edit(folder, name, old, new).read_rows()
    assert place in str(error.value)


def test_a_format_in_the_line_of_a_column_is_how_it_is_read(folder: Path) -> None:
    (folder / "parcels.csv").write_text(ROWS.replace("1.5", '"1,5"').replace("2.5", '"2,5"'))
    project = edit(folder, "columns.toml", "low = 0 }", 'low = 0, format = "decimal comma" }')
    assert project.history(project.read_rows()[0]).rows.all()["weight"].to_list() == [1.5, 2.5]
