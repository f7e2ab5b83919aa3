"""Latency as a constraint of the selection: a candidate that answers too slowly is ruled out before a model is chosen.

How long an answer takes is of this machine, so the record says of what was ruled out that it was stopped, and why: made
again elsewhere, the same candidates are out. Erickson et al. 2025, *TabArena*, call it an inference limit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import numpy as np

from fullcycle.development.fit import Final
from fullcycle.development.records import Member, Trial
from fullcycle.development.table import Given
from fullcycle.kernel.clock import duration
from fullcycle.predictor.formats.blend import Blend
from fullcycle.predictor.formats.calibrated import Calibrated
from fullcycle.predictor.policy import Policy
from fullcycle.predictor.scoring import Scorer

TURNS, REPEATS = 300, 3  # answers of which the slowest hundredth is looked at; the quietest repeat counts
_ROWS, _FEWEST = 64, 10
_LONGEST = 0.5  # seconds of a repeat; what answers so slowly needs no more of them


def allowed(given: Given) -> float | None:
    """Seconds in which a row has to be answered, 99 of 100 times; None where the charter does not limit it.

    Raises InputError for a limit that is no duration.
    """
    limit = given.charter.limits.latency_p99
    place = "cycle.toml, [scoping.limits] latency_p99"
    return None if limit is None else duration(limit, place=place).total_seconds()


def latency_p99(final: Final, given: Given, policy: Policy) -> float:
    """Seconds in which a fitted model answers one row in this process, the 99th percentile of the quietest repeat."""
    scorer = Scorer(plan=final.plan, model=final.model, contract=given.dataset.contract, policy=policy)
    rows = given.dataset.contract.golden_rows(_ROWS)
    return _p99([lambda row=row: scorer.answer(row) for row in rows])  # type: ignore[misc]


def slowest(final: Final, members: Sequence[Member]) -> Member:
    """The member whose model alone takes longest for a row."""
    model = final.model.model if isinstance(final.model, Calibrated) else final.model
    if not isinstance(model, Blend):
        return members[0]
    row = [0.0] * len(final.plan.features)
    took = [_p99([lambda part=part: part.model.score([row[it] for it in part.columns])]) for part in model.parts]  # type: ignore[misc]
    return members[int(np.argmax(took))]


def as_slow(trial: Trial, trials: Sequence[Trial]) -> list[Trial]:
    """The trials that answer as slowly as *trial* or more so: those of its learner that are as large.

    >>> grown = [Trial(learner="lightgbm", parameters={"num_leaves": 31}, loss=0.5, iterations=it) for it in (50, 100, 200)]
    >>> [it.iterations for it in as_slow(grown[1], grown)]
    [100, 200]
    """
    return [it for it in trials if it.learner == trial.learner and _size(it) >= _size(trial)]


def _size(trial: Trial) -> float:
    """Nodes that an answer may read, as far as parameters and iterations tell."""
    leaves, trees = (float(trial.parameters.get(name, 1)) for name in ("num_leaves", "trees"))
    return max(trial.iterations, 1) * leaves * trees


def _p99(calls: Sequence[Callable[[], object]]) -> float:
    found = []
    for _ in range(REPEATS):
        took = []
        for turn in range(TURNS):
            begun = time.perf_counter()
            calls[turn % len(calls)]()
            took.append(time.perf_counter() - begun)
            if turn >= _FEWEST and sum(took) > _LONGEST:
                break
        found.append(sorted(took)[math.ceil(0.99 * len(took)) - 1])
    return min(found)
