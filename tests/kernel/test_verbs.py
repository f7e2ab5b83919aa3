"""Three verbs: a step is run once for one key, observe always, an effect once unless a crash hid its result."""

from __future__ import annotations

import pickle
import signal
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel import verbs
from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.clock import SetClock
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.journal import SQLiteJournal, verify
from fullcycle.kernel.record import Record, kind
from fullcycle.kernel.scope import Actor, Scope
from fullcycle.kernel.state import State
from fullcycle.kernel.verbs import Call, Observation, Run, Step, code_digest, step


@kind("verbs_number")
class Number(Record, frozen=True, kw_only=True):
    number: float


class Weights(msgspec.Struct, frozen=True):
    factor: float = 1.0


@step("test.scaled", version=1, libraries=("msgspec",))
def scaled(*, of: Number, factor: float, calls: list[float]) -> Number:
    calls.append(factor)
    return Number(number=of.number * factor, parents=(of.id,))


ONE = Number(number=1)


def used(run: Run) -> list[str]:
    return [entry.verb for entry in run.journal.read()]


def test_a_step_is_run_once_for_one_key(run: Run) -> None:
    calls: list[float] = []
    results = [
        run.step(scaled, inputs={"of": ONE}, parameters={"factor": 2.0}, using={"calls": calls}) for _ in range(3)
    ]
    assert calls == [2.0]
    assert results == [Number(number=2, parents=(ONE.id,))] * 3
    assert len({result.id for result in results}) == 1
    assert used(run) == ["step", "reused", "reused"]


def test_what_a_step_leaves_in_the_journal(run: Run) -> None:
    result = run.step(scaled, inputs={"of": ONE}, parameters={"factor": 2.0}, using={"calls": []})
    run.step(scaled, inputs={"of": ONE}, parameters={"factor": 2.0}, using={"calls": []})
    made, reused = run.journal.read()
    for entry in (made, reused):
        assert (entry.scope, entry.actor, entry.at) == (run.scope, run.actor, run.clock.now())
        assert (entry.step, entry.inputs, entry.outputs) == ("test.scaled", (ONE.id,), (result.id,))
        assert entry.facts["version"] == 1
        assert len(entry.facts["parameters"]) == 64
    assert made.key == reused.key
    assert made.cost["seconds"] >= 0
    assert made.libraries == {"msgspec": msgspec.__version__}
    assert made.code == code_digest(scaled.function)
    assert run.get(result.id) == result


def test_a_later_run_reuses_what_an_earlier_one_made(run: Run, tmp_path: Path) -> None:
    calls: list[float] = []
    first = run.step(scaled, inputs={"of": ONE}, parameters={"factor": 2.0}, using={"calls": calls})
    later = Run(SQLiteJournal(run.journal.path), FolderBlobs(tmp_path / "blobs"), run.scope, run.actor, run.clock)
    assert later.step(scaled, inputs={"of": ONE}, parameters={"factor": 2.0}, using={"calls": calls}) == first
    assert calls == [2.0]


def test_a_lost_blob_is_made_again(run: Run) -> None:
    calls: list[float] = []
    for _ in range(2):
        result = run.step(scaled, inputs={"of": ONE}, parameters={"factor": 2.0}, using={"calls": calls})
        run.blobs.path(result.id).unlink()
    assert calls == [2.0, 2.0]


def test_a_step_that_fails_leaves_nothing_and_may_be_tried_again(run: Run) -> None:
    @step("test.fickle", version=1)
    def fickle(*, moods: list[bool]) -> Number:
        if not moods.pop():
            raise ArithmeticError
        return ONE

    moods = [True, False]
    with pytest.raises(ArithmeticError):
        run.step(fickle, inputs={}, using={"moods": moods})
    assert used(run) == []
    assert run.step(fickle, inputs={}, using={"moods": moods}) == ONE


def _declared(
    name: str = "test.keyed", version: int = 1, libraries: tuple[str, ...] = (), own: bool = False
) -> Step[Any, Any]:
    @step(name, version=version, libraries=libraries, project_code=own)
    def keyed(**_: object) -> Number:
        return ONE

    return keyed


PLAIN = Call(_declared(), {"of": ONE}, {"factor": 2.0, "weights": Weights()})


