"""A part of a table held against the contract: which rows stay, which go to quarantine and why, and what is counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from fullcycle.data.contract.keys import Key, Keys, unique_keys
from fullcycle.data.contract.rule import rule_of, strict_rule
from fullcycle.data.contract.settings import Check, ColumnFact, Rules, Severity
from fullcycle.data.contract.tally import Tally
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.contract import ColumnRule
from fullcycle.predictor.contract.table import checked, suits
from fullcycle.predictor.expression import Expression, parse

REASONS = "reasons"
"""The column of a quarantined row that says why, reasons separated by '; ': codes and names of columns, never a cell."""

_WORDS = {
    "missing": "missing",
    "range": "outside its range",
    "categories": "not among its categories",
    "pattern": "not of its pattern",
}


class Judged(NamedTuple):
    """A part of a table, held against the contract.

    Attributes
    ----------
    kept : rows that stay, in order, as the contract changes them.
    quarantined : rows that do not, in order, as they were, with :data:`REASONS`.
    tally : what was counted.
    """

    kept: pl.DataFrame
    quarantined: pl.DataFrame
    tally: Tally


class _Break(NamedTuple):
    """Rows that break one rule."""

    check: str
    subject: str
    severity: Severity
    reason: str
    rows: pl.Series


def violations(
    part: pl.DataFrame,
    rules: Rules,
    facts: Mapping[str, ColumnFact],
    *,
    zone: str,
    time: str = "",
    needed: tuple[str, ...] = (),
    keys: Keys | None = None,
    kinds: Mapping[str, str] | None = None,
) -> Judged:
    """Hold typed rows against the rules of their columns, the rules across columns and the unique keys.

    Parameters
    ----------
    part : rows of the table, typed, in order; a segment, or all of them.
    zone : in which times without an offset, and ``hour()`` and the like in expressions, are read.
    time : column of the rows' time, for freshness.
    needed : columns that every row must fill, beside those with ``required``.
    keys : the keys of the parts before; by default there are none.
    kinds : kinds of columns beside those of *facts*, such as derived ones, that expressions may read.

    Raises
    ------
    ColumnMissing
        A column that a rule names is not in the table; names the nearest that is.
    InputError
        A rule contradicts itself, or an expression yields no truth.

    Examples
    --------
    >>> facts = {"a": ColumnFact(type="float", low=0)}
    >>> judged = violations(pl.DataFrame({"a": [1.0, -1.0]}), Rules(), facts, zone="UTC")
    >>> judged.kept["a"].to_list(), judged.quarantined.row(0), judged.tally.broken
    ([1.0], (-1.0, 'a: outside its range'), {'range': {'a': 1}})
    """
    for name in (*facts, *needed):
        if name not in part.columns:
            raise ColumnMissing(name, part.columns, needed_by="the contract")
    made, breaks, changed = _columns(part, facts, zone, needed)
    breaks += _across(made, rules, {**(kinds or {}), **{name: fact.type for name, fact in facts.items()}}, zone)
    away = _away(breaks, part.height)
    repeats = _repeats(made, away, rules, Keys(unique_keys(rules, facts)) if keys is None else keys)
    breaks, away = breaks + repeats, _away(breaks + repeats, part.height)
    kept = made if away is None else made.filter(~away)
    tally = Tally(
        rows=part.height,
        quarantined=part.height - kept.height,
        missing={name: found for name in facts if (found := _nulls(made[name]))},
        broken=_counts(breaks),
        changed=changed,
        newest=_newest(kept, time),
    )
    return Judged(kept, _quarantined(part, away, breaks), tally)


def checks(rules: Rules) -> dict[str, Check]:
    """The rules across columns, each with its severity.

    >>> checks(Rules(check={"a": "x > 1"}))
    {'a': Check(holds='x > 1', severity='quarantine')}
    """
    return {name: Check(holds=rule) if isinstance(rule, str) else rule for name, rule in rules.check.items()}


def check_expression(name: str, rule: Check, kinds: Mapping[str, str], zone: str, *, place: str = "") -> Expression:
    """The expression of a rule across columns.

    Parameters
    ----------
    place : where the rule stands, for messages.

    Raises
    ------
    ColumnMissing
        It names a column that there is not.
    InputError
        It is no expression, or yields no truth.

    >>> check_expression("a", Check(holds="x > 1"), {"x": "float"}, "UTC").columns
    ('x',)
    """
    place = place or f"[data.rules] check.{name}"
    expression = parse(rule.holds, kinds, place=place, zone=zone)
    if expression.kind != "boolean":
        raise InputError("a rule must be true or false", place=place, found=rule.holds, mend="compare it, as in x > 0")
    return expression


def _columns(
    part: pl.DataFrame, facts: Mapping[str, ColumnFact], zone: str, needed: tuple[str, ...]
) -> tuple[pl.DataFrame, list[_Break], dict[str, int]]:
    """The part as the contract changes it, the rows that break a column's rule, and how many values became missing."""
    rules = [strict_rule(name, fact, nullable=not (fact.required or name in needed)) for name, fact in facts.items()]
    made, fails = checked(rules, zone, part)
    breaks: list[_Break] = []
    for rule in rules:
        if rule.name in fails:
            breaks += _facets(rule, facts[rule.name].severity, part, fails[rule.name])
    lenient = [rule.name for rule in rules if rule.lenient]
    changed = {name: lost for name in lenient if (lost := _nulls(made[name]) - _nulls(part[name])) > 0}
    return (
        _restored(made, part, [rule for rule in rules if facts[rule.name].severity == "count" and rule.name in fails]),
        breaks,
        changed,
    )


