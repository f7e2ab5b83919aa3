"""Features from the events before a row's time, cut in both times: they had happened, and were available, by then."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from fullcycle.data.assemble.events import Grouped, Needed
from fullcycle.data.assemble.settings import Window
from fullcycle.data.assemble.two_times import EVER, Ints, Total
from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import InputError

_DAY = 86_400_000_000


def by(window: Window) -> tuple[str, ...]:
    """The columns by which its events belong to a row."""
    return (window.by,) if isinstance(window.by, str) else window.by


def place(window: Window) -> str:
    """Where it stands, for errors."""
    return f"cycle.toml, [[data.windows]] from {window.origin}"


def needed(window: Window) -> Needed:
    """What it asks of its source.

    >>> needed(Window(origin="orders", by="customer", sum=("amount",), last=("channel",))).others
    ('channel',)
    """
    return Needed(
        keys=by(window),
        numbers=tuple(dict.fromkeys([*window.sum, *window.mean])),
        others=tuple(dict.fromkeys([*window.last, *window.lags])),
        where=(window.where,) if window.where else (),
    )


def lengths(window: Window) -> dict[str, int]:
    """By the end of a feature's name, the length of each window in microseconds; all the past is ``-EVER`` and nameless.

    >>> lengths(Window(origin="orders", by="customer", over=("1d",), count=True))
    {'_1d': 86400000000}
    """
    if not window.over:
        return {"": -EVER}
    return {f"_{''.join(text.split())}": _micros(text, window) for text in window.over}


def reach(window: Window) -> int:
    """How far back, in microseconds, an event may lie that a feature reads."""
    endless = window.last or window.lags or window.days_since
    return -EVER if endless else max(lengths(window).values())


def names(window: Window) -> tuple[str, ...]:
    """Names of the features, in order.

    Raises
    ------
    InputError
        The window asks for nothing, for the same twice, or its length is no duration.

    Examples
    --------
    >>> names(Window(origin="orders", by="customer", over=("30d",), count=True, sum=("amount",), lags={"amount": (1, 2)}))
    ('orders_count_30d', 'orders_amount_sum_30d', 'orders_amount_lag_1', 'orders_amount_lag_2')
    """
    found = tuple(_names(window, f"{window.origin}_" if window.prefix is None else window.prefix))
    if not found:
        raise InputError(
            "the window asks for no feature", place=place(window), mend="add count, sum, mean, last, days_since or lags"
        )
    repeated = [name for number, name in enumerate(found) if name in found[:number]]
    repeated += [text for number, text in enumerate(window.over) if text in window.over[:number]]
    if repeated:
        raise InputError("the window gives a name twice", place=place(window), found=repeated[0], mend="name each once")
    if wrong := [back for backs in window.lags.values() for back in backs if back < 1]:
        raise InputError(
            "lags count from 1, the latest event", place=place(window), found=wrong[0], mend="write 1 or more"
        )
    return found


def features(window: Window, events: Grouped, groups: Ints, at: Ints) -> dict[str, pl.Series]:
    """The features of rows, by name.

    A count or sum over no event is 0, a mean is missing; cells that are missing are left out of sums and means.

    Parameters
    ----------
    groups : shape (n,), the events' group of each row; -1 where it has none.
    at : shape (n,), the row's time in microseconds.

    Examples
    --------
    >>> from fullcycle.data.assemble.two_times import TwoTimes
    >>> days = np.array([1, 5]) * 86_400_000_000
    >>> rows = pl.DataFrame({"customer": ["a", "a"], "amount": [3.0, 4.0]})
    >>> events = Grouped(rows.head(1).select("customer"), rows, TwoTimes(np.array([0, 0]), days, days), 0)
    >>> window = Window(origin="orders", by="customer", over=("2d",), sum=("amount",), days_since=True)
    >>> found = features(window, events, np.array([0]), np.array([6]) * 86_400_000_000)
    >>> {name: values.to_list() for name, values in found.items()}
    {'orders_amount_sum_2d': [4.0], 'orders_days_since': [1.0]}
    """
    values = [*_over(window, events, groups, at), *_latest(window, events, groups, at)]
    return {name: series.alias(name) for name, series in zip(names(window), values, strict=True)}


def _names(window: Window, prefix: str) -> Iterator[str]:
    for length in lengths(window):
        if window.count:
            yield f"{prefix}count{length}"
        for column in window.sum:
            yield f"{prefix}{column}_sum{length}"
        for column in window.mean:
            yield f"{prefix}{column}_mean{length}"
    for column in window.last:
        yield f"{prefix}{column}_last"
    if window.days_since:
        yield f"{prefix}days_since"
    for column, backs in window.lags.items():
        for back in backs:
            yield f"{prefix}{column}_lag_{back}"


def _over(window: Window, events: Grouped, groups: Ints, at: Ints) -> Iterator[pl.Series]:
    columns = {column: events.numbers(column) for column in (*window.sum, *window.mean)}
    for length in lengths(window).values() if window.count or columns else ():
        counts, totals = events.times.totals(columns, groups, np.maximum(at - length, EVER), at, at)
        if window.count:
            yield pl.Series(counts)
        for column in window.sum:
            yield pl.Series(totals[column].sums)
        for column in window.mean:
            yield mean(totals[column])


def mean(total: Total) -> pl.Series:
    """Sums over counts; missing where there is nothing to average.

    >>> mean(Total(np.array([6.0, 0.0]), np.array([3, 0]))).to_list()
    [2.0, None]
    """
    some = total.known > 0
    averages = np.divide(total.sums, total.known, out=np.zeros(len(some)), where=some)
    return pl.select(pl.when(pl.Series(some)).then(pl.Series(averages))).to_series()


def _latest(window: Window, events: Grouped, groups: Ints, at: Ints) -> Iterator[pl.Series]:
    ever = np.full(len(at), EVER)
    asked = {1} if window.last or window.days_since else set()
    asked.update(back for backs in window.lags.values() for back in backs)
    found = {back: events.times.latest(groups, ever, at, at, back) for back in sorted(asked)}
    for column in window.last:
        yield taken(events.rows[column], found[1])
    if window.days_since:
        yield _days_since(events, found[1], at)
    for column, backs in window.lags.items():
        for back in backs:
            yield taken(events.rows[column], found[back])


def taken(values: pl.Series, at: Ints) -> pl.Series:
    """The values at these places; missing where the place is -1.

    >>> taken(pl.Series(["a", "b"]), np.array([1, -1])).to_list()
    ['b', None]
    """
    return values.gather(pl.Series(at).replace(-1, None))


def _days_since(events: Grouped, found: Ints, at: Ints) -> pl.Series:
    days = (pl.Series(at) - taken(pl.Series(events.times.happened), found)) / _DAY
    return days.cast(pl.Float64)


def _micros(text: str, window: Window) -> int:
    length = int(duration(text, place=f"{place(window)} over").total_seconds() * 1e6)
    if length <= 0:
        raise InputError("the length of a window is zero", place=place(window), found=text, mend="write '30d'")
    return length
