"""Batches by file: every format, bad rows aside, the same night twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from fullcycle.deployment.batch import predict_file
from fullcycle.deployment.files import read_rows
from fullcycle.kernel.errors import ColumnMissing, InputError, UnknownKey
from fullcycle.predictor.contract import ColumnRule, Contract
from fullcycle.traffic.compact import compact
from fullcycle.traffic.read import Traffic
from fullcycle.traffic.schema import scope_folder

from .bundles import SCOPE, Place, bundle, place, route, row

AT = datetime(2013, 8, 1, tzinfo=UTC)


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return place(tmp_path, bundle(), route("r1", control=0.1))


def counted(here: Place) -> int:
    traffic = Traffic(here.root, SCOPE)
    return traffic.read(traffic.cut(None, None, datetime(2100, 1, 1, tzinfo=UTC)))[0].height


def rows_file(folder: Path, suffix: str, rows: list[dict[str, object]]) -> Path:
    path = folder / f"in{suffix}"
    frame = pl.DataFrame(rows)
    match suffix:
        case ".parquet":
            frame.write_parquet(path)
        case ".csv":
            frame.write_csv(path)
        case ".tsv":
            frame.write_csv(path, separator="\t")
        case _:
            frame.write_ndjson(path)
    return path


def test_every_format_gives_the_same_answers(here: Place, tmp_path: Path) -> None:
    found = {}
    for suffix in (".parquet", ".csv", ".tsv", ".jsonl", ".ndjson"):
        source = rows_file(tmp_path, suffix, [row(number) for number in range(30)])
        target = tmp_path / f"out{suffix}.parquet"
        batch = predict_file(here.path, here.serving, source, target, at=AT)
        assert (batch.answered, batch.rejected, batch.side) == (30, 0, "")
        found[suffix] = pl.read_parquet(target).rows()
    assert len({tuple(rows) for rows in found.values()}) == 1
    assert counted(here) == 30


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_bad_cell_costs_its_own_row_only(here: Place, tmp_path: Path, suffix: str) -> None:
    rows = [row(number) for number in range(6)]
    texts = [{**one, "distance": str(one["distance"])} for one in rows]
    texts[2]["distance"], texts[4]["departure"] = "far", "soon"
    source = tmp_path / f"in{suffix}"
    if suffix == ".csv":
        pl.DataFrame(texts).write_csv(source)
    else:
        rows[2]["distance"], rows[4]["departure"] = "far", "soon"
        lines = [json.dumps(one) for one in rows]
        source.write_text("\n".join([*lines, "{torn"]) + "\n")
    batch = predict_file(here.path, here.serving, source, tmp_path / "out.csv", at=AT)
    assert batch.answered == 4
    said = [json.loads(line) for line in Path(batch.side).read_text().splitlines()]
    assert [one["rejected_row"] for one in said] == ([2, 4] if suffix == ".csv" else [2, 4, 6])
    assert said[0]["reasons"] == [
        {"column": "distance", "found": "'far'", "expected": "a number, at least 0, at most 10000"}
    ]
    assert said[1]["reasons"][0]["column"] == "departure"


def test_the_same_night_twice_changes_nothing(here: Place, tmp_path: Path) -> None:
    source, target = rows_file(tmp_path, ".csv", [row(number) for number in range(20)]), tmp_path / "out.jsonl"
    first = predict_file(here.path, here.serving, source, target, at=AT)
    body = target.read_bytes()
    again = predict_file(here.path, here.serving, source, target, at=datetime(2013, 8, 2, tzinfo=UTC))
    compact(scope_folder(here.root, SCOPE))
    later = predict_file(here.path, here.serving, source, target, at=datetime(2013, 8, 3, tzinfo=UTC))
    assert [first.logged, again.logged, later.logged] == [True, False, False]
    assert target.read_bytes() == body
    compact(scope_folder(here.root, SCOPE))
    traffic = Traffic(here.root, SCOPE)
    frame, counts = traffic.read(traffic.cut(None, None, datetime(2100, 1, 1, tzinfo=UTC)))
    assert (frame.height, counts.duplicate) == (20, 0)


def test_another_release_answers_the_night_anew(here: Place, tmp_path: Path) -> None:
    source, target = rows_file(tmp_path, ".csv", [row(number) for number in range(20)]), tmp_path / "out.csv"
    first = predict_file(here.path, here.serving, source, target, at=AT)
    here.deploy(bundle(0.5), route("r2", generation=2))
    again = predict_file(here.path, here.serving, source, target, at=AT)
    assert again.logged
    assert first.logged


def test_nothing_half_done_stays(here: Place, tmp_path: Path) -> None:
    source = rows_file(tmp_path, ".csv", [row(0)])
    predict_file(here.path, here.serving, source, tmp_path / "deep" / "out.csv", at=AT)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out.csv"]


def test_mistakes_are_named(here: Place, tmp_path: Path) -> None:
    def answered(name: str, body: bytes, target: str = "out.csv") -> None:
        (tmp_path / name).write_bytes(body)
        predict_file(here.path, here.serving, tmp_path / name, tmp_path / target, at=AT)

    with pytest.raises(UnknownKey, match="kind of file"):
        answered("in.xls", b"")
    with pytest.raises(UnknownKey, match="kind of file"):
        answered("in.csv", b"a\n1\n", "out.pdf")
    with pytest.raises(ColumnMissing, match="distance"):
        answered("in.csv", b"flight,carrier,departure\nN1,UA,2013-07-01\n")
    with pytest.raises(InputError, match="empty"):
        answered("in.csv", b"")
    with pytest.raises(InputError, match="cannot be read"):
        answered("in.parquet", b"junk")
    with pytest.raises(InputError, match="not there"):
        predict_file(here.path, here.serving, tmp_path / "none.csv", tmp_path / "out.csv", at=AT)
    with pytest.raises(InputError, match="delimiter"):
        answered("in.csv", b"flight;carrier;departure\nN1;UA;2013-07-01\n")
    with pytest.raises(InputError, match="would replace the rows"):
        answered("in.csv", (body := b"flight,carrier\nN1,UA\n"), "in.csv")
    assert (tmp_path / "in.csv").read_bytes() == body
    assert counted(here) == 0


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_times_are_written_as_they_are_read(here: Place, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"out{suffix}"
    predict_file(here.path, here.serving, rows_file(tmp_path, ".csv", [row(0)]), target, at=AT)
    rule = ColumnRule(name=here.serving.time, kind="time")
    frame, _ = read_rows(target, target.read_bytes(), Contract((rule,)))
    _, failures = Contract((rule,)).compile()(frame.select(rule.name).row(0, named=True))
    assert failures == []
