"""What seems personal must be decided; decisions must hold together; no finding holds a value."""

from __future__ import annotations

import msgspec
import polars as pl
import pytest

from data.privacy import people
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.privacy.decide import may_be_feature, personal_findings, require_decisions
from fullcycle.data.privacy.detect import detect
from fullcycle.data.privacy.settings import Privacy
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import may_go_on

MAILS = [f"person{number}@example.org" for number in range(30)]
ROWS = pl.DataFrame(
    {"mail": MAILS, "note": [f"text number {number} of quite a few words, all told" for number in range(30)]}
)


def findings(**facts: ColumnFact):
    return personal_findings(detect(ROWS, facts), facts, Privacy())


def test_undecided_stops_the_cycle_and_names_the_four_decisions():
    found = {
        finding.subject: finding for finding in findings(mail=ColumnFact(type="text"), note=ColumnFact(type="text"))
    }
    assert not may_go_on(found.values())
    assert found["mail"].check == "personal_data"
    assert found["note"].check == "free_text"
    for decision in ("drop", "hash", "mask", "keep"):
        assert decision in str(found["mail"].evidence["mend"])


@pytest.mark.parametrize("decision", ["drop", "hash", "mask", "keep", "no"])
def test_decided_is_a_note(decision):
    decided = ColumnFact(type="text", personal=decision, because="we answer them")
    found = findings(mail=decided, note=decided)
    assert may_go_on(found)
    assert {finding.severity for finding in found} == {"note"}
    assert found[0].evidence["decision"] == decision
    assert found[0].evidence["because"] == "we answer them"


def test_a_reviewed_free_text_is_a_note():
    facts = {"note": ColumnFact(type="text")}
    rows = ROWS.select("note")
    assert may_go_on(personal_findings(detect(rows, facts), facts, Privacy(reviewed=("note",))))


def test_a_review_does_not_decide_about_mail_addresses():
    facts = {"mail": ColumnFact(type="text")}
    assert not may_go_on(personal_findings(detect(ROWS, facts), facts, Privacy(reviewed=("mail",))))


def test_what_is_declared_and_was_not_suspected_is_a_note():
    found = personal_findings((), {"weight": ColumnFact(type="float", personal="drop")}, Privacy())
    assert [(one.subject, one.passed, one.evidence["kind"]) for one in found] == [("weight", True, "declared")]


def test_no_finding_holds_a_value():
    columns = people.identifier_columns()
    facts = {name: ColumnFact(type="text") for name in columns}
    told = msgspec.json.encode(personal_findings(detect(pl.DataFrame(columns), facts), facts, Privacy())).decode()
    assert told.count('"national_id') >= 30
    assert not any(value in told for values in columns.values() for value in values)


@pytest.mark.parametrize(
    ("fact", "roles"),
    [
        (ColumnFact(type="text", personal="keep"), {}),
        (ColumnFact(type="text", personal="keep", because=" "), {}),
        (ColumnFact(type="time", personal="hash"), {"time": "x"}),
        (ColumnFact(type="float", personal="mask"), {"target": "x"}),
        (ColumnFact(type="text", personal="drop"), {"used": ("x",)}),
        (ColumnFact(type="text", personal="mask"), {"entity": "x"}),
    ],
)
def test_a_decision_that_cannot_be_is_refused(fact, roles):
    with pytest.raises(InputError, match=r"columns\.toml, x: .*To mend it"):
        require_decisions({"x": fact}, **roles)


def test_the_entity_may_be_hashed():
    require_decisions({"x": ColumnFact(type="text", personal="hash")}, entity="x")


def test_what_is_taken_away_is_no_feature():
    taken = {
        decision: may_be_feature(ColumnFact(type="text", personal=decision)) for decision in ("drop", "hash", "mask")
    }
    assert not any(taken.values())
    assert may_be_feature(ColumnFact(type="text", personal="keep", because="so"))
    assert not may_be_feature(ColumnFact(type="text", feature=False))
