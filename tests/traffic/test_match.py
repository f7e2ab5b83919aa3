"""Which answers count, and what is known of them."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.traffic.match import Matched, match
from fullcycle.traffic.schema import Decision, Outcome
from fullcycle.traffic.tables import rows_frame

from .rows import HOUR, decision, outcome, outcome_of


def tables(rows: list[Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    logged = [(row, place) for place, row in enumerate(rows)]
    return rows_frame("decisions", logged, "s"), rows_frame("outcomes", logged, "s")


def matched(*rows: Decision | Outcome) -> tuple[list[dict[str, Any]], Matched]:
    frame, counts = match(*tables(list(rows)))
    return frame.sort("time", "id").to_dicts(), counts


def test_an_answer_without_outcome_waits() -> None:
    rows, counts = matched(decision())
    assert (rows[0]["status"], rows[0]["after"], rows[0]["available_at"]) == ("waiting", None, None)
    assert counts == Matched(decisions=1, known=0, void=0, waiting=1)


@pytest.mark.parametrize("how", ["id", "entity and time", "unknown id, entity and time"])
def test_an_outcome_finds_its_decision(how: str) -> None:
    answer = decision(id="client-1")
    by_entity: dict[str, Any] = {"entity": answer.entity, "time": answer.time}
    address: dict[str, Any] = {"id": {"id": "client-1"}, "entity and time": by_entity}.get(
        how, {"id": "other", **by_entity}
    )
    rows, counts = matched(answer, decision("N2"), outcome(**address, actual=41.0))
    assert counts == Matched(decisions=2, known=1, void=0, waiting=1)
    row = next(row for row in rows if row["id"] == "client-1")
    assert (row["status"], row["after"], row["actual"]) == ("known", '{"arr_delay":41.0}', 41.0)
    assert row["available_at"].hour == 3
    assert row["outcome_at"].hour == 2


def test_the_first_answer_of_an_id_counts() -> None:
    rows, counts = matched(
        decision(id="a", at=30, action="late retry"), decision(id="a", at=10, action="first"), decision(id="a", at=20)
    )
    assert [row["action"] for row in rows] == ["first"]
    assert (counts.duplicate, counts.conflict) == (2, 0)


def test_another_row_under_the_same_id_is_a_conflict() -> None:
    rows, counts = matched(decision(id="a", at=10), decision("N2", id="a", at=20), decision(id="a", at=30))
    assert len(rows) == 1
    assert (counts.duplicate, counts.conflict, counts.conflicts) == (1, 1, ("a",))


def test_the_last_served_answer_of_a_decision_counts() -> None:
    rows, counts = matched(
        decision(id="a", at=10),
        decision(id="c", at=20, action="last"),
        decision(id="b", at=20, action="tied"),
        decision(id="d", at=99, variant="shadow"),
        outcome(id="a"),
    )
    assert [(row["action"], row["status"]) for row in rows] == [("last", "known")]
    assert (counts.superseded, counts.duplicate) == (2, 0)


def test_a_shadow_answer_neither_counts_nor_takes_an_id() -> None:
    rows, counts = matched(decision(at=5, variant="shadow", action="shadow"), decision(at=6, variant="control"))
    assert [row["variant"] for row in rows] == ["control"]
    assert counts.duplicate == 0


def test_void_has_a_reason() -> None:
    rows, counts = matched(decision(), outcome_of(decision(), status="void", reason="cancelled", row=""))
    assert (rows[0]["status"], rows[0]["reason"], rows[0]["after"]) == ("void", "cancelled", None)
    assert counts.void == 1


@pytest.mark.parametrize("status", ["known", "corrected"])
def test_a_correction_supersedes_with_both_times(status: str) -> None:
    rows, counts = matched(
        decision(),
        outcome_of(decision(), status=status, row='{"arr_delay":3.0}', received=5 * HOUR),
        outcome_of(decision(), received=4 * HOUR),
    )
    assert rows[0]["after"] == '{"arr_delay":3.0}'
    assert rows[0]["status"] == "known"
    assert (rows[0]["first_available_at"].hour, rows[0]["available_at"].hour) == (4, 5)
    assert (counts.corrected, counts.known, counts.duplicate) == (1, 1, 0)


def test_corrected_with_a_reason_makes_void_and_back() -> None:
    known = outcome_of(decision(), received=4)
    void = outcome_of(decision(), status="corrected", reason="never left", row="", received=5)
    assert matched(decision(), known, void)[0][0]["status"] == "void"
    again = outcome_of(decision(), status="known", received=6, at=9 * HOUR)
    rows, counts = matched(decision(), known, void, again)
    assert (rows[0]["status"], counts.corrected, counts.duplicate) == ("known", 2, 0)


def test_sent_again_is_a_duplicate() -> None:
    first = outcome_of(decision(), received=4)
    corrected = outcome_of(decision(), status="corrected", row='{"arr_delay":3.0}', received=5)
    rows, counts = matched(
        decision(),
        first,
        outcome_of(decision(), received=4),
        outcome_of(decision(), received=5, at=7),
        corrected,
        outcome_of(decision(), received=6),
    )
    assert rows[0]["after"] == '{"arr_delay":3.0}'
    assert (counts.duplicate, counts.corrected) == (3, 1)


def test_an_outcome_that_no_decision_asked_for_is_unmatched() -> None:
    _, counts = matched(decision(), outcome(id="nobody"), outcome(entity="00", time=HOUR), outcome())
    assert counts.unmatched == 3


def test_feedback_alone_leaves_the_decision_waiting_and_stays_beside_it() -> None:
    one = decision("N1")
    said = outcome(id=one.id, status="feedback", row='{"feedback":"odd"}')
    rows, counts = matched(one, said)
    assert (counts.waiting, counts.unmatched, counts.duplicate) == (1, 0, 0)
    assert rows[0]["said"] == '{"feedback":"odd"}'
    rows, counts = matched(one, said, outcome_of(one))
    assert (counts.known, counts.corrected) == (1, 0)
    assert rows[0]["said"] == '{"feedback":"odd"}'
    assert matched(said)[1].unmatched == 1


def test_an_id_used_elsewhere_is_used() -> None:
    decisions, outcomes = tables([decision(id="a", at=10 * HOUR), outcome(id="b")])
    others, _ = tables([decision("N2", 9 * HOUR, id="a"), decision("N3", 9 * HOUR, id="b")])
    frame, counts = match(decisions, outcomes, elsewhere=others)
    assert frame.height == 0
    assert (counts.conflict, counts.unmatched, counts.known) == (1, 0, 0)


some = st.sampled_from
rows_of_traffic = st.lists(
    st.builds(
        decision,
        some("AB"),
        some([HOUR, 2 * HOUR]),
        id=some("abcd"),
        at=st.integers(1, 4),
        variant=some(["champion", "shadow"]),
        action=some("xy"),
    )
    | st.builds(
        outcome,
        id=some(["", "a", "b", "z"]),
        entity=some(["", decision("A").entity, decision("B").entity]),
        time=some([None, HOUR, 2 * HOUR]),
        status=some(["known", "void", "corrected"]),
        row=some(["", "{}"]),
        received=st.integers(1, 3),
    ),
    max_size=12,
)


@given(rows_of_traffic, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_of_logging_does_not_matter_and_every_row_is_accounted_for(rows: list[Any], rng: Any) -> None:
    decisions, outcomes = tables(rows)
    frame, counts = match(decisions, outcomes)
    served = sum(isinstance(row, Decision) and row.variant != "shadow" for row in rows)
    assert counts.decisions == counts.known + counts.void + counts.waiting == frame.height
    answered = counts.known + counts.void + counts.corrected
    assert served + len(outcomes) == (
        counts.decisions + counts.superseded + counts.duplicate + counts.conflict + answered + counts.unmatched
    )
    order = ["decision", "id"]
    rng.shuffle(rows)
    again, recounts = match(*tables(rows))
    assert recounts == counts
    content = [name for name in frame.columns if name != "sequence"]
    assert again.select(content).sort(order).equals(frame.select(content).sort(order))