@pytest.mark.parametrize(
    "other",
    [
        Call(_declared(name="test.other"), PLAIN.inputs, PLAIN.parameters),
        Call(_declared(version=2), PLAIN.inputs, PLAIN.parameters),
        Call(_declared(libraries=("msgspec",)), PLAIN.inputs, PLAIN.parameters),
        Call(_declared(own=True), PLAIN.inputs, PLAIN.parameters),
        Call(PLAIN.step, {"of": Number(number=2)}, PLAIN.parameters),
        Call(PLAIN.step, {"to": ONE}, PLAIN.parameters),
        Call(PLAIN.step, {"of": Observation("fingerprint")}, PLAIN.parameters),
        Call(PLAIN.step, {**PLAIN.inputs, "more": ONE}, PLAIN.parameters),
        Call(PLAIN.step, PLAIN.inputs, {"factor": 2.0000000000000004, "weights": Weights()}),
        Call(PLAIN.step, PLAIN.inputs, {"factor": 2.0, "weights": Weights(factor=3)}),
        Call(PLAIN.step, PLAIN.inputs, {"factor": 2.0, "weights": Weights(), "seed": 0}),
        Call(PLAIN.step, {}, {"of": ONE.id, **PLAIN.parameters}),
    ],
    ids=[
        "name",
        "version",
        "libraries",
        "project",
        "input",
        "place",
        "observation",
        "more",
        "figure",
        "struct",
        "seed",
        "moved",
    ],
)
def test_what_changes_the_key(run: Run, other: Call) -> None:
    assert run.key(other) != run.key(PLAIN)


@pytest.mark.parametrize(
    "same",
    [
        Call(PLAIN.step, PLAIN.inputs, {"weights": Weights(), "factor": 2}),
        Call(PLAIN.step, PLAIN.inputs, PLAIN.parameters, {"live": object()}),
        Call(PLAIN.step, {"of": Observation(ONE.id, "live")}, PLAIN.parameters),
    ],
    ids=["order", "using", "value"],
)
def test_what_does_not_change_the_key(run: Run, same: Call) -> None:
    assert run.key(same) == run.key(PLAIN)


def test_a_librarys_version_changes_the_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    call = Call(_declared(libraries=("msgspec",)))
    before = run.key(call)
    monkeypatch.setitem(verbs._FOUND, "msgspec", "0.0.1")
    assert run.key(call) != before


def test_a_call_may_name_libraries_of_its_own(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    call = Call(PLAIN.step, PLAIN.inputs, PLAIN.parameters, libraries=("msgspec", "no-such-package"))
    before = run.key(call)
    assert before != run.key(PLAIN)
    run.do(call)
    assert list(run.journal.read())[-1].libraries == {"msgspec": msgspec.__version__, "no-such-package": ""}
    monkeypatch.setitem(verbs._FOUND, "no-such-package", "1.0")  # it was installed since
    assert run.key(call) != before


@pytest.mark.parametrize("own", [True, False])
def test_the_projects_code_changes_the_key_of_steps_that_call_it(run: Run, own: bool) -> None:
    call = Call(_declared(own=own))
    before, run.code = run.key(call), "0ther"
    assert (run.key(call) != before) is own


def test_scope_actor_and_time_do_not_change_the_key(run: Run) -> None:
    other = Run(
        run.journal,
        run.blobs,
        Scope(project="q", timeline="replay"),
        Actor(kind="token", name="ci", known_by="token"),
        SetClock(datetime(2020, 1, 1, tzinfo=UTC)),
        code=run.code,
    )
    assert other.key(PLAIN) == run.key(PLAIN)


def test_two_processes_that_race_on_one_step_run_it_once(tmp_path: Path, child: Any) -> None:
    go = tmp_path / "go"
    racers = [child.start("race", tmp_path, go) for _ in range(2)]
    assert all(racer.stdout.readline() == "ready\n" for racer in racers)
    go.touch()
    assert [child.finish(racer) for racer in racers] == [["42"]] * 2
    assert len((tmp_path / "marks").read_text().splitlines()) == 1
    assert [entry.verb for entry in SQLiteJournal(tmp_path / "journal").read()] == ["step", "reused"]


def test_observe_is_never_skipped(run: Run) -> None:
    seen = iter([("rows", "f1"), ("rows", "f1"), ("more", "f2")])
    found = [run.observe("flights", lambda: next(seen)) for _ in range(3)]
    assert [(one.id, one.value) for one in found] == [("f1", "rows"), ("f1", "rows"), ("f2", "more")]
    assert [(entry.verb, entry.step, entry.outputs) for entry in run.journal.read()] == [
        ("observe", "flights", ("f1",)),
        ("observe", "flights", ("f1",)),
        ("observe", "flights", ("f2",)),
    ]


def test_an_effect_happens_once(run: Run) -> None:
    sent: list[str] = []

    def send() -> dict[str, int]:
        sent.append("letter")
        return {"number": len(sent)}

    assert [run.act("send", "letter-1", send, inputs=("i",)) for _ in range(3)] == [{"number": 1}] * 3
    intent, result = run.journal.read()
    assert (intent.verb, result.verb, result.facts, result.inputs) == ("intend", "act", {"number": 1}, ("i",))
    assert intent.key == result.key
    assert run.act("send", "letter-2", send) == {"number": 2}
    run.scope = Scope(project="p", environment="production")
    assert run.act("send", "letter-1", send) == {"number": 3}, "another scope, another effect"


def test_an_effect_that_fails_is_unfinished_and_tried_again(run: Run) -> None:
    def fail() -> dict[str, str]:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        run.act("send", "letter-1", fail)
    assert [entry.step for entry in run.state.unfinished()] == ["send"]
    assert run.act("send", "letter-1", lambda: {"ok": True}) == {"ok": True}
    assert run.state.unfinished() == []


def test_a_crash_between_effect_and_result_repeats_it_under_one_key(tmp_path: Path, child: Any) -> None:
    """Killed twice, then left to finish, then asked again."""
    for _ in range(2):
        killed = child.start("act", tmp_path, "die")
        child.finish(killed)
        assert killed.returncode == -signal.SIGKILL
        assert [entry.step for entry in State(SQLiteJournal(tmp_path / "journal")).refresh().unfinished()] == ["send"]
    assert child.finish(child.start("act", tmp_path, "live")) == ["yes"]
    assert child.finish(child.start("act", tmp_path, "live")) == ["yes"]
    entries = list(SQLiteJournal(tmp_path / "journal").read())
    assert [entry.verb for entry in entries] == ["intend", "intend", "intend", "act"]
    assert len({entry.key for entry in entries}) == 1
    assert len((tmp_path / "marks").read_text().splitlines()) == 3


class Shuffled:
    """An engine that finishes its calls in the order that it is told."""

    def __init__(self, order: Sequence[int] = ()) -> None:
        self.order, self.asked = order, 0

    def map(self, calls: Sequence[Callable[[], Any]], *, limit: object = None) -> Iterable[tuple[int, Any, float]]:
        assert limit is None
        self.asked += len(calls)
        for position in [place for place in self.order or range(len(calls)) if place < len(calls)]:
            yield position, calls[position](), 0.25


def scaling(factors: Iterable[float]) -> list[Call]:
    return [Call(scaled, {"of": ONE}, {"factor": factor}, {"calls": []}) for factor in factors]


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(5)))
def test_map_gives_the_order_of_its_calls(order: list[int]) -> None:
    with TemporaryDirectory() as folder:
        journal = SQLiteJournal(Path(folder) / "journal")
        actor = Actor(kind="service", name="s", known_by="process")
        clock = SetClock(datetime(2013, 1, 1, tzinfo=UTC))
        run = Run(journal, FolderBlobs(Path(folder)), Scope(project="p"), actor, clock)
        assert [record.number for record in run.map(scaling(range(5)), Shuffled(order))] == [0, 1, 2, 3, 4]
        assert verify(journal.read()) == 5
        journal.close()


