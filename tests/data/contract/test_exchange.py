"""Contracts out to ODCS, JSON Schema and pandera, and back; what cannot be carried is told."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.data.contract.ecma import from_ecma
from fullcycle.data.contract.json_schema import from_json_schema, to_json_schema
from fullcycle.data.contract.odcs import from_odcs, to_odcs
from fullcycle.data.contract.pandera import to_pandera
from fullcycle.data.contract.settings import Check, ColumnFact, Rules
from fullcycle.data.contract.violations import violations
from fullcycle.kernel.errors import InputError

pytest.importorskip("yaml", reason="pip install 'fullcycle[odcs]'")

FACTS = {
    "flight_id": ColumnFact(type="category", required=True, unique=True, feature=False, pattern="[A-Z0-9-]{5,20}"),
    "at": ColumnFact(type="time", required=True, zone="America/New_York"),
    "distance": ColumnFact(type="float", low=0, high=6000.5, unit="mile", missing_at_most=0.01, severity="count"),
    "minute": ColumnFact(type="integer", low=0, high=59),
    "carrier": ColumnFact(
        type="category",
        categories=("UA", "no", "1"),
        normalise=("strip", "lower"),
        aliases={"United": "UA"},
        severity="reject",
    ),
    "remark": ColumnFact(type="text", personal="mask", because="needed to answer", outside="missing"),
    "late": ColumnFact(type="boolean", known="after", protected=True),
    "arrived": ColumnFact(type="time", known="after"),
}
RULES = Rules(
    unique=(("flight_id", "at"),),
    freshness="36h",
    rows_at_least=500,
    rows_at_most=9000,
    check={"a": "arrived >= at", "b": Check(holds="distance > minute", severity="reject")},
    severity={"unique": "reject"},
    missing_at_most=0.4,
)


def odcs_schema() -> dict[str, Any]:
    """The standard's own JSON Schema, as its Python package ships it; read by path, never imported."""
    spec = find_spec("open_data_contract_standard")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("pip install --no-deps 'open-data-contract-standard>=3.1,<3.2'")
    schema: dict[str, Any] = json.loads(
        Path(spec.submodule_search_locations[0], "schema.json").read_text(encoding="utf-8")
    )
    return schema


def test_what_goes_out_as_odcs_is_valid_by_its_schema() -> None:
    import yaml

    schema = odcs_schema()
    assert schema["properties"]["apiVersion"]["default"] == "v3.1.0"
    validator = jsonschema.Draft201909Validator(schema)
    document = yaml.safe_load(to_odcs("flights", FACTS, RULES, time="at"))
    assert [error.message for error in validator.iter_errors(document)] == []
    document["schema"][0]["properties"][0]["logicalType"] = "colour"
    assert list(validator.iter_errors(document))


def test_nothing_is_lost_out_to_odcs_and_back() -> None:
    back = from_odcs(to_odcs("flights", FACTS, RULES, time="at"))
    assert back.facts == FACTS
    assert back.rules == RULES
    assert back.notes == ()


numbers = st.none() | st.integers(-50, 50).map(float)
facts = st.one_of(
    st.builds(
        ColumnFact,
        type=st.sampled_from(["float", "integer"]),
        low=numbers,
        required=st.booleans(),
        unique=st.booleans(),
    ),
    st.builds(
        ColumnFact,
        type=st.just("category"),
        categories=st.none() | st.lists(st.text(min_size=1), min_size=1, unique=True).map(tuple),
    ),
    st.builds(ColumnFact, type=st.just("text"), pattern=st.sampled_from(["", "[a-z]+", "a|b", r"\\\."])),
    st.builds(
        ColumnFact,
        type=st.sampled_from(["boolean", "time"]),
        missing_at_most=st.none() | st.sampled_from([0.0, 0.005, 1.0]),
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=5), facts, min_size=1, max_size=3))
def test_any_facts_come_back_from_odcs_as_they_went(given_facts: dict[str, ColumnFact]) -> None:
    back = from_odcs(to_odcs("t", given_facts, Rules()))
    assert (back.facts, back.rules, back.notes) == (given_facts, Rules(), ())


FOREIGN = """
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 2.0.0
status: active
servers: [{server: prod, type: postgres}]
team: {name: sales}
slaProperties:
  - {property: latency, value: 4, unit: d, element: orders.placed}
  - {property: retention, value: 3, unit: y}
schema:
  - name: orders
    properties:
      - {name: id, logicalType: string, primaryKey: true, required: true, logicalTypeOptions: {format: uuid, maxLength: 36}}
      - {name: placed, logicalType: timestamp}
      - {name: amount, logicalType: number, logicalTypeOptions: {exclusiveMinimum: 0, multipleOf: 0.01}}
      - {name: items, logicalType: integer, logicalTypeOptions: {exclusiveMinimum: 0, maximum: 99}}
      - {name: code, logicalType: string, logicalTypeOptions: {pattern: '^\\d{3}-[\\w.]+$'}}
      - {name: search, logicalType: string, logicalTypeOptions: {pattern: 'abc'}}
      - name: unit
        logicalType: string
        quality:
          - {metric: invalidValues, arguments: {validValues: [kg, lb]}, mustBe: 0}
          - {metric: nullValues, mustBeLessThan: 5, unit: percent}
      - {name: lines, logicalType: array, items: {logicalType: string}}
      - {name: secret, logicalType: string, classification: restricted}
    quality:
      - {metric: rowCount, mustBeBetween: [100, 120]}
      - {type: sql, query: select 1, mustBe: 1, name: one}
  - name: returns
"""


