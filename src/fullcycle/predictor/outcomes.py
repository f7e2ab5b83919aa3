"""Outcomes of served decisions: what came true as numbers, the rows it came true on, and their local days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.kernel.errors import ColumnMissing
from fullcycle.predictor.days import local_days
from fullcycle.predictor.expression import parse


class Outcomes(NamedTuple):
    """What is known of decisions.

    Attributes
    ----------
    rows : their columns, those known afterwards and derived ones included.
    outcome : shape (n,), 0 or 1, class codes, or numbers; NaN where nothing is known, or void.
    days : shape (n,), local day of the prediction: rows of one day are resampled together.
    """

    rows: pl.DataFrame
    outcome: NDArray[np.float64]
    days: NDArray[np.int64]


def outcomes(
    served: pl.DataFrame,
    rows: pl.DataFrame,
    *,
    derived: Mapping[str, str],
    kinds: Mapping[str, str],
    target: str,
    time: str,
    zone: str,
    classes: Sequence[str] = (),
) -> Outcomes:
    """Derive the target of decisions as training does, or take the number that came in its place.

    Parameters
    ----------
    served : decisions with ``time``, ``status`` (``known``, ``void`` or ``waiting``) and ``actual``.
    rows : the columns of the same decisions, in the same order.
    derived : expressions of derived columns, in any order.
    kinds : kind of each column of *rows*.
    target, time : names of the target, empty where there is none, and of the prediction time; a row that lacks its time
        gets that of the decision.
    classes : names of the class codes, for a target of more than two.

    Raises
    ------
    ColumnMissing : the target, or a column that it is derived from, is not there.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> noon = datetime(2013, 7, 1, 12, tzinfo=UTC)
    >>> served = pl.DataFrame({"time": [noon] * 3, "status": ["known", "known", "void"], "actual": [None, 0.0, None]})
    >>> rows = pl.DataFrame({"arr_delay": [41.0, None, None]})
    >>> found = outcomes(served, rows, derived={"late": "arr_delay > 30"}, kinds={"arr_delay": "float"}, target="late",
    ...     time="when", zone="UTC")
    >>> found.outcome.tolist()
    [1.0, 0.0, nan]
    """
    if time in kinds:
        rows = rows.with_columns(served["time"] if time not in rows.columns else rows[time].fill_null(served["time"]))
    rows = _derive(rows, derived, kinds, target, zone)
    if not target:
        return Outcomes(rows, np.full(served.height, np.nan), local_days(served["time"], zone))
    if target not in rows.columns:
        raise ColumnMissing(target, rows.columns, needed_by="the target")
    found = _numbers(rows[target], classes)
    given = served["actual"].cast(pl.Float64).to_numpy()
    outcome = np.where(np.isnan(given), found, given)
    # an expression such as missing(x) has a value before anything is known: only what is known counts
    outcome = np.where((served["status"] == "known").to_numpy(), outcome, np.nan)
    return Outcomes(rows, outcome, local_days(served["time"], zone))


def _derive(
    rows: pl.DataFrame, derived: Mapping[str, str], kinds: Mapping[str, str], target: str, zone: str
) -> pl.DataFrame:
    """Add derived columns, each after those it reads; the order in a record is that of their names."""
    known = {name: kind for name, kind in kinds.items() if name not in derived}
    left = dict(derived)
    while left:
        missing: dict[str, ColumnMissing] = {}
        for name, text in left.items():
            try:
                expression = parse(text, known, place=f"derived column {name}", zone=zone)
            except ColumnMissing as error:
                missing[name] = error
                continue
            values = pl.Series(name, expression.evaluate(rows), nan_to_null=True)
            rows = rows.with_columns(values.cast(pl.Boolean) if expression.kind == "boolean" else values)
            known[name] = expression.kind
        if len(missing) == len(
            left
        ):  # what is left reads columns that no request brings; only the target must be there
            if target in missing:
                raise missing[target]
            return rows
        left = {name: left[name] for name in missing}
    return rows


def _numbers(target: pl.Series, classes: Sequence[str]) -> NDArray[np.float64]:
    if len(classes) > 2 or target.dtype == pl.String:
        codes = {name: float(code) for code, name in enumerate(classes)}
        target = target.cast(pl.String).replace_strict(codes, default=None, return_dtype=pl.Float64)
    return target.cast(pl.Float64).to_numpy()
