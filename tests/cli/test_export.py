"""``fullcycle export``: each thing that can be exported, whole, or a sentence."""

from __future__ import annotations

import importlib.util
import json
import xml.etree.ElementTree as xml
from pathlib import Path

import polars as pl
import pytest

from cli.conftest import Cli
from fullcycle import open_project
from fullcycle.deployment.records import Release
from fullcycle.development.records import Model
from fullcycle.project.exports import EXPORTS
from shop import orders, write_shop


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, cli: Cli) -> Path:
    folder = write_shop(tmp_path_factory.mktemp("shop") / "orders", orders(days=70, per_day=30), timeline="live")
    assert cli("data", at=folder).code == 0
    return folder


def test_without_a_name_all_are_told(project: Path, here: Cli) -> None:
    said = here("export", at=project).out.splitlines()
    assert [line.split()[0] for line in said] == list(EXPORTS)
    assert here("export", "--json", at=project).json["exports"]["pandera"] == EXPORTS["pandera"].help
    assert all(f" {name}" in here("export", "--help", at=project).out.replace("\n", " ") for name in EXPORTS)


OF_A_ROUTE = ("kserve", "kubernetes")  # and "image", which fetches libraries: see deployment/image


@pytest.mark.parametrize("what", sorted(set(EXPORTS) - {"image"}))
def test_what_is_told_is_there(
    project: Path, request: pytest.FixtureRequest, here: Cli, tmp_path: Path, what: str
) -> None:
    needs = {Model: "developed", Release: "released"}.get(EXPORTS[what].of)  # type: ignore[call-overload]
    needs = "released" if what in OF_A_ROUTE else needs
    at = request.getfixturevalue(needs) if needs else project
    said = here("export", what, tmp_path / "out", "--json", at=at)
    assert said.code == 0, said
    files = [Path(file) for file in said.json["files"]]
    assert files
    assert {path for path in (tmp_path / "out").rglob("*") if path.is_file()} == set(files)
    assert all(path.stat().st_size for path in files)


def test_croissant_takes_away_rows_of_an_earlier_export(project: Path, here: Cli, tmp_path: Path) -> None:
    here("export", "croissant", tmp_path, at=project)
    document = json.loads((tmp_path / "croissant.json").read_text())
    own = tmp_path / "data" / "train" / "mine.parquet"
    own.write_bytes(b"not of an export")
    stale = tmp_path / "data" / "train" / "2001-01.parquet"
    stale.write_bytes(b"of an earlier export")
    document["distribution"].append({"contentUrl": "data/train/2001-01.parquet"})
    (tmp_path / "croissant.json").write_text(json.dumps(document))
    here("export", "croissant", tmp_path, at=project)
    assert (own.exists(), stale.exists()) == (True, False)
    one = open_project(project)
    train = pl.concat([pl.read_parquet(path) for path in sorted((tmp_path / "data" / "train").glob("20*"))])
    assert train.equals(one.rows(one.current.dataset))  # type: ignore[arg-type]


def test_pictures_are_whole_and_tell_no_entity(project: Path, here: Cli, tmp_path: Path) -> None:
    here("export", "pictures", tmp_path, at=project)
    drawn = sorted((tmp_path / "pictures").glob("*.svg"))
    assert {"price.svg", "returned_by_category.svg", "returned_over_time.svg"} <= {path.name for path in drawn}
    assert all(xml.parse(path).getroot().tag.endswith("svg") for path in drawn)
    assert not any("o000" in path.read_text() for path in drawn)
    page = (tmp_path / "pictures" / "profile.html").read_text()
    assert page.count("<img") == len(drawn)
    assert "http" not in page
    one = open_project(project)
    assert one.profile(one.current.dataset)["price"].n == one.current.dataset.parts["train"].rows  # type: ignore
    assert len(one.pictures(one.current.dataset)) == len(drawn)  # type: ignore[arg-type]


def test_the_schema_of_pandera_holds_for_the_rows(project: Path, here: Cli, tmp_path: Path) -> None:
    pytest.importorskip("pandera.polars", reason="pip install 'pandera[polars]'")
    here("export", "pandera", tmp_path, at=project)
    spec = importlib.util.spec_from_file_location("shop_schema", tmp_path / "pandera_schema.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    one = open_project(project)
    module.schema.validate(one.rows(one.current.dataset).drop("returned"))  # type: ignore[arg-type]


def test_what_is_refused(project: Path, here: Cli, tmp_path: Path) -> None:
    here("export", "picture", at=project).refused(2, "write 'pictures'")
    here("export", "odcs", tmp_path, "--record", "dataset", at=project).refused(2, "--record")
    here("export", "datasheet", tmp_path, "--record", "charter", at=project).refused(2, "only a dataset")
    here("export", "card", tmp_path, "--record", "dataset", at=project).refused(2, "only a model")
    here("export", "card", tmp_path, at=project).refused(2, "no model has been made")
    (tmp_path / "file").write_text("x")
    here("export", "odcs", tmp_path / "file", at=project).refused(3, "contract.yaml")
    new = write_shop(tmp_path / "new", orders(days=70, per_day=30), timeline="live")
    here("export", "datasheet", at=new).refused(2, "no dataset has been made")
    assert not (new / "export").exists()


@pytest.mark.parametrize("what", [*OF_A_ROUTE, "image"])
def test_what_serves_is_exported_once_something_does(project: Path, here: Cli, tmp_path: Path, what: str) -> None:
    here("export", what, tmp_path, at=project).refused(2, "nothing is deployed here", "fullcycle deploy")
    assert not list(tmp_path.iterdir())


def test_only_an_image_is_built(project: Path, here: Cli, tmp_path: Path) -> None:
    here("export", "odcs", tmp_path, "--build", at=project).refused(2, "--build", "odcs")
