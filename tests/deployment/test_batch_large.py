"""Batches in many parts: killed, limited, into tables, from every place."""

from __future__ import annotations

import io
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import polars as pl
import pytest

import database_servers
from fullcycle.deployment.batch import Batch, open_rows, parts, predict_rows
from fullcycle.deployment.batch.progress import Head, Progress, alone
from fullcycle.deployment.serving import load_answerer
from fullcycle.kernel.errors import Conflict, InputError, OutsideError, UnknownKey
from fullcycle.traffic.read import Traffic

from .bundles import POLICY, SCOPE, Place, bundle, place, route, row

AT = datetime(2013, 8, 1, tzinfo=UTC)


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return place(tmp_path, bundle(), route("r1", control=0.1))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MOST", 50)
    monkeypatch.setattr(parts, "CELLS", 10)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[database_servers.Server]:
    with database_servers.postgresql() as server:
        yield server


def table(rows: int, first: int = 0) -> pl.DataFrame:
    return pl.DataFrame([row(number) for number in range(first, first + rows)])


def answered(here: Place, source: Path | str, target: Path | str, **options: object) -> Batch:
    return predict_rows(
        here.path,
        here.serving,
        lambda contract: open_rows(str(source), contract),
        str(target),
        **{"at": AT, **options},  # type: ignore[arg-type]
    )


def traffic(here: Place) -> tuple[pl.DataFrame, int, int]:
    log = Traffic(here.root, SCOPE)
    frame, counts = log.read(log.cut(None, None, datetime(2100, 1, 1, tzinfo=UTC)))
    return frame, counts.duplicate, counts.superseded


