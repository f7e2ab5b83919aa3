"""Groups across parts: entities of the test that were learnt from."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from fullcycle.data.split.settings import By
from fullcycle.kernel.finding import Finding, Severity


def groups_across(train: pl.DataFrame, test: pl.DataFrame, group: str, *, by: By) -> Iterator[Finding]:
    """How many test rows are of a group that has training rows too.

    By time that is how the model will be used: a note. By chance or class the model is tested on what it knows by
    heart: that stops. By group it cannot be.

    Parameters
    ----------
    train, test : whole parts, or in the test a sample; a sample of training rows hides groups.
    group : the entity, or the column that the rows are divided by.

    Examples
    --------
    >>> rows = pl.DataFrame({"customer": ["a", "b", "b"]})
    >>> [found.value for found in groups_across(rows, rows[:2], "customer", by="random")]
    [1.0]
    """
    if group not in train.columns or group not in test.columns:
        return
    shared = test.select(group).drop_nulls().join(train.select(group).unique(), on=group, how="semi")
    if not len(shared):
        return
    severity: Severity = "note" if by == "time" else "reject"
    yield Finding(
        check="groups_across",
        subject=group,
        value=len(shared) / len(test),
        limit=0.0,
        rule="at_most",
        passed=None if by == "time" else False,
        severity=severity,
        unit="of the test rows",
        evidence={"groups": shared[group].n_unique(), "rows": len(shared), "by": by},
    )
