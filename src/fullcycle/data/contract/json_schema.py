"""JSON Schema in and out: the facts of columns as a schema of one row, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from fullcycle.data.contract.ecma import from_ecma
from fullcycle.data.contract.rule import rule_of
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.contract import TIME_PATTERN, Contract
from fullcycle.predictor.contract.rule import INT64, LARGEST

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = {"number": "float", "integer": "integer", "boolean": "boolean", "string": "category"}
_KEYS = frozenset(
    ("type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern", "format", "anyOf",
     "description", "title", "examples", "default", "maxLength", "$comment")
)  # fmt: skip


class Carried(NamedTuple):
    """What was read of a foreign schema.

    Attributes
    ----------
    facts : lines of ``columns.toml``.
    notes : what could not be carried, as sentences.
    """

    facts: dict[str, ColumnFact]
    notes: tuple[str, ...]


def to_json_schema(facts: Mapping[str, ColumnFact], *, zone: str = "UTC") -> dict[str, Any]:
    """The JSON Schema (2020-12) of a row of the table.

    >>> to_json_schema({"a": ColumnFact(type="float", low=0, unit="km")})["properties"]["a"]["$comment"]
    'unit: km'
    """
    rules = tuple(rule_of(name, fact, nullable=not fact.required) for name, fact in facts.items())
    schema = Contract(rules, zone).json_schema()
    for name, fact in facts.items():
        if fact.unit:
            schema["properties"][name]["$comment"] = f"unit: {fact.unit}"
    return {"$schema": DIALECT, **schema}


def from_json_schema(schema: Mapping[str, Any]) -> Carried:
    """The facts that a schema of an object tells of its properties.

    Raises
    ------
    InputError
        It is no schema of an object with properties.

    >>> from_json_schema({"type": "object", "properties": {"a": {"type": "number", "minimum": 0}}}).facts["a"].low
    0.0
    """
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        raise InputError(
            "not a schema of rows",
            found=str(schema)[:80],
            expected="an object with properties",
            mend="give the row's schema",
        )
    facts: dict[str, ColumnFact] = {}
    notes = []
    for key in schema.keys() - {
        "$schema",
        "$id",
        "type",
        "properties",
        "required",
        "title",
        "description",
        "additionalProperties",
    }:
        notes.append(f"{key}: not carried")
    for name, inner in properties.items():
        made = _fact(str(name), inner, notes, required=name in schema.get("required", ()))
        if made is not None:
            facts[str(name)] = made
    return Carried(facts, tuple(sorted(notes)))


def _fact(name: str, schema: Any, notes: list[str], *, required: bool) -> ColumnFact | None:
    if not isinstance(schema, Mapping):
        notes.append(f"{name}: no schema of its own; left out")
        return None
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else list(types)
    enum = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if not types and enum:
        types = ["string"] if all(word is None or isinstance(word, str) for word in enum) else []
    named = [one for one in types if one != "null"]
    if len(named) != 1 or named[0] not in _TYPES:
        notes.append(f"{name}: type {' or '.join(map(str, named)) or 'unknown'} is no column's; left out")
        return None
    nullable = "null" in types or not required
    found: dict[str, Any] = {"type": _TYPES[named[0]], "required": not nullable}
    notes += [f"{name}: {key} not carried" for key in sorted(schema.keys() - _KEYS)]
    if found["type"] in ("float", "integer"):
        found |= _range(name, schema, found["type"] == "integer", notes)
    elif found["type"] == "category":
        found |= _strings(name, schema, enum, notes)
    if isinstance(comment := schema.get("$comment"), str) and (unit := re.fullmatch("unit: (.+)", comment)):
        found["unit"] = unit[1]
    return accepted(name, found, notes)


def accepted(name: str, found: dict[str, Any], notes: list[str]) -> ColumnFact:
    """The fact, without what the contract refuses; a note says why.

    >>> accepted("a", {"type": "category", "pattern": "("}, []).pattern
    ''
    """
    for left_out in ((), ("aliases",), ("pattern", "aliases"), ("pattern", "aliases", "categories", "low", "high")):
        kept = {key: value for key, value in found.items() if key not in left_out}
        try:
            fact = msgspec.convert(msgspec.to_builtins(kept), ColumnFact)
            rule_of(name, fact)
        except InputError as error:
            notes.append(f"{name}: {error.problem}; not carried")
            continue
        return fact
    return ColumnFact(type=found["type"])


def _range(name: str, schema: Mapping[str, Any], whole: bool, notes: list[str]) -> dict[str, Any]:
    """Bounds; an open one of whole numbers is the next within, one of others is carried as closed."""
    found: dict[str, Any] = {}
    for key, end, step in (("minimum", "low", 1), ("maximum", "high", -1)):
        bound, open_ = schema.get(key), schema.get(f"exclusive{key.capitalize()}")
        if isinstance(open_, int | float) and not isinstance(open_, bool):
            if not whole:
                notes.append(f"{name}: exclusive{key.capitalize()} carried as {key}")
            bound = open_ + step if whole else open_
        if isinstance(bound, int | float) and abs(bound) < LARGEST and bound not in INT64:
            found[end] = float(bound)
    return found


def _strings(name: str, schema: Mapping[str, Any], enum: Any, notes: list[str]) -> dict[str, Any]:
    if schema.get("format") in ("date-time", "date") or schema.get("pattern") == TIME_PATTERN:
        return {"type": "time"}
    found: dict[str, Any] = {}
    if schema.get("format"):
        notes.append(f"{name}: format {schema['format']} not carried")
    if enum is not None:
        words = tuple(word for word in enum if word is not None)
        if all(isinstance(word, str) for word in words) and words:
            found["categories"] = words
        else:
            notes.append(f"{name}: enum holds what is no text; not carried")
    for part in (schema, *schema.get("anyOf", ())):
        if isinstance(part, Mapping) and isinstance(part.get("pattern"), str):
            found |= carried_pattern(name, part["pattern"], notes)
    return found


def carried_pattern(name: str, pattern: str, notes: list[str]) -> dict[str, str]:
    """A pattern of ECMA-262 as a fact, or a note.

    >>> carried_pattern("a", "^[0-9]+$", [])
    {'pattern': '[0-9]+'}
    """
    try:
        return {"pattern": from_ecma(pattern)}
    except InputError as error:
        notes.append(f"{name}: pattern {pattern!r} not carried: {error.problem}")
        return {}
