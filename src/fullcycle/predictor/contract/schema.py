"""JSON Schema of a column, as OpenAPI embeds it."""

from __future__ import annotations

from typing import Any

from fullcycle.predictor.contract.pattern import LONGEST, whole
from fullcycle.predictor.contract.row import TIME_PATTERN
from fullcycle.predictor.contract.rule import ColumnRule

_STEPS = {"strip": "blanks", "lower": "case", "accents": "accents"}


def schema(rule: ColumnRule) -> dict[str, Any]:
    """What a value of this column may be, in JSON Schema (2020-12).

    It never refuses what the contract accepts. Where spellings are made plain, which no schema can say, it accepts every string
    and describes what is meant.

    >>> schema(ColumnRule(name="a", kind="text"))
    {'type': ['string', 'null']}
    >>> schema(ColumnRule(name="a", kind="category", nullable=False, categories=("UA",), aliases={"United": "UA"}))
    {'type': 'string', 'enum': ['UA', 'United']}
    """
    names = {"float": "number", "integer": "integer", "boolean": "boolean"}
    name = names.get(rule.kind, "string")
    found: dict[str, Any] = {"type": [name, "null"] if rule.nullable else name}
    if rule.kind in ("float", "integer"):
        return found | _range(rule)
    if rule.kind == "time":
        found["format"], found["pattern"] = "date-time", TIME_PATTERN
        return found
    if rule.lenient or rule.normalise:
        return found | _told(rule)
    return found | _spellings(rule)


def _range(rule: ColumnRule) -> dict[str, Any]:
    if rule.lenient:
        return _told(rule) if (rule.low, rule.high) != (None, None) else {}
    low, high = rule.bounds
    return {"minimum": low, "maximum": high}


def _spellings(rule: ColumnRule) -> dict[str, Any]:
    aliases = [word for word in rule.aliases if word not in (rule.categories or ())]
    if rule.categories is not None:
        return {"enum": [*rule.categories, *aliases, *([None] if rule.nullable else [])]}
    if not rule.pattern:
        return {}
    pattern = {"pattern": whole(rule.pattern), "maxLength": LONGEST}
    return {"anyOf": [pattern, {"enum": aliases}]} if aliases else pattern


def _told(rule: ColumnRule) -> dict[str, Any]:
    """In words what the schema cannot say."""
    words = [] if rule.expected == "a string" else [rule.expected]
    if rule.normalise:
        words.append(f"whatever its {' and '.join(_STEPS[step] for step in rule.normalise)}")
    if rule.normalise and rule.aliases:
        words.append("or another spelling of it: " + ", ".join(map(repr, list(rule.aliases)[:8])))
    if rule.lenient:
        words.append("anything else counts as missing")
    return {"description": "; ".join(words)} if words else {}
