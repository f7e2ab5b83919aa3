"""Known late: a feature that cannot have been known when the prediction was made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from fullcycle.data.leakage.leak import leak
from fullcycle.data.leakage.telling import FEWEST
from fullcycle.data.records import Column
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import wilson

_TIMES_AHEAD = 0.01
"""Share of rows with a time after their own, from which a time is planned or known late."""
_MISSING_WITH_VOID = 0.5
_MISSING_ELSEWHERE = 0.01
_SURE = 0.95
"""Share of void rows without a value from which there is no doubt."""


def known_late(
    train: pl.DataFrame, void: pl.DataFrame | None, columns: Sequence[Column], *, time: str
) -> Iterator[Finding]:
    """Features that their line in ``columns.toml``, their times or their gaps show to be known after the prediction.

    Parameters
    ----------
    train : rows whose outcome is known.
    void : rows whose outcome never came (a flight that did not fly): a column that is missing on these and hardly
        elsewhere was written down together with the outcome.
    time : the column with the time of the prediction; empty if there is none.

    Examples
    --------
    >>> column = Column(name="delay", kind="float", known="before", feature=True)
    >>> flown, cancelled = pl.DataFrame({"delay": [5.0] * 90}), pl.DataFrame({"delay": [None] * 30})
    >>> [found.check for found in known_late(flown, cancelled, [column], time="")]
    ['missing_with_outcome']
    """
    for column in columns:
        if column.known != "before":
            evidence = {"known": column.known}
            yield Finding(check="known_late", subject=column.name, passed=False, evidence=evidence)
        if column.kind == "time" and time in train.columns and column.name != time:
            yield from _times_ahead(train, column.name, time)
        if void is not None and column.name in void.columns:
            yield from _missing_with_outcome(train[column.name], void[column.name])


def _times_ahead(train: pl.DataFrame, name: str, time: str) -> Iterator[Finding]:
    both = train.select(time, name).drop_nulls()
    if len(both) < FEWEST:
        return
    ahead = int((both[name] > both[time]).sum())
    share = wilson(ahead, len(both))
    if (share.low or 0.0) > _TIMES_AHEAD:  # a warning: a plan may well lie ahead
        yield leak(
            "time_ahead", name, share, _TIMES_AHEAD, severity="warn", unit="of the rows", evidence={"rows": ahead}
        )


def _missing_with_outcome(known: pl.Series, void: pl.Series) -> Iterator[Finding]:
    if len(void) < FEWEST or len(known) < FEWEST:
        return
    gaps, elsewhere = void.null_count(), known.null_count()
    share, other = wilson(gaps, len(void)), wilson(elsewhere, len(known))
    low, high = share.low or 0.0, other.high or 0.0
    if low <= max(_MISSING_WITH_VOID, high) or elsewhere > _MISSING_ELSEWHERE * len(known):
        return
    yield leak(
        "missing_with_outcome",
        known.name,
        share,
        _MISSING_WITH_VOID,
        severity="reject" if low > _SURE else "warn",
        unit="of the rows without outcome",
        evidence={"void": len(void), "missing_on_void": gaps, "missing_elsewhere": elsewhere},
    )
