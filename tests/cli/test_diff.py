"""``fullcycle diff``: two records of one kind, and two datasets in all that is in them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from cli.conftest import Cli
from fullcycle import open_project
from shop import orders, write_shop


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "orders", orders(days=70, per_day=30), timeline="live")


def test_two_datasets(project: Path, here: Cli) -> None:
    first = here("data", "--json", at=project).json["id"]
    rows = orders(days=70, per_day=30)
    changed = rows.with_columns(
        price=pl.when(pl.int_range(pl.len()) == 100).then(1.25).otherwise("price"), channel=pl.lit("app")
    )
    write_shop(project, changed[10:], timeline="live")
    second = here("data", "--json", at=project).json["id"]
    said = here("diff", first[:10], "dataset", at=project)
    assert said.code == 0, said
    assert f"dataset {first[:12]} → {second[:12]}" in said.out
    assert "10 removed" in said.out
    assert "cells of price: 1 changed" in said.out
    assert "distribution of channel" in said.out
    found = here("diff", first, second, "--json", at=project).json
    assert (found["kind"], found["before"], found["after"]) == ("dataset", first, second)
    assert found["difference"]["rows"]["cells"]["price"] == 1
    assert [one["column"] for one in found["difference"]["shifts"] if one["real"]] == ["channel"]
    assert "nothing changed" in here("diff", first, first, at=project).out
    one = open_project(project)
    earlier = one._turn.run.get(first)
    assert one.diff(earlier, one.data()).rows.removed == 10


def test_two_charters(project: Path, here: Cli) -> None:
    here("scope", at=project)
    first = here("show", "charter", "--json", at=project).json["id"]
    toml = project / "cycle.toml"
    toml.write_text(toml.read_text().replace("at_least = 0.55", "at_least = 0.6"))
    here("scope", at=project)
    found = here("diff", first, "charter", "--json", at=project).json
    assert {"path": "gates[0].limit", "before": "0.55", "after": "0.6"} in found["difference"]["fields"]
    assert found["sentences"]


def test_two_kinds_and_unknown_records(project: Path, here: Cli) -> None:
    here("data", at=project)
    here("diff", "charter", "dataset", at=project).refused(2, "two kinds", "a charter and a dataset")
    here("diff", "dataset", "0000", at=project).refused(2, "0000")
    here("diff", "dataset", "model", at=project).refused(2, "no model has been made")
