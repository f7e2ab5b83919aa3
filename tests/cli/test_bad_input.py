"""Bad input: an exit code, a sentence that names the place and the way out, and nothing half-written."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.conftest import Cli, Done, customers

Edit = Callable[[Path, str, str], None]


def init(here: Cli, at: Path, *more: str, data: str = "rows.csv", target: str = "churned") -> Done:
    return here("init", "shop", "--data", data, "--target", target, *more, at=at)


@pytest.mark.parametrize(
    ("text", "more", "told"),
    [
        (None, (), ["rows.csv", "missing", "--data"]),
        ("", (), ["rows.csv", "empty"]),
        ("a,b\n", (), ["rows.csv", "no rows"]),
        (
            customers().replace("churned", "chruned"),
            (),
            ["'churned' is missing", "did you mean 'chruned'?", "--target"],
        ),
        (customers().replace(",yes", ",no"), (), ["'churned'", "one class only"]),
        (customers().replace("T", " at "), (), ["no column holds times", "--time"]),
        (
            customers().replace("T", " at "),
            ("--time", "seen"),
            ["rows.csv, row 1", "'seen' does not parse as time", "ISO 8601"],
        ),
        (customers(), ("--entity", "custmer"), ["did you mean 'customer'?", "--entity"]),
        ("a,b\n1,2\n1,2,3\n1\n3,4,5\n", (), ["rows.csv", "line"]),
    ],
    ids=["missing", "empty", "header", "misspelt", "one class", "no time", "bad time", "entity", "ragged"],
)
def test_init(tmp_path: Path, here: Cli, text: str | None, more: tuple[str, ...], told: list[str]) -> None:
    if text is not None:
        (tmp_path / "rows.csv").write_text(text)
    init(here, tmp_path, *more).refused(2, *told)
    assert not (tmp_path / "shop").exists()


def test_another_delimiter_is_found_out(tmp_path: Path, here: Cli) -> None:
    (tmp_path / "rows.csv").write_text(customers().replace(",", ";"))
    assert init(here, tmp_path).code == 0
    assert here("scope", at=tmp_path / "shop").code == 0


def test_a_misspelt_file_names_the_nearest(tmp_path: Path, here: Cli) -> None:
    (tmp_path / "rows.csv").write_text(customers())
    init(here, tmp_path, data="row.csv").refused(2, "did you mean 'rows.csv'?")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'target = "churned_is_yes"',
            'target = "churned_is_yes',
            ["cycle.toml:8", "not valid TOML", "quotation marks"],
        ),
        ('label_delay = "1d"', 'lable_delay = "1d"', ["cycle.toml:11", "lable_delay", "label_delay"]),
        ('label_delay = "1d"', 'label_delay = "soon"', ["cycle.toml:11", "not a duration", "soon", "write '1d'"]),
        ("action_changes_outcome = false", "action_changes_outcome = 3", ["cycle.toml:14", "expected bool"]),
        ("action_changes_outcome = false", "", ["cycle.toml", "needs 'action_changes_outcome'"]),
        ('"customers.csv"', '"custmers.csv"', ["custmers.csv", "missing", "customers.csv", "cycle.toml"]),
        ("churned == 'yes'", "chruned == 'yes'", ["cycle.toml", "'chruned' is missing", "did you mean 'churned'?"]),
        ("churned == 'yes'", "churned == 'maybe'", ["one class only"]),
        ('timezone = "UTC"', 'timezone = "Mars"', ["cycle.toml:3", "no such time zone", "Mars"]),
        (
            'entity = "customer"',
            'entity = "custmer"',
            ["cycle.toml:9", "'custmer' is missing", "did you mean 'customer'?"],
        ),
    ],
    ids=["toml", "key", "duration", "type", "lacking", "file", "expression", "class", "zone", "entity"],
)
def test_cycle_toml(shop: Path, here: Cli, edit: Edit, old: str, new: str, told: list[str]) -> None:
    edit(shop / "cycle.toml", old, new)
    here("scope", at=shop).refused(2, *told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["customers.csv", "empty"]),
        (customers().replace("spend", "spent", 1), ["customers.csv", "'spend' is missing", "did you mean 'spent'?"]),
        (customers().replace("T", " at "), ["customers.csv, row 1", "'seen' does not parse as time", "ISO 8601"]),
        (customers().replace(",yes", ",no"), ["one class only"]),
    ],
    ids=["empty", "column", "time", "class"],
)
def test_tables(shop: Path, here: Cli, text: str, told: list[str]) -> None:
    (shop / "customers.csv").write_text(text)
    here("scope", at=shop).refused(2, *told)
    assert here("status", "--json", at=shop).json["heads"]["charter"] is None


def test_columns_toml(shop: Path, here: Cli, edit: Edit) -> None:
    edit(shop / "columns.toml", 'plan = { type = "category" }', 'plan = { tpye = "category" }')
    here("scope", at=shop).refused(2, "columns.toml:4", "tpye", "type")


def test_columns_toml_is_missing(shop: Path, here: Cli) -> None:
    (shop / "columns.toml").unlink()
    here("scope", at=shop).refused(2, "columns.toml is missing", "init")


def test_a_key_column_without_a_line(shop: Path, here: Cli, edit: Edit) -> None:
    edit(shop / "columns.toml", 'seen = { type = "time" }\n', "")
    here("scope", at=shop).refused(2, "'seen' has no line in columns.toml", "cycle.toml:10", "add a line")


@pytest.mark.parametrize(
    ("old", "new"), [('window = "7d"', 'window = "7 dayz"'), ('review = "30d"', 'review = "soon"')]
)
def test_durations_are_complained_of_before_any_work(shop: Path, here: Cli, edit: Edit, old: str, new: str) -> None:
    edit(shop / "cycle.toml", old, new)
    here("run", at=shop).refused(2, "cycle.toml:", "not a duration")
    assert not (shop / ".fullcycle").exists()


def test_a_policy_of_retraining_that_is_none(shop: Path, here: Cli, edit: Edit) -> None:
    edit(shop / "cycle.toml", 'review = "30d"', 'retrain = "worthwile"')
    here("status", at=shop).refused(2, "cycle.toml:", "'worthwile'", "worthwhile")


def test_what_was_not_made_yet(shop: Path, here: Cli) -> None:
    here("show", "model", at=shop).refused(2, "no model has been made here yet", "fullcycle develop")


def test_a_journal_from_a_newer_version(shop: Path, cli: Cli) -> None:
    assert cli("scope", at=shop).code == 0
    with sqlite3.connect(shop / ".fullcycle" / "journal.sqlite") as journal:
        journal.execute("PRAGMA user_version = 99")
    cli("status", at=shop).refused(2, "journal.sqlite", "newer fullcycle", "99", "upgrade")


def test_a_broken_journal(shop: Path, cli: Cli) -> None:
    assert cli("scope", at=shop).code == 0
    path = shop / ".fullcycle" / "journal.sqlite"
    with sqlite3.connect(path) as journal:
        body = journal.execute("SELECT body FROM entries WHERE position = 2").fetchone()[0]
        journal.execute("UPDATE entries SET body = ? WHERE position = 2", (body.replace(b"scoping", b"scopinG"),))
    cli("doctor", at=shop).refused(3, "the chain is broken at entry 2", "backup")
    path.write_bytes(b"no database at all" * 100)
    cli("doctor", at=shop).refused(3, "journal.sqlite")


def test_a_lost_blob(shop: Path, here: Cli) -> None:
    charter = here("scope", "--json", at=shop).json["id"]
    assert here("doctor", "--json", at=shop).json["records"] == 1
    blob = shop / ".fullcycle" / "blobs" / charter[:2] / charter
    body = blob.read_bytes()
    blob.write_bytes(body + b" ")
    here("doctor", at=shop).refused(3, "do not match their digest", "scoping head")
    blob.unlink()
    here("doctor", at=shop).refused(3, "missing", charter[:12])
    blob.write_bytes(body)
    assert here("doctor", at=shop).code == 0


def test_a_full_disk(tmp_path: Path, small_disk: Path, cli: Cli) -> None:
    (tmp_path / "rows.csv").write_text(customers(3000))
    cli("init", small_disk / "shop", "--data", "rows.csv", "--target", "churned", at=tmp_path).refused(
        3, "No space left", "nothing was left behind"
    )
    assert list(small_disk.iterdir()) == []
    (tmp_path / "rows.csv").write_text(customers())
    assert cli("init", small_disk / "shop", "--data", "rows.csv", "--target", "churned", at=tmp_path).code == 0
    (small_disk / "filler").write_bytes(b" " * 8192)
    cli("scope", at=small_disk / "shop").refused(3, "free some disk")


def test_a_port_in_use(shop: Path, cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        cli("serve", "--port", port, at=shop).refused(3, f"port {port} is in use", "--port")


def test_nothing_to_serve(shop: Path, here: Cli) -> None:
    here("predict", "customers.csv", "out.csv", at=shop).refused(2, "nothing is deployed", "fullcycle deploy")
    assert not (shop / "out.csv").exists()
    here("outcomes", "customers.csv", at=shop).refused(2, "nothing is deployed")
    here("rollback", at=shop).refused(2, "no other release")
    here("monitor", at=shop).refused(4, "nothing serves yet", "fullcycle deploy")
    here("review", at=shop).refused(4, "nothing serves yet")
    here("show", "abcdef", at=shop).refused(2, "abcdef", "fullcycle status")
    here("trace", "abcdef", at=shop).refused(2, "abcdef")
    here("run", "--to", "deplyo", at=shop).refused(2, "deplyo", "deploy")
    here("replay", "--timeline", "live", "--from", "soon", at=shop).refused(2, "--from", "not a time")
