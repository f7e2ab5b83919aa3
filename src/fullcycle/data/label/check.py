"""Checking labels: each must be a value that its column may hold."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from fullcycle.data.contract import rule_of
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.sources.types import parse
from fullcycle.kernel.errors import InputError, nearest
from fullcycle.predictor.contract import Contract

_EXPECTED = {
    "boolean": "true or false",
    "integer": "a whole number",
    "float": "a number",
    "time": "ISO 8601, such as 2013-01-01T05:15:00",
}


def check_labels(
    given: pl.DataFrame, column: str, fact: ColumnFact, *, zone: str = "UTC", known: Collection[str] = ()
) -> None:
    """Refuse a label that its column cannot hold.

    Parameters
    ----------
    given : columns of ``annotations.COLUMNS``.
    known : values that the column's rows hold already; a category that nobody declared must be one of them, where there are any.

    Raises
    ------
    InputError
        Names file, row, what was found and what was expected.

    >>> from fullcycle.data.label.annotations import Given, collected
    >>> said = collected([Given("a", "1", "ana", "maybe", None, place="sheet.csv, line 2")], 0)
    >>> check_labels(said.given, "late", ColumnFact(type="boolean"))
    Traceback (most recent call last):
    fullcycle.kernel.errors.InputError: sheet.csv, line 2, column 'label': the label is no value of 'late': found 'maybe', \
expected true or false. To mend it: mend the label.
    """
    words = given.unique("label", keep="first", maintain_order=True).sort("place")
    values = words.select(parse(pl.col("label"), pl.String(), fact, zone)).to_series()
    check = Contract((rule_of(column, fact),), zone).compile()
    for text, value, place in zip(words["label"], values, words["place"], strict=True):
        expected = _EXPECTED.get(fact.type, "text") if value is None else ""
        if value is not None and fact.type != "time":
            failures = check({column: value})[1]
            expected = failures[0].expected if failures else ""
        if not expected and fact.type == "category" and not fact.categories and known and value not in known:
            near = nearest(str(value), known)
            expected = f"{near!r}?" if near else f"one of {', '.join(sorted(known)[:20])}"
        if expected:
            raise InputError(
                f"the label is no value of {column!r}",
                place=f"{place}, column 'label'",
                found=text[:80],
                expected=expected,
                mend="mend the label"
                + (f", or name it under categories of {column!r} in columns.toml" if fact.type == "category" else ""),
            )