def test_map_runs_only_what_is_new(run: Run) -> None:
    engine = Shuffled()
    run.step(scaled, inputs={"of": ONE}, parameters={"factor": 2.0}, using={"calls": []})
    run.map(scaling([1, 2, 3]), engine)
    assert engine.asked == 2
    assert used(run) == ["step", "reused", "step", "step"]
    assert [record.number for record in run.map(scaling([3, 1, 2, 4]), engine)] == [3, 1, 2, 4]
    assert engine.asked == 3
    assert [entry.cost["seconds"] for entry in list(run.journal.read())[2:4]] == [0.25, 0.25]
    assert run.map([], engine) == []


def test_measured_findings_stay_outside_the_record(run: Run) -> None:
    result = run.step(scaled, inputs={"of": ONE}, parameters={"factor": 2.0}, using={"calls": []})
    before = run.blobs.get(result.id)
    slow = Finding(
        check="latency_p99", subject="service", value=31.5, limit=20, rule="at_most", passed=False, unit="ms"
    )
    run.measure(result, [slow])
    entry = list(run.journal.read())[-1]
    assert (entry.verb, entry.inputs) == ("measure", (result.id,))
    assert msgspec.convert(entry.facts["findings"], list[Finding]) == [slow]
    assert run.blobs.get(result.id) == before
    assert len(list(run.blobs.names())) == 1


def test_code_digest_sees_code_and_no_prose() -> None:
    def plain(x: int) -> int:
        return x + 1

    first = code_digest(plain)

    def plain(x: int) -> int:
        """Says what it does."""
        # and why
        return (x +
                1)  # fmt: skip

    assert code_digest(plain) == first

    def plain(x: int) -> int:
        return x + 2

    assert code_digest(plain) != first


def test_a_step_can_be_called_bare_and_sent_to_a_worker() -> None:
    assert scaled(of=ONE, factor=3.0, calls=[]) == Number(number=3, parents=(ONE.id,))
    assert pickle.loads(pickle.dumps(scaled)) is scaled
