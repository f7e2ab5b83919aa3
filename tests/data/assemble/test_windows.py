"""Windows over events: features of rows, cut in two times."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.data.assemble import Assembled, assemble
from fullcycle.data.assemble.settings import Window
from fullcycle.data.assemble.windows import names
from fullcycle.data.settings import Data, Source
from fullcycle.data.sources.reading import of_frame, whole
from fullcycle.kernel.errors import ColumnMissing, InputError

QUICK = settings(max_examples=60, deadline=None)

ALL = Window(
    origin="orders",
    by="customer",
    over=("3h", "1d"),
    count=True,
    sum=("amount",),
    mean=("amount",),
    last=("channel",),
    days_since=True,
    lags={"amount": (1, 2)},
    prefix="",
)
START = datetime(2013, 1, 1, tzinfo=UTC)
SCHEMA = {"customer": pl.String, "happened": pl.Int64, "known": pl.Int64, "amount": pl.Float64, "channel": pl.String}
EVENT = st.tuples(
    st.sampled_from(["a", "b", None]),
    st.integers(0, 40),
    st.integers(0, 40),
    st.one_of(st.none(), st.floats(-1e6, 1e6)),
    st.sampled_from(["web", "shop", None]),
)
ROWS = [(customer, hour) for hour in (0, 10, 21, 40) for customer in ("a", "b", "c")]
Row = tuple[Any, ...]


def hours(column: str) -> pl.Expr:
    return (pl.lit(START) + pl.duration(hours=pl.col(column))).cast(pl.Datetime("us", "UTC")).alias(column)


def windowed(events: list[Row], window: Window = ALL, rows: list[tuple[str, int]] = ROWS) -> Assembled:
    orders = pl.DataFrame(events, schema=SCHEMA, orient="row").with_columns(hours("happened"), hours("known"))
    table = pl.DataFrame(rows, schema={"customer": pl.String, "at": pl.Int64}, orient="row").with_columns(hours("at"))
    sources = (
        Source(name="rows", location="r"),
        Source(name="orders", location="o", time="happened", available="known"),
    )
    readings = {"rows": of_frame(table, "r"), "orders": of_frame(orders, "o")}
    return assemble(Data(sources=sources, windows=(window,)), readings, {}, zone="UTC", time="at")


def expected(events: list[Row], customer: str, at: int) -> dict[str, Any]:
    """The same by looking at each event."""
    past = [event for event in events if event[0] == customer and event[1] <= at and max(event[1:3]) <= at]
    ordered = sorted(past, key=lambda e: (e[1], e[2], e[3] is not None, e[3] or 0, e[4] is not None, e[4] or ""))
    found: dict[str, Any] = {}
    for length, span in (("3h", 3), ("1d", 24)):
        within = [event for event in ordered if event[1] > at - span]
        amounts = [event[3] for event in within if event[3] is not None]
        found[f"count_{length}"] = len(within)
        found[f"amount_sum_{length}"] = math.fsum(amounts)
        found[f"amount_mean_{length}"] = math.fsum(amounts) / len(amounts) if amounts else None
    found["channel_last"] = ordered[-1][4] if ordered else None
    found["days_since"] = (at - ordered[-1][1]) / 24 if ordered else None
    for back in (1, 2):
        found[f"amount_lag_{back}"] = ordered[-back][3] if len(ordered) >= back else None
    return found


@QUICK
@given(st.lists(EVENT, max_size=30))
def test_features_are_those_of_the_reference(events):
    table = whole(windowed(events))
    assert tuple(table.columns) == ("customer", "at", *names(ALL))
    for (customer, at), row in zip(ROWS, table.rows(named=True), strict=True):
        for name, value in expected(events, customer, at).items():
            assert row[name] == (pytest.approx(value, rel=1e-9, abs=1e-6) if isinstance(value, float) else value)


@QUICK
@given(st.lists(EVENT, min_size=1, max_size=30), st.data())
def test_nothing_past_t_changes_a_feature_at_t(events, data):
    """Whatever becomes of what is not known at t, in whatever order it is read, each feature at t keeps its last bit."""
    at = data.draw(st.sampled_from([0, 10, 21]))

    def elsewhere(event: Row) -> Row:
        if max(event[1:3]) <= at:
            return event
        moved = data.draw(EVENT)
        later = data.draw(st.integers(at + 1, 80))
        return (*moved[:1], *((later, moved[2]) if data.draw(st.booleans()) else (moved[1], later)), *moved[3:])

    others = data.draw(st.permutations([elsewhere(event) for event in events]))
    rows = [(customer, at) for customer in ("a", "b", "c")]
    assert whole(windowed(events, rows=rows)).equals(whole(windowed(others, rows=rows)))


def test_where_keeps_the_events_that_fulfil_it():
    events = [("a", 1, 1, 5.0, "web"), ("a", 2, 2, None, "web"), ("a", 3, 3, 50.0, "shop")]
    for where, count in (("channel == 'web'", 2), ("amount > 10", 1), ("not missing(amount)", 2), ("", 3)):
        window = Window(origin="orders", by=("customer",), count=True, where=where)
        assert whole(windowed(events, window, [("a", 10)]))["orders_count"].to_list() == [count]


def test_text_cells_are_numbers_where_they_are_added_up_or_compared():
    orders = pl.DataFrame(
        {
            "customer": ["a"] * 4,
            "at": ["2013-01-01"] * 4,
            "amount": ["1.5", "2", "n/a", None],
            "size": ["1", "2", "3", "4"],
        }
    )
    rows = pl.DataFrame({"customer": ["a"], "at": ["2013-01-02"]})
    sources = (Source(name="rows", location="r"), Source(name="orders", location="o", time="at"))
    window = Window(origin="orders", by="customer", sum=("amount",), where="size < 4")
    settings = Data(sources=sources, windows=(window,))
    found = assemble(
        settings, {"rows": of_frame(rows, "r"), "orders": of_frame(orders, "o")}, {}, zone="UTC", time="at"
    )
    assert whole(found)["orders_amount_sum"].to_list() == [3.5]
    assert found.broken().select("row", "reason").rows() == [(3, "amount: not of type float")]


def test_a_column_that_is_no_number_is_refused():
    window = Window(origin="orders", by="customer", sum=("channel",))
    with pytest.raises(InputError, match="'channel' does not parse as float") as caught:
        whole(windowed([("a", 1, 1, 5.0, "web")], window))
    assert "1 of 1 cells" in str(caught.value)


def test_the_stream_may_look_back_at_itself():
    rows = pl.DataFrame(
        {"carrier": ["A", "A", "B", "A"], "at": [f"2013-01-0{n}" for n in (1, 2, 2, 3)], "delay": [10, 20, 30, 60]}
    )
    window = Window(origin="flights", by="carrier", over=("2d",), mean=("delay",))
    sources = (Source(name="flights", location="f", available="1d"),)
    found = assemble(
        Data(sources=sources, windows=(window,)), {"flights": of_frame(rows, "f")}, {}, zone="UTC", time="at"
    )
    assert whole(found)["flights_delay_mean_2d"].to_list() == [None, 10.0, None, 20.0]  # the first is older than 2 days
    assert len(found.broken()) == 0


def test_events_without_a_key_are_told():
    found = windowed([(None, 1, 1, 5.0, "web"), ("a", 1, 1, 5.0, "web")])
    whole(found)
    (finding,) = found.findings()
    assert (finding.check, finding.value, finding.severity) == ("key_missing", 1.0, "warn")


@pytest.mark.parametrize(
    ("window", "problem"),
    [
        (Window(origin="orders", by="customer"), "asks for no feature"),
        (Window(origin="orders", by="customer", over=("1d", "1d"), count=True), "a name twice"),
        (Window(origin="orders", by="customer", lags={"amount": (0,)}), "count from 1"),
        (Window(origin="orders", by="customer", over=("soon",), count=True), "not a duration"),
        (Window(origin="orders", by="customer", over=("0d",), count=True), "is zero"),
        (Window(origin="orders", by="customer", days_since=True, prefix="at_"), None),
    ],
)
def test_windows_that_contradict_themselves(window, problem):
    if problem is None:
        assert windowed([], window).columns == ("customer", "at", "at_days_since")
        return
    with pytest.raises(InputError, match=problem):
        windowed([], window)


def test_columns_that_are_not_there_are_named_before_a_row_is_read():
    with pytest.raises(ColumnMissing, match="amount"):
        windowed([], Window(origin="orders", by="customer", sum=("amuont",)))
    with pytest.raises(ColumnMissing, match="custmer"):
        windowed([], Window(origin="orders", by="custmer", count=True))
    with pytest.raises(InputError, match="neither true nor false"):
        whole(windowed([], Window(origin="orders", by="customer", count=True, where="amount + 1")))


def test_durations_of_names_lose_their_blanks():
    assert names(Window(origin="o", by="c", over=("1h 30m",), count=True)) == ("o_count_1h30m",)
