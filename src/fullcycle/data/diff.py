"""Diff: what changed between two records, and between two datasets in rows, schema, distribution and quality.

Rows are compared a segment at a time; segments with the same bytes are not read. Distributions are compared through
sketches, as monitoring compares a window with its reference, with the false discovery rate held over the columns.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from fullcycle.data.profile.columns import merged, profile
from fullcycle.data.records import Column, Dataset
from fullcycle.data.table import Segment
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import ColumnMissing
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.record import Record
from fullcycle.measure.sketches import CategorySketch, ColumnSketch, in_same_cells
from fullcycle.measure.tests import benjamini_hochberg, ks_distance, psi, two_sample

LEVEL = 0.01
"""False discovery rate over the columns."""
EFFECT = 0.1
"""The smallest distance of two distributions that counts."""

_NTH = "occurrence of the key"
_APART = ("table", "columns", "findings", "profile", "portrait")
_MARKS = ("name", "period", "check")

Sketches = Callable[[Dataset], Mapping[str, ColumnSketch]]


class Change(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field that differs; *before* or *after* is None where the field is not there, else JSON."""

    path: str
    before: str | None
    after: str | None


class RowChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many rows differ, told by their key.

    Attributes
    ----------
    changed : rows in both whose cells differ in a column that both have.
    cells : by column, how many of those cells.
    """

    same: int = 0
    added: int = 0
    removed: int = 0
    changed: int = 0
    cells: dict[str, int] = {}


class Shift(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a column is distributed differently.

    Attributes
    ----------
    effect : Kolmogorov–Smirnov distance of numbers or total variation of categories, or the change of the share of
        missing values where that is larger; 0 to 1.
    psi : population stability index, less what chance adds.
    p : of the chi-square test of the cells, rows taken as independent.
    real : whether the test finds it, with the false discovery rate held over all columns, and the effect counts.
    """

    column: str
    effect: float
    psi: float
    p: float
    real: bool
    missing_before: float
    missing_after: float


