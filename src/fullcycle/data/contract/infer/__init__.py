"""What the rows before the test period say of the contract: a proposal, for a person to edit.

Each fact is learnt from all rows, but only proposed where what the first half says holds in the second: what moves with time
makes no rule. See ``bounds`` for the slack of ranges, ``category``, ``template``, ``share``, ``unit`` and ``relation``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from fullcycle.data.contract.infer.bounds import bounds, lone
from fullcycle.data.contract.infer.category import categories
from fullcycle.data.contract.infer.relation import relations
from fullcycle.data.contract.infer.share import missing_at_most
from fullcycle.data.contract.infer.template import template
from fullcycle.data.contract.infer.unit import unit
from fullcycle.predictor.contract.pattern import matcher
from fullcycle.predictor.contract.spelling import plain

MOST = 100_000
"""Rows that are looked at: evenly spaced ones where there are more."""

TEMPLATE = 20_000
"""Different texts from which a pattern is learnt."""

REQUIRED = 10_000
"""Rows without a gap from which a column is proposed as required."""

_BLOCKS = 10


class Proposal(NamedTuple):
    """What is proposed.

    Attributes
    ----------
    facts : by column, fields of its line in ``columns.toml`` beyond its type.
    notes : by column, what a person should look at.
    rules : lines of ``[data.rules]``; those that a person has to decide are comments.
    """

    facts: dict[str, dict[str, Any]]
    notes: dict[str, str]
    rules: tuple[str, ...]


def propose(
    rows: pl.DataFrame, kinds: Mapping[str, str], *, entity: str = "", time: str = "", target: str = ""
) -> Proposal:
    """Propose a contract.

    Parameters
    ----------
    rows : rows before the test period, in order of time, each column in its type.
    kinds : kinds of the columns.
    entity, time, target : what the project's question names: keys get no range, the answer gets nothing.

    Examples
    --------
    >>> rows = pl.DataFrame({"hour": [n % 24 for n in range(12_000)], "origin": ["JFK", "LGA", "EWR"] * 4_000})
    >>> propose(rows, {"hour": "integer", "origin": "category"}).facts["origin"]
    {'required': True, 'categories': ('EWR', 'JFK', 'LGA')}
    """
    seen = rows.gather_every(max(1, -(-rows.height // MOST)))
    facts: dict[str, dict[str, Any]] = {}
    notes: dict[str, str] = {}
    for name, kind in kinds.items():
        found, note = ({}, "") if name == target else _column(seen[name], kind, name, limits=name not in (entity, time))
        if name in (entity, time):  # needed in every row anyway
            found.pop("required", None)
            found.pop("missing_at_most", None)
        facts[name], notes[name] = found, note
    return Proposal(facts, notes, _rules(seen, rows.height, kinds, entity, time))


def toml(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Facts as ``columns.toml`` writes them, each ``key = value``.

    >>> toml({"low": 0.0, "high": 24.0, "categories": ("a",), "required": True})
    ('low = 0', 'high = 24', 'categories = ["a"]', 'required = true')
    """
    return tuple(f"{name} = {_written(value)}" for name, value in facts.items())


def _written(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case tuple():
            return f"[{', '.join(map(_written, value))}]"
        case str() if "\\" in value and "'" not in value and value.isprintable():
            return f"'{value}'"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)


def _column(cells: pl.Series, kind: str, name: str, *, limits: bool) -> tuple[dict[str, Any], str]:
    known = cells.drop_nulls()
    if not len(known):
        return {}, ""
    found: dict[str, Any] = {}
    notes = []
    if len(cells) >= REQUIRED and not cells.null_count():
        found["required"] = True
    if kind in ("float", "integer"):
        measure, question = unit(name)
        found |= {"unit": measure} if measure else {}
        notes += [question] if question else []
        if limits:
            limited, note = _range(known, measure)
            found |= limited
            notes += [note] if note else []
    elif kind in ("category", "text"):
        words, note = _words(known, kind if limits else "text")
        found |= words
        notes += [note] if note else []
    if len(cells) >= 1000 and not found.get("required"):
        parts = np.array_split(cells.is_null().to_numpy(), _BLOCKS)
        share = missing_at_most([int(part.sum()) for part in parts], [len(part) for part in parts])
        found |= {"missing_at_most": share} if share < 1 else {}
    return found, "; ".join(notes)


