"""The ensemble: models whose mistakes differ, averaged, where that is sure to be better than the best of them alone.

Greedy forward selection with replacement: of all trials, the one whose scores improve the mean most is added, again and
again; the weights are how often each was. Caruana, Niculescu-Mizil, Crew and Ksikes 2004, *Ensemble selection from
libraries of models*. On few rows selection learns the rows, so the fewer there are, the fewer of the best are looked at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fullcycle.development.fit import alone, member
from fullcycle.development.losses import mean_loss, row_losses, sample, standard_error
from fullcycle.development.out_of_fold import OutOfFold
from fullcycle.development.records import Member, Trial
from fullcycle.development.search import best
from fullcycle.development.settings import Development
from fullcycle.development.table import Floats
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import block_codes

ROUNDS = 40
FEW = 3  # members that serve, unless accuracy is all that counts
PATIENCE = ((400, 1), (2_000, 2), (10_000, 15), (100_000, 40))
"""Up to so many rows, so many of the best trials are looked at; with more rows as many as the last entry says."""
MOST = 50_000  # rows on which members are selected; whether they are adopted is judged on all


def ensemble(
    trials: Sequence[Trial], rows: OutOfFold, settings: Development, *, task: str
) -> tuple[tuple[Member, ...], tuple[Finding, ...]]:
    """The members of the model, and a note of what the ensemble gained over the best single trial.

    It is adopted where the gain of the loss is more than its standard error, paired by row and resampled in blocks; the
    squared error is the loss of a regression. The gain is of rows that the selection has not seen: each half of the
    blocks is judged by what would be selected on the other, for chosen on the same rows the best of many always gains.
    """
    single = best(trials)
    pool = candidates(trials, len(rows.target))
    if settings.ensemble == "none" or len(pool) < 2:
        return alone(single), ()
    at = sample(len(rows.target), MOST).to_numpy()
    most = FEW if settings.ensemble == "auto" else ROUNDS
    counts = select([rows.scores[it.id][at] for it in pool], rows.target[at], task, most=most)
    chosen = [(it, count) for it, count in zip(pool, counts, strict=True) if count]
    if len(chosen) < 2:
        return alone(single), ()
    members = tuple(member(it, count / sum(counts)) for it, count in chosen)
    gains = cross_gains([rows.scores[it.id] for it in pool], rows.target, rows.blocks, task, most=most)
    gain, error = math.fsum(gains.tolist()) / len(gains), standard_error("binary", gains, rows.blocks)
    adopted = error is not None and gain > error
    note = Finding(
        check="ensemble",
        subject=", ".join(f"{it.learner} {count / sum(counts):.2g}" for it, count in chosen),
        value=gain,
        limit=error,
        rule="more_than",
        passed=None,
        severity="note",
        unit="target²" if task == "regression" else "nats",
        evidence={"adopted": adopted, "members": len(members)},
    )
    return members if adopted else alone(single), (note,)


def cross_gains(scores: Sequence[Floats], target: Floats, blocks: NDArray[np.int64], task: str, *, most: int) -> Floats:
    """By how much each row's loss falls, (n,), from the best single to the mean that is selected on the other half.

    >>> target, blocks = np.array([0.0, 1.0] * 4), np.arange(8) // 2
    >>> scores = [np.where(target == 1, 0.8, 0.4), np.where(target == 1, 0.6, 0.1)]
    >>> bool((cross_gains(scores, target, blocks, "binary", most=2).mean()) >= 0)
    True
    """
    labels, _ = block_codes(blocks)
    gains = np.zeros(len(target))
    for half in (0, 1):
        own, other = np.flatnonzero(labels % 2 == half), np.flatnonzero(labels % 2 != half)
        if not len(own) or not len(other):
            continue
        seen = other[sample(len(other), MOST).to_numpy()]
        known = [one[seen] for one in scores]
        counts = select(known, target[seen], task, most=most)
        single = min(range(len(scores)), key=lambda place: (mean_loss(task, target[seen], known[place]), place))
        total = np.zeros_like(scores[0][own])
        for count, one in zip(counts, scores, strict=True):
            total = total + count / sum(counts) * one[own]
        gains[own] = row_losses(task, target[own], scores[single][own]) - row_losses(task, target[own], total)
    return gains


def candidates(trials: Sequence[Trial], n: int) -> list[Trial]:
    """The trials that may become members, best first: none that was pruned, no constant, none twice.

    >>> found = [Trial(learner=name, parameters={}, loss=loss) for name, loss in (("a", 0.5), ("b", 0.4), ("constant", 0.6))]
    >>> [it.learner for it in candidates(found, 5_000)], [it.learner for it in candidates(found, 300)]
    (['b', 'a'], ['b'])
    """
    most = next((count for rows, count in PATIENCE if n <= rows), PATIENCE[-1][1])
    able = sorted((it for it in trials if not it.pruned and it.learner != "constant"), key=lambda it: it.loss)
    distinct = {it.scores or it.id: it for it in reversed(able)}
    return [it for it in able if distinct[it.scores or it.id] is it][:most]


def select(scores: Sequence[Floats], target: Floats, task: str, *, most: int, rounds: int = ROUNDS) -> list[int]:
    """How often each candidate is taken until the loss of the mean is least.

    Parameters
    ----------
    scores : of each candidate, (n,) or (n, classes).
    most : members at most. Of equal gains the one of a member in use is taken, then the first.

    Examples
    --------
    >>> target = np.array([0.0, 0.0, 1.0, 1.0])
    >>> select([np.array([0.1, 0.6, 0.9, 0.9]), np.array([0.6, 0.1, 0.9, 0.9])], target, "binary", most=3, rounds=4)
    [1, 1]
    """
    counts, best_counts, least = [0] * len(scores), [0] * len(scores), math.inf
    total = np.zeros_like(scores[0])
    for taken in range(1, rounds + 1):
        full = sum(map(bool, counts)) >= most
        losses = [
            (mean_loss(task, target, (total + one) / taken), not counts[place], place)
            for place, one in enumerate(scores)
            if counts[place] or not full
        ]
        loss, _, place = min(losses)
        counts[place] += 1
        total = total + scores[place]
        if loss < least:
            best_counts, least = counts.copy(), loss
    return best_counts
