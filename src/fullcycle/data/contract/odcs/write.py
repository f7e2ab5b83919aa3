"""A contract as YAML of the Open Data Contract Standard."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from fullcycle.data.contract.odcs.terms import LOGICAL, OURS, STATED, VERSION
from fullcycle.data.contract.settings import ColumnFact, Rules
from fullcycle.data.contract.violations import checks
from fullcycle.data.sources.extra import require
from fullcycle.kernel.clock import duration
from fullcycle.predictor.contract.pattern import whole


def to_odcs(
    name: str,
    facts: Mapping[str, ColumnFact],
    rules: Rules,
    *,
    time: str = "",
    zone: str = "UTC",
    version: str = "1.0.0",
) -> str:
    """The contract of one table as YAML of ODCS v3.1.

    Parameters
    ----------
    name : of the table, and of the contract.
    time : column of the rows' time, to which freshness refers.
    zone : in which times without an offset are read.
    version : of the contract.

    Raises
    ------
    InputError
        PyYAML is not installed.

    >>> print(to_odcs("trips", {"km": ColumnFact(type="float", low=0)}, Rules()).splitlines()[0])
    apiVersion: v3.1.0
    """
    table: dict[str, Any] = {
        "name": name,
        "logicalType": "object",
        "physicalType": "table",
        "properties": [_property(column, fact, zone) for column, fact in facts.items()],
        "quality": list(_table_quality(rules)),
    }
    document: dict[str, Any] = {
        "apiVersion": VERSION,
        "kind": "DataContract",
        "id": _identifier(name),
        "name": name,
        "version": version,
        "status": "active",
        "schema": [table],
    }
    if rules.freshness is not None:
        seconds = duration(rules.freshness) // timedelta(seconds=1)
        value, unit = next(
            (seconds // size, unit)
            for size, unit in ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))
            if not seconds % size
        )
        document["slaProperties"] = [
            {"property": "latency", "value": value, "unit": unit, **({"element": f"{name}.{time}"} if time else {})}
        ]
    others = {
        "missing_at_most": rules.missing_at_most,
        "quarantine_at_most": rules.quarantine_at_most,
        "severity": dict(rules.severity),
    }
    document["customProperties"] = [
        {"property": OURS + key, "value": value} for key, value in others.items() if value != {}
    ]
    readable = json.dumps(
        document, ensure_ascii=False
    ).isprintable()  # odd separators are escaped: they do not survive as they are
    return str(require("yaml", "odcs").safe_dump(document, sort_keys=False, allow_unicode=readable, width=120))


def _property(name: str, fact: ColumnFact, zone: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "logicalType": LOGICAL[fact.type], "required": fact.required}
    if fact.unique:
        found["unique"] = True
    options: dict[str, Any] = {}
    if fact.type in ("float", "integer"):
        options["format"] = "f64" if fact.type == "float" else "i64"
        options |= {
            key: _number(value) for key, value in (("minimum", fact.low), ("maximum", fact.high)) if value is not None
        }
    if fact.pattern:
        options["pattern"] = whole(fact.pattern)
    if fact.type == "time":
        options |= {"timezone": False, "defaultTimezone": fact.zone or zone}
    if options:
        found["logicalTypeOptions"] = options
    if fact.personal not in (None, "no"):
        found["classification"] = "personal"
    quality = list(_column_quality(fact))
    if quality:
        found["quality"] = quality
    plain = {key: value for key, value in msgspec.to_builtins(fact).items() if key not in STATED}
    default = msgspec.to_builtins(ColumnFact(type=fact.type))
    told = {key: value for key, value in plain.items() if value != default[key]}
    if fact.type in ("text", "category"):
        told["type"] = fact.type
    told.pop("type", None) if fact.type == "category" else None
    if told:
        found["customProperties"] = [{"property": OURS + key, "value": value} for key, value in told.items()]
    return found


def _column_quality(fact: ColumnFact) -> Iterator[dict[str, Any]]:
    if fact.categories is not None:
        yield {
            "metric": "invalidValues",
            "arguments": {"validValues": list(fact.categories)},
            "mustBe": 0,
            "severity": fact.severity,
        }
    if fact.missing_at_most is not None:
        percent = _number(float(f"{100 * fact.missing_at_most:.12g}"))
        yield {"metric": "nullValues", "mustBeLessOrEqualTo": percent, "unit": "percent"}


def _table_quality(rules: Rules) -> Iterator[dict[str, Any]]:
    yield {"metric": "rowCount", "mustBeGreaterOrEqualTo": rules.rows_at_least}
    if rules.rows_at_most is not None:
        yield {"metric": "rowCount", "mustBeLessOrEqualTo": rules.rows_at_most}
    for key in rules.unique:
        yield {"metric": "duplicateValues", "arguments": {"properties": list(key)}, "mustBe": 0}
    for name, rule in checks(rules).items():
        yield {
            "name": name,
            "type": "custom",
            "engine": "fullcycle",
            "implementation": rule.holds,
            "severity": rule.severity,
        }


def _number(value: float) -> float | int:
    return int(value) if float(value).is_integer() and abs(value) < 2**53 else value


def _identifier(name: str) -> str:
    return "".join(one if one.isascii() and (one.isalnum() or one in "-_") else "-" for one in name) or "contract"
