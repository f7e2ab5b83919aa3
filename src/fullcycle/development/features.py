"""Fitting the feature plan: what is learnt from training rows so that columns become features.

A plan is operations and numbers, and runs the same way in training and in production. Two recipes: ``linear`` (nothing
missing, one scale, one column a category) and ``trees`` (numbers as they are, large categories by what their rows came
to). Every sum has a fixed order, so the same rows give the same plan on any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.records import Column
from fullcycle.development.settings import Features
from fullcycle.kernel.errors import ColumnMissing, InputError, UnknownKey
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.registry import Registry
from fullcycle.predictor.expression import YEARS, Expression, parse
from fullcycle.predictor.plan import (
    Calendar,
    Choose,
    Clip,
    Compare,
    Equals,
    Impute,
    Input,
    Lookup,
    Missing,
    Number,
    Operation,
    Plan,
    Standardise,
    frame_slots,
    zone_offsets,
)
from fullcycle.predictor.plan.values import Slots
from fullcycle.scoping.records import Charter

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
Feature: TypeAlias = Callable[["Columns"], "str | Expression"]
Expressions: TypeAlias = tuple[tuple[str, str], ...]

SMOOTHING = 20.0  # rows of the overall mean that each category's mean is mixed with (Micci-Barreca 2001)
FOLDS = 5  # contiguous blocks of time, so that a category's value never holds the rows it is used on, or their day
ONE_HOT = 50  # columns that one category becomes at most; the most frequent ones
CLASSES = 10  # with more classes than this, categories are encoded by how frequent they are only

FEATURES: Registry[Feature] = Registry("feature")
"""Features of the project's own, registered with :func:`feature`."""


