"""The search: an ordered portfolio first, then rounds of trials on the learner that leads.

With a budget in time, learners that grow trees are first seen to grow a few, and trials are made to fit into their share.

A round is asked for at once, evaluated anywhere, and told in the order of its trials, so that the same settings give
the same trials on any number of workers. Each trial is a keyed step: what a killed search has finished is not done again.
What was tried is told too: with it, a search that time has ended is made again to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence

from fullcycle.development.clusters.number import counts
from fullcycle.development.learners import LEARNERS
from fullcycle.development.records import FailedTrial, Trial, Tried
from fullcycle.development.search.budget import PORTFOLIO_TIME
from fullcycle.development.search.folds import Fold, folds_of
from fullcycle.development.search.portfolio import Proposal, passed_over, portfolio, proposals
from fullcycle.development.search.scheduler import (
    LONGEST,
    Progress,
    Reserve,
    Scheduler,
    Searched,
    best,
    call_of,
    silent,
    started,
    unknown,
)
from fullcycle.development.search.speed import Speed
from fullcycle.development.search.study import study_of
from fullcycle.development.search.trial import check_target, read_scores, scored_rows
from fullcycle.development.table import Given
from fullcycle.kernel.clock import Stopwatch
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.verbs import Engine, Run

__all__ = [
    "Fold",
    "Progress",
    "Searched",
    "Speed",
    "best",
    "check_target",
    "failures",
    "folds_of",
    "passed_over",
    "portfolio",
    "read_scores",
    "scored_rows",
    "search",
    "silent",
    "started",
]


def search(
    given: Given,
    *,
    run: Run,
    engine: Engine,
    progress: Progress = silent,
    told: Sequence[Tried] = (),
    watch: Stopwatch | None = None,
    reserve: Reserve = unknown,
) -> Searched:
    """Every trial, in order: the portfolio, then rounds on the leading learner until the budget is spent.

    A budget of trials counts each one, the constant too. A budget in time leaves what the *reserve* says to what follows;
    a trial is made to fit into a share of the rest, and is stopped after twice that share or where the search ends. For a
    clustering each number of clusters is tried in turn instead.

    Parameters
    ----------
    watch : tells how much of the budget is spent; by default it begins now.
    reserve : told of the trials so far, of the seconds that each took by its id, and of LightGBM's speed, the seconds that
        what follows the search will take; None where nobody can say yet.
    told : what was tried before: just this is tried again, whatever the budget. What was stopped then stays stopped.

    Raises
    ------
    InputError
        The budget is none, a learner cannot do the task, or the training rows cannot be learnt from.
    """
    if told:
        return _again(given, told, run, engine)
    settings, parts = given.settings, given.dataset.parts
    state = Scheduler(given, run, engine, progress, watch or started(), reserve)
    if given.charter.task == "clustering":
        return _numbers_of_clusters(state)
    known = parts["train"].rows + parts["validation"].rows
    first, further = proposals(settings, given.charter.task, given.dataset.columns, known)
    state.time(first)
    state.round(state.fitting(first[: state.budget.trials]))
    if all(it.learner == "constant" for it in state.trials) and len(first) > 1:
        state.last_resort(first)
    further = further[: max(state.budget.portfolio - len(first), 0)]
    if state.left(PORTFOLIO_TIME):
        state.time(further)
    while further and (count := state.left(PORTFOLIO_TIME)):
        now, further = state.fitting(further[:count]), further[count:]
        if now:
            state.round(now)
    searched = [it for it in state.trials if LEARNERS[it.learner].default()]
    if settings.search != "none" and searched:
        _rounds(state, best(searched))
    return state.searched()


def failures(failed: Sequence[tuple[str, str]]) -> tuple[Finding, ...]:
    """A warning for each learner and reason, in their order: how many trials came to nothing.

    >>> [(it.subject, it.value) for it in failures([("mine", "ValueError: no"), ("mine", "ValueError: no")])]
    [('mine', 2.0)]
    """
    return tuple(
        Finding(
            check="trial_failed",
            subject=learner,
            value=float(sum(one == (learner, reason) for one in failed)),
            passed=False,
            severity="warn",
            unit="trials",
            evidence={"reason": reason},
        )
        for learner, reason in sorted(set(failed))
    )


def _rounds(state: Scheduler, leader: Trial) -> None:
    """Rounds on the leading learner, each trial held against the best folds so far, while the budget lasts."""
    settings = state.given.settings
    study = study_of(LEARNERS[leader.learner], leader, state.trials, settings)
    while count := state.left():
        asked = [state.fitted(Proposal(leader.learner, parameters)) for parameters in study.ask(count)]
        if not asked or min(map(state.expected, asked)) > state.rest:  # the end of a grid, or of the time
            return
        leading = best(state.trials).fold_losses
        study.tell(state.round(asked, leading if len(leading) > 1 else ()))


def _numbers_of_clusters(state: Scheduler) -> Searched:
    """One cluster, then every candidate in its order, a round at a time, until the budget is spent."""
    given = state.given
    asked = counts(given, portfolio(given.settings, given.charter.task, given.dataset.columns))
    waiting = [Proposal(*it) for it in asked]
    state.round([Proposal("constant", LEARNERS["constant"].default()), *waiting[:1]])  # one cluster answers nothing
    waiting = waiting[1:]
    while waiting and (count := state.left()):
        now, waiting = waiting[:count], waiting[count:]
        state.round(now)
    return state.searched()


def _again(given: Given, told: Sequence[Tried], run: Run, engine: Engine) -> Searched:
    waiting = [it for it in told if not it.stopped]
    found = iter(run.map([call_of(given, it) for it in waiting], engine))
    trials, failed = [], []
    for it in told:
        result = FailedTrial(learner=it.learner, parameters={}, reason=it.stopped) if it.stopped else next(found)
        if isinstance(result, Trial):
            trials.append(result)
        elif isinstance(result, FailedTrial):
            failed.append((it.learner, result.reason[:LONGEST]))
    return Searched(tuple(trials), tuple(failed), tuple(told))
