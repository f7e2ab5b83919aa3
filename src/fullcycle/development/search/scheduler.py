"""The scheduler: rounds of trials within a budget, made to fit into it, on any engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import msgspec

from fullcycle.development.learners.libraries import libraries
from fullcycle.development.records import FailedTrial, Trial, Tried
from fullcycle.development.search.budget import LEAST, UNKNOWN, Budget
from fullcycle.development.search.portfolio import Proposal
from fullcycle.development.search.speed import (
    WANTED,
    Speed,
    corrected,
    fitting,
    grows_trees,
    load,
    pilot,
    took,
    wanted_by,
)
from fullcycle.development.search.trial import of_trial, trial
from fullcycle.development.table import Given
from fullcycle.kernel.clock import Stopwatch, duration
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.limits import Limit, Stopped
from fullcycle.kernel.record import canonical, digest
from fullcycle.kernel.verbs import Call, Engine, Run

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0: not known)."""
Reserve: TypeAlias = Callable[[Sequence[Trial], Mapping[str, float], Speed | None], float | None]
"""Told of the trials so far, the seconds that each took and LightGBM's speed, the seconds that what follows will take."""
SLACK = 1.1  # what follows may turn out to be dearer: the next trial may become a member
LAST = 10.0  # seconds that the last resort has at least: in less, processes only start
LONGEST = 300  # characters of a reason that are kept


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody.

    >>> silent("trials", 3, 40)
    """


def unknown(trials: Sequence[Trial], seconds: Mapping[str, float], speed: Speed | None) -> None:
    """Nobody can say.

    >>> unknown((), {}, None)
    """


def started() -> Stopwatch:
    """A stopwatch that runs from now.

    >>> started().so_far < 60
    True
    """
    return Stopwatch().__enter__()


class Searched(NamedTuple):
    """What a search came to.

    Attributes
    ----------
    trials : those that came to something, in order.
    failed : learner and reason of the others, in order.
    tried : everything, in order, as it can be tried again.
    """

    trials: tuple[Trial, ...]
    failed: tuple[tuple[str, str], ...]
    tried: tuple[Tried, ...]

    def without(self, ruled_out: Sequence[Trial], reason: str) -> Searched:
        """The same without trials that were ruled out, which count as stopped then.

        >>> trial = Trial(learner="a", parameters={}, loss=0.5)
        >>> found = Searched((trial,), (), (Tried(learner="a", parameters={}),)).without([trial], "too slow")
        >>> found.trials, found.failed, found.tried[0].stopped
        ((), (('a', 'too slow'),), 'too slow')
        """
        out = {it.id for it in ruled_out}
        known = [(it.learner, it.parameters) for it in ruled_out]
        at = [not it.stopped and (it.learner, it.parameters) in known for it in self.tried]
        tried = tuple(
            msgspec.structs.replace(it, stopped=reason) if slow else it for it, slow in zip(self.tried, at, strict=True)
        )
        failed = tuple((it.learner, reason) for it, slow in zip(tried, at, strict=True) if slow)
        return Searched(tuple(it for it in self.trials if it.id not in out), (*self.failed, *failed), tried)


def best(trials: Sequence[Trial]) -> Trial:
    """The trial of least loss that was not pruned; of equal ones the first.

    >>> best([Trial(learner="a", parameters={}, loss=0.7), Trial(learner="b", parameters={}, loss=0.6)]).learner
    'b'
    """
    return min((it for it in trials if not it.pruned), key=lambda it: it.loss)


class Scheduler:
    """A search on its way: what was tried, what is left of the budget, and how proposals fit into it.

    Attributes
    ----------
    trials : those that came to something, in order.
    """

    def __init__(
        self, given: Given, run: Run, engine: Engine, progress: Progress, watch: Stopwatch, reserve: Reserve
    ) -> None:
        self.given, self.budget = given, Budget.read(given.settings.search_budget)
        self._run, self._engine, self._progress = run, engine, progress
        self._watch, self._reserve = watch, reserve
        self.trials: list[Trial] = []
        self._failed: list[tuple[str, str]] = []
        self._tried: list[Tried] = []
        self._raised: set[str] = set()
        self._seconds: dict[str, float] = {}
        self._speeds: dict[str, Speed] = {}
        place = "cycle.toml, [development] trial_limit"
        self._most = duration(given.settings.trial_limit, place=place).total_seconds()

    @property
    def reserve(self) -> float:
        """Seconds that are left to what follows."""
        if self.budget.seconds is None:
            return 0.0
        told = self._reserve(self.trials, self._seconds, self._speeds.get("lightgbm"))
        return UNKNOWN * self.budget.seconds if told is None else SLACK * told

    def time(self, asked: Sequence[Proposal], until: float | None = None) -> None:
        """See, for a budget in time, how quick those learners are that grow trees and were not seen yet.

        Two workers see to one learner, as two trials would run side by side; the slower one is believed. They load its
        library first, however long that takes: a worker that is stopped has to load it again.
        """
        names = [it.learner for it in asked if grows_trees(it.learner) and it.learner not in self._speeds]
        names = list(dict.fromkeys(names))
        if self.budget.seconds is None or not names:
            return
        least = LEAST * self.budget.seconds

        def look() -> tuple[dict[str, Speed], str]:
            asked = names if len(names) > 1 else names * 2
            loaded = [partial(load, name) for name in asked]
            list(self._engine.map(loaded, limit=Limit(seconds=self._most)))
            limit = Limit(until=max(self.rest, least) if until is None else until)
            told = self._engine.map([partial(pilot, self.given, name) for name in asked], limit=limit)
            found: dict[str, Speed] = {}
            for place, speed, _ in told:
                if isinstance(speed, Speed):
                    found[asked[place]] = max(speed, found.get(asked[place], speed), key=lambda it: it.tree)
            return found, digest(canonical(found))

        self._speeds |= self._run.observe("development.speed", look).value

    def fitting(self, asked: Sequence[Proposal]) -> list[Proposal]:
        """Proposals as they fit into their share of the time, less those that take more than twice that."""
        most = math.inf if not self.trials else 2 * self.budget.share(self._watch.so_far, self.reserve)
        found = [self.fitted(it) for it in asked]
        return [it for it in found if self.expected(it) <= most]

    def fitted(self, asked: Proposal) -> Proposal:
        """A proposal as it fits into its share of the time, or comes nearest to it."""
        speed = self._speeds.get(asked.learner)
        if speed is None:
            return asked
        share = self.budget.share(self._watch.so_far, self.reserve) * (1 if self.trials else 2)  # the first tells most
        same = [it for it in self.trials if it.learner == asked.learner and it.iterations and not it.pruned]
        wanted = wanted_by(best(same).parameters, best(same).iterations) if same else WANTED
        return Proposal(asked.learner, fitting(asked.parameters, speed, share, wanted))

    def expected(self, asked: Proposal) -> float:
        """Seconds that a proposal takes, as far as anybody can say."""
        speed = self._speeds.get(asked.learner)
        return 0.0 if speed is None else took(asked.parameters, speed)

    @property
    def rest(self) -> float:
        """Seconds until the search ends."""
        deadline = self.budget.deadline(self.reserve)
        return math.inf if deadline is None else deadline - self._watch.so_far

    def left(self, share: float = 1.0) -> int:
        """Trials of the next round."""
        left = self.budget.left(len(self._tried), self._watch.so_far, self.reserve, share)
        return max(min(self.given.settings.round, left), 0)

    def last_resort(self, asked: Sequence[Proposal]) -> None:
        """Where time was too short for anything but a constant: the quickest of the learners, though it takes that much again.

        A search of which nothing comes would have been for nothing.
        """
        if self.budget.seconds is None:
            return
        again = max(self.budget.seconds, LAST)
        able = [it for it in asked[:-1] if it.learner not in self._raised]
        if not self._speeds:
            self.time(able, again)
        able.sort(key=lambda it: it.learner not in self._speeds)
        constant = () if self.trials else asked[-1:]
        self._finish([*map(self.fitted, able[:1]), *constant], Limit(seconds=min(again, self._most)))

    def round(self, asked: Sequence[Proposal], bar: tuple[float, ...] = ()) -> list[Trial | None]:
        """What each proposal came to, in order; None for nothing. Those that time left undone were never tried."""
        expected, first = max(map(self.expected, asked)), not self.trials
        limit = self.budget.limit(self._watch.so_far, self._most, self.reserve, first=first, expected=expected)
        return self._finish(asked, limit, bar)

    def _finish(self, asked: Sequence[Proposal], limit: Limit, bar: tuple[float, ...] = ()) -> list[Trial | None]:
        if not asked:
            return []
        tried = [Tried(learner=it.learner, parameters=it.parameters, bar=bar) for it in asked]
        calls = [call_of(self.given, it) for it in tried]
        found = self._run.attempt(calls, self._engine, limit)
        results = [self._add(one, result) for one, result in zip(tried, found, strict=True)]
        if self.budget.seconds is not None:
            for call, trial in zip(calls, results, strict=True):
                if trial is not None:  # a trial that was done before took its time then
                    self._seconds[trial.id] = self._run.state.done[self._run.key(call)].cost["seconds"]
            for name, speed in self._speeds.items():
                same = [it for it in results if it is not None and it.learner == name]
                self._speeds[name] = corrected(speed, same, self._seconds)
        self._tell(results)
        return results

    def searched(self) -> Searched:
        """What the search came to."""
        if not self.trials:
            reasons = "; ".join(dict.fromkeys(f"{learner}: {reason}" for learner, reason in self._failed))
            raise InputError("no trial came to anything", found=reasons, mend="give it more time, or see the reasons")
        return Searched(tuple(self.trials), tuple(self._failed), tuple(self._tried))

    def _add(self, tried: Tried, result: object) -> Trial | None:
        if isinstance(result, Stopped):
            if not result.late:
                self._failed.append((tried.learner, result.reason))
                self._tried.append(_stopped(tried, result))
            return None
        self._tried.append(tried)
        if isinstance(result, FailedTrial):
            self._failed.append((tried.learner, result.reason[:LONGEST]))
            self._raised.add(tried.learner)
        elif isinstance(result, Trial):
            self.trials.append(result)
            return result
        return None

    def _tell(self, results: Sequence[Trial | None]) -> None:
        text = "developing: trials"
        if self.trials:
            leader = best(self.trials)
            text += f", best {leader.loss:.4f} ({leader.learner})"
        if done := [it.loss for it in results if it is not None]:
            text += f", last {done[-1]:.4f}"
        self._progress(text, len(self._tried), self.budget.shown)


def _stopped(tried: Tried, result: Stopped) -> Tried:
    return Tried(learner=tried.learner, parameters=tried.parameters, bar=tried.bar, stopped=result.reason)


def call_of(given: Given, tried: Tried) -> Call:
    """The call of a trial, which is keyed by what it depends on."""
    return Call(
        trial,
        inputs={"dataset": given.dataset, "charter": given.charter},
        parameters={
            "learner": tried.learner,
            "parameters": tried.parameters,
            "settings": of_trial(given.settings),
            "expressions": given.expressions,
            "bar": tried.bar,
        },
        using={"blobs": given.blobs},
        libraries=libraries([tried.learner]),
    )
