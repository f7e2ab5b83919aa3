"""The search: an ordered portfolio first, then rounds of trials on the learner that leads.

A round is asked for at once, evaluated anywhere, and told in the order of its trials, so that the same settings give
the same trials on any number of workers. Each trial is a keyed step: what a killed search has finished is not done again.
What was tried is told too: with it, a search that time has ended is made again to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from fullcycle.development.clusters.number import counts
from fullcycle.development.learners import LEARNERS
from fullcycle.development.learners.libraries import libraries
from fullcycle.development.records import FailedTrial, Trial, Tried
from fullcycle.development.search.budget import PORTFOLIO, SEARCH, Budget
from fullcycle.development.search.folds import Fold, folds_of
from fullcycle.development.search.portfolio import Proposal, passed_over, portfolio, proposals
from fullcycle.development.search.study import study_of
from fullcycle.development.search.trial import check_target, of_trial, read_scores, scored_rows, trial
from fullcycle.development.table import Given
from fullcycle.kernel.clock import Stopwatch, duration
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.limits import Stopped
from fullcycle.kernel.verbs import Call, Engine, Run

__all__ = [
    "Fold",
    "Progress",
    "Searched",
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
]

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0: not known)."""
_LONGEST = 300  # characters of a reason that are kept


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody.

    >>> silent("trials", 3, 40)
    """


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


def search(
    given: Given, *, run: Run, engine: Engine, progress: Progress = silent, told: Sequence[Tried] = ()
) -> Searched:
    """Every trial, in order: the portfolio, then rounds on the leading learner until the budget is spent.

    A budget of trials counts each one, the constant too. A budget in time is looked at between rounds; a trial has a
    share of it, after which it is stopped. For a clustering each number of clusters is tried in turn instead.

    Parameters
    ----------
    told : what was tried before: just this is tried again, whatever the budget. What was stopped then stays stopped.

    Raises
    ------
    InputError
        The budget is none, a learner cannot do the task, or the training rows cannot be learnt from.
    """
    if told:
        return _again(given, told, run, engine)
    settings, parts = given.settings, given.dataset.parts
    state = _State(given, Budget.read(settings.search_budget), run, engine, progress)
    if given.charter.task == "clustering":
        return _numbers_of_clusters(state)
    known = parts["train"].rows + parts["validation"].rows
    first, further = proposals(settings, given.charter.task, given.dataset.columns, known)
    with state.watch:
        state.round(first[: state.budget.trials])
        further = further[: max(state.budget.portfolio - len(first), 0)]
        while further and (count := state.left(PORTFOLIO)):
            now, further = further[:count], further[count:]
            state.round(now)
        searched = [it for it in state.trials if LEARNERS[it.learner].default()]
        if settings.search != "none" and searched:
            _rounds(state, best(searched))
    return state.searched()


def best(trials: Sequence[Trial]) -> Trial:
    """The trial of least loss that was not pruned; of equal ones the first.

    >>> best([Trial(learner="a", parameters={}, loss=0.7), Trial(learner="b", parameters={}, loss=0.6)]).learner
    'b'
    """
    return min((it for it in trials if not it.pruned), key=lambda it: it.loss)


def failures(failed: Sequence[tuple[str, str]]) -> tuple[Finding, ...]:
    """A warning for each learner and reason: how many trials came to nothing.

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
        for learner, reason in dict.fromkeys(failed)
    )


class _State:
    """A search on its way."""

    def __init__(self, given: Given, budget: Budget, run: Run, engine: Engine, progress: Progress) -> None:
        self.given, self.budget, self.watch = given, budget, Stopwatch()
        self._run, self._engine, self._progress = run, engine, progress
        self.trials: list[Trial] = []
        self._failed: list[tuple[str, str]] = []
        self._tried: list[Tried] = []
        place = "cycle.toml, [development] trial_limit"
        self._most = duration(given.settings.trial_limit, place=place).total_seconds()

    def left(self, share: float) -> int:
        """Trials of the next round."""
        return max(min(self.given.settings.round, self.budget.left(len(self._tried), self.watch.so_far, share)), 0)

    def round(self, asked: Sequence[Proposal], bar: tuple[float, ...] = ()) -> list[Trial | None]:
        """What each proposal came to, in order; None for nothing. Those that time left undone were never tried."""
        limit = self.budget.limit(self.watch.so_far if self._tried else 0.0, self._most)
        tried = [Tried(learner=it.learner, parameters=it.parameters, bar=bar) for it in asked]
        found = self._run.attempt([_call(self.given, it) for it in tried], self._engine, limit)
        results = [self._add(one, result) for one, result in zip(tried, found, strict=True)]
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
            self._failed.append((tried.learner, result.reason[:_LONGEST]))
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


def _rounds(state: _State, leader: Trial) -> None:
    """Rounds on the leading learner, each trial held against the best folds so far, while the budget lasts."""
    settings = state.given.settings
    study = study_of(LEARNERS[leader.learner], leader, state.trials, settings)
    while count := state.left(SEARCH):
        asked = [Proposal(leader.learner, parameters) for parameters in study.ask(count)]
        if not asked:  # the end of a grid
            return
        leading = best(state.trials).fold_losses
        study.tell(state.round(asked, leading if len(leading) > 1 else ()))


def _numbers_of_clusters(state: _State) -> Searched:
    """One cluster, then every candidate in its order, a round at a time, until the budget is spent."""
    given = state.given
    asked = counts(given, portfolio(given.settings, given.charter.task, given.dataset.columns))
    waiting = [Proposal(*it) for it in asked]
    with state.watch:
        state.round([Proposal("constant", LEARNERS["constant"].default()), *waiting[:1]])  # one cluster answers nothing
        waiting = waiting[1:]
        while waiting and (count := state.left(SEARCH)):
            now, waiting = waiting[:count], waiting[count:]
            state.round(now)
    return state.searched()


def _again(given: Given, told: Sequence[Tried], run: Run, engine: Engine) -> Searched:
    waiting = [it for it in told if not it.stopped]
    found = iter(run.map([_call(given, it) for it in waiting], engine))
    trials, failed = [], []
    for it in told:
        result = FailedTrial(learner=it.learner, parameters={}, reason=it.stopped) if it.stopped else next(found)
        if isinstance(result, Trial):
            trials.append(result)
        elif isinstance(result, FailedTrial):
            failed.append((it.learner, result.reason[:_LONGEST]))
    return Searched(tuple(trials), tuple(failed), tuple(told))


def _stopped(tried: Tried, result: Stopped) -> Tried:
    return Tried(learner=tried.learner, parameters=tried.parameters, bar=tried.bar, stopped=result.reason)


def _call(given: Given, tried: Tried) -> Call:
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
