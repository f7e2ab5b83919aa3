"""The contract: what a request must bring, from the column facts."""

from __future__ import annotations

from datetime import timedelta

from fullcycle.data.records import Column
from fullcycle.data.settings import ColumnFact
from fullcycle.data.sources.history import History
from fullcycle.predictor.contract import ColumnRule, Contract


def facts_of(history: History, *, keys: tuple[str, ...]) -> tuple[Column, ...]:
    """Facts of every column of the table; keys and target are never features."""
    found = []
    for name, kind in history.kinds.items():
        fact = history.facts.get(name)
        delay = history.delays[name]
        known = (
            "before"
            if not delay
            else "after"
            if delay == history.label_delay
            else str(delay // timedelta(microseconds=1))
        )
        feature = not delay and name not in keys and (fact is None or fact.feature)
        found.append(Column(name=name, kind=kind, known=known, feature=feature, unit=fact.unit if fact else ""))
    return tuple(found)


def contract(history: History, *, keys: tuple[str, ...]) -> Contract:
    """Rules for the columns that a request brings: those known beforehand."""
    rules = [
        rule_of(name, fact, nullable=not fact.required and name not in keys)
        for name, fact in history.facts.items()
        if not history.delays[name]
    ]
    return Contract(columns=tuple(rules), zone=history.zone)


def rule_of(name: str, fact: ColumnFact, *, nullable: bool = True) -> ColumnRule:
    """The rule that a line of ``columns.toml`` makes.

    Raises
    ------
    InputError
        The line contradicts itself, such as a category with a lowest value.

    >>> rule_of("distance", ColumnFact(type="float", low=0)).expected
    'a number, at least 0'
    """
    return ColumnRule(
        name=name, kind=fact.type, nullable=nullable, low=fact.low, high=fact.high, categories=fact.categories
    )
