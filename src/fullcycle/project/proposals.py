"""What a person could declare: cleaning, from raw rows before the test period; columns and rules, from a foreign contract."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from msgspec import Struct

from fullcycle.data.assemble import Assembled
from fullcycle.data.clean.prepare import prepare
from fullcycle.data.clean.proposal import Proposal, clean_line, fact_line
from fullcycle.data.clean.propose import propose
from fullcycle.data.contract.json_schema import from_json_schema
from fullcycle.data.contract.odcs import from_odcs
from fullcycle.data.contract.settings import ColumnFact, Rules
from fullcycle.data.sources.types import parse
from fullcycle.data.split import boundaries
from fullcycle.data.table import SAMPLE
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.project.folder import Project

READABLE = 0.5
"""Share of rows whose time must be readable before other columns are looked at: else nobody knows what the test period is."""


class Declared(Struct, frozen=True, kw_only=True):
    """A contract in our words.

    Attributes
    ----------
    columns, rules : lines of ``columns.toml``, and of ``[data.rules]``.
    notes : what could not be carried, as sentences.
    """

    columns: tuple[str, ...]
    rules: tuple[str, ...]
    notes: tuple[str, ...]

    def toml(self) -> str:
        """Both as text, the notes as comments.

        >>> print(Declared(columns=('a = { type = "float" }',), rules=(), notes=("b: left out",)).toml())
        # not carried: b: left out
        # columns.toml
        a = { type = "float" }
        <BLANKLINE>
        """
        lines = [*(f"# not carried: {note}" for note in self.notes), "# columns.toml", *self.columns]
        if self.rules:
            lines += ["", "# cycle.toml", "[data.rules]", *self.rules]
        return "\n".join(lines) + "\n"


class Looked(NamedTuple):
    """What raw rows propose.

    Attributes
    ----------
    whole : whether all columns were looked at. Where most times cannot be read, only the time column is: what it needs
        comes first.
    """

    proposals: tuple[Proposal, ...]
    whole: bool


def cleaning(project: Project, now: datetime) -> Looked:
    """What cleaning could be declared, from at most 200,000 raw rows before the test period; nothing is changed.

    Raises
    ------
    ColumnMissing
        The table has no column of the declared name for a row's time.
    """
    assembled, _ = project.read_rows()
    time, zone = project.settings.scoping.time, project.settings.project.timezone
    if time not in assembled.columns:
        place = project.document.place("scoping", "time")
        raise ColumnMissing(time, assembled.columns, source=place, needed_by="[scoping] time")
    facts, end = dict(project.columns), _test_start(project, assembled, now)
    if end is None:
        facts = {time: facts.get(time, ColumnFact(type="time"))}
    sample = _sample(project, assembled, end)
    found = propose(sample, facts, project.settings.data.clean, zone=zone, time=time, as_of=now)
    return Looked(tuple(one for one in found if end is not None or one.column == time), end is not None)


def lines(proposals: Iterable[Proposal]) -> str:
    """The lines of *proposals* as text, by file and section; of several for one key the last, which holds the others.

    >>> one = Proposal(step="missing", column="age", evidence={}, examples=(), file="cycle.toml", section="data.clean",
    ...     line='missing.age = ["-999"]')
    >>> print(lines([one]))
    # cycle.toml
    [data.clean]
    missing.age = ["-999"]
    <BLANKLINE>
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for one in proposals:
        if one.line:
            found.setdefault((one.file, one.section), {})[one.line.partition(" = ")[0]] = one.line
    parts = []
    for (file, section), by_key in sorted(found.items(), reverse=True):
        head = [f"# {file}", *([f"[{section}]"] if section else [])]
        parts.append("\n".join([*head, *by_key.values()]) + "\n")
    return "\n".join(parts)