def test_a_foreign_contract_is_carried_as_far_as_it_goes() -> None:
    made = from_odcs(FOREIGN)
    assert made.facts["amount"].low == 0
    assert (made.facts["items"].low, made.facts["items"].high) == (1, 99)
    assert made.facts["code"].pattern == "[0-9]{3}-[A-Za-z0-9_.]+"
    assert made.facts["unit"].categories == ("kg", "lb")
    assert made.facts["unit"].missing_at_most == 0.05
    assert made.rules.unique == (("id",),)
    assert (made.rules.rows_at_least, made.rules.rows_at_most, made.rules.freshness) == (100, 120, "4d")
    told = "\n".join(made.notes)
    for word in (
        "servers",
        "team",
        "retention",
        "format",
        "maxLength",
        "exclusiveMinimum carried",
        "multipleOf",
        "'abc'",
        "lines",
        "one",
        "returns",
        "secret",
    ):
        assert word in told


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "kind: Other",
        "- 1",
        "kind: DataContract\nschema: []",
        "kind: DataContract\napiVersion: v2.2.0\nschema: [{name: a}]",
    ],
)
def test_what_is_no_contract_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        from_odcs(text)


def test_facts_come_back_from_json_schema() -> None:
    carried = {
        "n": ColumnFact(type="float", low=0, high=5.5, unit="km", required=True),
        "i": ColumnFact(type="integer", low=-3),
        "c": ColumnFact(type="category", categories=("a", "b")),
        "p": ColumnFact(type="category", pattern="[a-z]+|x"),
        "t": ColumnFact(type="time", required=True),
        "b": ColumnFact(type="boolean"),
    }
    schema = to_json_schema(carried)
    jsonschema.Draft202012Validator.check_schema(schema)
    back = from_json_schema(schema)
    assert back.facts == carried
    assert back.notes == ()


def test_a_foreign_json_schema_tells_what_it_cannot_carry() -> None:
    made = from_json_schema(
        {
            "type": "object",
            "properties": {
                "a": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 2},
                "b": {"type": ["string", "integer"]},
                "c": {"enum": ["x", "y"]},
                "d": {"type": "string", "pattern": "(a+)+", "format": "email"},
                "e": {"type": "integer", "exclusiveMaximum": 5},
                "f": {"type": "number", "minimum": 5, "maximum": 1},
            },
            "required": ["a"],
            "allOf": [],
        }
    )
    assert made.facts["a"].required
    assert made.facts["c"].categories == ("x", "y")
    assert made.facts["e"].high == 4
    assert made.facts["f"].low is None
    told = "\n".join(made.notes)
    for word in (
        "exclusiveMinimum carried as minimum",
        "multipleOf",
        "b: type",
        "d: pattern",
        "format email",
        "allOf",
        "f: no value lies",
    ):
        assert word in told
    with pytest.raises(InputError, match="object with properties"):
        from_json_schema({"type": "string"})


@pytest.mark.parametrize(
    ("given_pattern", "wanted"),
    [("^a$", "a"), (r"^[\d.]+\/x$", "[0-9.]+/x"), ("^(?:a|b)$", "a|b"), ("^(a|b)c$", "(a|b)c"), ("^[|]$", "[|]")],
)
def test_patterns_of_ecma(given_pattern: str, wanted: str) -> None:
    assert from_ecma(given_pattern) == wanted


@pytest.mark.parametrize("pattern", ["a", "^a", "^a|b$", r"^\s$", "^(?=a)b$", r"^a\$"])
def test_patterns_that_say_something_else_are_refused(pattern: str) -> None:
    with pytest.raises(InputError):
        from_ecma(pattern)


def test_pandera_gives_the_same_verdicts() -> None:
    pandera = pytest.importorskip("pandera.polars", reason="pip install pandera")
    carried = {
        "id": ColumnFact(type="category", required=True, unique=True, pattern="[A-Z]{2}[0-9]+"),
        "km": ColumnFact(type="float", low=0, high=100),
        "n": ColumnFact(type="integer", low=1.5, required=True),
        "c": ColumnFact(type="category", categories=("x", "y'\"")),
        "late": ColumnFact(type="boolean"),
    }
    rules = Rules(
        rows_at_least=1, check={"r": "n < km + 5 or missing(c)", "s": "not (abs(km - n) > 90)", "h": "log1p(km) >= 0"}
    )
    source = to_pandera(carried, rules, title="Flights")
    assert "# - h: log1p(km) >= 0" in source
    made: dict[str, Any] = {}
    exec(compile(source, "made", "exec"), made)
    types = {"id": pl.String, "km": pl.Float64, "n": pl.Int64, "c": pl.String, "late": pl.Boolean}
    good = {"id": ["UA1", "AA22"], "km": [0.0, None], "n": [2, 3], "c": ["x", None], "late": [True, None]}
    worse: list[dict[str, Any]] = [
        {"id": ["UA1", "UA1"]},
        {"id": ["UA1", "aa1"]},
        {"id": ["UA1", "UA1\n"]},
        {"id": ["UA1", None]},
        {"km": [-0.5, 1.0]},
        {"km": [float("inf"), 1.0]},
        {"n": [1, 3]},
        {"n": [None, 3]},
        {"n": [50, 3]},
        {"c": ["z", "x"]},
        {"km": [97.0, 1.0]},
        {},
        {"n": [50, 3], "c": [None, "x"]},
    ]
    for change in worse:
        frame = pl.DataFrame({**good, **change}, schema=types)
        ours = violations(frame, rules, carried, zone="UTC").quarantined.is_empty()
        try:
            made["schema"].validate(frame, lazy=True)
            theirs = True
        except pandera.errors.SchemaErrors:
            theirs = False
        assert theirs == ours, change
