"""Rows made from events: times, activity, labels, months that are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.data.assemble import Assembled, assemble, examples
from fullcycle.data.assemble.settings import Examples, Join, Label, Window
from fullcycle.data.settings import Data, Source
from fullcycle.data.sources.reading import of_frame, whole
from fullcycle.kernel.errors import ColumnMissing, InputError

QUICK = settings(max_examples=60, deadline=None)

DAYS = timedelta(days=1)
START = datetime(2013, 1, 1, 12, tzinfo=UTC)
BUYS = Label(origin="orders", within="10d", any=True)
WINDOW = Window(origin="orders", by="customer", over=("30d",), count=True, sum=("amount",), days_since=True)
Event = tuple[str | None, int, float]
EVENTS: list[Event] = [("a", 0, 1.0), ("b", 3, 2.0), ("a", 5, 4.0), ("b", 40, 8.0), ("a", 70, 16.0)]


def orders(events: list[Event], late: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "customer": [event[0] for event in events],
            "day": [START + event[1] * DAYS for event in events],
            "known": [START + (event[1] + late) * DAYS for event in events],
            "amount": [event[2] for event in events],
        },
        schema={
            "customer": pl.String,
            "day": pl.Datetime("us", "UTC"),
            "known": pl.Datetime("us", "UTC"),
            "amount": pl.Float64,
        },
    )


def made(
    events: pl.DataFrame,
    *,
    every: str = "7d",
    label: Label = BUYS,
    delay: int = 10,
    windows: tuple[Window, ...] = (WINDOW,),
    joins: tuple[Join, ...] = (),
    state: Path | None = None,
    zone: str = "UTC",
    others: dict[str, pl.DataFrame] | None = None,
    **more: Any,
) -> Assembled:
    asked = Examples(entity="customer", origin="orders", every=every, label=label, **more)
    sources = (
        Source(name="orders", location="o", time="day", available="known"),
        *(Source(name=name, location=name, time="day") for name in others or {}),
    )
    settings = Data(sources=sources, examples=asked, windows=windows, joins=joins)
    readings = {
        "orders": of_frame(events, "o"),
        **{name: of_frame(frame, name) for name, frame in (others or {}).items()},
    }
    return assemble(settings, readings, {}, zone=zone, time="at", target="buys", label_delay=delay * DAYS, state=state)


def rows(found: Assembled) -> list[tuple[Any, ...]]:
    return [(row["customer"], f"{row['at']:%m-%d}", row["buys"]) for row in whole(found).rows(named=True)]


def test_a_row_for_each_active_entity_at_each_time():
    found = made(orders(EVENTS[:3]), delay=10)
    assert found.columns == ("customer", "at", "buys", "orders_count_30d", "orders_amount_sum_30d", "orders_days_since")
    assert rows(found) == []  # the data ends on 6 January, before the second time
    found = made(orders(EVENTS[:4]))
    assert rows(found)[:6] == [
        ("a", "01-08", False),
        ("b", "01-08", False),
        ("a", "01-15", False),
        ("b", "01-15", False),
        ("a", "01-22", False),
        ("b", "01-22", False),
    ]
    assert rows(found)[6:] == [("a", "01-29", False), ("b", "01-29", False), ("a", "02-05", None), ("b", "02-05", None)]
    assert whole(found)["orders_amount_sum_30d"].to_list()[:2] == [5.0, 2.0]
    assert found.findings()[0].evidence == {"rows": 10, "unknown": 2}


def test_an_entity_without_an_event_for_long_gets_no_row():
    table = rows(made(orders(EVENTS), active_within="20d"))
    assert [at for name, at, _ in table if name == "a"] == ["01-08", "01-15", "01-22"]
    assert [at for name, at, _ in table if name == "b"] == ["01-08", "01-15", "01-22", "02-12", "02-19", "02-26"]


def test_what_is_known_late_is_seen_late():
    first = whole(made(orders(EVENTS, late=4))).row(0, named=True)
    assert (first["customer"], first["orders_amount_sum_30d"]) == ("a", 1.0)  # the second is known on 10 January


def test_events_count_for_the_label_if_they_are_known_when_it_is():
    """A sale of 6 January that is known on the 15th: ten days after the 2nd that is too late, twelve is enough."""
    late = orders(EVENTS).with_columns(
        known=pl.col("day") + pl.when(pl.col("amount") == 4).then(9 * DAYS).otherwise(0 * DAYS)
    )
    first = {delay: rows(made(late, delay=delay, start="2013-01-02", every="70d"))[0] for delay in (10, 14)}
    assert first == {10: ("a", "01-02", False), 14: ("a", "01-02", True)}


@pytest.mark.parametrize(
    ("label", "values"),
    [
        (Label(origin="orders", within="10d", any=True), [True, False]),
        (Label(origin="orders", within="10d", count=True), [1, 0]),
        (Label(origin="orders", within="10d", sum="amount"), [4.0, 0.0]),
        (Label(origin="orders", within="10d", mean="amount"), [4.0, None]),
        (Label(origin="orders", within="10d", any=True, where="amount > 4"), [False, False]),
    ],
)
def test_labels(label, values):
    found = made(orders(EVENTS), label=label, start="2013-01-05", every="40d")
    table = whole(found)
    assert table["customer"].to_list()[:2] == ["a", "b"]
    assert table["buys"].to_list()[:2] == values


def test_the_label_is_unknown_until_its_delay_is_over():
    known = {delay: whole(made(orders(EVENTS), delay=delay)).filter(pl.col("buys").is_not_null()) for delay in (10, 30)}
    end = START + 70 * DAYS
    assert {delay: table["at"].max() + delay * DAYS <= end for delay, table in known.items()} == {10: True, 30: True}
    assert {delay: table["at"].max() + (delay + 7) * DAYS > end for delay, table in known.items()} == {
        10: True,
        30: True,
    }


def test_other_sources_are_joined_and_watched_too():
    people = pl.DataFrame({"customer": ["b", "a"], "city": ["x", "y"], "day": [START, START]})
    rain = pl.DataFrame({"city": ["x", "x"], "day": [START, START + 4 * DAYS], "mm": [3, 4]})
    by_city = Window(origin="rain", by="city", over=("5d",), sum=("mm",))
    found = made(
        orders(EVENTS),
        windows=(by_city, WINDOW),
        joins=(Join(source="people", on=("customer",), columns=("city",)),),
        others={"people": people, "rain": rain},
    )
    table = whole(found)
    assert table.columns[3:] == [*list(whole(made(orders(EVENTS))).columns[3:]), "city", "rain_mm_sum_5d"]
    assert table.select("customer", "city", "rain_mm_sum_5d").rows()[:2] == [("a", "y", 0.0), ("b", "x", 4.0)]


@QUICK
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 60), st.integers(0, 5), st.integers(0, 9)),
        min_size=1,
        max_size=25,
    )
)
def test_rows_are_those_of_the_reference(events):
    frame = orders([(name, day, float(amount)) for name, day, _, amount in events]).with_columns(
        known=pl.Series([START + (day + late) * DAYS for _, day, late, _ in events])
    )
    table = whole(made(frame, delay=12, start="2013-01-01", active_within="30d"))
    last = max(day + late for _, day, late, _ in events)
    expected = []
    for day in range(0, last + 1, 7):
        at = day - 0.5  # midnight, where events happen at noon
        for name in "abc":
            past = [(d, a) for n, d, late, a in events if n == name and d <= at and d + late <= at]
            if not any(d > at - 30 for d, _ in past):
                continue
            ahead = [d for n, d, late, _ in events if n == name and at < d <= at + 10 and d + late <= at + 12]
            within = [a for d, a in past if d > at - 30]
            label = bool(ahead) if at + 12 <= last else None
            expected.append((name, label, len(within), float(sum(within)), at - max(d for d, _ in past)))
    assert table.drop("at").rows() == expected


def test_months_are_kept_and_a_new_batch_costs_its_months(tmp_path, monkeypatch):
    made_months: list[int] = []
    make = examples.Rows._make
    monkeypatch.setattr(examples.Rows, "_make", lambda self, times: made_months.append(times[0]) or make(self, times))
    events: list[Event] = [(name, day, 1.0) for day in range(0, 300, 3) for name in "ab"]
    first = whole(made(orders(events), state=tmp_path))
    assert len(made_months) == 10
    files = {path: path.read_bytes() for path in (tmp_path / "landed" / "examples").iterdir()}
    assert len(files) == 10

    made_months.clear()
    assert whole(made(orders(events[::-1]), state=tmp_path)).equals(first)
    assert made_months == []

    more = [*events, ("c", 299, 5.0), ("a", 310, 1.0)]
    again = whole(made(orders(more), state=tmp_path))
    assert len(made_months) == 2  # October ends within the label's 10 days of the new events, November is new
    assert again.equals(whole(made(orders(more))))
    assert all(path.read_bytes() == body for path, body in files.items())

    made_months.clear()
    old = [*more, ("c", 100, 5.0)]
    assert whole(made(orders(old), state=tmp_path)).equals(whole(made(orders(old))))


def test_an_old_event_costs_the_months_that_may_read_it(tmp_path, monkeypatch):
    bounded = Window(origin="orders", by="customer", over=("30d",), count=True)
    events: list[Event] = [("a", day, 1.0) for day in range(300)]
    whole(made(orders(events), state=tmp_path, windows=(bounded,), active_within="30d"))
    before = len(list((tmp_path / "landed" / "examples").iterdir()))
    whole(made(orders([*events, ("a", 100, 1.0)]), state=tmp_path, windows=(bounded,), active_within="30d"))
    assert len(list((tmp_path / "landed" / "examples").iterdir())) - before == 2  # 11 April: April and May


def test_a_kept_month_that_is_torn_is_made_anew(tmp_path):
    first = whole(made(orders(EVENTS), state=tmp_path))
    for path in (tmp_path / "landed" / "examples").iterdir():
        path.write_bytes(path.read_bytes()[:50])
    assert whole(made(orders(EVENTS), state=tmp_path)).equals(first)


def test_a_label_that_looks_further_than_the_outcome_is_waited_for():
    with pytest.raises(InputError, match="looks further ahead") as caught:
        made(orders(EVENTS), delay=9)
    assert "label_delay" in str(caught.value)
    assert "label.within" in str(caught.value)


@pytest.mark.parametrize(
    "label",
    [Label(origin="orders", within="10d"), Label(origin="orders", within="10d", any=True, sum="amount")],
)
def test_a_label_asks_one_thing(label):
    with pytest.raises(InputError, match="one thing to ask"):
        made(orders(EVENTS), label=label)


def test_columns_that_are_not_there():
    with pytest.raises(ColumnMissing, match="amount"):
        made(orders(EVENTS), label=Label(origin="orders", within="10d", sum="amonut"))
    with pytest.raises(InputError, match="have one name"):
        made(
            orders(EVENTS),
            windows=(
                Window(origin="orders", by="customer", days_since=True, prefix=""),
                Window(origin="orders", by="customer", days_since=True, prefix=""),
            ),
        )
