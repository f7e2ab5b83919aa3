"""A change that counts as none breaks no row: whatever the old contract takes, the new one takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fullcycle.deployment.compatibility import Interface, differences
from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import failed, sentence
from fullcycle.predictor.contract import ColumnRule, Contract

from .test_make import dataset, made, model

WORDS = ("UA", "ua", " UA", "AA", "B6", "")
KINDS = st.sampled_from(["float", "integer", "boolean", "category", "text", "time"])
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-12, 12),
    st.floats(-12, 12),
    st.sampled_from([*WORDS, "2024-06-03", "2024-06-03T12:00:00Z", "A1"]),
)


@st.composite
def rules(draw: st.DrawFn) -> ColumnRule:
    kind = draw(KINDS)
    given: dict[str, Any] = {
        "required": draw(st.booleans()),
        "nullable": draw(st.booleans()),
        "outside": draw(st.sampled_from(["turn away", "missing"])),
    }
    if kind in ("float", "integer"):
        given["low"] = draw(st.none() | st.integers(-10, 0).map(float))
        given["high"] = draw(st.none() | st.integers(0, 10).map(float))
    if kind == "category":
        words = st.lists(st.sampled_from(["UA", "AA", "B6"]), min_size=1, unique=True).map(tuple)
        given["categories"] = draw(st.none() | words)
    if kind in ("category", "text"):
        given["normalise"] = draw(st.sampled_from([(), ("strip",), ("lower",), ("strip", "lower")]))
        if given.get("categories") is None:
            given["pattern"] = draw(st.sampled_from(["", "[A-Z]{2}", "[a-z]{2}", "[A-Z][0-9]"]))
    try:
        return ColumnRule(name="a", kind=kind, **given)
    except InputError:  # such as a pattern of capitals where all is made lower case
        assume(False)
        raise


def only(*rules_: ColumnRule, **answers: str) -> Interface:
    return Interface(Contract(rules_), answers)


@given(rules(), rules(), st.lists(VALUES, min_size=1, max_size=20))
def test_what_breaks_nobody_takes_every_row_that_was_taken(was: ColumnRule, now: ColumnRule, cells: list[Any]) -> None:
    if differences(only(was), only(now)):
        return
    old, new = Contract((was,)).compile(), Contract((now,)).compile()
    golden = Contract((was,)).golden_rows(12)
    for row in [{}, *({"a": cell} for cell in cells), *golden]:
        assert old(row)[1] or not new(row)[1], row


@given(rules())
def test_the_same_interface_breaks_nobody(rule: ColumnRule) -> None:
    assert differences(only(rule, score="number"), only(rule, score="number")) == ()
    looser = msgspec.structs.replace(rule, required=False, nullable=True)
    assert differences(only(rule), only(looser)) == ()
    assert differences(only(rule), only()) == ()  # a column that falls away is ignored where it still comes
    assert differences(only(), only(msgspec.structs.replace(rule, required=False))) == ()


FLOAT = ColumnRule(name="a", kind="float", low=0.0, high=10.0)
NAMES = ColumnRule(name="a", kind="category", categories=("AA", "UA"), aliases={"United": "UA"})


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        (None, FLOAT, [("Row.a", "absent", "required")]),
        ({"required": False}, {}, [("Row.a.required", "false", "true")]),
        ({}, {"nullable": False}, [("Row.a.type", "float or null", "float")]),
        ({}, {"kind": "integer"}, [("Row.a.type", "float", "integer")]),
        ({"kind": "integer"}, {}, []),
        ({}, {"low": 1.0, "high": None}, [("Row.a.minimum", "0", "1")]),
        ({"high": None}, {}, [("Row.a.maximum", "none", "10")]),
        ({"high": None}, {"outside": "missing"}, []),
        ({"outside": "missing"}, {}, [("Row.a.minimum", "none", "0"), ("Row.a.maximum", "none", "10")]),
    ],
)
def test_each_narrowing_is_named(was: Any, now: Any, told: list[tuple[str, str, str]]) -> None:
    rules_ = [
        it if it is None or isinstance(it, ColumnRule) else msgspec.structs.replace(FLOAT, **it) for it in (was, now)
    ]
    found = differences(*(only(*filter(None, [rule])) for rule in rules_))
    assert [(it.path, it.was, it.now) for it in found] == told


def test_names_that_are_no_longer_taken_are_named() -> None:
    fewer = msgspec.structs.replace(NAMES, categories=("UA",), aliases={})
    (found,) = differences(only(NAMES), only(fewer))
    assert (found.path, found.was, found.now) == ("Row.a.enum", "AA, United", "absent")
    kept = msgspec.structs.replace(NAMES, categories=("UA", "US"), aliases={"United": "UA", "AA": "US"})
    assert differences(only(NAMES), only(kept)) == ()


def test_a_field_that_is_dropped_or_becomes_another_breaks() -> None:
    was = only(score="number", interval="array", id="string")
    found = differences(was, only(score="3 numbers", id="string", set="array"))
    assert [(it.path, it.was, it.now) for it in found] == [
        ("Prediction.score", "number", "3 numbers"),
        ("Prediction.interval", "array", "absent"),
    ]


def test_a_zone_in_which_times_are_read_otherwise_breaks() -> None:
    rule = ColumnRule(name="at", kind="time")
    first, second = (Interface(Contract((rule,), zone), {}) for zone in ("UTC", "America/New_York"))
    assert [it.was for it in differences(first, second)] == ["UTC"]


def test_a_release_that_breaks_clients_fails_unless_it_may(tmp_path: Path) -> None:
    import fullcycle.deployment as deployment
    import served
    from fullcycle.deployment.settings import Deployment

    blobs = FolderBlobs(tmp_path)
    champion = made(blobs, model(blobs, 1.0))
    data = dataset(blobs)
    narrow = [msgspec.structs.replace(it, low=0.0) if it.name == "distance" else it for it in data.contract.columns]
    data = msgspec.structs.replace(data, contract=Contract(tuple(narrow), data.contract.zone))
    common: dict[str, Any] = {
        "charter": served.charter(),
        "dataset": data,
        "model": model(blobs, 1.0),
        "champion": champion,
    }
    refused = deployment.make(**common, settings=Deployment(), blobs=blobs)
    (stop,) = failed(refused.findings)
    assert sentence(stop) == "failed: breaking_change of Row.distance.minimum: was none, is 0"
    allowed = deployment.make(**common, settings=Deployment(), breaking=True, blobs=blobs)
    assert failed(allowed.findings) == ()
    assert [it.severity for it in allowed.findings if it.check == "breaking_change"] == ["warn"]
