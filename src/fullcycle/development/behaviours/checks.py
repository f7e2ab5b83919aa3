"""Behavioural tests made ready for a contract: every row that is scored, and what is held against what.

This is done before anything is fitted, so that a mistake in a test is told at once.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, NamedTuple

import polars as pl

from fullcycle.development.behaviours.declared import Cell, Declared, Expect
from fullcycle.development.behaviours.read import Behaviour, Case
from fullcycle.development.losses import sample
from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import ColumnMissing, InputError, UnknownKey
from fullcycle.predictor.contract import Contract, Failure, Parsed
from fullcycle.predictor.expression import parse
from fullcycle.predictor.policy import Decider, Policy

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST = 10_000  # rows that the templates of one test may make
Row = Mapping[str, Any]


class Check(NamedTuple):
    """What must hold of one row, or of one row against another.

    Attributes
    ----------
    place : where the row is written.
    row : as the contract parsed it.
    before : the row that it is held against; None where it stands alone.
    """

    place: str
    row: dict[str, Parsed]
    before: dict[str, Parsed] | None = None
    expect: Expect | None = None
    decision: str | float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def kind(self) -> str:
        """``minimum_functionality``, ``invariance`` or ``direction``."""
        if self.before is None:
            return "minimum_functionality"
        return "invariance" if self.expect == "same" else "direction"


class Prepared(NamedTuple):
    """A behavioural test with all its checks; *skipped* rows of a sample could not be changed as the test wants."""

    behaviour: Behaviour
    checks: tuple[Check, ...]
    skipped: int


def prepare(
    behaviour: Behaviour, contract: Contract, policy: Policy, test_rows: pl.DataFrame, *, unread: Collection[str] = ()
) -> Prepared:
    """The checks of a test.

    Parameters
    ----------
    test_rows : of which a test may want a sample.
    unread : columns that no score and no decision depends on, such as the entity: a row may leave them out.

    Raises
    ------
    InputError
        A row does not keep the contract, or what is expected cannot be of this task (ColumnMissing: a column that no
        request brings; UnknownKey: an action or class that the project does not have).
    """
    test = behaviour.test
    _check_task(behaviour, policy)
    maker = _Maker(behaviour, contract, policy, unread)
    if not test.sample:
        return Prepared(behaviour, tuple(maker.checks(behaviour.cases)), 0)
    names = [rule.name for rule in contract.columns if rule.name in test_rows.columns]
    places = sample(test_rows.height, test.sample)
    drawn = zip(places.to_list(), test_rows[places].select(names).to_dicts(), strict=True)
    found: list[Check] = []
    skipped = 0
    for place, row in drawn:
        try:
            found += maker.checks([Case(place=f"test row {place + 1}", row=_plain(row))])
        except _NotAsAgreed:
            skipped += 1
    return Prepared(behaviour, tuple(found), skipped)


class _NotAsAgreed(InputError):
    """A row, as it is or changed, does not keep the contract."""


class _Maker:
    def __init__(self, behaviour: Behaviour, contract: Contract, policy: Policy, unread: Collection[str]) -> None:
        self.test, self.place = behaviour.test, behaviour.place
        self.kinds, self._check = contract.kinds, contract.compile()
        any_, read = contract.example(), set(Decider(policy).columns)
        self._missing: Row = {rule.name: None for rule in contract.columns if rule.nullable} | {
            name: any_[name] for name in any_ if name in unread and name not in read
        }
        for name in (*self.test.change, *self.test.swap):
            self._check_column(name, self.place)
        self._changes = {
            name: parse(value, self.kinds, place=f"{self.place}, change.{name}", zone=policy.zone).row()
            for name, value in self.test.change.items()
            if isinstance(value, str) and self.kinds[name] in ("float", "integer")
        }
        self._shifts = {
            name: _shift(value, f"{self.place}, change.{name}")
            for name, value in self.test.change.items()
            if isinstance(value, str) and self.kinds[name] == "time" and value.strip().startswith(("+", "-"))
        }

    def checks(self, cases: Sequence[Case]) -> Iterator[Check]:
        """The checks of rows, each alone, against itself changed, or against the first of its pair."""
        first: dict[str, dict[str, Parsed]] = {}
        for case in cases:
            for name in case.row:
                self._check_column(name, case.place)
            filled = list(self._filled(case))
            for number, (place, row) in enumerate(filled):
                values = self._values(row, place)
                yield from self._alone(case, values, place)
                if self.test.change or self.test.swap:
                    yield from self._changed(row, values, place)
                elif self.test.fill and self.test.expect == "same" and number:
                    before = self._values(filled[0][1], filled[0][0])
                    yield Check(f"{place} against {filled[0][0]}", values, before, "same")
                if case.pair:
                    if case.pair in first:
                        yield Check(place, values, first[case.pair], case.expect)
                    first.setdefault(case.pair, values)

    def _alone(self, case: Case, values: dict[str, Parsed], place: str) -> Iterator[Check]:
        """What the row, or else the whole test, expects of the row itself."""
        own = (case.decision, case.at_least, case.at_most)
        wanted = own if own != (None, None, None) else (self.test.decision, self.test.at_least, self.test.at_most)
        if wanted != (None, None, None):
            yield Check(place, values, None, None, *wanted)

    def _changed(self, row: Row, values: dict[str, Parsed], place: str) -> Iterator[Check]:
        changed = dict(row)
        for name, (one, other) in self.test.swap.items():
            found = row.get(name)
            changed[name] = other if found == one else one if found == other else found
        if self.test.swap and all(changed[name] == row.get(name) for name in self.test.swap):
            return  # a row with neither of the two has nothing to swap
        for name, value in self.test.change.items():
            if name in self._shifts:
                changed[name] = _shifted(values[name], self._shifts[name])
                continue
            number = self._changes[name](values) if name in self._changes else value
            changed[name] = None if isinstance(number, float) and math.isnan(number) else number
        yield Check(place, self._values(changed, f"{place}, changed"), values, self.test.expect)

    def _filled(self, case: Case) -> Iterator[tuple[str, Row]]:
        """The row with each choice of words in its templates."""
        row = {name: self._cell(name, cell) for name, cell in case.row.items()} if case.text else case.row
        texts = [cell for cell in row.values() if isinstance(cell, str)]
        used = [word for word in self.test.fill if any(f"{{{word}}}" in text for text in texts)]
        if self.test.fill and not used:
            names = ", ".join(f"{{{word}}}" for word in self.test.fill)
            raise InputError("a row has no place for words", place=case.place, expected=f"a text with {names}")
        if math.prod(len(self.test.fill[word]) for word in used) > MOST:
            raise InputError("a template makes too many rows", place=case.place, expected=f"{MOST} at most")
        for words in product(*(self.test.fill[word] for word in used)):
            chosen = dict(zip(used, words, strict=True))
            told = f"{case.place} ({', '.join(words)})" if words else case.place
            yield told, {name: _replaced(cell, chosen) for name, cell in row.items()}

    def _values(self, row: Row, place: str) -> dict[str, Parsed]:
        values, failures = self._check({**self._missing, **row})
        if failures:
            raise _not_as_agreed(failures[0], place)
        return values

    def _cell(self, name: str, cell: Cell) -> Cell:
        """A cell of a CSV file as a request would bring it; what cannot be stays, and the contract tells what it is."""
        if not isinstance(cell, str):
            return cell
        if self.kinds[name] == "boolean":
            return {"true": True, "false": False}.get(cell.lower(), cell)
        if self.kinds[name] in ("float", "integer"):
            try:
                return float(cell)
            except ValueError:
                return cell
        return cell

    def _check_column(self, name: str, place: str) -> None:
        if name not in self.kinds:
            raise ColumnMissing(name, self.kinds, source=place, needed_by="a behavioural test")


def _shift(text: str, place: str) -> timedelta:
    """How far a time moves: a sign and a duration, such as ``+2h`` or ``- 1d 12h``."""
    found = duration(text.strip()[1:].strip(), place=place)
    return found if text.strip().startswith("+") else -found


def _shifted(value: Parsed, by: timedelta) -> str | None:
    """A time as a request brings it, moved; one that is missing stays so."""
    if not isinstance(value, float) or math.isnan(value):
        return None
    try:
        return (_EPOCH + timedelta(microseconds=value) + by).isoformat()
    except OverflowError:
        return f"{by} beyond all years"  # which the contract refuses, with the place


def _not_as_agreed(failure: Failure, place: str) -> _NotAsAgreed:
    return _NotAsAgreed(
        "a row of a behavioural test does not keep the contract",
        place=f"{place}, column {failure.column!r}",
        found=failure.found,
        expected=failure.expected,
    )


def _check_task(behaviour: Behaviour, policy: Policy) -> None:
    test, classes = behaviour.test, policy.values.classes
    if test.of and test.of not in classes:
        if not classes:
            raise InputError(f"a {policy.task} task has one score", place=f"{behaviour.place}, of", mend="take it out")
        raise UnknownKey(test.of, classes, place=f"{behaviour.place}, of", what="class")
    for place, told in _told(behaviour):
        if told.decision is not None and policy.task == "regression":
            raise InputError("a regression decides on a number", place=place, mend="write at_least and at_most")
        if told.decision is not None and told.decision not in policy.actions:
            raise UnknownKey(str(told.decision), policy.actions, place=place, what="action")
        ranged = told.at_least is not None or told.at_most is not None or told.expect in ("up", "down")
        if ranged and policy.task == "multiclass" and not test.of:
            raise InputError("of which class is the score?", place=place, expected=f"of = one of {', '.join(classes)}")


def _told(behaviour: Behaviour) -> Iterator[tuple[str, Declared | Case]]:
    yield behaviour.place, behaviour.test
    for case in behaviour.cases:
        yield case.place, case


def _replaced(cell: Cell, words: Mapping[str, str]) -> Cell:
    if isinstance(cell, str):
        for name, word in words.items():
            cell = cell.replace(f"{{{name}}}", word)
    return cell


def _plain(row: dict[str, Any]) -> dict[str, Cell]:
    """A row of the table as JSON has it."""
    return {name: cell.isoformat() if isinstance(cell, datetime) else cell for name, cell in row.items()}
