"""k-anonymity: how few people share the values of all columns that together narrow down who somebody is.

A person hides among the rows of a class, all of which have the same values in the columns marked ``quasi``. If all rows
of a class have the same outcome, knowing that somebody is in the table tells the outcome, however large the class.

Classes are counted a segment at a time and merged. Sources: Sweeney 2002, *k-anonymity*; Machanavajjhala et al. 2007,
*l-diversity*.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.privacy.settings import Privacy
from fullcycle.kernel.errors import ColumnMissing
from fullcycle.kernel.finding import Finding

ROWS, OUTCOME = "rows of the class", "outcome of the class"


def quasi(facts: Mapping[str, ColumnFact]) -> tuple[str, ...]:
    """The columns marked ``quasi`` that stay in the table as they are; one that is dropped or masked tells nothing.

    >>> quasi({"zip": ColumnFact(type="category", quasi=True), "age": ColumnFact(type="integer", quasi=True, personal="drop")})
    ('zip',)
    """
    return tuple(name for name, fact in facts.items() if fact.quasi and fact.personal not in ("drop", "mask"))


def classes(frame: pl.DataFrame, columns: tuple[str, ...], *, target: str = "") -> pl.DataFrame:
    """Rows by class and, with a *target*, by outcome; a missing value is a value like others.

    It is held in memory to be merged, and goes into no record: it holds the values themselves.

    Raises
    ------
    ColumnMissing
        The table lacks a column.

    Examples
    --------
    >>> rows = pl.DataFrame({"zip": ["a", "a", "b"], "ill": [True, False, True]})
    >>> classes(rows, ("zip",), target="ill")[ROWS].to_list()
    [1, 1, 1]
    """
    for name in (*columns, *((target,) if target else ())):
        if name not in frame.columns:
            raise ColumnMissing(name, frame.columns, needed_by="k-anonymity")
    texts = [pl.col(name).cast(pl.String) for name in columns]
    outcome = pl.col(target).cast(pl.String) if target else pl.lit(None, dtype=pl.String)
    keyed = frame.select(*texts, outcome.alias(OUTCOME))
    return keyed.group_by(*columns, OUTCOME).agg(pl.len().cast(pl.Int64).alias(ROWS)).sort(*columns, OUTCOME)


def merge(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The classes of several segments together; counts are integers, so the order does not matter.

    >>> one = classes(pl.DataFrame({"zip": ["a", "b"]}), ("zip",))
    >>> merge([one, one])[ROWS].to_list()
    [2, 2]
    """
    joined = pl.concat(list(parts))
    names = [name for name in joined.columns if name != ROWS]
    return joined.group_by(names).agg(pl.col(ROWS).sum()).sort(names)


def anonymity_findings(counted: pl.DataFrame, privacy: Privacy) -> tuple[Finding, ...]:
    """The smallest class against the declared k; and, where outcomes were counted, the rows whose class tells theirs.

    Parameters
    ----------
    counted : what :func:`classes` or :func:`merge` gave; without rows there is nothing to find.

    Examples
    --------
    >>> rows = pl.DataFrame({"zip": ["a"] * 9 + ["b"]})
    >>> found, = anonymity_findings(classes(rows, ("zip",)), Privacy(k_at_least=5))
    >>> found.value, found.passed, found.evidence["rows_below"]
    (1.0, False, 1)
    """
    if not len(counted):
        return ()
    columns = [name for name in counted.columns if name not in (ROWS, OUTCOME)]
    each = counted.group_by(columns).agg(pl.col(ROWS).sum(), pl.col(OUTCOME).n_unique())
    rows, least = int(each[ROWS].sum()), int(each[ROWS].to_numpy().min())
    below = each.filter(pl.col(ROWS) < privacy.k_at_least)
    few = int(below[ROWS].sum())
    found = Finding(
        check="k_anonymity",
        subject=", ".join(columns),
        value=float(least),
        limit=float(privacy.k_at_least),
        rule="at_least",
        passed=least >= privacy.k_at_least,
        severity="warn",
        unit="rows",
        evidence={
            "classes": len(each),
            "classes_below": len(below),
            "rows_below": few,
            "share_below": few / rows,
            "mend": "drop or coarsen a column marked quasi (years in tens, three digits of a postcode)",
        },
    )
    if counted[OUTCOME].n_unique() < 2:
        return (found,)
    told = int(each.filter(pl.col(OUTCOME) == 1)[ROWS].sum())
    diverse = Finding(
        check="l_diversity",
        subject=", ".join(columns),
        value=told / rows,
        severity="note",
        unit="share of rows whose class has one outcome",
        evidence={"rows": told, "fewest_outcomes": int(each[OUTCOME].to_numpy().min())},
    )
    return found, diverse