def declared(file: Path) -> Declared:
    """What a contract in *file* says: of the Open Data Contract Standard (``.yaml``), or a JSON Schema of a row (``.json``).

    Raises
    ------
    InputError
        The file cannot be read, or is no such contract; names it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "row.json")
    ...     _ = path.write_text('{"properties": {"km": {"type": "number", "minimum": 0}}}')
    ...     declared(path).columns
    ('km = { type = "float", low = 0 }',)
    """
    text, rules = _text(file), Rules()
    try:
        if file.suffix.lower() == ".json":
            carried = from_json_schema(_json(text))
            facts, notes = carried.facts, carried.notes
        else:
            facts, rules, notes = from_odcs(text)
    except InputError as error:
        raise InputError(
            error.problem, place=str(file), found=error.found, expected=error.expected, mend=error.mend
        ) from None
    return Declared(
        columns=tuple(fact_line(name, fact) for name, fact in facts.items()), rules=_rule_lines(rules), notes=notes
    )


def _rule_lines(rules: Rules) -> tuple[str, ...]:
    plain, found = Rules(), []
    for name in rules.__struct_fields__:
        value = getattr(rules, name)
        if value == getattr(plain, name):
            continue
        if isinstance(value, dict):
            found += [clean_line(name, key, inner) for key, inner in value.items()]
        else:
            found.append(clean_line(name, "", value))
    return tuple(found)


def _text(file: Path) -> str:
    if file.suffix.lower() not in (".yaml", ".yml", ".json"):
        raise InputError(
            "no contract is read from such a file",
            place=str(file),
            found=file.suffix or "no suffix",
            expected=".yaml (Open Data Contract Standard) or .json (JSON Schema)",
        )
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError("the file is no text in UTF-8", place=str(file), mend="save it as UTF-8") from None
    except OSError as error:
        raise InputError(
            "the file cannot be read", place=str(file), found=error.strerror, mend="name an existing file"
        ) from None


def _json(text: str) -> Mapping[str, object]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InputError("not JSON", found=str(error), mend="mend the file") from None
    if not isinstance(found, dict):
        raise InputError("not a JSON Schema of rows", found=type(found).__name__, expected="an object")
    return found


def _times(project: Project, rows: pl.DataFrame) -> pl.Series:
    """When each raw row happened, null where that cannot be read."""
    name, zone = project.settings.scoping.time, project.settings.project.timezone
    fact = project.columns.get(name, ColumnFact(type="time"))
    ready = prepare(rows.select(name), {name: fact}, project.settings.data.clean, zone=zone).frame
    return ready.select(at=parse(pl.col(name), ready.schema[name], fact, zone)).to_series()


def _test_start(project: Project, assembled: Assembled, now: datetime) -> datetime | None:
    """When the test period begins, were time to divide the rows; None where most times cannot be read."""
    rows = read = 0
    first = last = None
    for batch in assembled.batches():
        times = _times(project, batch).drop_nulls()
        rows, read = rows + len(batch), read + len(times)
        if len(seen := times.filter(times < now)):
            earliest, latest = seen.sort()[[0, -1]].to_list()
            first, last = min(first or earliest, earliest), max(last or latest, latest)
    if first is None or last is None or read < READABLE * rows:
        return None
    return boundaries(first, last, project.settings.data.split, project.settings.project.timezone).test


def _sample(project: Project, assembled: Assembled, end: datetime | None) -> pl.DataFrame:
    """At most :data:`SAMPLE` rows of before *end*, always the same ones; without an end of all, for their times alone."""
    count = sum(len(_before(project, batch, end)) for batch in assembled.batches())
    chance = np.random.Generator(np.random.Philox(0))
    share = min(1.0, 0.98 * SAMPLE / max(1, count))
    kept = []
    for batch in assembled.batches():
        rows = _before(project, batch, end)
        kept.append(rows if count <= SAMPLE else rows.filter(chance.random(len(rows)) < share))
    return pl.concat(kept, how="vertical_relaxed").head(SAMPLE)


def _before(project: Project, rows: pl.DataFrame, end: datetime | None) -> pl.DataFrame:
    if end is None:
        return rows.select(project.settings.scoping.time)
    return rows.filter((_times(project, rows) < end).fill_null(False))
