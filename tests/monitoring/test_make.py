"""The stage as a whole: traffic in, Health out, the same for the same traffic."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from fullcycle.kernel.record import read
from fullcycle.kernel.scope import Scope
from fullcycle.kernel.verbs import Observation
from fullcycle.monitoring import make
from fullcycle.monitoring.records import Health
from fullcycle.monitoring.settings import Monitoring
from fullcycle.predictor.outcomes import outcomes
from fullcycle.traffic.append import SegmentWriter
from fullcycle.traffic.read import CONTENT, Traffic, content_digest
from fullcycle.traffic.schema import Decision, Outcome

from ..served import DAY, START, ZONE, charter, dataset, flights, model, release, scores, served

PAST = flights(60, 100, seed=1, start=START - 60 * DAY, weather=0.1)


def health(traffic: Observation, kind: str = "good", **over: Any) -> Health:
    made = model(PAST, kind)
    return make(
        charter=charter(),
        dataset=dataset(PAST),
        model=made,
        release=release(made),
        traffic=traffic,
        settings=Monitoring(**over),
        start=START,
        end=START + 7 * DAY,
        as_of=START + 8 * DAY,
    )


def verdicts(found: Health) -> dict[str, bool | None]:
    return {f"{one.check}:{one.subject}": one.passed for one in found.findings}


def test_a_healthy_window() -> None:
    """Nothing failed; every check is there; the time column is not taken for drift."""
    now = flights(7, 100, seed=2, weather=0.1)
    found = health(served(now, scores(now, "good"), control=0.1, void=0.02))
    told = verdicts(found)
    assert False not in told.values(), told
    assert set(told) == {
        "arrival:outcomes",
        "outcome_readable:outcomes",
        "id_conflict:decisions",
        "performance:roc_auc",
        "performance:log_loss",
        "performance:brier",
        "performance:average_precision",
        "calibration:score",
        "mean_score:champion",
        "drift:carrier",
        "drift:distance",
    }
    assert found.counts.decisions == 700
    assert found.counts.void > 0
    again = read(found.canonical)
    assert again == found
    assert again.id == found.id


def test_what_went_wrong_is_found() -> None:
    """Distances moved, outcomes late, and scores that are worth nothing."""
    now = flights(7, 100, seed=3, moved=400.0, weather=0.1)
    told = verdicts(health(served(now, scores(now, "noise"), waiting=0.2)))
    assert told["drift:distance"] is False
    assert told["drift:carrier"] is True
    assert told["arrival:outcomes"] is False
    assert told["performance:roc_auc"] is False


def test_the_control_group_is_no_part_of_performance() -> None:
    """Its rows are requests all the same."""
    now = flights(7, 100, seed=4)
    traffic = served(now, scores(now, "good"), control=0.5)
    frame, counts = traffic.value
    spoilt = frame.with_columns(score=pl.when(pl.col("variant") == "control").then(0.5).otherwise(pl.col("score")))
    one, other = health(traffic), health(Observation("x", (spoilt, counts)))
    assert one.findings == other.findings
    assert one.traffic != other.traffic


def test_an_empty_window_says_so() -> None:
    """No decision, no finding that fails, no error."""
    now = flights(7, 100, seed=5)
    frame, counts = served(now, scores(now, "good")).value
    told = health(Observation("x", (frame[:0], counts)))
    assert {one.passed for one in told.findings} <= {None, True}


def test_ids_and_entity_keys_leave_no_trace() -> None:
    """The same content under other ids and another key is the same Health."""
    now = flights(7, 60, seed=6)
    frame, counts = served(now, scores(now, "good")).value
    other = frame.with_columns(id=pl.lit("z") + pl.col("id").str.reverse(), entity=pl.lit("z") + pl.col("entity"))
    other = other.sort([*CONTENT, "id"])  # as a reader sorts
    assert health(Observation("x", (frame, counts))).id == health(Observation("x", (other, counts))).id


def test_traffic_from_disk_gives_what_traffic_in_memory_gives(tmp_path: Path) -> None:
    """Written as a service writes it, read through a cut."""
    now = flights(7, 50, seed=7)
    frame, counts = served(now, scores(now, "good"), void=0.05).value
    rows = [_decision(row) for row in frame.iter_rows(named=True)]
    came = [_outcome(row) for row in frame.iter_rows(named=True) if row["status"] != "waiting"]
    scope = Scope(project="late-flights")
    folder = tmp_path / scope.environment / scope.timeline
    writer = SegmentWriter(folder)
    writer.append([*rows, *came])
    writer.seal()
    traffic = Traffic(tmp_path, scope)
    read_back, matched = traffic.read(traffic.cut(START, START + 7 * DAY, START + 9 * DAY))
    assert matched == counts
    assert content_digest(read_back) == content_digest(frame)
    assert health(Observation("a", (frame, counts))).id == health(Observation("b", (read_back, matched))).id


def test_outcomes_follow_the_target_expression_and_the_short_form() -> None:
    """Derived columns may read each other, whatever their order; a number given stands for itself; void is nothing."""
    frame = pl.DataFrame(
        {
            "time": [START] * 5,
            "status": ["known", "known", "known", "void", "waiting"],
            "actual": [None, None, 1.0, None, None],
        }
    )
    rows = pl.DataFrame({"arr_delay": [45.0, None, 2.0, None, None]})
    derived = {
        "a_late": "slow and missing(x)",
        "slow": "arr_delay > 30",
        "x": "choose(slow, 1 / 0, 2)",
        "lost": "nowhere + 1",
    }
    found = outcomes(frame, rows, derived=derived, kinds={"arr_delay": "float"}, target="a_late", time="t", zone=ZONE)
    assert str(found.outcome.tolist()) == "[1.0, nan, 1.0, nan, nan]"
    assert "lost" not in found.rows.columns


def _decision(row: dict[str, Any]) -> Decision:
    kept = {name: row[name] for name in Decision.__struct_fields__}
    return Decision(**{**kept, "time": _us(row["time"]), "at": _us(row["at"])})


def _outcome(row: dict[str, Any]) -> Outcome:
    return Outcome(
        environment="dev",
        timeline="live",
        id=row["id"],
        status=row["status"],
        reason=row["reason"] or "",
        row=row["after"] or "",
        at=_us(row["outcome_at"]),
        received=_us(row["available_at"]),
    )


def _us(at: Any) -> int:
    return int((at - START) / timedelta(microseconds=1)) + int(START.timestamp()) * 1_000_000