class Difference(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changed from one dataset to another.

    Attributes
    ----------
    schema : columns and their facts.
    shifts : of the columns that both have, the largest effect first.
    quality : findings that came, went, or judge otherwise.
    fields : all else in the records.
    """

    rows: RowChanges
    schema: tuple[Change, ...]
    shifts: tuple[Shift, ...]
    quality: tuple[Change, ...]
    fields: tuple[Change, ...]

    def sentences(self) -> tuple[str, ...]:
        """The difference as a person reads it; one sentence if nothing differs."""
        found = [*_row_sentences(self.rows)]
        found += [f"schema: {_told(change)}" for change in self.schema]
        found += [_shift_sentence(shift) for shift in self.shifts if shift.real]
        found += [f"quality: {_told(change)}" for change in self.quality]
        found += [_told(change) for change in self.fields]
        return tuple(found) or ("nothing changed",)


def changes(before: Record, after: Record) -> tuple[Change, ...]:
    """The fields in which two records differ, by their path in canonical JSON, in order.

    Lists of named things are compared by name, other lists by place.

    >>> from fullcycle.kernel.record import kind
    >>> @kind("doctest_page")
    ... class Page(Record, frozen=True, kw_only=True):
    ...     title: str
    ...     words: dict[str, int]
    >>> found = changes(Page(title="a", words={"x": 1}), Page(title="a", words={"x": 2, "y": 1}))
    >>> [(change.path, change.before, change.after) for change in found]
    [('words.x', '1', '2'), ('words.y', None, '1')]
    """
    return tuple(_walk("", msgspec.json.decode(before.canonical), msgspec.json.decode(after.canonical)))


def diff(
    before: Dataset, after: Dataset, blobs: Blobs, *, key: Sequence[str], sketches: Sketches | None = None
) -> Difference:
    """What changed from one dataset to another.

    Parameters
    ----------
    key : columns that name a row, such as entity and time.
    sketches : gives a dataset's sketches by column where they are kept; else they are made of its segments.

    Raises
    ------
    ColumnMissing
        A column of the key is not in both.
    """
    given = sketches or _from_segments(blobs)
    schema = tuple(_walk("", _facts(before.columns), _facts(after.columns)))
    same = before.table == after.table and not schema
    return Difference(
        rows=rows_changed(before, after, blobs, key=key),
        schema=schema,
        shifts=() if same else shifts(given(before), given(after)),
        quality=tuple(_walk("", _judged(before.findings), _judged(after.findings))),
        fields=tuple(
            change for change in changes(before, after) if change.path.split(".")[0].split("[")[0] not in _APART
        ),
    )


def rows_changed(before: Dataset, after: Dataset, blobs: Blobs, *, key: Sequence[str]) -> RowChanges:
    """Rows added, removed and changed. A row that moved to another segment is still the same row.

    Memory holds two segments and the rows that have no partner in the segment of the same period.

    Raises
    ------
    ColumnMissing
        A column of the key is not in both.
    """
    first, second = ({segment.period: segment for segment in dataset.table} for dataset in (before, after))
    names = [{column.name for column in dataset.columns} for dataset in (before, after)]
    for name in key:
        for held in names:
            if name not in held:
                raise ColumnMissing(name, sorted(held), needed_by="the key of the comparison")
    shared = [column.name for column in after.columns if column.name in names[0] and column.name not in key]
    found = RowChanges()
    left: list[list[pl.DataFrame]] = [[], []]
    for period in sorted({*first, *second}):
        one, two = first.get(period), second.get(period)
        if one is not None and two is not None and one.blob == two.blob:
            found = msgspec.structs.replace(found, same=found.same + one.rows)
            continue
        frames = [None if side is None else _read(side, blobs, [*key, *shared]) for side in (one, two)]
        more, *alone = _matched(*frames, key=key, shared=shared)
        found = _added(found, more)
        for place, frame in enumerate(alone):
            left[place] += [frame] if frame is not None and len(frame) else []
    whole = [pl.concat(_alike(frames)) if frames else None for frames in left]
    more, gone, come = _matched(*whole, key=key, shared=shared)
    found = _added(found, more)
    return msgspec.structs.replace(found, removed=_height(gone), added=_height(come))


def shifts(
    before: Mapping[str, ColumnSketch],
    after: Mapping[str, ColumnSketch],
    *,
    level: float = LEVEL,
    effect: float = EFFECT,
) -> tuple[Shift, ...]:
    """How each column that both have is distributed differently, the largest effect first. Times go on by themselves.

    >>> sketches = [{"a": ColumnSketch.of(pl.Series(values), "float")} for values in ([1.0, 2.0] * 50, [2.0, 2.0] * 50)]
    >>> shifts(*sketches)[0].effect, shifts(*sketches)[0].real
    (0.5, True)
    """
    names = [name for name in before if name in after and _comparable(before[name], after[name])]
    found = [_shift(name, before[name], after[name]) for name in names]
    real = benjamini_hochberg([one.p for one in found], level)
    judged = [
        msgspec.structs.replace(one, real=bool(told) and one.effect >= effect)
        for one, told in zip(found, real, strict=True)
    ]
    return tuple(sorted(judged, key=lambda one: (-one.effect, one.column)))


def _comparable(before: ColumnSketch, after: ColumnSketch) -> bool:
    return before.kind == after.kind != "time" and before.told and after.told


def _shift(name: str, before: ColumnSketch, after: ColumnSketch) -> Shift:
    first, second = in_same_cells(before, after)
    then, now = first.vector(), second.vector()
    shares = [sketch.missing / max(1, sketch.n) for sketch in (before, after)]
    distance = _variation(then, now) if isinstance(first, CategorySketch) else ks_distance(then[:-1], now[:-1])
    return Shift(
        column=name,
        effect=max(distance, abs(shares[1] - shares[0])),
        psi=psi(then, now),
        p=two_sample(then, now),
        real=False,
        missing_before=shares[0],
        missing_after=shares[1],
    )


def _variation(then: NDArray[np.int64], now: NDArray[np.int64]) -> float:
    """The share of rows that would have to change their name."""
    n, m = int(then.sum()), int(now.sum())
    if not n or not m:
        return 0.0
    apart: int = sum(abs(a * m - b * n) for a, b in zip(then.tolist(), now.tolist(), strict=True))
    return apart / (2 * n * m)


def _from_segments(blobs: Blobs) -> Sketches:
    """Sketches of a dataset's segments, those of a segment that two datasets share made once."""
    made: dict[tuple[str, str], Mapping[str, ColumnSketch]] = {}

    def sketches(dataset: Dataset) -> Mapping[str, ColumnSketch]:
        facts = msgspec.json.encode(dataset.columns).decode()
        for segment in dataset.table:
            if (segment.blob, facts) not in made:
                made[segment.blob, facts] = profile(_read(segment, blobs), dataset.columns)
        return merged(made[segment.blob, facts] for segment in dataset.table)

    return sketches


def _read(segment: Segment, blobs: Blobs, columns: Sequence[str] | None = None) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(blobs.get(segment.blob)), columns=None if columns is None else list(columns))


