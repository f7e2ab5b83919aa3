"""The past as it was known at any time: a reader that can be cut, so that no step can see ahead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.settings import ColumnFact
from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.days import local_days
from fullcycle.predictor.expression import parse


class Known(NamedTuple):
    """Rows whose outcome was known: see ``fullcycle.scoping.feasibility.Known``."""

    rows: pl.DataFrame
    known: NDArray[np.float64]
    days: NDArray[np.int64]
    void: int
    classes: tuple[str, ...]


class History:
    """Typed rows in canonical order, with what is known of each column and when.

    A column known ``before`` is there from the start; one known ``after`` (or after a delay of its own) is there once
    the delay has passed since the row's time. Two orders of the same rows give the same history.

    Parameters
    ----------
    rows : typed rows, declared columns only.
    turned_away : rows that did not parse, with ``reasons`` and, where it is known, ``when``.
    label_delay : what ``after`` means.
    derived : expressions of derived columns, the target's among them.
    """

    def __init__(
        self,
        rows: pl.DataFrame,
        turned_away: pl.DataFrame,
        *,
        facts: Mapping[str, ColumnFact],
        derived: Mapping[str, str],
        task: str,
        target: str,
        entity: str,
        time: str,
        label_delay: timedelta,
        zone: str,
    ) -> None:
        self.facts, self.derived, self.zone = dict(facts), dict(derived), zone
        self.task, self.target, self.entity, self.time, self.label_delay = task, target, entity, time, label_delay
        self.turned_away = turned_away.sort(turned_away.columns)
        self.rows = rows.with_columns(self._derive(rows)).sort(
            [time, entity, *(name for name in rows.columns if name not in (time, entity))]
        )
        self._check_target()

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Kind of every column, derived ones too."""
        kinds: dict[str, str] = {name: fact.type for name, fact in self.facts.items()}
        for name, text in self.derived.items():
            kinds[name] = parse(text, kinds, place=f"cycle.toml, [data.derive] {name}", zone=self.zone).kind
        return kinds

    @cached_property
    def delays(self) -> dict[str, timedelta]:
        """How long after a row's time each column is known."""
        delays = {name: self._delay(fact, name) for name, fact in self.facts.items()}
        for name, text in self.derived.items():
            read = parse(text, self.kinds, place=name, zone=self.zone).columns
            delays[name] = max((delays[column] for column in read), default=timedelta())
        return delays

    def classes(self, rows: pl.DataFrame) -> tuple[str, ...]:
        """Names of the class codes of *rows*, sorted; none for a regression."""
        if self.task == "binary":
            return ("false", "true")
        return tuple(sorted(rows[self.target].drop_nulls().unique())) if self.task == "multiclass" else ()

    def cut(self, as_of: datetime, *, before: datetime | None = None) -> pl.DataFrame:
        """Rows that had happened by *as_of*, each column as it was known then."""
        happened = self.rows.filter(pl.col(self.time) < min(as_of, before or as_of))
        late = [name for name, delay in self.delays.items() if delay]
        return happened.with_columns(
            pl.when(pl.col(self.time) + self.delays[name] <= as_of).then(pl.col(name)) for name in late
        )

    def known(self, as_of: datetime, *, before: datetime) -> Known:
        """Rows of before *before* whose outcome was known at *as_of*; see :class:`Known`."""
        due = self.due(as_of).filter(pl.col(self.time) < before)
        rows = due.filter(pl.col(self.target).is_not_null())
        return Known(
            rows, self.outcome(rows), local_days(rows[self.time], self.zone), len(due) - len(rows), self.classes(rows)
        )

    def quarantine(self, as_of: datetime) -> pl.DataFrame:
        """Rows turned away by *as_of*, once all of their cells were known; those whose time cannot be read always are."""
        return self.turned_away.filter((pl.col("when") + self.label_delay <= as_of).fill_null(True))

    def due(self, as_of: datetime) -> pl.DataFrame:
        """Rows whose outcome should be there by *as_of*: known, or void."""
        return self.cut(as_of).filter(pl.col(self.time) + self.delays[self.target] <= as_of)

    def arriving(self, start: datetime, end: datetime) -> pl.DataFrame:
        """Rows of ``start <= time < end`` with the columns known beforehand: what a decision may see."""
        early = [name for name, delay in self.delays.items() if not delay and name in self.facts]
        return self.rows.filter(pl.col(self.time) >= start, pl.col(self.time) < end).select(early)

    def outcomes(self, start: datetime, end: datetime) -> pl.DataFrame:
        """Rows whose outcome became known in ``start < when <= end``: entity, time, the columns known after, or why it is void."""
        delay = self.delays[self.target]
        late = [name for name, fact in self.facts.items() if self.delays[name] and name != self.time]
        came = self.rows.filter(pl.col(self.time) + delay > start, pl.col(self.time) + delay <= end)
        why = pl.when(pl.col(self.target).is_null()).then(pl.lit("not recorded"))
        return came.select(self.entity, self.time, *late, at=pl.col(self.time) + delay, void=why)

    def outcome(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        """The target as numbers, shape (n,): 0 or 1, codes of the classes of *rows*, or the value; NaN where it is missing.

        Raises
        ------
        InputError
            A binary target is neither 0 nor 1.
        """
        target = rows[self.target]
        if self.task == "multiclass":
            codes = {name: float(code) for code, name in enumerate(self.classes(rows))}
            return target.replace_strict(codes, default=None, return_dtype=pl.Float64).to_numpy()
        numbers = target.cast(pl.Float64).to_numpy()
        if self.task == "binary" and (other := numbers[~np.isin(numbers, (0, 1)) & ~np.isnan(numbers)]).size:
            raise InputError(
                f"the target {self.target!r} has values that are neither 0 nor 1",
                found=float(other[0]),
                expected="true or false, 1 or 0",
                mend='derive it under [data.derive], such as late = "arr_delay > 30"',
            )
        return numbers

    def _derive(self, rows: pl.DataFrame) -> list[pl.Series]:
        if self.target not in rows.columns and self.target not in self.derived:
            raise ColumnMissing(
                self.target, [*rows.columns, *self.derived], source="cycle.toml", needed_by="[scoping] target"
            )
        if taken := sorted(set(self.derived) & set(rows.columns)):
            raise InputError(
                "a derived column has the name of a column of the table",
                place="cycle.toml, [data.derive]",
                found=taken[0],
                mend="give it another name",
            )
        derived: list[pl.Series] = []
        for name, text in self.derived.items():
            expression = parse(text, self.kinds, place=f"cycle.toml, [data.derive] {name}", zone=self.zone)
            values = pl.Series(name, expression.evaluate(rows.with_columns(derived)), nan_to_null=True)
            derived.append(values.cast(pl.Boolean) if expression.kind == "boolean" else values)
        return derived

    def _check_target(self) -> None:
        fitting = {"multiclass": ("category",)}.get(self.task, ("boolean", "integer", "float"))
        kind = self.kinds[self.target]
        if kind not in fitting:
            raise InputError(
                f"the target of a {self.task} question cannot be a {kind}",
                place=f"column {self.target!r}",
                found=kind,
                expected=" or ".join(fitting),
                mend="mend its type in columns.toml, or derive it under [data.derive]",
            )

    def _delay(self, fact: ColumnFact, name: str) -> timedelta:
        if fact.known == "before":
            return timedelta()
        if fact.known == "after":
            return self.label_delay
        delay = duration(fact.known, place=f"columns.toml, {name}")
        if delay > self.label_delay:
            raise InputError(
                f"column {name!r} is known later than the outcome",
                place="columns.toml",
                found=fact.known,
                mend="lengthen [scoping] label_delay",
            )
        return delay
