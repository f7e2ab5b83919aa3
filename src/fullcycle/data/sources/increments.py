"""Increments: rows of a source that grows, landed once each; what was landed says by itself how far the source was read.

A segment is a Parquet file that is put in its place whole. A row lies in one segment or in none, however often and at
whatever moment the process that lands it is killed.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from fullcycle.data.sources import mark
from fullcycle.data.sources.alone import alone
from fullcycle.data.sources.files import parquet
from fullcycle.data.sources.mark import Mark, Marks
from fullcycle.data.sources.reading import Reading, of_frame
from fullcycle.kernel.blobs import write_aside
from fullcycle.kernel.errors import ColumnMissing, Corrupt, InputError
from fullcycle.kernel.finding import Finding

Ask = Callable[[Any], pl.DataFrame]
"""Gives the rows whose cell in the column that grows is a value or more; of None, all rows."""
Forget = Callable[[pl.DataFrame], pl.DataFrame]
"""Takes out rows that may not be landed."""
_NTH = "which of equal rows"


def all_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Every row may be landed.

    >>> all_of(pl.DataFrame({"id": [1]})).height
    1
    """
    return rows


def read_increments(
    name: str, column: str, state: Path, ask: Ask, *, marks: Marks | None = None, forget: Forget = all_of
) -> Reading:
    """All rows of a source that were ever landed, after landing those that are new.

    The source is asked for the rows from the largest landed value of *column* on; of rows with that value those are new
    that were not landed. Where it gives other rows of before than were landed, or its mark below where it had grown to the
    last time is another, earlier rows were changed: it is asked for all, which take the place of what was landed, and a
    finding says so. Of a source with marks, landed rows that it does not give again are others too.

    Parameters
    ----------
    column : what only grows from row to row, such as the moment a row was written or its number; there in every row.
    marks : where the source can tell its marks cheaply; without it, rows of before that changed are seen only if it gives
        them. A mark is taken before the rows are read, and rows are read from where it was taken on, so that a change in
        between is seen the next time.
    state : the project's ``.fullcycle``; the segments lie under ``landed/`` and the source's name.

    Raises
    ------
    ColumnMissing
        The rows have no such column.
    InputError
        There is no row yet, a cell of it is empty, or the new rows have other columns than those that were landed.
    Corrupt
        A segment is damaged.

    Examples
    --------
    >>> import tempfile
    >>> rows, asked = pl.DataFrame({"id": [1, 2]}), []
    >>> def ask(since):
    ...     asked.append(since)
    ...     return rows if since is None else rows.filter(pl.col("id") >= since)
    >>> with tempfile.TemporaryDirectory() as state:
    ...     first = read_increments("orders", "id", Path(state), ask)
    ...     rows = pl.DataFrame({"id": [1, 2, 3]})
    ...     second = read_increments("orders", "id", Path(state), ask)
    >>> asked, next(second.batches())["id"].to_list()
    ([None, 2], [1, 2, 3])
    """
    folder = state / "landed" / quote(name, safe="")
    findings: tuple[Finding, ...] = ()
    with alone(folder):
        for left in folder.glob(".aside-*"):  # by a process that was killed
            left.unlink()
        before = _landed(folder)
        old, now = mark.last(folder), marks(None) if marks else None
        since = None if before is None else _since(before[column].max(), old)
        came = _checked(forget(ask(since)), name, column)
        if before is None:
            whole = came
            _write(folder, whole, 1, 1)
        else:
            new = _new(came, before, name)
            changed = new.filter(pl.col(column) < since).height
            if marks and not changed:
                late = pl.col(column) >= since
                changed = _gone(before.filter(late), came)
                changed = changed or _changed_in_place(marks, old, before.filter(~late).height, since)
            if changed:
                whole = _checked(forget(ask(None)), name, column)
                findings = (_changed(name, max(changed, _other(whole, before, column, since))),)
                _replace(folder, whole)
            else:
                whole = pl.concat([before, new], how="vertical_relaxed")
                if new.height:
                    generation, number = _names(folder)[-1]
                    _write(folder, new, generation, number + 1)
        mark.put(folder, now)
    if not whole.columns:
        raise InputError("the source has no rows yet", place=f"source {name!r}", mend="wait until there are some")
    reading = of_frame(whole, hashlib.sha256(parquet(whole)).hexdigest())
    return reading._replace(findings=findings)


def _since(landed: Any, old: Mark | None) -> Any:
    """From where on rows are asked for: the largest landed value, or where the mark was taken if that is before."""
    if old is None or type(old.before) is not type(landed):
        return landed
    return min(landed, old.before)


