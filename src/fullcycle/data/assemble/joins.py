"""Sources joined to rows: by key, each row meeting at most one; or by key and time, as it was known then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from fullcycle.data.assemble.events import Grouped
from fullcycle.data.assemble.keys import pairs, places
from fullcycle.data.assemble.settings import Join
from fullcycle.data.assemble.two_times import EVER, Ints
from fullcycle.data.assemble.windows import taken
from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.kernel.finding import Finding

_SHOWN = 5
"""Row numbers that a message shows."""


def place(join: Join) -> str:
    """Where it stands, for errors."""
    return f"cycle.toml, [[data.joins]] {join.source}"


def columns(join: Join, theirs: Sequence[str]) -> tuple[str, ...]:
    """The columns that are taken, as the joined source names them: those asked for, or all but the key.

    Raises
    ------
    ColumnMissing
        The joined source lacks one, or one of the key; names the nearest.

    Examples
    --------
    >>> columns(Join(source="planes", on=("tailnum",)), ["tailnum", "seats"])
    ('seats',)
    """
    keys = pairs(join.on)
    for name in (*keys.values(), *(join.columns or ())):
        if name not in theirs:
            raise ColumnMissing(name, theirs, source=f"source {join.source}", needed_by="[[data.joins]]")
    return tuple(name for name in theirs if name not in keys.values()) if join.columns is None else join.columns


class Joined:
    """One join, and what it met so far.

    Parameters
    ----------
    theirs : the joined rows; for a join by time its events, by key.
    taken : columns to take.
    private : whether a key's values may not be shown.

    Raises
    ------
    InputError
        A key occurs twice in the joined source: the join would multiply rows.
    """

    def __init__(self, join: Join, theirs: pl.DataFrame | Grouped, taken: Sequence[str], *, private: bool) -> None:
        self._join, self._taken, self._private = join, tuple(taken), private
        self._ours, self._keys = list(pairs(join.on)), list(pairs(join.on).values())
        self._theirs = theirs if isinstance(theirs, Grouped) else self._unique(theirs)
        self._within = _reach(join)
        self._met = np.zeros(0, np.int64) if isinstance(theirs, Grouped) else np.zeros(len(theirs), np.int64)
        self._rows = self._unmatched = self._unkeyed = 0

    def attach(self, rows: pl.DataFrame, at: Ints) -> pl.DataFrame:
        """*rows* with the joined columns; as many, in the same order.

        Parameters
        ----------
        at : shape (n,), each row's time in microseconds, :data:`EVER` where it is not known.

        Raises
        ------
        InputError
            Two rows meet the same one where one to one was expected.
        """
        if isinstance(self._theirs, Grouped):
            found, table = self._latest(self._theirs, rows, at), self._theirs.rows
        else:
            table = self._theirs
            found = places(rows.select(self._ours), table.select(self._keys), place=place(self._join))
            self._check_once(found)
        keyless = rows.select(pl.any_horizontal(pl.col(self._ours).is_null())).to_series()
        self._rows, self._unkeyed = self._rows + len(rows), self._unkeyed + int(keyless.sum())
        self._unmatched += int((found < 0).sum())
        return rows.with_columns(taken(table[name], found).alias(f"{self._join.prefix}{name}") for name in self._taken)

    def finding(self) -> Finding:
        """The share of rows that met nothing; where none met anything, the join is hardly what was meant."""
        share = self._unmatched / max(1, self._rows)
        return Finding(
            check="unmatched",
            subject=f"join {self._join.source}",
            value=share,
            limit=1.0,
            rule="less_than",
            passed=share < 1 or not self._rows,
            severity="warn",
            evidence={"rows": self._rows, "unmatched": self._unmatched, "without_key": self._unkeyed},
        )

    def _latest(self, events: Grouped, rows: pl.DataFrame, at: Ints) -> Ints:
        groups = events.groups(rows.select(self._ours), place=place(self._join))
        return events.times.latest(groups, np.maximum(at - self._within - 1, EVER), at, at)

    def _unique(self, theirs: pl.DataFrame) -> pl.DataFrame:
        keyed = theirs.with_row_index("\0row", offset=1).drop_nulls(self._keys)
        repeated = keyed.filter(pl.struct(self._keys).is_duplicated())
        if len(repeated):
            again = repeated.filter(~pl.struct(self._keys).is_first_distinct())
            self._refuse("the join would multiply rows: its key is not unique", repeated, len(again))
        return keyed.drop("\0row")

    def _check_once(self, found: Ints) -> None:
        if self._join.expect != "1:1":
            return
        mine = np.arange(self._rows + 1, self._rows + 1 + len(found))[found >= 0]
        met = found[found >= 0]
        order = np.argsort(met, kind="stable")
        twice = np.concatenate([[False], met[order][1:] == met[order][:-1]]) if len(met) else np.zeros(0, bool)
        again = np.zeros(len(met), bool)
        again[order] = twice
        again |= self._met[met] > 0
        if again.any():
            raise InputError(
                "two rows meet the same one, where one to one was expected",
                place=f"{place(self._join)}, rows {_some(mine[again].tolist())}",
                found=f"{int(again.sum())} rows too many by {' and '.join(self._ours)}",
                mend='write expect = "n:1", or make the rows unique by that key',
            )
        self._met[met] = mine

    def _refuse(self, problem: str, rows: pl.DataFrame, extra: int) -> None:
        numbers = rows["\0row"].to_list()
        shown = "" if self._private else f", such as {', '.join(str(cell) for cell in rows.select(self._keys).row(0))}"
        raise InputError(
            problem,
            place=f"{place(self._join)}, rows {_some(numbers)}",
            found=f"{extra} rows too many by {' and '.join(self._keys)}{shown}",
            expected=f"one row a key, as {self._join.expect} says",
            mend="join by more columns, by time (as_of = true), or make the source's keys unique",
        )


def check(join: Join) -> None:
    """Refuse a join without a key, and one that is told how old an event may be, but does not join by time.

    Raises
    ------
    InputError
        It is one of these.

    Examples
    --------
    >>> check(Join(source="planes", on=("tailnum",)))
    """
    if not join.on:
        raise InputError(
            "the join has no key",
            place=place(join),
            found="an empty 'on'",
            mend='name the columns that both have, such as on = ["customer_id"], or { ours = "theirs" }',
        )
    if join.within is not None and not join.as_of:
        raise InputError(
            "'within' is for joins by time",
            place=place(join),
            found=join.within,
            mend="add as_of = true, or leave it out",
        )


def _reach(join: Join) -> int:
    if join.within is None:
        return -EVER
    return int(duration(join.within, place=f"{place(join)} within").total_seconds() * 1e6)


def _some(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:_SHOWN])) + (", …" if len(numbers) > _SHOWN else "")
