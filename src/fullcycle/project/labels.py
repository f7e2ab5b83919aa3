"""Labels by people: rows whose outcome should be there and is not, handed out in files for their tools; and what they said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import polars as pl
from msgspec import Struct

from fullcycle.data.history import History
from fullcycle.data.label.agreement import Level, agreement
from fullcycle.data.label.check import check_labels
from fullcycle.data.label.merge import merge
from fullcycle.data.label.queue import queue
from fullcycle.data.label.said import said
from fullcycle.data.label.sheet import sheet
from fullcycle.data.label.studio import tasks
from fullcycle.data.settings import ColumnFact, ColumnType
from fullcycle.kernel.blobs import write_aside
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.kernel.finding import Finding
from fullcycle.project.folder import Project
from fullcycle.project.table_file import check_suffix, write_table

Form = Literal["csv", "label-studio"]


class Handed(Struct, frozen=True, kw_only=True):
    """What was handed out.

    Attributes
    ----------
    file : empty where no row waits.
    waiting : rows without an outcome, of which the others were picked.
    columns : what annotators are shown.
    """

    file: str
    waiting: int
    uncertain: int
    random: int
    columns: tuple[str, ...]


def hand_out(project: Project, now: datetime, file: Path, *, form: Form, scores: Sequence[str] = ()) -> Handed:
    """Write the next rows to label to *file*, as ``[data.labels]`` says.

    Parameters
    ----------
    now : rows whose outcome should be known by then.
    scores : columns of the rows that hold a probability; annotators do not see them.

    Raises
    ------
    ColumnMissing
        A score is not in ``columns.toml``.
    InputError
        A score is no probability, or a column is called as one of the file's own.
    """
    _require_target(project)
    history = project.history(project.read_rows()[0])
    for score in scores:
        if score not in history.facts:
            raise ColumnMissing(score, history.facts, source="columns.toml", needed_by="--score")
    scoping, settings = project.settings.scoping, project.settings.data.labels
    waiting = _waiting(history, now)
    picked = queue(
        waiting, settings, score=scores, entity=scoping.entity, time=scoping.time, target=scoping.target, seed=0
    )
    keys = {scoping.entity, scoping.time, *scores}
    columns = tuple(name for name in history.facts if name not in keys and not history.delays[name])
    entity, time = scoping.entity, scoping.time
    if len(picked):
        plain = picked.with_columns(pl.col(name).dt.to_string("iso:strict") for name in _times(picked, columns))
        write_aside(
            file,
            sheet(plain, columns=columns, entity=entity, time=time, annotators=settings.annotators)
            if form == "csv"
            else tasks(plain, columns=columns, entity=entity, time=time),
        )
    how = picked["picked"].to_list()
    return Handed(
        file=str(file) if how else "",
        waiting=len(waiting),
        uncertain=how.count("uncertain"),
        random=how.count("random"),
        columns=columns,
    )


class TakenBack(Struct, frozen=True, kw_only=True):
    """What annotators said.

    Attributes
    ----------
    file : a table that ``fullcycle outcomes`` imports; empty where there is no outcome.
    outcomes, unlabelled : rows that have a label now, and rows that nobody has looked at.
    unresolved : rows that stay open, each with entity, time and reason.
    skipped : by annotator, how often one passed.
    agreement : of annotators, where several looked at a row.
    """

    file: str
    outcomes: int
    unlabelled: int
    unresolved: tuple[dict[str, str], ...]
    skipped: dict[str, int]
    agreement: Finding


def take_back(project: Project, source: Path, file: Path, *, column: str = "", control: str = "") -> TakenBack:
    """Merge what annotators said in *source* (a CSV sheet, or Label Studio's JSON) into outcomes in *file*.

    Parameters
    ----------
    column : that takes the label; by default see :attr:`Project.label_column`, else ``actual``.
    control : see :func:`fullcycle.data.label.studio.read_tasks`.

    Raises
    ------
    ColumnMissing
        *column* is none that is known after the prediction.
    InputError
        The file is none of a label tool, a label is no value of its column, or *file* has a suffix that is not written.
    """
    check_suffix(file)
    _require_target(project)
    scoping, settings = project.settings.scoping, project.settings.data.labels
    late = [name for name, fact in project.columns.items() if fact.known != "before"]
    column = column or project.label_column or "actual"
    if column not in (*late, "actual"):
        raise ColumnMissing(column, [*late, "actual"], source="columns.toml", needed_by="--column")
    found = said(source, entity=scoping.entity, time=scoping.time, control=control or settings.control)
    fact, known = _held(project, column)
    check_labels(found.given, column, fact, zone=project.settings.project.timezone, known=known)
    level: Level = "interval" if scoping.task == "regression" else "nominal"
    agreed = agreement(found.given, level=level, limit=settings.agreement, seed=0)
    merged = merge(found, entity=scoping.entity, time=scoping.time, column=column, least=settings.annotators)
    if rows := len(merged.outcomes):
        write_table(merged.outcomes, file)
    return TakenBack(
        file=str(file) if rows else "",
        outcomes=rows,
        unlabelled=found.unlabelled,
        unresolved=tuple(merged.unresolved.to_dicts()),
        skipped=found.skipped,
        agreement=agreed,
    )


def _require_target(project: Project) -> None:
    if not project.settings.scoping.target:
        raise InputError(
            "a clustering has nothing to label",
            place="cycle.toml, [scoping] task",
            found=project.settings.scoping.task,
            mend="label rows of a question that has a target",
        )


def _held(project: Project, column: str) -> tuple[ColumnFact, frozenset[str]]:
    """What the labels of *column* must be; of a category that nobody declared, the values that rows hold already."""
    if column not in project.columns:
        binary = project.settings.scoping.task == "binary"
        kind: ColumnType = (
            "boolean" if binary else "float" if project.settings.scoping.task == "regression" else "category"
        )
        return ColumnFact(type=kind), frozenset()
    fact = project.columns[column]
    if fact.type != "category" or fact.categories:
        return fact, frozenset()
    rows = project.history(project.read_rows()[0]).rows
    found = (set(frame[column].drop_nulls().unique().to_list()) for _, frame in rows)
    return fact, frozenset(value for held in found for value in held)


def _waiting(history: History, now: datetime) -> pl.DataFrame:
    """Rows whose outcome should be there by *now*, and is not."""
    found = [history.rows.empty]
    found += [rows.filter(pl.col(history.target).is_null()) for _, rows in history.due(now)]
    return pl.concat(found, how="vertical_relaxed")


def _times(rows: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """Columns of times that annotators are shown: tools know no times."""
    return [name for name in columns if rows.schema[name].is_temporal()]
