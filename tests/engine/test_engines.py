"""Engines: every call is answered once, errors come home, a killed worker is told and replaced."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from fullcycle.engine import LocalEngine, SerialEngine
from fullcycle.engine.local import cores
from fullcycle.kernel.verbs import Engine
from fullcycle.testing.engines import EngineContract, WorkersContract


class TestSerialEngine(EngineContract):
    @pytest.fixture
    def engine(self) -> Engine:
        return SerialEngine()


class TestOneWorker(EngineContract):
    @pytest.fixture
    def engine(self) -> Engine:
        return LocalEngine(1)


class TestTwoWorkers(WorkersContract):
    @pytest.fixture
    def engine(self) -> Engine:
        return LocalEngine(2)


def test_serial_keeps_the_order() -> None:
    assert [place for place, _, _ in SerialEngine().map([os.getpid] * 5)] == list(range(5))


def test_one_call_or_one_worker_stays_in_this_process() -> None:
    assert [pid for _, pid, _ in LocalEngine(2).map([os.getpid])] == [os.getpid()]
    assert {pid for _, pid, _ in LocalEngine(1).map([os.getpid] * 3)} == {os.getpid()}


def test_results_come_as_they_are_ready() -> None:
    list(LocalEngine(2).map([os.getpid] * 4))  # warm
    slow_first = [lambda: time.sleep(1.0), lambda: None, lambda: None]
    assert [place for place, _, _ in LocalEngine(2).map(slow_first)][-1] == 0


def test_workers_have_one_thread_each() -> None:
    threads = [environ for _, environ, _ in LocalEngine(2).map([lambda: os.environ.get("POLARS_MAX_THREADS")] * 3)]
    assert threads == ["1"] * 3


def test_prepare_runs_in_the_workers(tmp_path: Path) -> None:
    def prepare() -> None:
        (tmp_path / str(os.getpid())).touch()

    pids = {pid for _, pid, _ in LocalEngine(2, prepare=prepare).map([os.getpid] * 6)}
    assert {path.name for path in tmp_path.iterdir()} == {str(pid) for pid in pids}
    assert str(os.getpid()) not in {path.name for path in tmp_path.iterdir()}


def test_what_prepare_raises_comes_home() -> None:
    def prepare() -> None:
        raise ValueError("cycle.py does not run")

    with pytest.raises(ValueError, match=r"cycle\.py"):
        list(LocalEngine(2, prepare=prepare).map([os.getpid] * 2))


def test_by_default_a_worker_a_core() -> None:
    assert LocalEngine().workers == cores() >= 1
