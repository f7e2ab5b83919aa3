"""``show`` and ``leaderboard``: findings first, figures for reading; JSON holds the record as it is."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from cli.conftest import Cli
from fullcycle import open_project


def test_a_model_is_told_findings_first_on_a_few_screens(developed: Path, here: Cli) -> None:
    said = here("show", "model", at=developed).out.splitlines()
    assert len(said) < 100
    assert said.index(next(line for line in said if line.startswith("answer"))) < 8
    assert not [line for line in said if re.search(r"\d\.\d{9,}", line)]
    assert any(line.split()[1:2] == ["constant"] for line in said)
    assert "roc_auc" in "\n".join(said)


def test_a_dataset_and_a_charter_too(developed: Path, here: Cli) -> None:
    for kind, told in (("dataset", "parts, divided by"), ("charter", r"feasibility\.rows")):
        said = here("show", kind, at=developed).out
        assert len(said.splitlines()) < 110
        assert re.search(told, said), said


def test_json_is_the_record_to_the_last_digit(developed: Path, here: Cli) -> None:
    project = open_project(developed)
    model = project.current.model
    assert model is not None
    told = here("show", "model", "--json", at=developed).json
    assert (told["id"], told["record"]) == (model.id, json.loads(model.canonical))


def test_the_leaderboard_tells_every_trial_and_its_baselines(developed: Path, here: Cli) -> None:
    told = here("leaderboard", "--json", at=developed).json
    assert [it["place"] for it in told["trials"]] == list(range(1, len(told["trials"]) + 1))
    assert [it["loss"] for it in told["trials"]] == sorted(it["loss"] for it in told["trials"])
    notes = {it["learner"]: it["note"] for it in told["trials"]}
    assert notes["constant"] == "constant"
    assert "the model" in told["trials"][0]["note"]
    assert "defaults" in notes["lightgbm"]
    assert all(it["seconds"] > 0 for it in told["trials"] if it["note"] != "baseline")
    here("leaderboard", told["model"][:8], at=developed)
    here("leaderboard", "dataset", at=developed).refused(2, "not a model")


def test_a_model_is_verified(developed: Path, here: Cli) -> None:
    said = here("develop", "--verify", "model", at=developed)
    assert said.code == 0, said
    assert said.out.startswith("equal: model ")
    assert "the same model" in here("show", "model", at=developed).out
    here("develop", "--verify", "dataset", at=developed).refused(2, "not a model")


def test_a_model_whose_bytes_were_changed_is_not_equal(developed: Path, here: Cli, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(developed, tmp_path / "shop"))
    model = open_project(folder).current.model
    assert model is not None
    blob = next((folder / ".fullcycle" / "blobs").rglob(model.fitted))
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes() + b"x")
    said = here("develop", "--verify", "model", "--json", at=folder)
    assert (said.code, said.json["equal"], said.json["altered"]) == (1, False, ["fitted"])