def _matched(
    before: pl.DataFrame | None, after: pl.DataFrame | None, *, key: Sequence[str], shared: Sequence[str]
) -> tuple[RowChanges, pl.DataFrame | None, pl.DataFrame | None]:
    """Rows of both by their key, and the rows that have no partner. Rows of one key are paired in their order."""
    if before is None or after is None or not len(before) or not len(after):
        return RowChanges(), before, after
    on = [*key, _NTH]
    first, second = (
        frame.with_columns(pl.int_range(pl.len()).over(key).alias(_NTH)) for frame in _alike((before, after))
    )
    both = first.join(second, on=on, how="inner", nulls_equal=True, suffix=" after")
    differ = [pl.col(name).ne_missing(pl.col(f"{name} after")).alias(name) for name in shared]
    cells = both.select(differ)
    changed = int(cells.select(pl.any_horizontal(pl.all())).to_series().sum()) if shared else 0
    counts = {name: int(cells[name].sum()) for name in shared}
    alone = [
        frame.join(other.select(on), on=on, how="anti", nulls_equal=True).drop(_NTH)
        for frame, other in ((first, second), (second, first))
    ]
    found = RowChanges(same=len(both) - changed, changed=changed, cells={name: n for name, n in counts.items() if n})
    return found, alone[0], alone[1]


def _alike(frames: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """The same columns of several tables; those of more than one type as text."""
    other = [name for name in frames[0].columns if len({frame.schema[name] for frame in frames}) > 1]
    return [frame.with_columns(pl.col(name).cast(pl.String) for name in other) for frame in frames]


def _added(first: RowChanges, second: RowChanges) -> RowChanges:
    names = sorted({*first.cells, *second.cells})
    return RowChanges(
        same=first.same + second.same,
        changed=first.changed + second.changed,
        cells={name: first.cells.get(name, 0) + second.cells.get(name, 0) for name in names},
    )


def _height(frame: pl.DataFrame | None) -> int:
    return 0 if frame is None else len(frame)


def _facts(columns: Sequence[Column]) -> dict[str, Any]:
    return {column.name: msgspec.to_builtins(column) for column in columns}


def _judged(findings: Sequence[Finding]) -> dict[str, str]:
    """How each finding judges: values alone change with every row."""
    words = {True: "passed", False: "failed", None: "seen"}
    return {f"{finding.check} of {finding.subject}": words[finding.passed] for finding in findings}


def _walk(path: str, before: Any, after: Any) -> Iterator[Change]:
    """The leaves that differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        pairs = [(f"{path}.{name}" if path else name, name) for name in sorted({*before, *after})]
        for place, name in pairs:
            yield from _step(place, before, after, name)
    elif isinstance(before, list) and isinstance(after, list):
        first, second = _by_mark(before), _by_mark(after)
        if first is None or second is None:
            first, second = (dict(zip(map(str, range(len(items))), items, strict=True)) for items in (before, after))
        for name in dict.fromkeys([*first, *second]):
            yield from _step(f"{path}[{name}]", first, second, name)
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield Change(path=path, before=_json(before), after=_json(after))


def _step(path: str, before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> Iterator[Change]:
    if name in before and name in after:
        yield from _walk(path, before[name], after[name])
    else:
        show = partial(map, lambda side: _json(side[name]) if name in side else None)
        old, new = show((before, after))
        yield Change(path=path, before=old, after=new)


def _by_mark(items: Sequence[Any]) -> dict[str, Any] | None:
    """Items by their name, where each has one of its own."""
    for mark in _MARKS:
        if items and all(isinstance(item, dict) and isinstance(item.get(mark), str) for item in items):
            named = {item[mark]: item for item in items}
            if len(named) == len(items):
                return named
    return None


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _row_sentences(rows: RowChanges) -> Iterator[str]:
    if rows.added or rows.removed or rows.changed:
        yield f"rows: {rows.added} added, {rows.removed} removed, {rows.changed} changed, {rows.same} the same"
    for name, cells in sorted(rows.cells.items(), key=lambda item: (-item[1], item[0])):
        yield f"cells of {name}: {cells} changed"


def _shift_sentence(shift: Shift) -> str:
    text = (
        f"distribution of {shift.column}: distance {shift.effect:.3g}, stability index {shift.psi:.3g}, p {shift.p:.2g}"
    )
    if shift.missing_before != shift.missing_after:
        text += f", missing {shift.missing_before:.1%} → {shift.missing_after:.1%}"
    return text


def _told(change: Change) -> str:
    if change.before is None:
        return f"{change.path} came: {_short(change.after)}"
    if change.after is None:
        return f"{change.path} went: {_short(change.before)}"
    return f"{change.path}: {_short(change.before)} → {_short(change.after)}"


def _short(text: str | None) -> str:
    return "" if text is None else text if len(text) <= 80 else text[:77] + "…"