def _range(known: pl.Series, measure: str) -> tuple[dict[str, Any], str]:
    """Bounds that the first half's rows foretell of the second's, drawn without lone extremes, which are told."""
    values = known.cast(pl.Float64).to_numpy()
    values = values[np.isfinite(values)]
    extremes = lone(values)
    values, note = values[~np.isin(values, extremes)], ""
    if len(extremes):
        shown = ", ".join(f"{value:g}" for value in extremes[:3])
        note = f"{len(extremes)} of {len(known)} values lie far beyond all others ({shown}): slips? the bounds leave them out"
    first, second = values[: len(values) // 2], values[len(values) // 2 :]
    (low, high), (early_low, early_high) = bounds(values), bounds(first)
    if measure == "%" and low is not None and high is not None and values.min() >= 0 and values.max() <= 100:
        return {"low": 0.0, "high": 100.0}, note
    found = {}
    if low is not None and early_low is not None and second.min() >= early_low:
        found["low"] = low
        if low < 0 <= values.min():
            note = "; ".join(filter(None, (note, "no value is negative: is 0 the least?")))
    if high is not None and early_high is not None and second.max() <= early_high:
        found["high"] = high
    return found, note if found else ""


def _words(known: pl.Series, kind: str) -> tuple[dict[str, Any], str]:
    """Categories where they are few and saturated, else a pattern."""
    counts = _counts(known)
    early, late = _counts(known[: len(known) // 2]), _counts(known[len(known) // 2 :])
    note = ""
    if len(counts) <= 200 and len({plain(word, ("strip", "lower", "accents")) for word in counts}) < len(counts):
        note = "some values differ only in blanks, case or accents: see normalise"
    if kind == "category" and (found := categories(counts)) and not late.keys() - early.keys():
        return {"categories": found}, note
    if len(counts) > TEMPLATE:
        few = known.gather_every(-(-len(known) // TEMPLATE))
        counts, early, late = _counts(few), _counts(few[: len(few) // 2]), _counts(few[len(few) // 2 :])
    pattern = template(counts)
    foretold = template(early) if pattern else ""
    if foretold and all(map(matcher(foretold).fullmatch, late)):
        return {"pattern": pattern}, note
    return {}, note


def _counts(words: pl.Series) -> dict[str, int]:
    found = words.cast(pl.String).value_counts(sort=False)
    return dict(sorted(zip(found.to_series(0).to_list(), found.to_series(1).to_list(), strict=True)))


def _rules(seen: pl.DataFrame, height: int, kinds: Mapping[str, str], entity: str, time: str) -> tuple[str, ...]:
    lines = []
    for key in ([entity], [entity, time]):
        if all(key) and not seen.select(key).is_duplicated().any():
            lines.append(f"unique = [{_written(tuple(key))}]")
            break
    lines.append(f"# rows_at_least = {max(100, height * 9 // 10)}  # nine tenths of the rows seen")
    if time and (age := _age(seen[time])) is not None:
        lines.append(f'# freshness = "{age}d"  # three times the longest pause seen')
    found = relations(seen, {name: kind for name, kind in kinds.items() if name != entity})
    lines += [f"# check.{one.name} = {_written(one.holds)}  # held in {one.rows} of {one.rows} rows" for one in found]
    return tuple(lines)


def _age(times: pl.Series) -> int | None:
    """Days: three times the longest pause between two rows, at least one."""
    pause = times.drop_nulls().sort().diff().max()
    return None if not isinstance(pause, timedelta) else max(1, -(-3 * pause // timedelta(days=1)))
