"""Rows that have to go are found however they are written, in typed tables, in quarantine and in lines."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.data.erase import Doomed, kept, rest, rest_of_messages, untold
from fullcycle.data.portrait import Portrait, read
from fullcycle.data.sources.brokers import landed
from fullcycle.data.sources.brokers.topic import Message
from fullcycle.data.sources.files import parquet
from fullcycle.kernel.record import canonical
from fullcycle.measure.sketches import ColumnSketch
from fullcycle.traffic.schema import entity_hash

KEY = b"0" * 32


def doomed(*entities: str, since: datetime | None = None) -> Doomed:
    return Doomed("who", "at", frozenset(entity_hash(KEY, entity) for entity in entities), KEY, since)


@pytest.mark.parametrize(
    "values",
    [
        pl.Series(["7", "8", None]),
        pl.Series([7, 8, None]),
        pl.Series([7.0, 8.0, None]),
        pl.Series([" 7", "08", ""]),
        pl.Series(["7.0", "seven", "77"]),
        pl.Series([entity_hash(KEY, "7"), entity_hash(KEY, "8"), None]),
        pl.Series(["7", "8", None], dtype=pl.Categorical),
    ],
)
def test_an_entity_is_known_however_it_is_written(values: pl.Series) -> None:
    rows = pl.DataFrame({"who": values, "n": [1, 2, 3]})
    left = kept(rows, doomed("7"))
    assert (left.rows["n"].to_list(), left.dropped) == ([2, 3], 1)


def test_nothing_is_copied_where_nothing_goes() -> None:
    rows = pl.DataFrame({"who": ["ada"]})
    assert kept(rows, doomed()).rows is rows
    assert kept(rows, doomed("bob")).rows is rows
    assert kept(pl.DataFrame({"other": ["ada"]}), doomed("ada")).dropped == 0


@given(st.lists(st.sampled_from(["ada", "bob", "", "Ada", "ada "]) | st.none()))
def test_what_is_kept_and_what_is_dropped_are_all(people: list[str | None]) -> None:
    rows = pl.DataFrame({"who": people}, schema={"who": pl.String})
    left = kept(rows, doomed("ada"))
    assert len(left.rows) + left.dropped == len(rows)
    assert left.rows["who"].to_list() == [one for one in people if one is None or one.strip() != "ada"]


@pytest.mark.parametrize(
    "line",
    [
        "orders, row 7: ada,1",
        'orders, row 7: 1;"ada";x',
        'orders, row 7: {"who": "ada"',
        "a, row 1: x,ada l,2",
        "ada: x",
    ],
)
def test_a_broken_line_that_names_the_entity_goes(line: str) -> None:
    rows = pl.DataFrame({"who": [None, None], "raw": [line, "orders, row 8: adam,7"]})
    assert doomed("ada", "ada l").rows(rows).to_list() == [True, False]
    assert not doomed("8").rows(rows).any()  # the number of the row is nobody


def test_old_rows_go_typed_or_as_text() -> None:
    since = datetime(2025, 1, 1, tzinfo=UTC)
    typed = pl.DataFrame({"at": [datetime(2024, 12, 31, 23, 59, tzinfo=UTC), since, None]})
    assert doomed(since=since).rows(typed).to_list() == [True, False, False]
    texts = typed["at"].cast(pl.String).to_list()
    written = pl.DataFrame({"at": [*texts, "2024-12-31T23:59:00Z", "2024-06-01", "2025-01-01T00:30:00", "soon"]})
    found = doomed(since=since).rows(written, zone="Europe/Berlin").to_list()
    assert found == [True, False, False, True, True, True, False]  # the last but one is told in Berlin's time


def test_the_rest_of_a_stored_table() -> None:
    table = pl.DataFrame({"who": ["ada", "bob", "ada"], "at": ["x", "y", "z"], "n": [1, 2, 3]})
    left = rest(parquet(table), doomed("ada"))
    assert left is not None
    assert left.gone.equals(table.filter(pl.col("who") == "ada"))
    assert left.body == parquet(table.filter(pl.col("who") == "bob"))
    assert rest(left.body, doomed("ada")) is None
    everyone = rest(left.body, doomed("bob"))
    assert everyone is not None
    assert pl.read_parquet(io.BytesIO(everyone.body)).schema == table.schema


def test_messages_go_and_the_topic_is_not_read_again(tmp_path: Path) -> None:
    texts = [
        b'{"who":"ada","n":1}',
        b'{"who":7}',
        b"broken, ada",
        b'{"deep":[{"who":"ada"}]}',
        b'{"who":"bob"}',
        None,
        b"\xff",
    ]
    messages = [Message(0, offset, "orders", 0, text) for offset, text in enumerate(texts)]
    path = landed.write(tmp_path, landed.Head(topic="orders", born="x", next={0: 7}), messages, 0)
    body, gone = rest_of_messages(path, doomed("ada", "7"))
    assert gone == 4
    assert b"ada" not in body
    before = landed.head(path)
    path.write_bytes(body)
    assert [line.text for line in landed.lines(path)] == ['{"who":"bob"}', None, None]
    assert (landed.head(path).next, landed.head(path).born, landed.head(path).count) == (before.next, "x", 3)
    assert rest_of_messages(path, doomed("ada", "7")) == (body, 0)


def test_old_messages_go(tmp_path: Path) -> None:
    texts = [b'{"at":"2024-01-01T00:00:00Z"}', b'{"at":"2025-01-01T00:00:00Z"}', b'{"who":"ada"}']
    messages = [Message(0, offset, "orders", 0, text) for offset, text in enumerate(texts)]
    path = landed.write(tmp_path, landed.Head(topic="orders", born="x", next={0: 3}), messages, 0)
    assert rest_of_messages(path, doomed(since=datetime(2025, 1, 1, tzinfo=UTC)))[1] == 1


@pytest.mark.parametrize(("values", "kind"), [(["ada", "bob", None], "category"), ([7, 8, None], "integer")])
def test_a_portrait_names_nobody_any_more(values: list[object], kind: str) -> None:
    other = ColumnSketch.of(pl.Series([1.0]), "float")
    sketches = {"who": ColumnSketch.of(pl.Series(values), kind), "n": other}
    portrait = Portrait(sketches=sketches, correlations=(), relations=(), rates=())
    body = untold(canonical(portrait), "who")
    assert body is not None
    assert b"ada" not in body
    left = read(body)
    assert left == msgspec.structs.replace(portrait, sketches={"who": left.sketches["who"], "n": other})
    who = left.sketches["who"]
    assert (who.told, who.n, who.missing, who.distinct) == (False, 3, 1, 2)
    assert untold(body, "who") is None
    assert untold(body, "absent") is None
