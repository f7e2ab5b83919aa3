"""What could be cleaned: raw cells of a sample looked at, proposals made, nothing applied."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Literal

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.clean import copies, impossible, sentinels
from fullcycle.data.clean.apply import outside
from fullcycle.data.clean.cells import Cells, cells, guessed
from fullcycle.data.clean.notations import notations
from fullcycle.data.clean.prepare import prepare
from fullcycle.data.clean.proposal import Idea, Proposal, clean_line, fact_line, setting
from fullcycle.data.clean.settings import Clean
from fullcycle.data.clean.slips import slips
from fullcycle.data.clean.styles import styles
from fullcycle.data.clean.tails import tails
from fullcycle.data.clean.touched import Facts
from fullcycle.data.clean.units import mended
from fullcycle.data.clean.variants import inconsistent, misspelt
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.sources.types import parse


def propose(
    sample: pl.DataFrame,
    facts: Facts,
    settings: Clean | None = None,
    *,
    zone: str = "UTC",
    time: str = "",
    as_of: datetime | None = None,
) -> tuple[Proposal, ...]:
    """What could be declared for a sample of raw rows: column by column, then for whole rows.

    What *facts* and *settings* declare already is applied first, and not proposed again; each line holds what the
    proposals before it for the same column would change.

    Parameters
    ----------
    sample : rows as a source gives them, at most some 200,000, from before the test period.
    facts : of the columns to look at; without any, all columns, as they seem to be.
    zone : of naive times. time : the column of a row's own time. as_of : when the sample was taken.

    >>> sample = pl.DataFrame({"price": ["1.234,50", "12,5", "8"]})
    >>> [(found.step, found.line) for found in propose(sample, {"price": ColumnFact(type="float")})]
    [('formats', 'formats.price = ["decimal comma"]')]
    """
    desk = _Desk(facts, settings or Clean(), zone)
    columns = []
    for name in sample.columns:
        if name in facts or not facts:
            columns.append(desk.look(sample[name]))
            if desk.facts[name].type == "time":
                desk.take(impossible.times(columns[-1], desk.parsed(sample[name]), as_of=as_of, time=time))
    if desk.settings.identical == "keep":
        desk.take(copies.identical(sample.select(cells.name for cells in columns)))
    if desk.settings.near is None:
        desk.take(copies.near(columns))
    return tuple(desk.proposals)


class _Desk:
    """Where proposals pile up: the facts and settings as they would be with those made so far."""

    def __init__(self, facts: Facts, settings: Clean, zone: str) -> None:
        self.declared, self.settings, self.zone = facts, settings, zone
        self.facts: dict[str, ColumnFact] = {}
        self.proposals: list[Proposal] = []

    def look(self, raw: pl.Series) -> Cells:
        """Look at one column: what is written, then what it says; the column as it would be with all that mended."""
        self.facts[raw.name] = self.declared.get(raw.name) or guessed(raw)
        seen = self._seen(raw)
        for written in (sentinels.said, notations, partial(styles, zone=self.zone), inconsistent, misspelt):
            seen = self._seen(raw) if self.take(written(seen)) else seen
        if seen.number:
            values = self._values(raw)
            for told in (sentinels.coded, impossible.numbers, slips, tails):
                if told is tails and raw.name in self.settings.outliers:
                    continue  # a person has decided what is far
                values = self._values(raw) if self.take(told(seen, values)) else values
        return seen

    def take(self, ideas: Iterable[Idea]) -> bool:
        """Make proposals of *ideas*; whether there were any."""
        before = len(self.proposals)
        for idea in ideas:
            self.proposals.append(self._proposal(idea))
        return len(self.proposals) > before

    def parsed(self, raw: pl.Series) -> pl.Series:
        """The column in its type, as far as it parses."""
        name, fact = raw.name, self.facts[raw.name]
        ready = prepare(raw.to_frame(), {name: fact}, self.settings, zone=self.zone).frame
        cell = parse(pl.col(name), ready.schema[name], fact, fact.zone or self.zone)
        return ready.select(cell.alias(name)).to_series()

    def _seen(self, raw: pl.Series) -> Cells:
        fact = self.facts[raw.name]
        ready = prepare(raw.to_frame(), {raw.name: fact}, self.settings, zone=self.zone).frame[raw.name]
        return cells(ready, fact)

    def _values(self, raw: pl.Series) -> NDArray[np.float64]:
        series = self.parsed(raw)
        if raw.name in self.settings.units:
            series = mended(series, self.settings.units[raw.name])
        kept = outside(series, self.facts[raw.name]).cast(pl.Float64).drop_nulls().drop_nans()
        return np.sort(kept.to_numpy())

    def _proposal(self, idea: Idea) -> Proposal:
        """The proposal of an idea, taken as if it were declared."""
        name = idea.column
        file: Literal["columns.toml", "cycle.toml"] = "columns.toml" if idea.fact else "cycle.toml"
        section, line = "", ""
        if idea.fact:
            self.facts[name] = fact = msgspec.structs.replace(self.facts[name], **idea.fact)
            holds_cells = fact.aliases or fact.categories
            line = fact_line(name, fact) if fact.personal == "no" or not holds_cells else ""
        elif idea.rule is not None:
            section, line = "data.rules", clean_line("check", idea.rule[0], idea.rule[1])
        for key, value in idea.setting.items():
            column, value = self._merged(key, name, value)
            self.settings = setting(self.settings, key, column, value)
            section, line = "data.clean", clean_line(key, column, value)
        return Proposal(
            step=idea.step,
            column=name,
            evidence=idea.evidence,
            examples=idea.examples,
            file=file,
            section=section,
            line=line,
        )

    def _merged(self, key: str, name: str, value: object) -> tuple[str, object]:
        """The column under which a setting stands, none if it is of all, and its value with what stands there already."""
        old = getattr(self.settings, key)
        if key in ("near", "identical"):
            return "", value
        if isinstance(old, dict):
            old = old.get(name, ())
        elif old:  # markers for all columns
            name = ""
        else:
            old = ()
        return name, (*old, *(each for each in value if each not in old)) if isinstance(value, tuple) else value