def test_parts_give_what_the_whole_gives(here: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "in.csv"
    table(3000).with_columns(distance=pl.col("distance").cast(pl.String).replace({"100.0": "far"})).write_csv(source)
    whole = answered(here, source, tmp_path / "whole.csv")
    monkeypatch.setattr(parts, "MOST", 50)
    again = answered(here, source, tmp_path / "parts.csv")
    assert (whole.answered, whole.rejected) == (again.answered, again.rejected) == (2950, 50)
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert Path(whole.side).read_bytes() == Path(again.side).read_bytes()


@pytest.mark.parametrize("suffix", [".csv", pytest.param(".parquet", marks=pytest.mark.slow)])
def test_killed_at_any_moment_it_goes_on_to_the_same_answers(tmp_path: Path, suffix: str) -> None:
    folders = tmp_path / "killed", tmp_path / "undisturbed"
    for folder in folders:
        folder.mkdir()
    here, other = (place(folder, bundle(), route("r1", control=0.1)) for folder in folders)
    source = tmp_path / f"in{suffix}"
    frame = table(4000).with_columns(flight="N" + pl.int_range(4000).cast(pl.String))
    if suffix == ".csv":
        frame.write_csv(source)
    else:
        frame.write_parquet(source)
    outs = [folder / f"out{suffix}" for folder in folders]
    took = run_batch(other, source, outs[1], None)
    random.seed(7)
    for turn in range(4):
        if turn == 3 or run_batch(here, source, outs[0], random.random() * took) is not None:
            run_batch(here, source, outs[0], None)
            break
        if outs[0].exists():
            assert outs[0].read_bytes() == outs[1].read_bytes()
    assert outs[0].read_bytes() == outs[1].read_bytes()
    frame, duplicate, _ = traffic(here)
    assert (frame.height, duplicate) == (4000, 0)
    assert {path.name for path in folders[0].iterdir()} == {path.name for path in folders[1].iterdir()}


def run_batch(here: Place, source: Path, target: Path, kill_after: float | None) -> float | None:
    """A batch in a process of its own, killed after so many seconds of work; how long it took, ``None`` if it was killed."""
    killed = Path(__file__).with_name("batch_killed.py")
    command = [sys.executable, str(killed), str(here.path), str(source), str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        begun = time.monotonic()
        try:
            process.wait(timeout=kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            return None
    assert process.returncode == 0
    return time.monotonic() - begun


@pytest.mark.usefixtures("small")
def test_limits_per_day_hold_over_the_whole_batch(tmp_path: Path) -> None:
    limited = bundle(policy=msgspec.structs.replace(POLICY, limits={"rebook": 3}))
    here = place(tmp_path, limited, route("r1", control=0.1))
    frame = table(600).with_columns(departure=pl.Series([f"2013-07-0{1 + n % 4}T16:15:00Z" for n in range(600)]))
    whole = load_answerer(here.path, here.serving).frame(frame, 7)
    frame.write_parquet(tmp_path / "in.parquet")
    batch = answered(here, tmp_path / "in.parquet", tmp_path / "out.parquet")
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert out["decision"].to_list() == whole.answers["decision"].to_list()
    taken = out.filter(pl.col("variant") == "champion", pl.col("decision") == "rebook")
    assert taken.group_by(pl.col("departure").dt.date()).len()["len"].to_list() == [3, 3, 3, 3]
    assert (batch.answered, traffic(here)[0].height) == (600, 600)
    assert set(traffic(here)[0]["action"]) == {"rebook", "wait"}
    assert not answered(here, tmp_path / "in.parquet", tmp_path / "out.parquet").logged


@pytest.mark.usefixtures("small")
def test_a_delta_table_takes_each_decision_once(here: Place, tmp_path: Path) -> None:
    table(200).write_parquet(tmp_path / "in.parquet")
    target = tmp_path / "out.delta"
    answered(here, tmp_path / "in.parquet", target)
    version = pl.read_delta(str(target)).height, _version(target)
    assert not answered(here, tmp_path / "in.parquet", target).logged
    assert (pl.read_delta(str(target)).height, _version(target)) == version
    here.deploy(bundle(3.0), route("r2", control=0.1, generation=2))
    table(220).write_parquet(tmp_path / "in.parquet")
    answered(here, tmp_path / "in.parquet", target)
    answered(here, tmp_path / "in.parquet", tmp_path / "file.parquet")
    both = [pl.read_delta(str(target)), pl.read_parquet(tmp_path / "file.parquet")]
    assert both[0].sort("id").rows() == both[1].sort("id").rows()


def _version(target: Path) -> int:
    return len(list((target / "_delta_log").glob("*.json")))


@pytest.mark.usefixtures("small")
def test_a_delta_table_is_read(here: Place, tmp_path: Path) -> None:
    table(120).write_delta(str(tmp_path / "in.delta"))
    assert answered(here, tmp_path / "in.delta", tmp_path / "out.arrow").answered == 120
    assert pl.read_ipc(tmp_path / "out.arrow").height == 120


@pytest.mark.usefixtures("small")
def test_sqlite_takes_each_decision_once(here: Place, tmp_path: Path) -> None:
    table(120).write_csv(tmp_path / "in.csv")
    target = f"sqlite:///{tmp_path}/answers.db?table=night"
    for _ in range(2):
        answered(here, tmp_path / "in.csv", target)
    with closing(sqlite3.connect(tmp_path / "answers.db")) as database:
        rows = database.execute("SELECT flight, departure, decision FROM night ORDER BY flight").fetchall()
        assert len(rows) == 120
        assert rows[0] == ("N00000", "2013-07-01T00:15:00.000000Z", "wait")
        database.execute("CREATE TABLE loose (id TEXT, decision TEXT)")
        database.execute("CREATE TABLE other (id TEXT PRIMARY KEY, colour TEXT)")
    with pytest.raises(InputError, match=r"ids of the table are not unique|other columns"):
        answered(here, tmp_path / "in.csv", f"sqlite:///{tmp_path}/answers.db?table=loose")
    with pytest.raises(InputError, match="other columns"):
        answered(here, tmp_path / "in.csv", f"sqlite:///{tmp_path}/answers.db?table=other")
    (tmp_path / "text.db").write_text("this is no database" * 100)
    with pytest.raises(OutsideError, match="does not take"):
        answered(here, tmp_path / "in.csv", f"sqlite:///{tmp_path}/text.db?table=night")
    with pytest.raises(InputError, match="names no table"):
        answered(here, tmp_path / "in.csv", f"sqlite:///{tmp_path}/answers.db")
    with pytest.raises(UnknownKey):
        answered(here, tmp_path / "in.csv", "oracle://host/answers?table=night")


@pytest.mark.usefixtures("small")
def test_postgresql_takes_each_decision_once(
    here: Place, tmp_path: Path, postgresql: database_servers.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PASSWORD", database_servers.PASSWORD)
    monkeypatch.chdir(tmp_path)  # where progress lies, beside no file
    table(120).write_csv(tmp_path / "in.csv")
    target = f"postgresql://postgres:${{DB_PASSWORD}}@127.0.0.1:{postgresql.port}/postgres?table=night"
    answered(here, tmp_path / "in.csv", target)
    here.deploy(bundle(3.0), route("r2", control=0.1, generation=2))
    for _ in range(2):
        answered(here, tmp_path / "in.csv", target)
    answered(here, tmp_path / "in.csv", tmp_path / "out.parquet")
    address = target.partition("?")[0].replace("${DB_PASSWORD}", "pa%3Ass%40w%2Frd%231")
    rows = pl.read_database_uri("SELECT * FROM night ORDER BY id", address, engine="adbc")
    wanted = pl.read_parquet(tmp_path / "out.parquet").sort("id")
    assert rows.select(wanted.columns).cast(dict(wanted.schema)).rows() == wanted.rows()
    with pytest.raises(OutsideError) as told:
        answered(here, tmp_path / "in.csv", "postgresql://postgres:wrong-secret@127.0.0.1:1/postgres?table=night")
    assert "wrong-secret" not in str(told.value)


def test_only_what_came_since_the_last_time(here: Place, tmp_path: Path) -> None:
    frame = table(40).with_columns(departure=pl.Series([(AT + timedelta(hours=n)).isoformat() for n in range(40)]))
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    frame.head(30).write_csv(source)
    assert answered(here, source, target, since="last").answered == 30
    frame.with_columns(
        departure=pl.when(pl.int_range(pl.len()) == 35).then(pl.lit("soon")).otherwise("departure")
    ).write_csv(source)
    later = answered(here, source, target, since="last")
    assert (later.answered, later.rejected) == (9, 1)
    assert answered(here, source, target, since=AT + timedelta(hours=37)).answered == 2
    assert answered(here, source, target, since="last").answered == 0
    assert traffic(here)[1:] == (2, 0)  # two were answered again, and are the same decisions


def test_globs_and_standard_input(here: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        table(10, 10 * number).write_csv(tmp_path / f"part-{number}.csv")
    assert answered(here, tmp_path / "part-*.csv", tmp_path / "out.jsonl").answered == 30
    with pytest.raises(InputError, match="no file is called so"):
        answered(here, tmp_path / "none-*.csv", tmp_path / "out.jsonl")
    lines = io.BytesIO()
    table(5).write_ndjson(lines)
    lines.seek(0)
    out = io.BytesIO()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(lines))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out))
    batch = answered(here, "-", "-")
    assert batch.answered == 5
    assert len(out.getvalue().splitlines()) == 5


def test_one_batch_at_a_time_writes_a_target(tmp_path: Path) -> None:
    with alone(tmp_path / "p"), pytest.raises(Conflict, match="another process"), alone(tmp_path / "p"):
        pass


def test_pieces_of_another_batch_are_not_taken_up(tmp_path: Path) -> None:
    first = Progress(tmp_path / "p", Head(input="a", asked="b", at=1))
    first.keep(0, "answers", pl.DataFrame({"id": ["x"]}))
    assert Progress(tmp_path / "p", Head(input="a", asked="c", at=2)).at == 2
    assert not first.path(0).exists()