def _restored(made: pl.DataFrame, part: pl.DataFrame, rules: list[ColumnRule]) -> pl.DataFrame:
    """Values that break a rule which only counts stay: in their plain spelling, as a request's would."""
    kept = []
    for rule in rules:
        if rule.normalise or rule.aliases:
            fact = ColumnFact(
                type=rule.kind,
                categories=rule.categories,
                normalise=rule.normalise,
                aliases=dict(rule.aliases),
                severity="count",
            )
            kept.append(checked([rule_of(rule.name, fact)], "UTC", part.select(rule.name)).frame[rule.name])
        elif rule.kind != "time":
            kept.append(part[rule.name])
    return made.with_columns(kept)


def _facets(rule: ColumnRule, severity: Severity, part: pl.DataFrame, fails: pl.Series) -> list[_Break]:
    """What of a column's rule is broken: a value is missing, of another type, or not among those allowed."""
    column = part[rule.name]
    null = column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()
    found = []
    if (lost := fails & null).any():
        found.append(_Break("missing", rule.name, severity, f"{rule.name}: {_WORDS['missing']}", lost))
    if (wrong := fails & ~null).any():
        if (
            not suits(rule, column.dtype)
            or rule.kind in ("boolean", "time")
            or (rule.kind, rule.low, rule.high) == ("integer", None, None)
        ):
            check, words = "type", f"not of type {rule.kind}"
        else:
            check = "range" if rule.kind in ("float", "integer") else "categories" if rule.categories else "pattern"
            words = _WORDS[check]
        found.append(_Break(check, rule.name, severity, f"{rule.name}: {words}", wrong))
    return found


def _across(made: pl.DataFrame, rules: Rules, kinds: Mapping[str, str], zone: str) -> list[_Break]:
    found = []
    for name, rule in checks(rules).items():
        expression = check_expression(name, rule, kinds, zone)
        untrue = pl.Series(expression.evaluate(made) == 0.0, dtype=pl.Boolean)
        if untrue.any():
            found.append(_Break("check", name, rule.severity, f"{name}: not so", untrue))
    return found


def _repeats(made: pl.DataFrame, away: pl.Series | None, rules: Rules, keys: Keys) -> list[_Break]:
    """Rows whose key came before; those that were turned away already do not count as having come."""
    stay = made if away is None else made.filter(~away)
    severity = rules.severity.get("unique", "quarantine")
    found = []
    for key, repeated in keys.repeated(stay).items():
        if repeated.any():
            rows = repeated if away is None else _spread(repeated, ~away)
            found.append(_Break("unique", _named(key), severity, f"{_named(key)}: repeated", rows))
    return found


def _spread(flags: pl.Series, places: pl.Series) -> pl.Series:
    """Flags of the rows at *places* as flags of all rows."""
    whole = pl.Series([False], dtype=pl.Boolean).new_from_index(0, len(places))
    return whole.scatter(places.arg_true(), flags)


def _named(key: Key) -> str:
    return " and ".join(key)


def _away(breaks: list[_Break], height: int) -> pl.Series | None:
    """Rows that some rule turns away; None where none is."""
    rows = [one.rows.alias(str(place)) for place, one in enumerate(breaks) if one.severity != "count"]
    return pl.DataFrame(rows).select(pl.any_horizontal(pl.all())).to_series() if rows and height else None


def _quarantined(part: pl.DataFrame, away: pl.Series | None, breaks: list[_Break]) -> pl.DataFrame:
    if away is None:
        return part.clear().with_columns(pl.lit("").alias(REASONS))
    flags = pl.DataFrame([one.rows.alias(str(place)) for place, one in enumerate(breaks)]).filter(away)
    words = [
        pl.when(pl.col(str(place))).then(pl.lit(one.reason))
        for place, one in enumerate(breaks)
        if one.severity != "count"
    ]
    reasons = flags.select(pl.concat_str(words, separator="; ", ignore_nulls=True).alias(REASONS))
    return part.filter(away).with_columns(reasons.to_series())


def _counts(breaks: list[_Break]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for one in breaks:
        found.setdefault(one.check, {})[one.subject] = int(one.rows.sum())
    return found


def _nulls(column: pl.Series) -> int:
    return column.null_count() + (int(column.is_nan().sum()) if column.dtype.is_float() else 0)


def _newest(kept: pl.DataFrame, time: str) -> int | None:
    if not time or not kept.height:
        return None
    newest = kept.select(pl.col(time).max().dt.epoch("us")).item()
    return None if newest is None else int(newest)
