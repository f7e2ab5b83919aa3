"""The whole cycle from the command line, on a small project."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Cli, customers

KINDS = ["charter", "dataset", "model", "release", "health", "verdict"]


def test_a_second_run_reuses_everything(released: Path, here: Cli) -> None:
    done = here("run", "--json", at=released)
    assert done.code == 0
    assert done.json["done"] == dict.fromkeys(KINDS[:4], "reused")
    assert done.err == ""


def test_status(released: Path, here: Cli) -> None:
    document = here("status", "--json", at=released).json
    assert list(document["heads"]) == sorted(KINDS)
    assert {kind for kind, id in document["heads"].items() if id} == set(KINDS[:4])
    assert document["figures"]["model"]["roc_auc"].keys() == {"point", "low", "high", "unit"}
    assert document["route"]["shares"] == [{"release": document["heads"]["release"], "share": 1}]
    assert document["gates"]
    assert all(gate["passed"] for gate in document["gates"])
    lines = here("status", at=released).out.splitlines()
    assert [line.split()[0] for line in lines[1:7]] == KINDS
    assert [line.split()[0] for line in lines[7:]] == ["gates", "route", "waiting"]


def test_show_names_a_record_by_kind_or_digits(released: Path, here: Cli) -> None:
    heads = here("status", "--json", at=released).json["heads"]
    for kind in KINDS[:4]:
        shown = here("show", kind, "--json", at=released).json
        assert (shown["id"], shown["kind"]) == (heads[kind], kind)
        assert here("show", heads[kind][:8], "--json", at=released).json == shown
    assert "log_loss_minus_constant" in here("show", "model", at=released).out


def test_trace_goes_back_to_the_question(released: Path, here: Cli) -> None:
    made = here("trace", "release", "--json", at=released).json["lineage"]
    assert [one["kind"] for one in made] == ["release", "model", "dataset", "charter"]
    assert [one["depth"] for one in made] == [0, 1, 2, 3]
    assert made[-1]["step"] == "scoping.make"
    assert len(made[-1]["observed"]) == 1


def test_doctor_finds_it_whole(released: Path, here: Cli) -> None:
    checked = here("doctor", "--json", at=released).json
    assert checked["records"] == 4
    assert checked["blobs"] >= 5
    assert checked["unfinished"] == []


def test_the_schema_is_one_document(released: Path, here: Cli) -> None:
    assert here("schema", at=released).json["properties"].keys() >= {"project", "scoping", "data", "business"}


@pytest.fixture
def live(tmp_path: Path, released: Path, here: Cli) -> Path:
    """A copy of the released project for one test, serving from where it now lies."""
    folder = Path(shutil.copytree(released, tmp_path / "shop"))
    shutil.rmtree(folder / ".fullcycle" / "serving")
    assert here("run", at=folder).code == 0
    return folder


def test_predictions_and_outcomes(live: Path, here: Cli) -> None:
    rows = list(csv.DictReader(customers(12, seed=7).splitlines()))
    asked = live / "asked.csv"
    with asked.open("w") as file:
        writer = csv.DictWriter(file, ["customer", "seen", "plan", "spend", "visits"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows([*rows[:9], {**rows[9], "spend": "much"}])
    done = here("predict", "asked.csv", "answers.csv", "--json", at=live).json
    assert (done["answered"], done["rejected"], done["logged"]) == (9, 1, True)
    answers = (live / "answers.csv").read_text()
    assert not here("predict", "asked.csv", "answers.csv", "--json", at=live).json["logged"]
    assert (live / "answers.csv").read_text() == answers
    ids = [row["id"] for row in csv.DictReader(answers.splitlines())]

    (live / "came.csv").write_text(f"id,churned\n{ids[0]},yes\n{ids[1]},no\nnobody,no\n")
    came = here("outcomes", "came.csv", "--json", at=live).json
    assert (came["rows"], came["logged"], came["matched"], came["pending"], came["rejected"]) == (3, True, 2, 1, [])
    assert not here("outcomes", "came.csv", "--json", at=live).json["logged"]
    (live / "odd.csv").write_text("customer,churned\nc0001,yes\n")
    here("outcomes", "odd.csv", at=live).refused(2, "odd.csv, row 1", "id", "nothing was imported")
    here("outcomes", "none.csv", at=live).refused(2, "none.csv")

    traced = here("trace", ids[0], "--json", at=live).json
    assert traced["prediction"]["status"] == "known"
    assert [one["kind"] for one in traced["lineage"]] == ["release", "model", "dataset", "charter"]
    assert "outcome waiting" in here("trace", ids[2], at=live).out


def test_outcomes_from_a_source(live: Path, here: Cli) -> None:
    rows = list(csv.DictReader(customers(8, seed=7).splitlines()))
    with (live / "asked.csv").open("w") as file:
        writer = csv.DictWriter(file, ["customer", "seen", "plan", "spend", "visits"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    assert here("predict", "asked.csv", "answers.csv", at=live).code == 0
    ids = [row["id"] for row in csv.DictReader((live / "answers.csv").read_text().splitlines())]
    with (live / "cycle.toml").open("a") as file:
        file.write('\n[deployment.outcomes]\nfrom = "truth.csv"\n')
    truth = live / "truth.csv"

    def read(*lines: str) -> Any:
        truth.write_text("\n".join(["id,churned,void,acted_on,feedback,ignored", *lines]) + "\n")
        found = here("outcomes", "--json", at=live).json
        counts = [found[name] for name in ("new", "matched", "pending", "corrected", "void")]
        return counts, [(one["row"], one["column"]) for one in found["rejected"]]

    one, two, three = f"{ids[0]},yes,,,,x", f"{ids[1]},no,,true,,x", f"{ids[2]},,moved away,,,x"
    assert read(one, "nobody,no,,,,x", f"{ids[3]},,,maybe,,x") == ([2, 1, 1, 0, 0], [(2, "acted_on")])
    assert read(one, "nobody,no,,,,x", two, three)[0] == [2, 1, 0, 0, 1]
    assert read(one, "nobody,no,,,,x", two, three)[0] == [0, 0, 0, 0, 0]
    assert read(f"{ids[0]},no,,,,x", two, three, f"{ids[4]},,,,a strange answer,x")[0] == [2, 0, 0, 1, 0]
    assert read(f"{ids[0]},no,,,,x", two, three, f"{ids[4]},,,,a strange answer,x")[0] == [0, 0, 0, 0, 0]
    traced = here("trace", ids[0], "--json", at=live).json["prediction"]
    assert [outcome["row"] for outcome in traced["outcomes"]] == ['{"churned":"yes"}', '{"churned":"no"}']
    assert here("trace", ids[4], "--json", at=live).json["prediction"]["status"] == "waiting"
    truth.unlink()
    here("outcomes", at=live).refused(2, "truth.csv")


def test_rollback(live: Path, here: Cli, edit: Callable[[Path, str, str], None]) -> None:
    first = here("status", "--json", at=live).json["heads"]["release"]
    here("rollback", at=live).refused(2, "no other release served here")
    edit(live / "cycle.toml", "control = 0.0", "control = 0.1")
    second = here("run", "--to", "deploy", "--json", at=live).json["records"]["release"]
    assert second != first
    here("rollback", "--to", "model", at=live).refused(2, "never served here")
    assert here("rollback", "--json", at=live).json == {"release": first}
    assert here("status", "--json", at=live).json["route"]["shares"][0]["release"] == first
    assert here("rollback", "--to", second[:9], "--json", at=live).json == {"release": second}


def test_signatures(shop: Path, here: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    holders = '\n[[scoping.stakeholders]]\nrole = "operations"\nmembers = ["ops@example.com"]\napproves = ["charter", "first_release"]\n'
    with (shop / "cycle.toml").open("a") as file:
        file.write(holders)
    at: dict[str, Any] = {"at": shop}
    here("run", "--env", "production", **at).refused(
        4, "the charter waits for a signature", "operations: ops@example.com", "fullcycle approve"
    )
    waiting = here("status", "--env", "production", "--json", **at).json["waiting"]
    assert [(one["role"], one["members"]) for one in waiting] == [("operations", ["ops@example.com"])] * len(waiting)
    here("approve", "charter", "--env", "production", **at).refused(2, "needs a token", "FULLCYCLE_TOKEN")

    token = here("token", "create", "ops@example.com", "--env", "production", "--json", **at).json["token"]
    assert token not in "".join(path.read_text(errors="ignore") for path in (shop / ".fullcycle").glob("journal*"))
    here("token", "create", "ops@example.com", "--env", "production", **at).refused(2, "has a token already")
    monkeypatch.setenv("FULLCYCLE_TOKEN", "fct_wrong")
    here("approve", "charter", "--env", "production", **at).refused(2, "the token is not known here")
    monkeypatch.setenv("FULLCYCLE_TOKEN", token)
    for one in waiting:
        said = here("approve", one["record"], "--env", "production", "--note", "read it", "--json", **at).json
        assert (said["by"], said["roles"]) == ("ops@example.com", ["operations"])
    assert here("run", "--env", "production", **at).code == 0
    assert here("status", "--env", "production", "--json", **at).json["route"]["generation"] == 1
    here("token", "revoke", "ops@example.com", "--env", "production", **at)
    here("approve", "charter", "--env", "production", **at).refused(2, "the token is not known here")
    monkeypatch.delenv("FULLCYCLE_TOKEN")
    assert here("token", "list", "--env", "production", "--json", **at).json == {"tokens": []}
    assert here("token", "list", "--json", **at).json == {"tokens": []}


def test_replay_has_its_own_timeline(shop: Path, here: Cli) -> None:
    at: dict[str, Any] = {"at": shop}
    here("status", "--timeline", "replay", **at)
    here("monitor", "--timeline", "replay", **at).refused(2, "has not begun", "fullcycle replay")
    done = here("replay", "--from", "2026-03-25", "--to", "2026-04-03", "--json", **at).json
    assert done["timeline"] == "replay"
    assert done["records"].keys() >= set(KINDS[:5])
    status = here("status", "--timeline", "replay", "--json", **at).json
    assert status["at"] == "2026-04-03T00:00:00.000000Z"
    assert status["heads"]["health"] == done["records"]["health"]
    assert here("status", "--json", **at).json["heads"]["charter"] is None
    here("replay", "--from", "2026-03-01", "--to", "2026-04-03", **at).refused(2, "began at another time", "--from")
    again = here("replay", "--to", "2026-04-03", "--json", **at).json
    assert again["records"] == done["records"]


def test_serve(live: Path, here: Cli) -> None:
    command = [sys.executable, "-m", "fullcycle.cli", "serve", "--port", "0", "--json", "--project", str(live)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line == "}\n":
                break
        url = json.loads(said)["url"]
        row = {"customer": "x1", "seen": "2026-05-01T08:00:00Z", "plan": "pro", "spend": 20.0, "visits": 3}
        assert ask(url, [row])["predictions"][0]["decision"] == "act"
        with pytest.raises(urllib.error.HTTPError, match="422"):
            ask(url, [{**row, "spend": "much"}])
        assert len(here("deploy", "--json", at=live).json["workers"]) == 1  # done when the service's worker follows
        assert "the service's worker follows: generation" in here("deploy", at=live).out
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


def ask(url: str, rows: list[dict[str, Any]]) -> Any:
    """What ``POST /predict`` answers."""
    request = urllib.request.Request(
        f"{url}/predict", json.dumps({"rows": rows}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
