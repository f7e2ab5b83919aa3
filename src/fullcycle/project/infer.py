"""What a table says of itself: types, time, entity, task, and which columns are known only afterwards; and a contract.

Only values before the test period are looked at, as everywhere. What is inferred is a proposal, written down for a person to mend.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from fullcycle.data.clean.missing import emptied
from fullcycle.data.contract.infer import Proposal, propose, toml
from fullcycle.data.privacy.detect import Suspicion, detect
from fullcycle.data.settings import ColumnFact, ColumnType, Split
from fullcycle.data.sources.types import parse
from fullcycle.data.split import boundaries, fractions, spans_time
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.project.infer_missing import codes_for_missing, missing_lines, words_for_missing
from fullcycle.project.infer_times import first_times, named_times, parsed

CLASSES = 50  # a text target with more values than this is no class
FEW = 10  # a number with no more values than this may be a code of classes
LONG = 40  # characters on average from which text is prose, not a category
PEOPLE = 20_000  # rows in which personal data is looked for
_INTEGER = r"^[+-]?(0|[1-9][0-9]*)$"  # 01234 is a code, not a number
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_ENDLESS = r"^[+-]?(?i:inf|infinity)$"  # such a row goes to quarantine; the others are numbers
_CODE = r"^0[0-9]+$"
_TRUTH = r"^(?i:true|false)$"
_YES = ("true", "yes", "y", "1", "1.0", "t", "positive", "churned", "late", "fraud", "default", "failed", "bad")


class Column(NamedTuple):
    """A proposed line of ``columns.toml``; *facts* are its further keys, each ``key = value``."""

    kind: ColumnType
    known: str = "before"
    feature: bool = True
    note: str = ""
    facts: tuple[str, ...] = ()


class Guess(NamedTuple):
    """What a table says of itself.

    Attributes
    ----------
    target : the column that answers the question; a derived one where the table's own has two values that are no truth.
        Empty where clusters are looked for.
    derive : expression of the derived target, by name.
    actions, today : what can be decided, and what is done without a model.
    note : what to check of the target.
    rules : proposed lines of ``[data.rules]``.
    clean : proposed lines of ``[data.clean]``, each with its evidence as a comment.
    personal : columns that seem to hold personal data, which a person has to decide on.
    """

    task: str
    target: str
    time: str
    entity: str
    columns: dict[str, Column]
    derive: dict[str, str]
    actions: tuple[str, ...]
    today: str
    note: str
    rules: tuple[str, ...] = ()
    clean: tuple[str, ...] = ()
    personal: tuple[Suspicion, ...] = ()


def infer(
    frame: pl.DataFrame, target: str, *, time: str | None = None, entity: str | None = None, source: str = ""
) -> Guess:
    """Types, time, entity, task and target of a table, a proposal for each.

    Parameters
    ----------
    frame : the rows as the file has them; cells of a CSV are text.
    target : the column that answers the question; empty where clusters are looked for.
    time, entity : columns, where the caller knows them.
    source : name of the file, for messages.

    Raises
    ------
    ColumnMissing
        A named column is not in the table; names the nearest that is.
    InputError
        No column holds times or says what a row is about, or the target cannot be one.

    >>> rows = pl.DataFrame({"id": ["a", "b", "c", "d", "e", "f"], "at": [f"2026-01-0{day}" for day in range(1, 7)],
    ...     "churned": ["yes", "no", "yes", "no", "no", "yes"]})
    >>> guess = infer(rows, "churned")
    >>> guess.task, guess.target, guess.derive, guess.time, guess.entity
    ('binary', 'churned_is_yes', {'churned_is_yes': "churned == 'yes'"}, 'at', 'id')
    """
    for name, option in ((target, "--target"), (time, "--time"), (entity, "--entity")):
        if name and name not in frame.columns:
            raise ColumnMissing(name, frame.columns, source=source, needed_by=option)
    at = first_times(frame, [target, entity], source) if time is None else named_times(frame, time, source)
    time, frame = at.name, frame.with_columns(at.cells)
    early = _early(frame, time, entity)
    marks = words_for_missing(early, [target, time])
    early = early.with_columns(emptied(early[name], found.marks) for name, found in marks.items())
    types = {name: column_type(early[name]) for name in frame.columns} | {time: "time"}
    entity = entity or _entity(early, types, target, time, source)
    answer = _target(early[target], types[target], frame.columns, source) if target else _CLUSTERS
    types |= {target: answer.kind} if target else {}
    typed = _typed(early, types, time)
    codes = codes_for_missing(typed, types, [target, time, entity])
    typed = typed.with_columns(emptied(typed[name], found.marks, number=True) for name, found in codes.items())
    proposal = propose(typed, types, entity=entity, time=time, target=target)
    proposal.notes[time] = "; ".join(filter(None, (at.note, proposal.notes.get(time, ""))))
    personal = detect(typed.head(PEOPLE), {})
    for suspicion in personal:
        proposal.notes[suspicion.column] = "; ".join(
            filter(None, (_decide(suspicion), proposal.notes[suspicion.column]))
        )
    return Guess(
        task=answer.task,
        target=answer.name,
        time=time,
        entity=entity,
        columns={
            name: _proposed(_column(frame, name, types[name], target, entity), name, proposal) for name in frame.columns
        },
        derive={answer.name: answer.derive} if answer.derive else {},
        actions=answer.actions,
        today=answer.today,
        note=answer.note,
        rules=proposal.rules,
        clean=(*at.lines, *missing_lines(marks, codes)),
        personal=personal,
    )


def _decide(found: Suspicion) -> str:
    """What a person is told of a column that seems personal; never a cell of it."""
    return (
        f"seems personal ({found.kind.replace('_', ' ')}, told by {found.sign}): decide with "
        'personal = "drop", "hash", "mask", "keep" with because = "…", or "no"'
    )


def _typed(rows: pl.DataFrame, types: dict[str, ColumnType], time: str) -> pl.DataFrame:
    """The rows in their types, in order of time."""
    typed = rows.select(
        parse(pl.col(name), rows.schema[name], ColumnFact(type=kind), "UTC").alias(name) for name, kind in types.items()
    )
    return typed.sort(time, nulls_last=True, maintain_order=True)


def _proposed(column: Column, name: str, proposal: Proposal) -> Column:
    note = "; ".join(part for part in (column.note, proposal.notes.get(name, "")) if part)
    return column._replace(note=note, facts=toml(proposal.facts.get(name, {})))


def column_type(cells: pl.Series) -> ColumnType:
    """What the values of a column are.

    >>> column_type(pl.Series(["1", "2", None])), column_type(pl.Series(["01234"])), column_type(pl.Series(["2026-01-01"]))
    ('integer', 'category', 'time')
    >>> column_type(pl.Series(["1.5", "-inf"])), column_type(pl.Series(["inf"]))
    ('float', 'category')
    """
    match cells.dtype:
        case pl.Boolean():
            return "boolean"
        case pl.Datetime() | pl.Date():
            return "time"
        case dtype if dtype.is_integer():
            return "integer"
        case dtype if dtype.is_numeric():
            return "float"
    return _text_type(cells.cast(pl.String, strict=False).drop_nulls().str.strip_chars())


def _text_type(cells: pl.Series) -> ColumnType:
    if not len(cells):
        return "category"
    if cells.str.contains(_TRUTH).all():
        return "boolean"
    if cells.str.contains(_INTEGER).all():
        return "integer"
    finite = cells.filter(~cells.str.contains(_ENDLESS))
    if len(finite) and finite.str.contains(_NUMBER).all() and not finite.str.contains(_CODE).any():
        return "float"
    if parsed(cells).null_count() == 0:
        return "time"
    lengths = cells.str.len_chars()
    return "text" if int(lengths.sum()) > LONG * len(cells) else "category"


def _early(frame: pl.DataFrame, time: str, entity: str | None) -> pl.DataFrame:
    """The rows before the test period; where time divides nothing, those that are not test rows by their key."""
    times = parsed(frame[time])
    known = times.drop_nulls().sort()
    if spans_time(known[0], known[-1], "UTC"):
        return frame.filter((times < boundaries(known[0], known[-1], Split(), "UTC").test).fill_null(False))
    key = frame.select(entity, times.alias(time)) if entity else frame.with_row_index().select("index")
    share = Split().test
    return frame.filter(pl.Series(fractions(key, key.columns) >= share)) if isinstance(share, float) else frame


def _entity(rows: pl.DataFrame, types: dict[str, ColumnType], target: str, time: str, source: str) -> str:
    """The column that says what a row is about: unique by itself or with the time; one that is called so comes first."""
    can = [
        name for name in rows.columns if name not in (target, time) and types[name] in ("category", "integer", "text")
    ]
    can.sort(key=lambda name: not _called_id(name))  # stable: the table's order else
    for key in ([name] for name in can):
        if not rows[key[0]].null_count() and not rows.select(key).is_duplicated().any():
            return key[0]
    for name in can:
        if _called_id(name) and not rows[name].null_count() and not rows.select(name, time).is_duplicated().any():
            return name
    raise InputError(
        "no column says what a row is about",
        place=source,
        expected="a column that, with the time, names each row once",
        mend="name it with --entity, or number the rows with --row-number",
    )


def _called_id(name: str) -> bool:
    return re.search(r"(^|_|[a-z])(id|key|number|no|uuid)$|Id$|ID$", name) is not None


class _Answer(NamedTuple):
    """The target: its task, its name, the expression it is derived by, the type of the table's column."""

    task: str
    name: str
    kind: ColumnType
    actions: tuple[str, ...]
    today: str
    derive: str = ""
    note: str = ""


