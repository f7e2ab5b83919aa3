"""Cleaning after typing: units, impossible values, outliers, and rows that repeat others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

from fullcycle.data.clean.near import repeats
from fullcycle.data.clean.outliers import Fitted, apart
from fullcycle.data.clean.settings import Clean, Near
from fullcycle.data.clean.touched import SHOWN, Example, Facts, Touched, difference, example, may_show, merge
from fullcycle.data.clean.units import mended
from fullcycle.data.contract.rule import strict_rule
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.contract.table import checked


class Cleaned(NamedTuple):
    """What cleaning makes of a segment.

    Attributes
    ----------
    rows : those that stay, mended, in their order.
    removed : those that go, as they came, with ``reasons``; together with *rows* as many as came.
    touched : what each step did.
    """

    rows: pl.DataFrame
    removed: pl.DataFrame
    touched: tuple[Touched, ...]


def clean(
    frame: pl.DataFrame, settings: Clean, fitted: Fitted, *, entity: str, time: str, facts: Facts | None = None
) -> Cleaned:
    """Typed rows of one segment, cleaned as declared: values are mended first, then rows are taken out.

    Done twice, it does no more than once. What a step of values has as its counterpart for requests stands with the
    step: :func:`fullcycle.data.clean.units.mended`, :func:`outside`, :func:`fullcycle.data.clean.outliers.counterpart`.
    Steps that take rows out have none: a request is answered.

    Parameters
    ----------
    frame : typed rows in canonical order; the first of repeats stays.
    fitted : what :func:`fullcycle.data.clean.outliers.fit` learnt from rows before the test period.
    facts : of the columns; in examples the cells of those not decided to be not personal are masked.

    Raises
    ------
    ColumnMissing
        A column is declared that the rows lack.
    InputError
        Near duplicates are looked for in a column that is hashed or masked.

    >>> from fullcycle.data.clean.settings import Unit
    >>> rows = pl.DataFrame({"id": ["a", "a", "b"], "at": [1, 1, 1], "km": [2.0, 2.0, 4000.0]})
    >>> done = clean(rows, Clean(units={"km": Unit(factor=1000, above=100)}), Fitted(), entity="id", time="at")
    >>> done.rows["km"].to_list(), done.removed["reasons"].to_list()
    ([2.0, 4.0], ['duplicate'])
    """
    _require(settings, entity, time, frame)
    _require_texts(settings, facts or {})
    going = _Going(frame, facts or {})
    going.mend(settings, fitted)
    for limits in fitted.outliers:
        rule = settings.outliers.get(limits.column)
        if rule is not None and rule.then == "quarantine":
            far = apart(going.rows[limits.column], limits, rule)
            going.take("outliers", (limits.column,), far, f"{limits.column}: outlier")
    if settings.identical == "quarantine":
        going.take("identical", (), ~_first(going.rows, going.rows.columns), "identical")
    if settings.duplicates == "quarantine":
        going.take("duplicates", (entity, time), ~_first(going.rows, (entity, time)), "duplicate")
    if settings.near is not None:
        going.take_near(settings.near)
    return going.done()


def outside(series: pl.Series, fact: ColumnFact) -> pl.Series:
    """A column without its impossible values, where its fact says that they are missing.

    The contract does the same to a request, by the same function: range, categories and pattern are the column's.

    >>> outside(pl.Series("age", [-1.0, 40.0]), ColumnFact(type="float", low=0, outside="missing")).to_list()
    [None, 40.0]
    """
    bounded = fact.low is not None or fact.high is not None or fact.categories is not None or fact.pattern
    if fact.outside != "missing" or not bounded:
        return series
    rule = strict_rule(series.name, fact, nullable=not fact.required)
    return checked((rule,), "UTC", series.to_frame()).frame[series.name] if rule.lenient else series


class _Going:
    """Rows on their way through the steps: those left, where each stood, and why the others went."""

    def __init__(self, frame: pl.DataFrame, facts: Facts) -> None:
        self.frame, self.facts, self.rows = frame, facts, frame
        self.places = pl.int_range(len(frame), eager=True)
        self.went: list[tuple[pl.Series, str]] = []
        self.touched: list[Touched] = []

    def mend(self, settings: Clean, fitted: Fitted) -> None:
        """The steps that change values, in the order: units, impossible values, outliers."""
        for name, unit in sorted(settings.units.items()):
            self._change("units", mended(self.rows[name], unit))
        for name, fact in sorted(self.facts.items()):
            if name in self.rows.columns:
                self._change("outside", outside(self.rows[name], fact))
        for limits in fitted.outliers:
            rule = settings.outliers.get(limits.column)
            if rule is not None and rule.then == "missing":
                far = apart(self.rows[limits.column], limits, rule)
                self._change("outliers", self.rows.select(pl.when(~far).then(pl.col(limits.column))).to_series())

    def take(
        self, step: str, columns: tuple[str, ...], gone: pl.Series, why: str, shown: Iterable[Example] = ()
    ) -> None:
        """Take out the rows that *gone* marks."""
        if not gone.any():
            return
        self.went.append((self.places.filter(gone), why))
        self.touched.append(
            Touched(step=step, column=", ".join(columns) or "*", rows=int(gone.sum()), cells=0, examples=tuple(shown))
        )
        self.rows, self.places = self.rows.filter(~gone), self.places.filter(~gone)

    def take_near(self, near: Near) -> None:
        """Take out rows that almost repeat an earlier one."""
        first = repeats(self.rows, near)
        pairs = [(place, other) for place, other in enumerate(first) if other is not None][:SHOWN]
        texts = self.rows.select(pl.concat_str(near.columns, separator=" | ", ignore_nulls=True)).to_series()
        open_ = all(may_show(name, self.facts) for name in near.columns)
        shown = [example(texts[place], texts[other], open=open_) for place, other in pairs]
        gone = pl.Series([other is not None for other in first], dtype=pl.Boolean)
        self.take("near", near.columns, gone, "near duplicate", shown)

    def done(self) -> Cleaned:
        """Rows that stay and rows that go; no row is in neither, or both."""
        places = pl.concat([places for places, _ in self.went] or [self.places.clear()])
        reasons = [why for places, why in self.went for _ in range(len(places))]
        order = places.arg_sort()
        removed = self.frame[places.gather(order)].with_columns(
            pl.Series("reasons", reasons, dtype=pl.String).gather(order)
        )
        return Cleaned(self.rows, removed, merge(self.touched))

    def _change(self, step: str, column: pl.Series) -> None:
        changed = difference(step, self.rows[column.name], column, self.facts)
        self.touched += changed
        self.rows = self.rows.with_columns(column) if changed else self.rows


def _first(rows: pl.DataFrame, columns: Iterable[str]) -> pl.Series:
    """Which rows are the first with their values in *columns*."""
    return rows.select(pl.struct(columns).is_first_distinct()).to_series()


def _require(settings: Clean, entity: str, time: str, frame: pl.DataFrame) -> None:
    near = settings.near
    needs = {"[scoping] entity": (entity,), "[scoping] time": (time,), "[data.clean] units": tuple(settings.units)}
    needs |= {"[data.clean] outliers": tuple(settings.outliers)}
    needs |= {"[data.clean] near": (*near.columns, *near.same)} if near is not None else {}
    for what, names in needs.items():
        for name in names:
            if name not in frame.columns:
                raise ColumnMissing(name, frame.columns, needed_by=what)


def _require_texts(settings: Clean, facts: Facts) -> None:
    """A hash of a similar text is not similar, and all masks are the same: neither says which rows almost repeat others."""
    for name in settings.near.columns if settings.near is not None else ():
        if name in facts and facts[name].personal in ("hash", "mask"):
            raise InputError(
                "near duplicates are looked for in a column whose texts are gone",
                place=f"[data.clean] near, {name}",
                found=f"personal = {facts[name].personal!r}",
                expected="columns whose texts stay in the table",
                mend="name other columns; for equal cells name it under 'same'",
            )
