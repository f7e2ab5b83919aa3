"""Words of the Open Data Contract Standard, and what they are called here."""

from __future__ import annotations

VERSION = "v3.1.0"
OURS = "fullcycle."
LOGICAL = {
    "float": "number",
    "integer": "integer",
    "boolean": "boolean",
    "category": "string",
    "text": "string",
    "time": "timestamp",
}
TYPES = {
    "number": "float",
    "integer": "integer",
    "boolean": "boolean",
    "string": "category",
    "timestamp": "time",
    "date": "time",
}
STATED = {
    "required",
    "low",
    "high",
    "categories",
    "pattern",
    "unique",
    "missing_at_most",
}  # facts with a field of the standard
UNITS = {
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("h", "hr", "hour", "hours"), "h"),
    **dict.fromkeys(("m", "min", "minute", "minutes"), "m"),
    **dict.fromkeys(("s", "sec", "second", "seconds"), "s"),
}
PROPERTY = frozenset(
    ("id", "name", "logicalType", "logicalTypeOptions", "physicalType", "physicalName", "description", "businessName", "required",
     "unique", "primaryKey", "primaryKeyPosition", "quality", "customProperties", "examples", "classification", "tags")
)  # fmt: skip
HEAD = frozenset(
    (
        "apiVersion",
        "kind",
        "id",
        "name",
        "version",
        "status",
        "schema",
        "slaProperties",
        "customProperties",
        "description",
    )
)
