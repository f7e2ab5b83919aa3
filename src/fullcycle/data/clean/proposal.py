"""Proposals: what cleaning could be declared, with evidence and the line that would declare it. Nothing is applied."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
from msgspec import Struct

from fullcycle.data.clean.settings import Clean
from fullcycle.data.clean.touched import Example
from fullcycle.kernel.finding import Finding

if TYPE_CHECKING:
    from fullcycle.data.contract.settings import ColumnFact

Evidence = Mapping[str, str | int | float | bool | None]


class Proposal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to declare, if a person agrees.

    Attributes
    ----------
    step : what is wrong: ``missing``, ``words``, ``spelling``, ``formats``, ``zones``, ``units``, ``impossible``,
        ``outliers``, ``identical``, ``near``.
    column : the column; ``*`` for all.
    evidence : codes and counts, never a cell.
    examples : before and after, masked unless the column is decided not to be personal.
    file, section : where the line belongs; columns.toml has no sections.
    line : TOML; empty where it would hold cells of a column that is not decided not to be personal.
    """

    step: str
    column: str
    evidence: Evidence
    examples: tuple[Example, ...]
    file: Literal["columns.toml", "cycle.toml"]
    section: str
    line: str


class Idea(NamedTuple):
    """A proposal before it has a line: what would change in the column's fact, in the section, or in its rules."""

    step: str
    column: str
    evidence: Evidence
    examples: tuple[Example, ...] = ()
    fact: Mapping[str, Any] = {}
    setting: Mapping[str, Any] = {}
    rule: tuple[str, str] | None = None
    cells: bool = False  # whether the line would hold cells


def finding(proposal: Proposal) -> Finding:
    """A proposal as checks report: a note, which stops nothing.

    >>> finding(Proposal(step="missing", column="age", evidence={"cells": 3}, examples=(), file="cycle.toml",
    ...     section="data.clean", line='missing.age = ["-999"]')).check
    'clean.missing'
    """
    evidence = {**proposal.evidence, "file": proposal.file, "section": proposal.section, "line": proposal.line}
    return Finding(check=f"clean.{proposal.step}", subject=proposal.column, severity="note", evidence=evidence)


def fact_line(name: str, fact: ColumnFact) -> str:
    """A line of ``columns.toml``.

    >>> from fullcycle.data.contract.settings import ColumnFact
    >>> fact_line("distance", ColumnFact(type="float", low=0, outside="missing"))
    'distance = { type = "float", low = 0, outside = "missing" }'
    """
    return f"{_key(name)} = {_value(_given(fact))}"


def clean_line(key: str, column: str, value: object) -> str:
    """A line of ``[data.clean]``: of one column, if *column* is not empty.

    >>> clean_line("formats", "paid on", ("%d/%m/%Y",))
    'formats."paid on" = ["%d/%m/%Y"]'
    """
    given = _given(value) if isinstance(value, Struct) else value
    return f"{key}{'.' + _key(column) if column else ''} = {_value(given)}"


def setting(settings: Clean, key: str, column: str, value: object) -> Clean:
    """*settings* with one key changed: of one column, if *column* is not empty.

    >>> setting(Clean(), "missing", "age", ("-999",)).missing
    {'age': ('-999',)}
    """
    if not column:
        return msgspec.structs.replace(settings, **{key: value})
    return msgspec.structs.replace(settings, **{key: {**(getattr(settings, key) or {}), column: value}})


def _given(struct: Struct) -> dict[str, object]:
    """The fields that are not at their defaults."""
    given = {}
    for field in msgspec.structs.fields(struct):
        value, factory = getattr(struct, field.name), field.default_factory
        if value != (field.default if factory is msgspec.NODEFAULT else factory()):
            given[field.encode_name] = value
    return given


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(int(value) if float(value).is_integer() and abs(value) < 1e15 else value)
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return (
                "{ "
                + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items() if inner is not None)
                + " }"
            )
    return _text(str(value))
