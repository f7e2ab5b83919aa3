"""JSON Schema of a column, as OpenAPI embeds it."""

from __future__ import annotations

from typing import Any

from fullcycle.predictor.contract.row import TIME_PATTERN
from fullcycle.predictor.contract.rule import ColumnRule


def schema(rule: ColumnRule) -> dict[str, Any]:
    """What a value of this column may be, in JSON Schema (2020-12).

    >>> schema(ColumnRule(name="a", kind="text"))
    {'type': ['string', 'null']}
    """
    names = {"float": "number", "integer": "integer", "boolean": "boolean"}
    name = names.get(rule.kind, "string")
    found: dict[str, Any] = {"type": [name, "null"] if rule.nullable else name}
    if rule.kind in ("float", "integer"):
        found["minimum"], found["maximum"] = rule.bounds
    if rule.kind == "time":
        found["format"], found["pattern"] = "date-time", TIME_PATTERN
    if rule.categories is not None:
        found["enum"] = [*rule.categories, None] if rule.nullable else list(rule.categories)
    return found