class Columns:
    """What a feature's function reads: each attribute is a column, as an expression names it.

    >>> columns = Columns(["distance", "air time"])
    >>> f"{columns.distance} / {columns['air time']}"
    "distance / column('air time')"
    """

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def __getattr__(self, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> str:
        if name not in self._names:
            raise ColumnMissing(name, self._names, needed_by="a feature")
        return name if name.isidentifier() else f"column({name!r})"


def feature(function: Feature) -> Feature:
    """Register a feature of the project's own under its function's name.

    It gives an expression over columns known before the prediction; it is called once when fitting and never serves.

    >>> @feature
    ... def speed(c: Columns) -> str:
    ...     return f"{c.distance} / {c.air_time}"
    >>> "speed" in FEATURES
    True
    >>> _ = FEATURES.remove("speed")
    """
    return FEATURES.add(function.__name__, function)


def learnable(columns: tuple[Column, ...], charter: Charter) -> tuple[Column, ...]:
    """The columns known before the prediction, and which of them are features: never the target or the entity.

    The time of the prediction is one: not as it is, for it only grows, but its calendar is (see ``features.calendar``).
    """
    feature = {column.name: column.feature for column in columns}
    feature |= {charter.target: False, charter.entity: False, charter.time: True}
    return tuple(
        Column(name=it.name, kind=it.kind, known=it.known, feature=feature[it.name], unit=it.unit)
        for it in columns
        if it.known == "before"
    )


def expressions(columns: tuple[Column, ...], derived: Mapping[str, str]) -> Expressions:
    """What the plan computes itself: derived columns known beforehand, and the project's registered features.

    Raises
    ------
    InputError
        A feature has the name of a column.
    """
    names = [column.name for column in columns]
    found = [(name, text) for name, text in derived.items() if name in names]
    reads = Columns(names)
    for name in FEATURES:
        if name in names:
            raise InputError(f"feature {name!r} has the name of a column", place="cycle.py", mend="call it otherwise")
        made = FEATURES[name](reads)
        found.append((name, made if isinstance(made, str) else made.text))
    return tuple(found)


def left_out(columns: tuple[Column, ...]) -> tuple[Finding, ...]:
    """A note for each column of text: this version learns nothing from them.

    >>> [note.subject for note in left_out((Column(name="note", kind="text", known="before", feature=True),))]
    ['note']
    """
    return tuple(
        Finding(check="left_out", subject=column.name, severity="note", evidence={"kind": "text"})
        for column in columns
        if column.feature and column.kind == "text"
    )


def fit_plan(
    frame: pl.DataFrame,
    target: Floats,
    *,
    recipe: str,
    columns: tuple[Column, ...],
    settings: Features,
    zone: str,
    task: str,
    expressions: Expressions = (),
) -> tuple[Plan, Floats]:
    """The feature plan that *recipe* fits, and the features of the rows it was fitted on.

    Parameters
    ----------
    frame : n rows in order of time.
    target : (n,) 0 or 1, class codes, or numbers.
    recipe : ``linear``, ``trees``, or ``none`` for no features at all.
    columns : what is known beforehand, see :func:`learnable`.
    zone : in which the calendar is read.
    expressions : name and text of what the plan computes before; those that are no column are features.

    Returns
    -------
    The plan, and (n, features) float64. Where a category is encoded by the target, the matrix holds out-of-fold values
    (each fifth of the time by the other four) while the plan holds the map of all rows: a model that saw its own
    answers in a feature would trust it too much.

    Raises
    ------
    UnknownKey
        There is no such recipe.
    InputError
        No column is left to learn from; an expression is none.
    """
    if recipe not in _RECIPES:
        raise UnknownKey(recipe, _RECIPES, what="recipe")
    draft = _Draft(frame, target, columns, settings, zone, task, dict(expressions))
    if recipe == "none":
        return draft.finish()
    names = {column.name for column in columns}
    wanted = [column.name for column in columns if column.feature]
    for name in wanted + [name for name, _ in expressions if name not in names]:
        if (encode := _RECIPES[recipe].get(draft.kind(name))) is not None:
            encode(draft, name)
    if not draft.features:
        raise InputError(
            "no column is left to learn from",
            expected="a column that varies, is known before the prediction and may be a feature",
            mend="see 'known' and 'feature' in columns.toml",
        )
    return draft.finish()


class _Draft:
    """A plan while it is written: each operation is run on the rows as soon as it is added."""

    def __init__(
        self,
        frame: pl.DataFrame,
        target: Floats,
        columns: tuple[Column, ...],
        settings: Features,
        zone: str,
        task: str,
        pending: dict[str, str],
    ) -> None:
        self.target, self.settings, self.zone, self.task = target, settings, zone, task
        self._kinds = {column.name: column.kind for column in columns}
        # a request does not bring what is derived
        told = {name: kind for name, kind in self._kinds.items() if name not in pending}
        self._inputs = {name: Input(name, kind) for name, kind in told.items()}  # type: ignore[arg-type]
        self._pending = pending
        self._frame, self.slots = frame, Slots(frame.height)
        self._operations: list[Operation] = []
        self.features: list[str] = []
        self._values: list[Floats] = []

    def kind(self, name: str) -> str:
        """The kind of a column or a computed slot."""
        self._read(name)
        return self._kinds[name]

    def add(self, make: type[Operation], hint: str, **fields: Any) -> str:
        """Add an operation; the slot that it makes, named like *hint*."""
        name = hint
        while name in self.slots or name in self._kinds:
            name += "_"
        self._append(make(output=name, **fields))
        return name

    def numbers(self, slot: str) -> Floats:
        """The values of a slot of numbers, (n,)."""
        self._read(slot)
        return self.slots.numbers(slot)

    def strings(self, slot: str) -> pl.Series:
        """The values of a slot of strings, n of them."""
        self._read(slot)
        return self.slots.strings(slot)

    def use(self, slot: str, values: Floats | None = None) -> None:
        """Make a slot a feature, unless it never varies; *values* stand for it on these rows where they are given."""
        found = self.numbers(slot)
        if len(found) and ((found == found[0]) | (np.isnan(found) & np.isnan(found[0]))).all():
            return
        self.features.append(slot)
        self._values.append(found if values is None else values)

    def finish(self) -> tuple[Plan, Floats]:
        """The plan, less what no feature needs, and the matrix."""
        wanted, needed = set(self.features), []
        for operation in reversed(self._operations):
            if operation.output in wanted:
                wanted.update(operation.reads())
                needed.append(operation)
        inputs = tuple(column for name, column in self._inputs.items() if name in wanted)
        plan = Plan(inputs=inputs, operations=tuple(needed[::-1]), features=tuple(self.features))
        plan.check()
        matrix = np.empty((len(self.target), len(self.features)))
        for place, values in enumerate(self._values):
            matrix[:, place] = values
        return plan, matrix

    def _append(self, operation: Operation) -> None:
        for slot in operation.reads():
            self._read(slot)
        if operation.output in self.slots:
            raise InputError(f"two features make {operation.output!r}", mend="name each feature once")
        with np.errstate(all="ignore"):  # as the plan does: overflow is what one row gives too
            self.slots[operation.output] = operation.columns(self.slots)
        self._operations.append(operation)

    def _read(self, slot: str) -> None:
        if slot in self.slots:
            return
        if slot in self._pending:
            self._compute(slot, self._pending.pop(slot))
        elif slot in self._inputs:
            self.slots.update(frame_slots(self._frame, [self._inputs[slot]]))
        else:
            raise ColumnMissing(slot, self._inputs, needed_by="the feature plan")

    def _compute(self, name: str, text: str) -> None:
        """Add the operations of an expression; its value becomes the slot *name*."""
        known = {column: kind for column, kind in self._kinds.items() if column != name}
        parsed = parse(text, known, place=f"feature {name!r}", zone=self.zone, output=name)
        for operation in parsed.plan.operations:
            self._append(operation)
        if not parsed.plan.operations:  # it only names a column
            always, column = self.add(Number, f"{name} always", value=1.0), parsed.columns[0]
            self._append(Choose(output=name, condition=always, then=column, otherwise=column))
        self._kinds[name] = parsed.kind


def _scaled(draft: _Draft, name: str) -> None:
    """A number for a linear model: the median where it is missing, within what was seen, standardised."""
    values = draft.numbers(name)
    seen = np.sort(values[np.isfinite(values)])
    if not len(seen):
        return
    draft.use(draft.add(Missing, f"{name} is missing", input=name))
    if seen[0] == seen[-1]:
        return
    filled = draft.add(Impute, f"{name} filled", input=name, value=float(seen[(len(seen) - 1) // 2]))
    # outside of what was seen a straight line knows nothing, and an endless number would drown every other feature
    clipped = draft.add(Clip, f"{name} clipped", input=filled, low=float(seen[0]), high=float(seen[-1]))
    rows = draft.numbers(clipped)
    mean = math.fsum(rows.tolist()) / len(rows)
    scale = math.sqrt(math.fsum(((rows - mean) ** 2).tolist()) / len(rows))
    draft.use(draft.add(Standardise, f"{name} scaled", input=clipped, mean=mean, scale=scale))


def _as_it_is(draft: _Draft, name: str) -> None:
    """A number for trees, which split on missing too."""
    draft.use(name)


def _one_hot(draft: _Draft, name: str, *, missing: float | None = 0.0) -> None:
    """A column for each frequent category; an unknown one is none of them."""
    counts = _counts(draft.strings(name))
    frequent = [it for it in counts if counts[it] >= draft.settings.rare]
    for category in sorted(sorted(frequent, key=lambda it: (-counts[it], it))[:ONE_HOT]):
        draft.use(draft.add(Equals, f"{name} is {category}", input=name, value=category, missing=missing))


def _one_hot_or_missing(draft: _Draft, name: str) -> None:
    draft.use(draft.add(Missing, f"{name} is missing", input=name))
    _one_hot(draft, name)


def _small_or_large(draft: _Draft, name: str) -> None:
    """A category for trees: one-hot where it has few values, else by the target and by how frequent it is."""
    if len(_counts(draft.strings(name))) <= draft.settings.target_encode:
        _one_hot(draft, name, missing=None)
        return
    _by_target(draft, name)
    _by_frequency(draft, name)


def _by_frequency(draft: _Draft, name: str) -> None:
    series = draft.strings(name)
    table = {it: count / len(series) for it, count in _counts(series).items() if count >= draft.settings.rare}
    draft.use(draft.add(Lookup, f"{name} share", input=name, table=table, default=0.0))


def _by_target(draft: _Draft, name: str) -> None:
    """The mean target of a category's rows, mixed with the overall mean; one map for each class of several."""
    categories, codes = _coded(draft.strings(name))
    kept = np.bincount(codes[codes >= 0], minlength=len(categories)) >= draft.settings.rare
    for label, target in _targets(draft.target, draft.task):
        prior = math.fsum(target.tolist()) / len(target)
        means = smoothed(codes, target, len(categories), prior)
        table = {it: float(means[code]) for code, it in enumerate(categories) if kept[code]}
        slot = draft.add(Lookup, f"{name} by {label}", input=name, table=table, default=prior)
        draft.use(slot, out_of_fold(codes, target, kept, prior))


def smoothed(codes: Codes, target: Floats, categories: int, prior: float) -> Floats:
    """The mean target of each category, mixed with ``SMOOTHING`` rows of *prior*; (categories,).

    *codes* are (n,), -1 where the category is missing. Source: Micci-Barreca 2001, *A preprocessing scheme for
    high-cardinality categorical attributes*.

    >>> smoothed(np.array([0, 0, 1]), np.array([1.0, 1.0, 0.0]), 2, 0.5).round(3)
    array([0.545, 0.476])
    """
    seen = codes >= 0  # bincount adds in the order of rows, on one thread
    sums = np.bincount(codes[seen], weights=target[seen], minlength=categories)
    counts = np.bincount(codes[seen], minlength=categories)
    means: Floats = (sums + SMOOTHING * prior) / (counts + SMOOTHING)
    return means


def out_of_fold(codes: Codes, target: Floats, kept: NDArray[np.bool_], prior: float) -> Floats:
    """What each row's category came to on the other blocks of time, (n,); NaN where it is missing.

    *kept* are (categories,) those with a value of their own; the others get *prior*.

    >>> out_of_fold(np.array([0, 1]), np.array([1.0, 0.0]), np.array([True, True]), 0.5).tolist()
    [0.5, 0.5]
    """
    found = np.full(len(codes), np.nan)
    for block in np.array_split(np.arange(len(codes)), FOLDS):
        others = codes.copy()
        others[block] = -1
        means = np.append(np.where(kept, smoothed(others, target, len(kept), prior), prior), np.nan)
        found[block] = means[codes[block]]  # the code -1 reads the NaN at the end
    return found


def _calendar(draft: _Draft, name: str, part: str) -> str:
    offsets = () if draft.zone == "UTC" else zone_offsets(draft.zone, *YEARS)
    return draft.add(Calendar, f"{name} {part}", input=name, part=part, zone=draft.zone, offsets=offsets)


def _calendar_numbers(draft: _Draft, name: str) -> None:
    """Minute of the day and weekday for trees.

    Not the day of the year: a model fitted on half a year would read the other half as beyond everything it saw. Not
    the day of the month: it repeats too seldom in a history to tell more than chance.
    """
    if draft.settings.calendar:
        for part in ("minute_of_day", "weekday"):
            draft.use(_calendar(draft, name, part))


def _calendar_one_hot(draft: _Draft, name: str) -> None:
    """A column for each weekday and each hour."""
    if not draft.settings.calendar:
        return
    for part, values in (("weekday", 7), ("hour", 24)):
        filled = draft.add(Impute, f"{name} {part} or none", input=_calendar(draft, name, part), value=-1.0)
        for value in range(values):
            constant = draft.add(Number, f"{name} {part} {value}", value=float(value))
            draft.use(draft.add(Compare, f"{name} {part} is {value}", relation="eq", left=filled, right=constant))


def _targets(target: Floats, task: str) -> list[tuple[str, Floats]]:
    if task != "multiclass":
        return [("target", target)]
    classes = int(target.max()) + 1
    if classes > CLASSES:
        return []
    return [(f"class {code}", (target == code).astype(np.float64)) for code in range(classes)]


def _coded(series: pl.Series) -> tuple[list[str], Codes]:
    """The categories, sorted, and each row's code; -1 where it is missing."""
    categories = sorted(series.drop_nulls().unique().to_list())
    codes = series.cast(pl.Enum(categories)).to_physical().cast(pl.Int64).fill_null(-1)
    return categories, np.array(codes.to_numpy(), dtype=np.int64)


def _counts(series: pl.Series) -> dict[str, int]:
    categories, codes = _coded(series)
    counts = np.bincount(codes[codes >= 0], minlength=len(categories))
    return dict(zip(categories, counts.tolist(), strict=True))


_Encode: TypeAlias = Callable[[_Draft, str], None]
_RECIPES: dict[str, dict[str, _Encode]] = {
    "none": {},
    "linear": {
        **dict.fromkeys(("float", "integer", "boolean"), _scaled),
        "category": _one_hot_or_missing,
        "time": _calendar_one_hot,
    },
    "trees": {
        **dict.fromkeys(("float", "integer", "boolean"), _as_it_is),
        "category": _small_or_large,
        "time": _calendar_numbers,
    },
}
