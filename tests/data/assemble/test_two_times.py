"""Events searched in two times, against a reference that looks at every event."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.data.assemble import two_times
from fullcycle.data.assemble.two_times import EVER, TwoTimes

QUICK = settings(max_examples=60, deadline=None)


class Event(NamedTuple):
    group: int
    happened: int
    available: int
    value: float


EVENTS = st.lists(
    st.builds(
        Event,
        st.integers(0, 3),
        st.integers(0, 12),
        st.integers(0, 16),
        st.one_of(st.just(math.nan), st.floats(-1e9, 1e9, allow_nan=False)),
    ),
    max_size=40,
)
ASKED = st.lists(st.tuples(st.integers(-1, 4), st.integers(-2, 18)), min_size=1, max_size=20)


def ordered(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (event.group, event.happened, event.available))


def searched(events: list[Event]) -> TwoTimes:
    group, happened, available = (np.array([event[n] for event in events], np.int64) for n in range(3))
    return TwoTimes(group, happened, available)


def usable(events: list[Event], group: int, after: int, until: int, seen: int) -> list[int]:
    """Places of the events that may be used, the earliest first."""
    return [
        place
        for place, event in enumerate(events)
        if event.group == group and after < event.happened <= until and max(event.available, event.happened) <= seen
    ]


@QUICK
@given(EVENTS, ASKED, st.sampled_from([EVER, 3, 6]), st.integers(0, 4), st.booleans())
def test_latest_counts_and_totals_are_those_of_the_reference(events, asked, length, more, prompt):
    events = ordered([event._replace(available=event.happened + 1) if prompt else event for event in events])
    times = searched(events)
    groups, at = (np.array(column, np.int64) for column in zip(*asked, strict=True))
    after = np.full(len(at), EVER) if length == EVER else at - length
    span = (groups, after, at, at + more)
    expected = [usable(events, *one) for one in zip(*(side.tolist() for side in span), strict=True)]

    for back in (1, 2, 3):
        latest = [places[-back] if len(places) >= back else -1 for places in expected]
        assert times.latest(*span, back).tolist() == latest

    counts, totals = times.totals({"value": np.array([event.value for event in events])}, *span)
    assert counts.tolist() == [len(places) for places in expected]
    for total, number, places in zip(*totals["value"], expected, strict=True):
        values = [events[place].value for place in places if not math.isnan(events[place].value)]
        assert number == len(values)
        assert total == pytest.approx(math.fsum(values), rel=1e-12, abs=1e-5)


@QUICK
@given(EVENTS, ASKED)
def test_few_pairs_at_a_time_give_the_same(events, asked):
    events = ordered(events)
    groups, at = (np.array(column, np.int64) for column in zip(*asked, strict=True))
    span = (groups, np.full(len(at), EVER), at, at)
    values = {"value": np.array([event.value for event in events])}
    whole = searched(events).totals(values, *span)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two_times, "_PAIRS", 3)
        parts = searched(events).totals(values, *span)
    assert whole[0].tolist() == parts[0].tolist()
    assert whole[1]["value"].sums.tolist() == parts[1]["value"].sums.tolist()


def test_no_events_and_no_rows():
    none = np.zeros(0, np.int64)
    asked = np.zeros(2, np.int64)
    assert TwoTimes(none, none, none).latest(asked, asked, asked, asked).tolist() == [-1, -1]
    assert TwoTimes(asked, asked, np.array([0, 5])).totals({}, none, none, none, none)[0].tolist() == []