def _gone(before: pl.DataFrame, came: pl.DataFrame) -> int:
    """How many landed rows the source, asked for them again, does not give as it did."""
    return _unlike(before, came.select(before.columns)).height if came.height else before.height


def _changed_in_place(marks: Marks, old: Mark | None, landed: int, since: Any) -> int:
    """About how many rows of before are others than they were, by the source's mark; without one by their number."""
    now = marks(since if old is None else old.before)
    if old is None:
        return abs((now.rows if now else 0) - landed)
    if now == old:
        return 0
    return max(1, abs((now.rows if now else 0) - old.rows))


def _other(whole: pl.DataFrame, before: pl.DataFrame, column: str, since: Any) -> int:
    """How many rows of before are in *whole* that were not landed so."""
    if whole.schema != before.schema:
        return 0
    return _unlike(whole.filter(pl.col(column) < since), before).height


def _new(came: pl.DataFrame, before: pl.DataFrame, name: str) -> pl.DataFrame:
    """Rows of *came* that *before* has not, as often as they occur more often there, in their order."""
    if not came.height:
        return before.clear()
    if set(came.columns) != set(before.columns):
        odd = sorted(set(came.columns) ^ set(before.columns))
        raise InputError(
            "the source gives other columns than before",
            place=f"source {name!r}",
            found=", ".join(odd),
            mend=f"give them again, or remove .fullcycle/landed/{quote(name, safe='')} to land the source anew",
        )
    for column, type_ in before.schema.items():
        if not _fits(came.schema[column], type_):
            raise InputError(
                "the source gives other types than before",
                place=f"source {name!r}, column {column!r}",
                found=str(came.schema[column]),
                expected=str(type_),
            )
    return _unlike(came.select(before.columns), before)


def _unlike(came: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Rows of *came* that *before* has not as often, in their order."""
    both = pl.concat([before, came], how="vertical_relaxed")
    old, fresh = (
        rows.with_columns(pl.int_range(pl.len()).over(before.columns).alias(_NTH))
        for rows in (both.head(before.height), both.tail(came.height))
    )
    return fresh.join(old, on=fresh.columns, how="anti", nulls_equal=True, maintain_order="left").drop(_NTH)


def _fits(found: pl.DataType, before: pl.DataType) -> bool:
    return found == before or pl.Null in (found, before) or (found.is_numeric() and before.is_numeric())


def _changed(name: str, rows: int) -> Finding:
    evidence: dict[str, str | int] = {"rows": rows, "read": "whole, and landed anew"}
    return Finding(
        check="earlier_rows_changed", subject=name, value=float(rows), passed=False, severity="warn", evidence=evidence
    )


def _checked(rows: pl.DataFrame, name: str, column: str) -> pl.DataFrame:
    if column not in rows.columns:
        if not rows.columns:
            return rows
        raise ColumnMissing(column, rows.columns, source=name, needed_by="[[data.sources]] since")
    if empty := rows[column].null_count():
        raise InputError(
            f"{column!r} is empty in some rows, so that nobody can tell whether they were landed",
            place=f"source {name!r}",
            found=f"{empty} rows",
            mend="name a column under 'since' that every row fills, or take 'since' away to read all rows each time",
        )
    return rows


def _names(folder: Path) -> list[tuple[int, int]]:
    """Generation and number of the segments that count: those of the last generation."""
    found = sorted((int(path.stem[:4]), int(path.stem[5:])) for path in folder.glob("????-????????.parquet"))
    return [one for one in found if one[0] == found[-1][0]]


def _path(folder: Path, generation: int, number: int) -> Path:
    return folder / f"{generation:04}-{number:08}.parquet"


def _landed(folder: Path) -> pl.DataFrame | None:
    """What was landed, None before the first time."""
    frames = []
    for place in _names(folder):
        path = _path(folder, *place)
        try:
            frames.append(pl.read_parquet(io.BytesIO(path.read_bytes())))
        except pl.exceptions.PolarsError as error:
            mend = f"restore it from a backup; without one, remove {folder} to land the source anew"
            raise Corrupt("a segment of landed rows is damaged", place=str(path), found=str(error), mend=mend) from None
    return pl.concat(frames, how="vertical_relaxed") if frames and sum(map(len, frames)) else None


def _write(folder: Path, rows: pl.DataFrame, generation: int, number: int) -> None:
    if rows.height:
        write_aside(_path(folder, generation, number), parquet(rows))


def _replace(folder: Path, rows: pl.DataFrame) -> None:
    """A new generation with all rows; the old one goes once the new one lies there."""
    old = _names(folder)
    _write(folder, rows, old[-1][0] + 1, 1)
    for place in old if rows.height else ():
        _path(folder, *place).unlink(missing_ok=True)
