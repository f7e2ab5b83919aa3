"""Facts: what a dataset says of each column, and what a request must bring."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta

import msgspec

from fullcycle.data.contract.rule import rule_of
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.history import History
from fullcycle.data.privacy.decide import TAKEN, may_be_feature
from fullcycle.data.records import Column
from fullcycle.predictor.contract import Contract

Bounds = Mapping[str, tuple[float | None, float | None]]


def treated(facts: Mapping[str, ColumnFact]) -> dict[str, ColumnFact]:
    """The facts of the columns once personal data is hashed or masked: what is left of one are words, and no feature.

    >>> treated({"iban": ColumnFact(type="text", pattern="DE.*", personal="hash")})["iban"].pattern
    ''
    """
    return {
        name: ColumnFact(
            type="category",
            known=fact.known,
            feature=False,
            personal=fact.personal,
            because=fact.because,
            protected=fact.protected,
            quasi=fact.quasi,
        )
        if fact.personal in ("hash", "mask")
        else fact
        for name, fact in facts.items()
        if fact.personal != "drop"
    }


def facts_of(history: History, *, keys: Collection[str]) -> tuple[Column, ...]:
    """Facts of every column of the table; keys and target are never features."""
    plain = ColumnFact(type="text")
    return tuple(
        Column(
            name=name,
            kind=kind,
            known=_known(history.delays[name], history.label_delay),
            feature=not history.delays[name] and name not in keys and may_be_feature(fact),
            unit=fact.unit,
            personal=fact.personal or "",
            because=fact.because,
            protected=fact.protected,
            quasi=fact.quasi,
        )
        for name, kind in history.kinds.items()
        for fact in (history.facts.get(name, plain),)
    )


def contract(history: History, *, keys: Collection[str], bounds: Bounds) -> Contract:
    """Rules for the columns that a request brings: those known beforehand whose values are kept.

    Parameters
    ----------
    bounds : outside which cleaning takes a column's value for missing, learnt from training rows; so does the contract.
    """
    rules = []
    for name, fact in history.facts.items():
        if not history.delays[name] and (name in keys or fact.personal not in TAKEN):
            nullable = name not in keys and (not fact.required or fact.severity == "count")
            rules.append(rule_of(name, _bounded(fact, bounds.get(name)), nullable=nullable))
    return Contract(columns=tuple(rules), zone=history.zone)


def _bounded(fact: ColumnFact, bounds: tuple[float | None, float | None] | None) -> ColumnFact:
    if bounds is None:
        return fact
    low, high = bounds
    lows, highs = [it for it in (low, fact.low) if it is not None], [it for it in (high, fact.high) if it is not None]
    return msgspec.structs.replace(fact, low=max(lows, default=None), high=min(highs, default=None), outside="missing")


def _known(delay: timedelta, label_delay: timedelta) -> str:
    if not delay:
        return "before"
    return "after" if delay >= label_delay else str(delay // timedelta(microseconds=1))
