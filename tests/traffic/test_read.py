"""A cut is read the same for ever, and each row once, whoever writes and compacts meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fullcycle.kernel.errors import Corrupt, InputError, OutsideError, RecordUnknown
from fullcycle.kernel.scope import Scope
from fullcycle.traffic.append import SegmentWriter
from fullcycle.traffic.compact import compact
from fullcycle.traffic.cut import Cut
from fullcycle.traffic.read import Traffic, content_digest
from fullcycle.traffic.schema import moment, scope_folder
from fullcycle.traffic.segments import read_segment, segment_bytes, segments
from fullcycle.traffic.tables import Table

from .rows import HOUR, SCOPE, decision, outcome, outcome_of

ROOT = Path(__file__).parents[1]
LATE = moment(99 * HOUR)


@pytest.fixture
def traffic(tmp_path: Path) -> Traffic:
    return Traffic(tmp_path, SCOPE)


def write(traffic: Traffic, name: str, *rows: object) -> None:
    assert SegmentWriter(traffic.folder, mode="process").write_sealed(name, rows)  # type: ignore[arg-type]


def test_the_window_is_half_open_on_prediction_time(traffic: Traffic) -> None:
    write(traffic, "a", *(decision("N1", hour * HOUR) for hour in range(1, 6)))
    frame, counts = traffic.read(traffic.cut(moment(2 * HOUR), moment(4 * HOUR), LATE))
    assert [at.hour for at in frame["time"]] == [2, 3]
    assert counts.decisions == 2


def test_nothing_is_seen_before_it_was_available(traffic: Traffic) -> None:
    answer = decision(time=HOUR, at=2 * HOUR)
    known = outcome_of(answer, at=3 * HOUR, received=5 * HOUR)
    write(traffic, "a", answer, known, outcome_of(answer, status="corrected", row="{}", received=7 * HOUR))
    seen: list[list[object]] = []
    for compacted in (False, True):
        if compacted:
            compact(traffic.folder)
        seen.append([])
        for hour in (1, 2, 4, 5, 7):
            frame, counts = traffic.read(traffic.cut(None, None, moment(hour * HOUR)))
            seen[-1].append((frame["status"].to_list(), counts.corrected))
    assert seen[0] == [([], 0), (["waiting"], 0), (["waiting"], 0), (["known"], 0), (["known"], 1)]
    assert seen[1] == seen[0]


def test_windows_add_up_to_the_whole(traffic: Traffic) -> None:
    answers = [decision(f"N{i}", hour * HOUR, id=f"c{i % 7}-{hour}") for i in range(9) for hour in range(1, 5)]
    reused = [decision("N9", 4 * HOUR, id="c1-1"), decision("N8", HOUR, at=5 * HOUR, id="c2-4")]
    named = [outcome(id=answer.id) for answer in answers[::2]]
    placed = [outcome(entity=answer.entity, time=answer.time) for answer in answers[1::4]]
    both = [outcome(id="lost", entity=answer.entity, time=answer.time) for answer in answers[3::4]]
    write(traffic, "a", *answers, *reused)
    compact(traffic.folder)
    write(traffic, "b", *named, *placed, *both)
    whole, counts = traffic.read(traffic.cut(None, None, LATE))
    parts = [traffic.read(traffic.cut(moment(hour * HOUR), moment((hour + 1) * HOUR), LATE)) for hour in range(1, 5)]
    assert sorted(row for part, _ in parts for row in part.rows()) == sorted(whole.rows())
    for name in ("decisions", "known", "void", "waiting", "duplicate", "conflict", "corrected", "superseded"):
        assert getattr(counts, name) == sum(getattr(part, name) for _, part in parts), name
    assert counts.unmatched == sum(part.unmatched for _, part in parts) > 0
    assert counts.conflict > 0


def test_a_cut_reads_the_same_after_more_was_written_and_compacted(traffic: Traffic) -> None:
    writer = SegmentWriter(traffic.folder, mode="process")
    write(traffic, "a", decision("A"))
    compact(traffic.folder)
    write(traffic, "b", decision("B"), outcome_of(decision("A")))
    writer.append([decision("C")])
    writer.commit()
    cut = traffic.cut(None, None, LATE)
    assert (cut.decisions, cut.outcomes, len(cut.segments)) == (0, 0, 2)
    frame, counts = traffic.read(cut)
    assert frame.height == 3
    writer.append([decision("D"), outcome_of(decision("B"))])
    writer.commit()
    assert traffic.read(cut)[0].equals(frame)
    compact(traffic.folder)
    assert traffic.read(cut)[0].equals(frame)
    writer.seal()
    assert traffic.read(cut)[0].equals(frame)
    compact(traffic.folder)
    assert segments(traffic.folder) == {}
    again, recounts = traffic.read(msgspec.json.decode(msgspec.json.encode(cut), type=Cut))
    assert again.equals(frame)
    assert recounts == counts
    assert traffic.read(traffic.cut(None, None, LATE))[1].decisions == 4


def test_the_digest_of_a_cut_names_its_rows(traffic: Traffic) -> None:
    write(traffic, "a", decision("A"))
    cut = traffic.cut(None, None, LATE)
    assert cut.digest == traffic.cut(None, None, LATE).digest
    write(traffic, "b", decision("B"))
    others = [traffic.cut(None, None, LATE), traffic.cut(moment(0), None, LATE), traffic.cut(None, None, moment(0))]
    assert len({cut.digest, *(other.digest for other in others)}) == 4


def test_a_segment_left_between_commit_and_deletion_is_in_no_cut(traffic: Traffic) -> None:
    write(traffic, "a", decision("A"))
    path = segments(traffic.folder)["a"]
    data = path.read_bytes()
    compact(traffic.folder)
    cut = traffic.cut(None, None, LATE)
    path.write_bytes(data)
    assert traffic.cut(None, None, LATE).digest == cut.digest
    assert traffic.read(cut)[1] == traffic.read(traffic.cut(None, None, LATE))[1]


def test_rows_that_are_gone_are_missed(traffic: Traffic) -> None:
    write(traffic, "a", decision("A"), decision("B"))
    path = segments(traffic.folder)["a"]
    cut = traffic.cut(None, None, LATE)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(Corrupt, match="are gone"):
        traffic.read(cut)
    path.unlink()
    with pytest.raises(Corrupt, match="are gone"):
        traffic.read(cut)
    with pytest.raises(OutsideError):
        traffic.read(msgspec.structs.replace(cut, segments=(), decisions=7))


def test_content_does_not_depend_on_key_ids_time_of_answer_or_compaction(tmp_path: Path) -> None:
    digests = set()
    for turn, key in enumerate([b"one key", b"another key"]):
        traffic = Traffic(tmp_path / str(turn), SCOPE)
        rows = [decision(f"N{i % 5}", (1 + i // 5) * HOUR, key=key, at=(50 + turn) * HOUR) for i in range(20)]
        facts = [outcome_of(row, received=(60 + turn) * HOUR) for row in rows[:9]]
        write(traffic, "a", *rows[turn * 3 :])
        if turn:
            compact(traffic.folder)
            write(traffic, "b", *reversed(rows[:3]))
        write(traffic, "c", *facts)
        frame, _ = traffic.read(traffic.cut(None, None, LATE))
        assert frame["time"].is_sorted()
        digests |= {content_digest(frame), content_digest(frame.reverse())}
    assert len(digests) == 1
    assert content_digest(frame.head(19)) not in digests


def test_a_timeline_never_reads_another(tmp_path: Path) -> None:
    replay = Scope(project="late-flights", timeline="july")
    write(Traffic(tmp_path, SCOPE), "a", decision("A"))
    other = Traffic(tmp_path, replay)
    assert other.read(other.cut(None, None, LATE))[1].decisions == 0
    write(other, "a", decision("A"))  # rows that say they belong elsewhere are not taken either
    assert other.read(other.cut(None, None, LATE))[1].decisions == 0


@pytest.mark.parametrize("compacted", [False, True])
def test_one_decision_is_traced_with_all_its_outcomes(traffic: Traffic, compacted: bool) -> None:
    first, last = decision("A", id="a1", at=HOUR), decision("A", id="a2", at=2 * HOUR)
    shadow = decision("A", id="a2", variant="shadow", at=HOUR)
    facts = [outcome(id="a1", received=4 * HOUR), outcome(entity=first.entity, time=HOUR, row="{}", received=5 * HOUR)]
    write(traffic, "a", shadow, first, last, decision("B"), *facts, outcome_of(decision("B")))
    if compacted:
        compact(traffic.folder)
    traced = traffic.decision("a2")
    assert (traced.decision.at, traced.decision.variant, traced.counts) == (2 * HOUR, "champion", True)
    assert (traced.status, [fact.received for fact in traced.outcomes]) == ("known", [4 * HOUR, 5 * HOUR])
    assert not traffic.decision("a1").counts
    with pytest.raises(RecordUnknown, match="a3"):
        traffic.decision("a3")


def test_a_window_that_ends_before_it_starts_is_refused(traffic: Traffic) -> None:
    with pytest.raises(InputError, match="before it starts"):
        traffic.cut(moment(2), moment(1), LATE)


WRITER = """
import sys
from pathlib import Path
from fullcycle.traffic.append import SegmentWriter
from traffic.rows import decision, outcome_of
writer = SegmentWriter(Path(sys.argv[1]), mode="process", rotate_at=30_000)
for place in range(600):
    row = decision(f"{sys.argv[2]}-{place}")
    writer.append([row, outcome_of(row)]); writer.commit()
    print(place, flush=True)
    sys.stdin.readline()
