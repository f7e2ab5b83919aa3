"""Groups: the values of a protected attribute, numbers cut into quarters, and what they are called in a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.clean.touched import may_show
from fullcycle.data.contract.settings import ColumnFact

MOST = 12
"""Groups that are told apart; the smaller ones are one."""
MISSING, OTHER = "missing", "other"


class Group(NamedTuple):
    """Rows that share a value of a protected attribute.

    Attributes
    ----------
    name : the value if the column is decided not to be personal, else ``group 1`` and so on, the largest first.
    value : the value; it goes into no record.
    rows : (n,) true for its rows.
    """

    name: str
    value: str
    rows: NDArray[np.bool_]


def protected(facts: Mapping[str, ColumnFact]) -> tuple[str, ...]:
    """The columns marked ``protected`` that stay in the table.

    >>> protected({"sex": ColumnFact(type="category", protected=True), "age": ColumnFact(type="integer")})
    ('sex',)
    """
    return tuple(name for name, fact in facts.items() if fact.protected and fact.personal not in ("drop", "mask"))


def groups(values: pl.Series, facts: Mapping[str, ColumnFact]) -> tuple[Group, ...]:
    """The groups of an attribute, the largest first.

    Missing values are a group, and beyond twelve groups the smaller ones are one. Numbers of more than twelve
    values are cut at their quartiles.

    Examples
    --------
    >>> sexes = pl.Series("sex", ["f", "m", "m", None])
    >>> [(group.name, int(group.rows.sum())) for group in groups(sexes, {})]
    [('group 1', 2), ('group 2', 1), ('missing', 1)]
    >>> [group.name for group in groups(sexes, {"sex": ColumnFact(type="category", personal="no")})]
    ['m', 'f', 'missing']
    """
    labels = _labels(values)
    counts = labels.value_counts(sort=False).rows()
    ordered = [value for value, _ in sorted(counts, key=lambda pair: (pair[0] == MISSING, -pair[1], pair[0]))]
    if len(ordered) > MOST:
        kept = ordered[: MOST - 1]
        labels = pl.select(pl.when(labels.is_in(kept)).then(labels).otherwise(pl.lit(OTHER))).to_series()
        ordered = [*kept, OTHER]
    open_ = may_show(values.name, facts)
    found = []
    for number, value in enumerate(ordered, 1):
        name = value if open_ or value in (MISSING, OTHER) else f"group {number}"
        found.append(Group(name, value, (labels == value).to_numpy()))
    return tuple(found)


def _labels(values: pl.Series) -> pl.Series:
    if values.dtype.is_numeric() and values.n_unique() > MOST:
        return _quarters(values.cast(pl.Float64))
    return values.cast(pl.String).fill_null(MISSING)


def _quarters(values: pl.Series) -> pl.Series:
    cuts = sorted({cut for share in (0.25, 0.5, 0.75) if (cut := values.quantile(share, "nearest")) is not None})
    label = pl.lit(f"over {cuts[-1]:g}")
    for below, cut in reversed(list(zip([None, *cuts[:-1]], cuts, strict=True))):
        text = f"up to {cut:g}" if below is None else f"over {below:g} to {cut:g}"
        label = pl.when(pl.col("value") <= cut).then(pl.lit(text)).otherwise(label)
    label = pl.when(pl.col("value").is_null() | pl.col("value").is_nan()).then(pl.lit(MISSING)).otherwise(label)
    return values.to_frame("value").select(label.alias("label")).to_series()
