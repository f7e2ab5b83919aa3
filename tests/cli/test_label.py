"""``fullcycle label``: rows go out to people, and what they say comes back as outcomes."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from cli.conftest import Cli


def test_a_sheet_goes_out_and_comes_back_as_outcomes(released: Path, here: Cli, tmp_path: Path) -> None:
    sheet, out = tmp_path / "sheet.csv", tmp_path / "out.csv"
    handed = here("label", "export", sheet, "--json", at=released).json
    assert (handed["waiting"], handed["random"], handed["uncertain"]) == (8, 8, 0)  # the last eight have no answer
    rows = pl.read_csv(sheet, infer_schema=False)
    assert rows.columns == [
        "customer",
        "seen",
        "plan",
        "spend",
        "visits",
        "selection",
        "label",
        "annotator",
        "labelled_at",
    ]
    said = pl.int_range(pl.len()) < 6
    rows = rows.with_columns(
        label=pl.when(said).then(pl.lit("yes")), annotator=pl.lit("ana"), labelled_at=pl.lit("2026-11-01T10:00:00Z")
    )
    second = rows[:3].with_columns(annotator=pl.lit("ben"), label=pl.Series(["yes", "yes", "no"]))
    pl.concat([rows, second]).write_csv(sheet)
    done = here("label", "import", sheet, out, "--column", "churned", "--json", at=released).json
    assert (done["outcomes"], len(done["unresolved"]), done["unlabelled"]) == (5, 1, 2)
    assert done["agreement"]["check"] == "agreement"
    told = here("label", "import", sheet, out, "--column", "churned", at=released).out
    assert "5 rows have a label, 1 stay open, 2 nobody looked at" in told
    assert "a tie: no: ben; yes: ana" in told
    taken = here("outcomes", out, "--json", at=released)
    assert taken.code == 0, taken
    assert (taken.json["rows"], taken.json["rejected"]) == (5, [])


def test_tasks_of_label_studio(made: Path, here: Cli, tmp_path: Path) -> None:
    file, out = tmp_path / "tasks.json", tmp_path / "out.csv"
    assert here("label", "export", file, at=made).code == 0
    tasks = json.loads(file.read_text())
    assert here("label", "export", file, "--format", "label-studio", at=made).code == 0
    assert json.loads(file.read_text()) == tasks
    assert len(tasks) == 8
    assert set(tasks[0]["data"]) == {"plan", "spend", "visits"}
    result = [{"from_name": "churned", "type": "choices", "value": {"choices": ["yes"]}}]
    for number, task in enumerate(tasks):
        task |= {"id": number, "annotations": [{"id": number, "completed_by": 1, "result": result}]}
    file.write_text(json.dumps(tasks))
    done = here("label", "import", file, out, "--column", "churned", "--json", at=made).json
    assert (done["outcomes"], done["unresolved"]) == (8, [])
    assert set(pl.read_csv(out)["churned"]) == {"yes"}


def test_labels_stand_in_the_dataset_with_who_said_them(shop: Path, here: Cli, tmp_path: Path) -> None:
    sheet, out = shop / "said.csv", tmp_path / "out.parquet"
    assert here("label", "export", sheet, at=shop).code == 0
    rows = pl.read_csv(sheet, infer_schema=False).with_columns(label=pl.lit("yes"))
    pl.concat([rows.with_columns(annotator=pl.lit(who)) for who in ("ana", "ben")]).write_csv(sheet)
    done = here("label", "import", sheet, out, "--json", at=shop).json  # the target is derived from "churned" alone
    assert done["outcomes"] == 8
    assert pl.read_parquet(out)["churned"].to_list() == ["yes"] * 8

    assert here("data", at=shop).code == 0
    before = here("show", "dataset", "--json", at=shop).json
    toml, columns = shop / "cycle.toml", shop / "columns.toml"
    toml.write_text(toml.read_text() + '[data.labels]\nfrom = "said.csv"\n')
    columns.write_text(columns.read_text() + 'labelled_by = { type = "category", known = "after", feature = false }\n')
    assert here("data", at=shop).code == 0
    after = here("show", "dataset", "--json", at=shop).json
    kept = [sum(part["rows"] for part in found["record"]["parts"].values()) for found in (before, after)]
    assert kept[1] == kept[0] + 8
    labels = next(found for found in after["measured"] if found["check"] == "labels")
    assert (labels["value"], labels["evidence"]["by_ana"], labels["evidence"]["by_ben"]) == (8, 8, 8)
    assert here("label", "export", tmp_path / "next.csv", "--json", at=shop).json["waiting"] == 0
    sheet.write_text(sheet.read_text().replace(",yes,ana", ",maybe,ana", 1))
    refused = here("label", "import", sheet, out, at=shop)
    refused.refused(2, "said.csv, line 2", "'maybe'", "no, yes", "To mend it")


def test_what_is_refused(made: Path, here: Cli, tmp_path: Path) -> None:
    here("label", "export", tmp_path / "a.csv", "--score", "spent", at=made).refused(2, "did you mean 'spend'?")
    here("label", "export", tmp_path / "a.csv", "--score", "spend", at=made).refused(2, "no probability")
    here("label", "import", tmp_path / "none.csv", tmp_path / "o.csv", at=made).refused(2, "none.csv", "cannot be read")
    (tmp_path / "a.json").write_text("{}")
    here("label", "import", tmp_path / "a.json", tmp_path / "o.csv", at=made).refused(2, "a.json", "list of tasks")
    here("label", "import", tmp_path / "a.json", tmp_path / "o.doc", at=made).refused(2, "o.doc", ".parquet")
    here("label", "import", tmp_path / "a.json", tmp_path / "o.csv", "--column", "plan", at=made).refused(2, "'plan'")
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize("command", ["export", "import"])
def test_help(made: Path, here: Cli, command: str) -> None:
    assert "FILE" in here("label", command, "--help", at=made).out
