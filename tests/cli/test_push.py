"""``fullcycle push``: a record and all that it rests on, from one environment to another."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.conftest import Cli
from fullcycle.kernel.journal import verify
from fullcycle.project import Project
from fullcycle.traffic.read import Traffic

APART = '\n[platform.staging]\nstate = "staging"\n\n[platform.production]\nstate = "../elsewhere"\nblobs = "kept"\n'
Edit = Callable[[Path, str, str], None]


@pytest.fixture
def apart(tmp_path: Path, released: Path) -> Path:
    """A project that serves in dev, and whose staging and production have folders of their own."""
    folder = Path(shutil.copytree(released, tmp_path / "shop"))
    with (folder / "cycle.toml").open("a") as file:
        file.write(APART)
    return folder


def test_a_pushed_model_is_deployed_there_without_being_made_again(apart: Path, here: Cli) -> None:
    heads = here("status", "--json", at=apart).json["heads"]
    pushed = here("push", "model", "--env", "staging", "--json", at=apart)
    assert pushed.code == 0, pushed
    assert pushed.json["record"] == heads["model"]
    assert pushed.json["brought"] == pushed.json["records"] + pushed.json["blobs"]
    deployed = here("deploy", "--env", "staging", "--json", at=apart)
    assert deployed.code == 0, deployed
    there = here("status", "--env", "staging", "--json", at=apart).json
    assert {kind: there["heads"][kind] for kind in ("charter", "dataset", "model", "release")} == {
        kind: heads[kind] for kind in ("charter", "dataset", "model", "release")
    }
    staging = Project(apart, environment="staging")
    made = [entry.step for entry in staging.journal.read() if entry.verb == "step" and entry.scope == staging.scope]
    assert made == ["deployment.make"]  # all before it came along
    assert here("doctor", "--env", "staging", at=apart).code == 0
    assert verify(staging.journal.read()) > 0


def test_the_same_push_twice_brings_nothing_more(apart: Path, here: Cli) -> None:
    here("push", "release", "--env", "production", at=apart)
    kept = sorted((apart.parent / "elsewhere" / "kept").rglob("*"))
    again = here("push", "release", "--env", "production", "--json", at=apart).json
    assert (again["brought"], again["entries"]) == (0, 0)
    assert sorted((apart.parent / "elsewhere" / "kept").rglob("*")) == kept
    onwards = here("push", "release", "--from", "production", "--env", "staging", "--json", at=apart)
    assert onwards.code == 0
    assert onwards.json["brought"] > 0


def test_what_was_pushed_half_is_pushed_whole_by_the_next(apart: Path, here: Cli) -> None:
    here("push", "dataset", "--env", "staging", at=apart)
    kept = [path for path in (apart / "staging" / "blobs").rglob("*") if path.is_file()]
    kept[0].unlink()
    more = here("push", "model", "--env", "staging", "--json", at=apart)
    assert more.code == 0
    assert here("doctor", "--env", "staging", at=apart).code == 0


def test_environments_of_one_journal_need_no_copy(tmp_path: Path, released: Path, here: Cli) -> None:
    folder = Path(shutil.copytree(released, tmp_path / "shop"))
    pushed = here("push", "release", "--env", "staging", "--json", at=folder).json
    assert (pushed["brought"], pushed["entries"]) == (0, 0)
    heads = here("status", "--env", "staging", "--json", at=folder).json
    assert heads["heads"]["release"] == pushed["record"]
    assert heads["route"]["shares"] == []  # nothing serves there yet


def test_damage_is_not_carried_on(apart: Path, here: Cli) -> None:
    dev = Project(apart)
    model = here("show", "model", "--json", at=apart).json["record"]
    path = dev.blobs.path(model["fitted"])
    path.write_bytes(path.read_bytes()[:-1])
    here("push", "model", "--env", "staging", at=apart).refused(3, "do not match their digest")
    assert here("status", "--env", "staging", "--json", at=apart).json["heads"]["model"] in (None, "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("model", "--env", "dev"), ("another environment", "--env production")),
        (("model", "--env", "prodution"), ("prodution", "production")),
        (("model", "--from", "stagng", "--env", "staging"), ("stagng", "staging")),
        (("verdict", "--env", "staging"), ("no verdict has been made here",)),
        (("ffff", "--env", "staging"), ("ffff",)),
    ],
)
def test_what_cannot_be_pushed_is_told(
    apart: Path, here: Cli, arguments: tuple[str, ...], told: tuple[str, ...]
) -> None:
    here("push", *arguments, at=apart).refused(2, *told)


def test_personal_data_under_another_key_is_not_mixed(apart: Path, here: Cli, edit: Edit) -> None:
    plan = next(line for line in (apart / "columns.toml").read_text().splitlines() if line.startswith("plan"))
    edit(apart / "columns.toml", plan, plan.replace("}", ', personal = "hash" }'))
    here("push", "model", "--env", "staging", at=apart).refused(2, "different keys", "entity.key")


def test_environments_do_not_read_each_other_s_traffic(apart: Path, here: Cli) -> None:
    for name in ("staging", "production"):
        assert here("push", "release", "--env", name, at=apart).code == 0
        assert here("deploy", "--env", name, at=apart).code == 0
    (apart / "rows.csv").write_text("customer,seen,plan,spend,visits\nc9001,2026-06-01T00:00:00,basic,20.0,3\n")
    assert here("predict", "rows.csv", "answers.csv", "--env", "staging", at=apart).code == 0
    seen = {}
    for name in ("dev", "staging", "production"):
        project = Project(apart, environment=name)
        traffic = Traffic(project.traffic_root, project.scope)
        served, _ = traffic.read(traffic.cut(None, None, datetime(2100, 1, 1, tzinfo=UTC)))
        seen[name] = len(served)
    assert seen == {"dev": 0, "staging": 1, "production": 0}