"""
COMPACTOR = """
import sys
from pathlib import Path
from fullcycle.traffic.compact import compact
print("ready", flush=True)
while True:
    compact(Path(sys.argv[1]))
"""


def start(code: str, *args: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_each_row_is_read_once_while_others_write_and_compact(traffic: Traffic) -> None:
    assert traffic.folder == scope_folder(traffic.folder.parents[1], SCOPE)
    cuts, steps, per_read = [], 600, 60
    with start(WRITER, traffic.folder, "X") as one, start(WRITER, traffic.folder, "Y") as two:
        traffic.folder.joinpath("log").mkdir(parents=True, exist_ok=True)
        with start(COMPACTOR, traffic.folder) as compactor:
            assert compactor.stdout is not None
            compactor.stdout.readline()
            for step in range(0, steps, per_read):
                for writer in (one, two):
                    assert writer.stdout is not None
                    assert writer.stdin is not None
                    for _ in range(per_read):
                        writer.stdout.readline()
                        writer.stdin.write("\n")
                        writer.stdin.flush()
                cut = traffic.cut(None, None, LATE)
                frame, counts = traffic.read(cut)
                assert counts.duplicate == 0
                assert counts.unmatched == 0
                for name in "XY":
                    told = {decision(f"{name}-{place}").id for place in range(step + per_read)}
                    assert told <= set(frame["id"])
                cuts.append((cut, content_digest(frame)))
            for writer in (one, two):
                writer.communicate()
            compactor.kill()
    compact(traffic.folder)
    assert all(content_digest(traffic.read(cut)[0]) == digest for cut, digest in cuts)
    frame, counts = traffic.read(traffic.cut(None, None, LATE))
    assert (frame.height, counts.known, counts.duplicate) == (2 * steps, 2 * steps, 0)
    assert frame["id"].n_unique() == 2 * steps
    assert len({cut.decisions for cut, _ in cuts}) > 2
    assert all(read_segment(path) == [] for path in segments(traffic.folder).values())


def test_a_table_whose_first_commit_is_on_the_way_is_not_there_yet(traffic: Traffic) -> None:
    traffic.folder.joinpath("decisions", "_delta_log").mkdir(parents=True)
    write(traffic, "a", decision("A"))
    assert traffic.read(traffic.cut(None, None, LATE))[1].decisions == 1
    compact(traffic.folder)
    assert traffic.read(traffic.cut(None, None, LATE))[1].decisions == 1


def test_a_segment_in_one_table_only_is_read_once(traffic: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    write(traffic, "a", decision("A"), outcome_of(decision("A")))
    append = Table.append

    def fails(table: Table, *args: Any) -> None:
        if table.kind == "outcomes":
            raise OutsideError("no space")
        append(table, *args)

    with monkeypatch.context() as full:
        full.setattr(Table, "append", fails)
        with pytest.raises(OutsideError, match="no space"):
            compact(traffic.folder)
    cut = traffic.cut(None, None, LATE)
    assert (cut.decisions, cut.outcomes, len(cut.segments)) == (0, -1, 1)
    for _ in range(2):
        _, counts = traffic.read(cut)
        assert (counts.known, counts.duplicate) == (1, 0)
        compact(traffic.folder)


def test_a_segment_sealed_during_the_listing_is_found(traffic: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    write(traffic, "a", decision("A"))
    listdir, calls = os.listdir, []

    def misses(path: Path) -> list[str]:
        calls.append(path)
        return [] if len(calls) == 1 else listdir(path)

    monkeypatch.setattr(os, "listdir", misses)
    assert list(segments(traffic.folder)) == ["a"]


def test_a_segment_sealed_between_two_looks_is_found(traffic: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SegmentWriter(traffic.folder)
    writer.append([decision("A")])
    writer.commit()
    name = next(iter(segments(traffic.folder)))
    read_bytes = Path.read_bytes

    def sealing(path: Path) -> bytes:
        try:
            return read_bytes(path)
        finally:
            writer.seal()

    monkeypatch.setattr(Path, "read_bytes", sealing)
    found = [segment_bytes(traffic.folder, name) for _ in range(2)]
    assert [None if each is None else each[1].suffix for each in found] == [".open", ".sealed"]
    assert all(each is not None and each[0] for each in found)


def test_an_outcome_for_a_release_long_gone_and_one_before_its_decision(traffic: Traffic) -> None:
    old, late = decision("N1", release="r0"), decision("N2", HOUR * 24 * 400, release="r9")
    early = outcome(entity=late.entity, time=late.time, received=2 * HOUR)
    with SegmentWriter(traffic.folder) as log:
        log.append([old, early])
    compact(traffic.folder)
    now = moment(HOUR * 24 * 600)
    assert traffic.read(traffic.cut(None, None, now))[1].unmatched == 1
    with SegmentWriter(traffic.folder) as log:
        log.append([late, outcome_of(old, received=HOUR * 24 * 500)])
    frame, counts = traffic.read(traffic.cut(None, None, now))
    assert (counts.known, counts.unmatched) == (2, 0)
    assert set(frame["release"]) == {"r0", "r9"}
