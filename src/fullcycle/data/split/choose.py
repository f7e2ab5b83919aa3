"""Choose: the kind of split that a question calls for, and what another one costs.

A random split of rows that come in time asks how well the past is filled in, not how well the future is foretold; one
of rows in groups asks about groups that were seen. Both flatter, and both put models in the wrong order
(Kapoor and Narayanan 2023, *Leakage and the reproducibility crisis in machine-learning-based science*).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from fullcycle.data.split.settings import By, Split
from fullcycle.kernel.finding import Finding

DAYS = 7
"""Days that rows must span for their time to divide them: a fifth of fewer is no test period."""


class Choice(NamedTuple):
    """The split, the one that the question calls for, and what spoke for the latter."""

    by: By
    advised: By
    because: str


def choose(settings: Split, *, task: str, first: datetime, last: datetime, zone: str, repeated: bool) -> Choice:
    """The kind of split: what the settings say, else what the rows and the question call for.

    Time where the rows span a week or more, or a part is given as a duration; groups where entities come again; each
    class alike for a classification; rows alone for the rest.

    Parameters
    ----------
    first, last : times of the first and last row.
    repeated : whether an entity, or a value of the group column, has several rows.

    Examples
    --------
    >>> from datetime import UTC
    >>> noon = datetime(2024, 1, 1, 12, tzinfo=UTC)
    >>> choose(Split(), task="binary", first=noon, last=noon, zone="UTC", repeated=True).by
    'group'
    >>> choose(Split(), task="binary", first=noon, last=noon + timedelta(days=90), zone="UTC", repeated=True).by
    'time'
    """
    advised, because = _advice(settings, task, _days(first, last, zone), repeated)
    return Choice(settings.by or advised, advised, because)


def spans_time(first: datetime, last: datetime, zone: str) -> bool:
    """Whether rows between these times can be divided by time.

    >>> from datetime import UTC
    >>> spans_time(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 7, tzinfo=UTC), "UTC")
    True
    """
    return _days(first, last, zone) >= DAYS


def choice_findings(
    choice: Choice, *, train: pl.Series, test: pl.Series, label_delay: timedelta
) -> tuple[Finding, ...]:
    """What was chosen; and, where rows that come in time are not divided by it, how much of the future they teach.

    Parameters
    ----------
    train, test : times of the rows of both parts, or of a sample of each.

    Returns
    -------
    A note named ``split``; and a warning named ``split_looks_ahead`` whose value is the share of training rows whose
    outcome came after the middle test row was due for its prediction.

    Examples
    --------
    >>> noon = datetime(2024, 1, 1, 12)
    >>> days = pl.Series([noon + timedelta(days=day) for day in range(10)])
    >>> note, warning = choice_findings(Choice("random", "time", "span"), train=days, test=days[[4]],
    ...     label_delay=timedelta(days=1))
    >>> warning.check, warning.value
    ('split_looks_ahead', 0.6)
    """
    evidence = {"advised": choice.advised, "because": choice.because}
    note = Finding(check="split", subject=choice.by, severity="note", evidence=evidence)
    if choice.advised != "time" or choice.by == "time" or not len(train) or not len(test):
        return (note,)
    middle = np.sort(_ticks(test))[len(test) // 2]
    ahead = int((_ticks(train) + label_delay // timedelta(microseconds=1) > middle).sum())
    return note, Finding(
        check="split_looks_ahead",
        subject=choice.by,
        value=ahead / len(train),
        limit=0.0,
        rule="at_most",
        passed=not ahead,
        severity="warn",
        unit="of the training rows",
        evidence={**evidence, "rows": ahead, "label_delay_hours": label_delay / timedelta(hours=1)},
    )


def _advice(settings: Split, task: str, days: int, repeated: bool) -> tuple[By, str]:
    if any(isinstance(length, str) for length in (settings.validation, settings.test, settings.embargo)):
        return "time", "a part is given as a duration"
    if days >= DAYS:
        return "time", f"rows span {days} days"
    if repeated or settings.group:
        return "group", "entities come again"
    if task in ("binary", "multiclass"):
        return "stratified", "classes without time"
    return "random", "rows stand alone"


def _days(first: datetime, last: datetime, zone: str) -> int:
    first_day, last_day = (at.astimezone(ZoneInfo(zone)).date() for at in (first, last))
    return (last_day - first_day).days + 1


def _ticks(times: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    ticks: np.ndarray[tuple[int], np.dtype[np.int64]] = times.dt.epoch("us").to_numpy()
    return ticks