def _target(cells: pl.Series, kind: ColumnType, taken: Sequence[str], source: str) -> _Answer:
    values, name = cells.drop_nulls().unique().sort(), cells.name
    place = f"{source}, column {name!r}"
    if len(values) < 2:
        raise InputError(
            "the target has one class only",
            place=place,
            found=f"only {values[0]!r}" if len(values) else "no value",
            expected="at least two classes before the test period",
            mend="name another column with --target, or take a longer history",
        )
    if len(values) == 2:
        return _binary(cells, kind, taken)
    if kind in ("integer", "float"):
        note = (
            "if its values are classes, write task = 'multiclass' and type = 'category'" if len(values) <= FEW else ""
        )
        return _Answer("regression", name, kind, (), str(_median(cells)), note=note)
    if kind == "time" or len(values) > CLASSES:
        raise InputError(
            "this column cannot be a target",
            place=place,
            found=f"{len(values)} different values of type {kind}",
            expected=f"true or false, a number, or up to {CLASSES} classes",
            mend="name another column with --target",
        )
    actions = tuple(str(value) for value in values)
    return _Answer(
        "multiclass", name, "category", actions, max(actions, key=lambda action: int((cells == action).sum()))
    )


def _binary(cells: pl.Series, kind: ColumnType, taken: Sequence[str]) -> _Answer:
    values, name = cells.drop_nulls().unique().sort().to_list(), cells.name
    if kind == "boolean" or {str(value) for value in values} in ({"0", "1"}, {"0.0", "1.0"}):
        return _Answer("binary", name, kind, ("act", "wait"), "wait")
    yes = _positive(cells, values)
    number = kind in ("integer", "float")
    suffix = re.sub(r"[^0-9A-Za-z]+", "_", str(yes)).strip("_").lower() or "true"
    derived = f"{name}_is_{suffix}"
    while derived in taken:
        derived += "_"
    text = f"{_word(name)} == {yes if number else repr(str(yes))}"
    return _Answer(
        "binary", derived, kind if number else "category", ("act", "wait"), "wait", text, f"true where {name} is {yes}"
    )


def _median(cells: pl.Series) -> float:
    numbers = cells.cast(pl.Float64).drop_nulls().sort()
    return float(numbers[len(numbers) // 2])


_CLUSTERS = _Answer("clustering", "", "text", (), "")


def _positive(cells: pl.Series, values: list[object]) -> object:
    """Which of two values is meant: one that says yes, else the rarer, else the later."""
    for value in values:
        if str(value).strip().lower() in _YES:
            return value
    first, second = ((cells == value).sum() for value in values)
    return values[0] if first < second else values[1]


def _column(rows: pl.DataFrame, name: str, kind: ColumnType, target: str, entity: str) -> Column:
    if name == target:
        return Column(kind, known="after", note="the answer")
    if name == entity:
        return Column("category", feature=False, note="says what a row is about")
    gaps = rows[name].is_null()
    open_ = rows[target].is_null() if target else gaps & False
    # that a cell is filled tells when it is known, not what it holds
    if open_.any() and (gaps == open_).all():
        return Column(kind, known="after", note="filled exactly where the answer is: probably known only afterwards")
    return Column(kind, note="all of it missing" if gaps.all() else "")


def _word(name: str) -> str:
    """A column as an expression names it."""
    return name if name.isidentifier() else f"column({name!r})"
