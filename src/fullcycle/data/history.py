"""The past as it was known at any time: a reader that can be cut, so that no step can see ahead."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.contract.keys import Keys, unique_keys
from fullcycle.data.contract.settings import ColumnFact, Rules
from fullcycle.data.contract.violations import Judged, checks, violations
from fullcycle.data.months import Months
from fullcycle.data.privacy.retention import retention_start
from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.kernel.finding import Finding
from fullcycle.predictor.days import local_days
from fullcycle.predictor.expression import parse

MOST = 2_000_000
"""Rows of a history that are held in memory together, about."""
INSTANT = pl.Datetime("us", "UTC")
_TICK = timedelta(microseconds=1)


class Known(NamedTuple):
    """Rows whose outcome was known: see ``fullcycle.scoping.feasibility.Known``."""

    rows: pl.DataFrame
    known: NDArray[np.float64]
    days: NDArray[np.int64]
    total: int
    void: int
    classes: tuple[str, ...]


class History:
    """Typed rows in canonical order, with what is known of each column and when.

    A column known ``before`` is there from the start; one known ``after`` (or after a delay of its own) is there once
    the delay has passed since the row's time. Two orders of the same rows give the same history. Rows are added a batch
    at a time, then read; large tables wait on disk.

    Parameters
    ----------
    columns : the declared columns that rows bring.
    label_delay : what ``after`` means.
    target : what comes true; empty for a clustering.
    derived : expressions of derived columns, the target's among them.
    rules : what rows are held against, besides the facts of their columns.
    spool : a folder for what does not fit in memory; without one all stays there.
    retention : how long rows are kept, by the time at which the past is looked at.
    """

    def __init__(
        self,
        columns: Sequence[str],
        *,
        facts: Mapping[str, ColumnFact],
        derived: Mapping[str, str],
        task: str,
        target: str,
        entity: str,
        time: str,
        label_delay: timedelta,
        zone: str,
        rules: Rules,
        spool: Path | None = None,
        retention: str | None = None,
    ) -> None:
        self.retention = retention
        self.rules = rules
        self.facts, self.derived, self.zone = dict(facts), dict(derived), zone
        self.task, self.target, self.entity, self.time, self.label_delay = task, target, entity, time, label_delay
        self._check_names(columns)
        self._check_target()
        others = (name for name in columns if name not in (time, entity))
        self.rows = Months(time, (time, entity, *others), spool=spool)
        self.seen: tuple[Finding, ...] = ()
        self._turned_away: list[pl.DataFrame] = []

    def add(self, rows: pl.DataFrame, turned_away: pl.DataFrame) -> None:
        """Put in typed rows of the declared columns; and rows that did not parse, with ``reasons`` and, where known, ``when``."""
        self.rows.add(self.derive(rows))
        self._turned_away.append(turned_away)

    def add_broken(self, broken: pl.DataFrame) -> None:
        """Put in what could not even be read as rows; see ``fullcycle.data.sources.reading.BROKEN``."""
        lines = broken.select(reasons="reason", raw=pl.format("{}, row {}: {}", "source", "row", "raw"))
        self._turned_away.append(lines)

    @cached_property
    def turned_away(self) -> pl.DataFrame:
        """Rows that did not parse, in canonical order, with ``raw`` where not even the cells are known."""
        shape: dict[str, pl.DataType] = {
            **dict.fromkeys(self.facts, pl.String()),
            "reasons": pl.String(),
            "raw": pl.String(),
            "when": INSTANT,
        }
        found = pl.concat([pl.DataFrame(schema=shape), *self._turned_away], how="diagonal")
        return found.sort(found.columns)

    @cached_property
    def read(self) -> frozenset[str]:
        """The columns that expressions read: those of derived columns and of rules across columns."""
        texts = {**self.derived, **{name: rule.holds for name, rule in checks(self.rules).items()}}
        return frozenset(
            column
            for name, text in texts.items()
            for column in parse(text, self.kinds, place=f"cycle.toml, [data] {name}", zone=self.zone).columns
        )

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

    @property
    def keys(self) -> tuple[str, ...]:
        """Entity, time and, but for a clustering, the target; each once."""
        return tuple(dict.fromkeys(name for name in (self.entity, self.time, self.target) if name))

    @property
    def outcome_delay(self) -> timedelta:
        """How long after a row's time its outcome is known; a clustering waits for nothing."""
        return self.delays[self.target] if self.target else timedelta()

    @property
    def has_outcome(self) -> pl.Expr:
        """Whether the outcome of a row is there; every row of a clustering is whole without one."""
        return pl.col(self.target).is_not_null() if self.target else pl.col(self.time).is_not_null()

    def classes(self, rows: pl.DataFrame) -> tuple[str, ...]:
        """Names of the class codes of *rows*, sorted; none for a regression or a clustering."""
        if self.task == "binary":
            return ("false", "true")
        return tuple(sorted(rows[self.target].drop_nulls().unique())) if self.task == "multiclass" else ()

    def cut(self, as_of: datetime, *, backwards: bool = False) -> Iterator[tuple[str, pl.DataFrame]]:
        """By period, the rows that had happened by *as_of*, each column as it was known then; those past their retention have gone."""
        since = retention_start(self.retention, as_of)
        for period in self.rows.periods()[:: -1 if backwards else 1]:
            if period.start < as_of and period.last >= since:
                inside = (pl.col(self.time) >= since) & (pl.col(self.time) < as_of)
                yield period.name, self._as_known(self.rows.frame(period).filter(inside), as_of)

    def outdated(self, as_of: datetime) -> int:
        """Rows that are too old at *as_of* to be kept."""
        since = retention_start(self.retention, as_of)
        old = (self.rows.frame(period)[self.time] < since for period in self.rows.periods() if period.start < since)
        return sum(int(rows.sum()) for rows in old)

    def judged(self, as_of: datetime, *, backwards: bool = False) -> Iterator[tuple[str, Judged]]:
        """By period, the rows whose outcome should be there by *as_of*, held against the contract."""
        keys = Keys(unique_keys(self.rules, self.facts))
        return ((name, self.judge(rows, keys)) for name, rows in self.ripe(as_of, backwards=backwards))

    def ripe(self, as_of: datetime, *, backwards: bool = False) -> Iterator[tuple[str, pl.DataFrame]]:
        """By period, the rows whose outcome should be there by *as_of*, as they came."""
        ripe = pl.col(self.time) + self.outcome_delay <= as_of
        cut = ((name, rows.filter(ripe)) for name, rows in self.cut(as_of, backwards=backwards))
        return ((name, rows) for name, rows in cut if len(rows))

    def judge(self, rows: pl.DataFrame, keys: Keys) -> Judged:
        """*rows* held against the contract; *keys* has seen those of earlier periods."""
        found = violations(
            rows,
            self.rules,
            self.facts,
            zone=self.zone,
            time=self.time,
            needed=(self.entity, self.time),
            keys=keys,
            kinds=self.kinds,
        )
        return found._replace(kept=self.derive(found.kept))

    def due(self, as_of: datetime, *, backwards: bool = False) -> Iterator[tuple[str, pl.DataFrame]]:
        """By period, the rows that keep the contract and whose outcome should be there by *as_of*: known, or void."""
        return ((name, found.kept) for name, found in self.judged(as_of, backwards=backwards))

    def known(
        self, as_of: datetime, *, before: datetime, columns: Collection[str] | None = None, most: int = MOST
    ) -> Known:
        """Rows of before *before* whose outcome was known at *as_of*, with all or some *columns*; see :class:`Known`.

        Of a history of more than *most* rows it gives about as many, always the same ones.
        """
        kept, count, void = [self.rows.empty.select(self._asked(columns))], 0, 0
        share = most / max(1, sum(period.rows for period in self.rows.periods() if period.start < before))
        chance = np.random.Generator(np.random.Philox(0))
        for _, due in self.due(as_of):
            due = due.filter(pl.col(self.time) < before).select(self._asked(columns))
            known = due.filter(self.has_outcome)
            count, void = count + len(known), void + len(due) - len(known)
            kept.append(known if share >= 1 else known.filter(chance.random(len(known)) < share))
        rows = pl.concat(kept)
        days = local_days(rows[self.time], self.zone)
        return Known(rows, self.outcome(rows), days, count, void, self.classes(rows))

    def quarantine(self, as_of: datetime) -> pl.DataFrame:
        """Rows turned away by *as_of*, once all of their cells were known; those whose time cannot be read always are."""
        known = pl.col("when") + self.label_delay <= as_of
        young = pl.col("when") >= retention_start(self.retention, as_of)
        return self.turned_away.filter((known & young).fill_null(True))

    def arriving(self, start: datetime, end: datetime) -> pl.DataFrame:
        """Rows of ``start <= time < end`` with the columns known beforehand: what a decision may see."""
        early = [name for name, delay in self.delays.items() if not delay and name in self.facts]
        return self.rows.between(start, end).select(early)

    def outcomes(self, start: datetime, end: datetime) -> pl.DataFrame:
        """Rows whose outcome became known in ``start < when <= end``: entity, time, the columns known after, or why it is void."""
        delay = self.outcome_delay
        late = [name for name, fact in self.facts.items() if self.delays[name] and name != self.time]
        came = self.rows.between(start - delay + _TICK, end - delay + _TICK)
        why = pl.when(~self.has_outcome).then(pl.lit("not recorded"))
        if not self.target:
            came = came.clear()
        return came.select(self.entity, self.time, *late, at=pl.col(self.time) + delay, void=why)

    def outcome(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        """The target as numbers, shape (n,): 0 or 1, codes of the classes of *rows*, or the value; NaN where it is missing,
        and for clustering.

        Raises
        ------
        InputError
            A binary target is neither 0 nor 1.
        """
        if not self.target:
            return np.full(rows.height, np.nan)
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

    def derive(self, rows: pl.DataFrame) -> pl.DataFrame:
        """*rows* with the derived columns, computed anew."""
        rows = rows.select(*self.facts)
        for name, text in self.derived.items():
            expression = parse(text, self.kinds, place=f"cycle.toml, [data.derive] {name}", zone=self.zone)
            values = pl.Series(name, expression.evaluate(rows), nan_to_null=True)
            rows = rows.with_columns(values.cast(pl.Boolean) if expression.kind == "boolean" else values)
        return rows

    def _as_known(self, rows: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
        late = (name for name, delay in self.delays.items() if delay)
        return rows.with_columns(
            pl.when(pl.col(self.time) + self.delays[name] <= as_of).then(pl.col(name)) for name in late
        )

    def _asked(self, columns: Collection[str] | None) -> list[str]:
        """Those columns, with time and target, in the order of the table."""
        kept = None if columns is None else {*columns, *self.keys}
        return [name for name in self.rows.empty.columns if kept is None or name in kept]

    def _check_names(self, columns: Collection[str]) -> None:
        if self.target and self.target not in columns and self.target not in self.derived:
            raise ColumnMissing(
                self.target, [*columns, *self.derived], source="cycle.toml", needed_by="[scoping] target"
            )
        if taken := sorted(set(self.derived) & set(columns)):
            raise InputError(
                "a derived column has the name of a column of the table",
                place="cycle.toml, [data.derive]",
                found=taken[0],
                mend="give it another name",
            )

    def _check_target(self) -> None:
        if not self.target:
            return
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
            return max(self.label_delay, _TICK)  # known at once, it is still not known before
        delay = duration(fact.known, place=f"columns.toml, {name}")
        if delay > self.label_delay:
            raise InputError(
                f"column {name!r} is known later than the outcome",
                place="columns.toml",
                found=fact.known,
                mend="lengthen [scoping] label_delay",
            )
        return delay
