"""What every engine must do, as tests to inherit."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial

import pytest

from fullcycle.kernel.errors import InputError, OutsideError
from fullcycle.kernel.limits import Limit, Stopped
from fullcycle.kernel.verbs import Engine


class EngineContract:
    """Inherit it and give a fixture ``engine`` that opens your engine, with at least two workers if it has any.

    Examples
    --------
    >>> from fullcycle.engine import SerialEngine
    >>> class TestSerial(EngineContract):
    ...     @pytest.fixture
    ...     def engine(self):
    ...         return SerialEngine()
    """

    @pytest.fixture
    def engine(self) -> Engine:
        """The engine under test."""
        raise NotImplementedError("give a fixture 'engine' that opens your engine")

    def test_nothing_to_do_gives_nothing(self, engine: Engine) -> None:
        """No call, no result."""
        assert list(engine.map([])) == []

    @pytest.mark.parametrize("count", [1, 2, 7])
    def test_each_result_has_the_position_of_its_call(self, engine: Engine, count: int) -> None:
        """Every call is answered once, whatever the order in which they end."""
        results = list(engine.map([partial(pow, number, 2) for number in range(count)]))
        assert sorted((place, result) for place, result, _ in results) == [(n, n**2) for n in range(count)]

    def test_seconds_are_those_of_the_call(self, engine: Engine) -> None:
        """Never negative."""
        assert all(seconds >= 0 for _, _, seconds in engine.map([os.getpid] * 3))

    @pytest.mark.parametrize(
        "error", [InputError("no such column", place="flights.csv", mend="name it"), ZeroDivisionError("0")]
    )
    def test_what_a_call_raises_comes_home(self, engine: Engine, error: Exception) -> None:
        """With its type and its words."""
        with pytest.raises(type(error)) as caught:
            list(engine.map([_raising(error), lambda: None]))
        assert str(caught.value) == str(error)

    def test_it_works_again_after_an_error(self, engine: Engine) -> None:
        """An error of one round is none of the next."""
        with pytest.raises(ZeroDivisionError):
            list(engine.map([_raising(ZeroDivisionError()), lambda: None]))
        assert sorted(place for place, _, _ in engine.map([os.getpid] * 3)) == [0, 1, 2]

    def test_results_can_be_left_unread(self, engine: Engine) -> None:
        """A caller that has seen enough stops."""
        for _, result, _ in engine.map([lambda: 1] * 5):
            assert result == 1
            break
        assert len(list(engine.map([lambda: 2] * 3))) == 3

    def test_a_limit_that_nothing_reaches_changes_nothing(self, engine: Engine) -> None:
        """The same results, and what a call raises comes home still."""
        wide = Limit(seconds=60.0, until=120.0)
        results = list(engine.map([partial(pow, number, 2) for number in range(3)], limit=wide))
        assert sorted((place, result) for place, result, _ in results) == [(0, 0), (1, 1), (2, 4)]
        with pytest.raises(ZeroDivisionError):
            list(engine.map([_raising(ZeroDivisionError())], limit=wide))

    def test_a_call_that_takes_too_long_is_stopped_and_the_others_are_answered(self, engine: Engine) -> None:
        """What stands for it says why, and that it was its own fault."""
        found = {
            place: result for place, result, _ in engine.map([_endless, os.getpid, os.getpid], limit=Limit(seconds=1.5))
        }
        assert isinstance(found[0], Stopped)
        assert (found[0].late, "stopped after" in found[0].reason) == (False, True)
        assert isinstance(found[1], int)
        assert isinstance(found[2], int)

    def test_what_the_end_of_the_batch_leaves_undone_is_late(self, engine: Engine) -> None:
        """And no fault of the call."""
        found = [result for _, result, _ in engine.map([_endless] * 3, limit=Limit(until=1.5))]
        assert len(found) == 3
        assert all(isinstance(it, Stopped) and it.late for it in found)

    def test_a_call_without_memory_is_stopped(self, engine: Engine) -> None:
        """Whether it notices itself, or somebody else has to."""
        found = [result for _, result, _ in engine.map([_raising(MemoryError())], limit=Limit(seconds=60.0))]
        assert found == [Stopped("out of memory")]


class WorkersContract(EngineContract):
    """The same for an engine whose calls run in other processes."""

    def test_calls_run_elsewhere(self, engine: Engine) -> None:
        """A call that takes the memory takes it from a worker."""
        assert os.getpid() not in {pid for _, pid, _ in engine.map([os.getpid] * 4)}

    def test_a_killed_worker_is_told_and_replaced(self, engine: Engine) -> None:
        """Its round fails with OutsideError, the next one works."""
        with pytest.raises(OutsideError, match="worker"):
            list(engine.map([_killed, lambda: None]))
        assert len(list(engine.map([os.getpid] * 3))) == 3

    def test_a_killed_worker_is_forgiven_within_limits(self, engine: Engine) -> None:
        """Its call is stopped, the others are answered."""
        found = {place: it for place, it, _ in engine.map([_killed, os.getpid], limit=Limit(seconds=60.0))}
        assert isinstance(found[0], Stopped)
        assert isinstance(found[1], int)

    def test_a_call_that_eats_memory_is_stopped(self, engine: Engine) -> None:
        """Before it takes it from the others."""
        found = {
            place: it for place, it, _ in engine.map([_greedy, os.getpid], limit=Limit(seconds=60.0, memory=1 << 29))
        }
        assert isinstance(found[0], Stopped)
        assert "memory" in found[0].reason
        assert isinstance(found[1], int)


def _endless() -> None:
    while True:
        time.sleep(0.01)


def _greedy() -> None:
    held = []
    while True:
        held.append(bytearray(1 << 24))  # 16 MiB of noughts that are really there
        time.sleep(0.02)


def _raising(error: Exception) -> Callable[[], None]:
    def call() -> None:
        raise error

    return call


def _killed() -> None:
    os.kill(os.getpid(), 9)
