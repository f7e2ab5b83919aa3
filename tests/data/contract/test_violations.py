"""A part of a table held against the contract: what stays, what goes and why, and what is counted."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.data.contract.findings import findings
from fullcycle.data.contract.keys import Keys, key_hashes, unique_keys
from fullcycle.data.contract.rule import rule_of
from fullcycle.data.contract.settings import Check, ColumnFact, Rules
from fullcycle.data.contract.tally import Tally, merge
from fullcycle.data.contract.violations import violations
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.contract import Contract

AS_OF = datetime(2026, 1, 3, tzinfo=UTC)
FRAME = pl.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "km": [1.0, -1.0, None, float("nan")],
        "carrier": ["UA", " ua", "zz", None],
        "at": [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3, 4)],
    }
)


def test_reasons_name_columns_and_rules() -> None:
    facts = {
        "km": ColumnFact(type="float", low=0, required=True),
        "carrier": ColumnFact(type="category", categories=("UA",), normalise=("strip", "lower")),
    }
    made = violations(FRAME, Rules(), facts, zone="UTC", time="at", needed=("carrier",))
    assert made.kept["id"].to_list() == ["a"]
    assert made.kept["carrier"].to_list() == ["UA"]
    assert made.quarantined["reasons"].to_list() == [
        "km: outside its range",
        "km: missing; carrier: not among its categories",
        "km: missing; carrier: missing",
    ]
    assert made.quarantined["carrier"].to_list() == [" ua", "zz", None]  # as they were
    assert made.tally == Tally(
        rows=4,
        quarantined=3,
        missing={"km": 2, "carrier": 2},
        broken={"missing": {"km": 2, "carrier": 1}, "range": {"km": 1}, "categories": {"carrier": 1}},
        newest=1767225600000000,
    )


def test_what_only_counts_stays_as_it_is_in_its_plain_spelling() -> None:
    facts = {
        "km": ColumnFact(type="float", low=0, severity="count"),
        "carrier": ColumnFact(type="category", categories=("UA",), normalise=("strip", "lower"), severity="count"),
    }
    made = violations(FRAME, Rules(), facts, zone="UTC")
    assert made.kept["km"].to_list()[:3] == [1.0, -1.0, None]
    assert made.kept["carrier"].to_list() == ["UA", "UA", "zz", None]
    assert made.quarantined.is_empty()
    assert made.tally.broken == {"range": {"km": 1}, "categories": {"carrier": 1}}
    served = Contract(tuple(rule_of(name, fact) for name, fact in facts.items()))
    check = served.compile()
    for row, kept in zip(FRAME.rows(named=True), made.kept.rows(named=True), strict=True):
        values, failures = check(row)
        assert not failures
        assert values["carrier"] == kept["carrier"]


def test_outside_becomes_missing_and_is_told() -> None:
    made = violations(FRAME, Rules(), {"km": ColumnFact(type="float", low=0, outside="missing")}, zone="UTC")
    assert made.kept["km"].to_list()[:3] == [1.0, None, None]
    assert made.tally.changed == {"km": 1}
    told = findings(made.tally, Rules(rows_at_least=1), {}, as_of=AS_OF)
    assert [(one.check, one.subject, one.severity, one.passed) for one in told if one.check == "outside"] == [
        ("outside", "km", "note", None)
    ]


def test_rules_across_columns() -> None:
    rules = Rules(check={"up": "km >= 0", "sure": Check(holds="carrier == 'UA'", severity="count")})
    facts = {"km": ColumnFact(type="float"), "carrier": ColumnFact(type="category")}
    made = violations(FRAME, rules, facts, zone="UTC")
    assert made.kept["id"].to_list() == ["a", "c", "d"]  # unknown passes
    assert made.quarantined["reasons"].to_list() == ["up: not so"]
    assert made.tally.broken == {"check": {"up": 1, "sure": 2}}


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"check": {"x": "km + 1"}}, "must be true or false"),
        ({"check": {"x": "kn > 1"}}, "'kn' is missing"),
        ({"check": {"x": "km >"}}, "check.x"),
        ({"unique": (("idd",),)}, "'idd' is missing"),
    ],
)
def test_rules_that_cannot_be_are_refused(rules: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        violations(FRAME, Rules(**rules), {"km": ColumnFact(type="float")}, zone="UTC")


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ColumnMissing, match="did you mean 'km'"):
        violations(FRAME, Rules(), {"kmm": ColumnFact(type="float")}, zone="UTC")


def test_an_empty_part() -> None:
    made = violations(
        FRAME.clear(), Rules(unique=(("id",),)), {"km": ColumnFact(type="float", low=0)}, zone="UTC", time="at"
    )
    assert made.tally == Tally()
    assert merge([]) == Tally()


def test_severity_decides_whether_the_cycle_stops() -> None:
    tally = Tally(rows=200, broken={"range": {"a": 1, "b": 1, "c": 1}, "unique": {"id": 1}}, newest=0)
    facts = {
        name: ColumnFact(type="float", low=0, severity=severity)
        for name, severity in (("a", "reject"), ("b", "quarantine"), ("c", "count"))
    }
    rules = Rules(unique=(("id",),), freshness="2d", severity={"freshness": "count", "unique": "reject"})
    found = {(one.check, one.subject): one for one in findings(tally, rules, facts, as_of=AS_OF)}
    assert [found["range", name].severity for name in "abc"] == ["reject", "warn", "note"]
    assert found["unique", "id"].severity == "reject"
    assert (found["freshness", "table"].severity, found["freshness", "table"].passed) == ("note", False)
    assert found["rows", "table"].passed


def test_age_and_row_band() -> None:
    newest = int((AS_OF - timedelta(days=2)).timestamp() * 1_000_000)
    for age, passed in (("2d", True), ("47h", False)):
        found = findings(Tally(rows=9, newest=newest), Rules(freshness=age, rows_at_least=1), {}, as_of=AS_OF)
        assert [one.passed for one in found if one.check == "freshness"] == [passed]
    found = findings(Tally(rows=9), Rules(freshness="1d", rows_at_least=10, rows_at_most=8), {}, as_of=AS_OF)
    assert [one.passed for one in found] == [False, False, False]


def test_a_row_that_was_turned_away_does_not_make_its_twin_a_repeat() -> None:
    frame = pl.DataFrame({"id": ["a", "a", "a"], "km": [-1.0, 1.0, 2.0]})
    made = violations(frame, Rules(unique=(("id",),)), {"km": ColumnFact(type="float", low=0)}, zone="UTC")
    assert made.kept["km"].to_list() == [1.0]
    assert made.quarantined["reasons"].to_list() == ["km: outside its range", "id: repeated"]


rows = st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 2)), max_size=12)


@settings(max_examples=150, deadline=None)
@given(rows, st.integers(1, 4))
def test_keys_of_parts_are_those_of_the_whole(found: list[tuple[str | None, int]], size: int) -> None:
    frame = pl.DataFrame(found, schema={"id": pl.String, "n": pl.Int64}, orient="row")
    key = ("id", "n")
    whole = Keys((key,)).repeated(frame)[key].to_list()
    seen: set[tuple[str | None, int]] = set()
    wanted = []
    for one in found:
        wanted.append(one[0] is not None and one in seen)
        seen.add(one)
    assert whole == wanted
    keys = Keys((key,))
    assert [flag for part in frame.iter_slices(size) for flag in keys.repeated(part)[key].to_list()] == wanted


def test_hashes_of_a_stored_part_are_the_same_in_another_process() -> None:
    code = (
        "import polars as pl; from fullcycle.data.contract.keys import key_hashes as k; "
        "print(k(pl.DataFrame({'a': ['é', None, 'x']}), ('a',)).tolist())"
    )
    told = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True).stdout
    assert told.strip() == str(key_hashes(pl.DataFrame({"a": ["é", None, "x"]}), ("a",)).tolist())
    keys = Keys((("a",),))
    keys.remember(("a",), key_hashes(pl.DataFrame({"a": ["é"]}), ("a",)))
    assert keys.repeated(pl.DataFrame({"a": ["x", "é"]}))[("a",)].to_list() == [False, True]


def test_a_key_without_columns_is_refused() -> None:
    with pytest.raises(InputError, match="a key has no column"):
        unique_keys(Rules(unique=(("id",), ())), {})
