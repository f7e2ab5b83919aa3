"""The facts and rules that a contract of the Open Data Contract Standard tells, and what it tells besides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from fullcycle.data.contract.json_schema import accepted, carried_pattern
from fullcycle.data.contract.odcs.terms import HEAD, OURS, PROPERTY, TYPES, UNITS
from fullcycle.data.contract.settings import ColumnFact, Rules
from fullcycle.data.sources.extra import require
from fullcycle.kernel.errors import InputError


class Imported(NamedTuple):
    """What was read of a contract.

    Attributes
    ----------
    facts : lines of ``columns.toml``.
    rules : ``[data.rules]``.
    notes : what could not be carried, as sentences.
    """

    facts: dict[str, ColumnFact]
    rules: Rules
    notes: tuple[str, ...]


def from_odcs(text: str, *, table: str = "") -> Imported:
    """The facts and rules of a contract.

    Parameters
    ----------
    text : YAML of ODCS v3.
    table : which of its schema objects; by default the first.

    Raises
    ------
    InputError
        It is no such contract, or has no such table; or PyYAML is not installed.

    >>> from fullcycle.data.contract.odcs.write import to_odcs
    >>> made = from_odcs(to_odcs("trips", {"km": ColumnFact(type="float", low=0)}, Rules()))
    >>> made.facts == {"km": ColumnFact(type="float", low=0)}, made.notes
    (True, ())
    """
    document = _document(text)
    notes = [f"{key}: not carried" for key in sorted(document.keys() - HEAD)]
    chosen = _table(document, table, notes)
    facts: dict[str, ColumnFact] = {}
    found: dict[str, Any] = {"check": {}, "unique": []}
    for inner in chosen.get("properties") or ():
        fact = _fact(inner, notes)
        if fact is not None:
            facts[inner["name"]] = fact
    primary = [
        (inner.get("primaryKeyPosition", 1), inner["name"])
        for inner in chosen.get("properties") or ()
        if inner.get("primaryKey")
    ]
    if primary:
        found["unique"].append([name for _, name in sorted(primary)])
    for quality in chosen.get("quality") or ():
        _table_rule(quality, found, notes)
    found |= _latency(document, notes)
    found |= {
        key: value
        for key, value in _ours(document).items()
        if key in ("missing_at_most", "quarantine_at_most", "severity")
    }
    rules = msgspec.convert({key: value for key, value in found.items() if value not in ([], {})}, Rules)
    return Imported(facts, rules, tuple(notes))


def _document(text: str) -> dict[str, Any]:
    yaml = require("yaml", "odcs")
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError("not YAML", found=str(error).partition("\n")[0], mend="mend the file") from None
    if (
        not isinstance(document, dict)
        or document.get("kind") != "DataContract"
        or not isinstance(document.get("schema"), list)
    ):
        raise InputError(
            "not a contract of ODCS v3", expected="kind: DataContract with a schema", mend="give an ODCS v3 file"
        )
    if not str(document.get("apiVersion", "")).startswith("v3."):
        raise InputError(
            "another version of the standard", found=document.get("apiVersion"), expected="v3.1.0 or another v3"
        )
    return document


def _table(document: Mapping[str, Any], name: str, notes: list[str]) -> Mapping[str, Any]:
    tables = {str(one.get("name")): one for one in document["schema"] if isinstance(one, dict)}
    if not tables or (name and name not in tables):
        raise InputError(
            "no such table in the contract", found=name or None, expected=", ".join(tables), mend="name one of these"
        )
    chosen = name or next(iter(tables))
    notes += [f"schema {other}: another table; not carried" for other in tables if other != chosen]
    found: Mapping[str, Any] = tables[chosen]
    return found


def _fact(inner: Any, notes: list[str]) -> ColumnFact | None:
    if not isinstance(inner, dict) or "name" not in inner:
        notes.append("a property without a name: left out")
        return None
    name, ours = str(inner["name"]), _ours(inner)
    kind = str(ours.get("type") or TYPES.get(str(inner.get("logicalType", "")), ""))
    if not kind:
        notes.append(f"{name}: logicalType {inner.get('logicalType')} is no column's; left out")
        return None
    notes += [f"{name}: {key} not carried" for key in sorted(inner.keys() - PROPERTY)]
    known = {field.encode_name for field in msgspec.structs.fields(ColumnFact)}
    found: dict[str, Any] = {"type": kind, "required": bool(inner.get("required")), "unique": bool(inner.get("unique"))}
    found |= {key: value for key, value in ours.items() if key in known}
    found |= _options(name, kind, inner.get("logicalTypeOptions") or {}, notes)
    for quality in inner.get("quality") or ():
        _column_rule(name, quality, found, notes)
    if inner.get("classification") and found.get("personal") is None:
        notes.append(f"{name}: classification {inner['classification']} not carried: decide 'personal'")
    return accepted(name, found, notes)


def _options(name: str, kind: str, options: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    used = {"format", "timezone", "defaultTimezone"} if kind in ("float", "integer", "time") else set()
    if kind in ("float", "integer"):
        for key, end, step in (("minimum", "low", 1), ("maximum", "high", -1)):
            bound, open_ = options.get(key), options.get(f"exclusive{key.capitalize()}")
            if open_ is not None:
                bound = open_ + step if kind == "integer" else open_
                notes += [] if kind == "integer" else [f"{name}: exclusive{key.capitalize()} carried as {key}"]
            if bound is not None:
                found[end] = float(bound)
        used |= {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    elif kind in ("category", "text") and "pattern" in options:
        found |= carried_pattern(name, str(options["pattern"]), notes)
        used |= {"pattern"}
    notes += [f"{name}: {key} not carried" for key in sorted(options.keys() - used)]
    return found


def _column_rule(name: str, quality: Any, found: dict[str, Any], notes: list[str]) -> None:
    """One quality rule of a column, as a fact where there is one."""
    arguments = quality.get("arguments") or {}
    match quality.get("metric"):
        case "nullValues" if quality.get("mustBe") == 0:
            found["required"] = True
            return
        case "nullValues" if quality.get("unit") == "percent" and (limit := _at_most(quality)) is not None:
            found["missing_at_most"] = float(f"{limit / 100:.12g}")
            return
        case "duplicateValues" if quality.get("mustBe") == 0:
            found["unique"] = True
            return
        case "invalidValues" if (
            quality.get("mustBe") == 0
            and _texts(arguments.get("validValues"))
            and found["type"] in ("category", "text")
        ):
            found |= {"type": "category", "categories": tuple(arguments["validValues"])}
            if quality.get("severity") in ("reject", "quarantine", "count"):
                found["severity"] = quality["severity"]
            return
        case "invalidValues" if (
            quality.get("mustBe") == 0 and "pattern" in arguments and found["type"] in ("category", "text")
        ):
            found |= carried_pattern(name, str(arguments["pattern"]), notes)
            return
    notes.append(f"{name}: quality rule {_told(quality)} not carried")


def _table_rule(quality: Any, found: dict[str, Any], notes: list[str]) -> None:
    match quality.get("metric"), quality.get("type"):
        case "rowCount", _:
            least, most = quality.get("mustBeGreaterOrEqualTo"), quality.get("mustBeLessOrEqualTo")
            if "mustBeGreaterThan" in quality:
                least = quality["mustBeGreaterThan"] + 1
            if "mustBeLessThan" in quality:
                most = quality["mustBeLessThan"] - 1
            if isinstance(quality.get("mustBeBetween"), list):
                least, most = quality["mustBeBetween"]
            found |= {"rows_at_least": max(1, int(least))} if least is not None else {}
            found |= {"rows_at_most": int(most)} if most is not None else {}
            if least is not None or most is not None:
                return
        case "duplicateValues", _ if quality.get("mustBe") == 0:
            found["unique"].append(list((quality.get("arguments") or {}).get("properties") or ()))
            return
        case _, "custom" if quality.get("engine") == "fullcycle":
            severity = quality.get("severity", "quarantine")
            held = quality["implementation"]
            found["check"][quality.get("name", "rule")] = (
                held if severity == "quarantine" else {"holds": held, "severity": severity}
            )
            return
    notes.append(f"table: quality rule {_told(quality)} not carried")


def _latency(document: Mapping[str, Any], notes: list[str]) -> dict[str, str]:
    found = {}
    for sla in document.get("slaProperties") or ():
        unit = UNITS.get(str(sla.get("unit", "")).lower())
        if (
            str(sla.get("property", "")).lower() in ("latency", "ly", "freshness")
            and unit
            and isinstance(sla.get("value"), int)
        ):
            found["freshness"] = f"{sla['value']}{unit}"
        else:
            notes.append(f"SLA {sla.get('property')}: not carried")
    return found


def _ours(element: Mapping[str, Any]) -> dict[str, Any]:
    """Our own properties of an element."""
    given = element.get("customProperties") or ()
    return {
        one["property"].removeprefix(OURS): one["value"]
        for one in given
        if str(one.get("property", "")).startswith(OURS)
    }


def _at_most(quality: Mapping[str, Any]) -> float | None:
    limit = quality.get("mustBeLessOrEqualTo", quality.get("mustBeLessThan"))
    return None if limit is None else float(limit)


def _texts(words: Any) -> bool:
    return isinstance(words, list) and bool(words) and all(isinstance(word, str) for word in words)


def _told(quality: Mapping[str, Any]) -> str:
    return str(
        quality.get("metric") or quality.get("name") or quality.get("id") or quality.get("type") or "without a metric"
    )
