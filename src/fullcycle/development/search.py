"""The search: an ordered portfolio first, then rounds of trials on the learner that leads.

A round is asked for at once, evaluated anywhere, and told in the order of its trials, so that the same settings give
the same trials on any number of workers. Each trial is a keyed step: what a killed search has finished is not done again.

Bergstra et al. 2011, *Algorithms for hyper-parameter optimization* (TPE), as Optuna has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, cast

from fullcycle.data.records import Column, Dataset
from fullcycle.development.admission import obstacle
from fullcycle.development.clusters.loss import cluster_loss
from fullcycle.development.clusters.number import over_counts
from fullcycle.development.features import Expressions, fit_plan, learnable
from fullcycle.development.knowledge import constraints
from fullcycle.development.learners import BUILT_IN, LEARNERS, Learner, Parameters, Training
from fullcycle.development.learners.libraries import libraries
from fullcycle.development.records import Trial
from fullcycle.development.settings import Development, Features, Knowledge
from fullcycle.development.table import Floats, Given, Source, rows
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.clock import Stopwatch, duration
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.verbs import Call, Engine, Run, step
from fullcycle.measure.metrics import log_loss, rmse
from fullcycle.predictor.plan import Plan
from fullcycle.scoping.records import Charter

PORTFOLIO = (
    "lightgbm",
    "linear",
    "kmeans",
)  # those of a task in the order in which they are tried; a constant comes last
MOST = 200  # trials, however much time there is: by then more of them fit the validation rows, not the question
Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0: not known)."""
_PLACE = "cycle.toml, [development]"


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody.

    >>> silent("trials", 3, 40)
    """


@step(
    "development.trial",
    version=4,
    libraries=("lightgbm", "scikit-learn", "numpy", "scipy", "polars"),
    project_code=True,
)
def trial(
    *,
    dataset: Dataset,
    charter: Charter,
    learner: str,
    parameters: Parameters,
    settings: Features,
    expressions: Expressions,
    knowledge: Knowledge,
    seed: int,
    blobs: Blobs,
) -> Trial:
    """The learner fitted on the training rows and scored on the validation rows.

    Parameters
    ----------
    learner : its name.
    expressions : what the feature plan computes before.
    knowledge : what is declared of columns.

    Raises
    ------
    InputError
        The training rows cannot be learnt from.
    """
    fitter = LEARNERS[learner]
    prepared = _prepared(
        _Preparation(
            Source(dataset.id, dataset, blobs),
            charter,
            (dataset.id, charter.id),
            fitter.recipe,
            settings,
            expressions,
        )
    )
    classes = len(dataset.classes)
    found = fitter.fit(
        Training(
            *prepared.train,
            charter.task,
            classes,
            parameters,
            seed,
            prepared.validation,
            constraints=constraints(knowledge, prepared.plan, learnable(dataset.columns, charter)),
        )
    )
    matrix, target = prepared.validation
    if charter.task == "clustering":
        loss = cluster_loss(found.model, parameters, prepared.train[0], matrix)
        return Trial(parents=(dataset.id, charter.id), learner=learner, parameters=parameters, loss=loss)
    loss_of = rmse if charter.task == "regression" else log_loss
    return Trial(
        parents=(dataset.id, charter.id),
        learner=learner,
        parameters=parameters,
        loss=loss_of(target, found.model.scores(matrix)),
        iterations=found.iterations,
    )


def search(given: Given, *, run: Run, engine: Engine, progress: Progress) -> tuple[Trial, ...]:
    """Every trial, in order: the portfolio, then rounds on the leading learner until the budget is spent.

    A budget of trials counts each one, the constant too. A budget in time is looked at between rounds. For clustering the
    numbers of clusters are tried in turn instead, see :func:`fullcycle.development.clusters.number.over_counts`.

    Raises
    ------
    InputError
        The budget is none, a learner cannot do the task, or the training rows cannot be learnt from.
    """
    settings = given.settings
    budget = Budget.read(settings.search_budget)
    names = portfolio(settings, given.charter.task, given.dataset.columns)

    def evaluate(asked: Sequence[tuple[str, Parameters]]) -> list[Trial]:
        return cast(list[Trial], run.map([_call(given, name, parameters) for name, parameters in asked], engine))

    if given.charter.task == "clustering":
        return over_counts(given, names, evaluate, budget, progress)
    with Stopwatch() as watch:
        trials = evaluate([(name, LEARNERS[name].default()) for name in names[: budget.trials]])
    progress("developing: trials", len(trials), budget.shown)
    searched = [it for it in trials if LEARNERS[it.learner].default()]
    if settings.search == "none" or not searched:
        return tuple(trials)
    leader = best(searched)
    study = _Study(LEARNERS[leader.learner], leader, settings)
    spent = watch.seconds
    while (wanted := min(settings.round, budget.left(len(trials), spent))) > 0:
        with Stopwatch() as watch:
            found = evaluate([(leader.learner, parameters) for parameters in study.ask(wanted)])
            study.tell(found)
        trials += found
        spent += watch.seconds
        progress("developing: trials", len(trials), budget.shown)
    return tuple(trials)


def _call(given: Given, learner: str, parameters: Parameters) -> Call:
    settings = given.settings
    return Call(
        trial,
        inputs={"dataset": given.dataset, "charter": given.charter},
        parameters={
            "learner": learner,
            "parameters": parameters,
            "settings": settings.features,
            "expressions": given.expressions,
            "knowledge": settings.knowledge,
            "seed": settings.seed,
        },
        using={"blobs": given.blobs},
        libraries=libraries([learner]),
    )


def portfolio(settings: Development, task: str, columns: tuple[Column, ...] = ()) -> list[str]:
    """The learners to try first, in order, a constant last. Of our own, *auto* takes those of ``PORTFOLIO`` only.

    Raises
    ------
    InputError
        A learner that is asked for cannot do the task, keeps rows where the dataset's *columns* hold personal data, or
        cannot keep to declared knowledge (UnknownKey: there is none of that name).

    Examples
    --------
    >>> portfolio(Development(learners=("linear",)), "binary")
    ['linear', 'constant']
    """
    asked = asked_for(settings)
    refused = {name: obstacle(LEARNERS[name], task, settings.knowledge, columns) for name in asked}
    if settings.learners != "auto":
        for error in refused.values():
            if error is not None:
                raise error
    return [name for name in asked if refused[name] is None and name != "constant"] + ["constant"]


def asked_for(settings: Development) -> list[str]:
    """The learners that the settings name, or those that *auto* means: our portfolio, and all that are not ours.

    >>> asked_for(Development())
    ['lightgbm', 'linear', 'kmeans']
    """
    if settings.learners == "auto":
        return [*PORTFOLIO, *(name for name in LEARNERS if name not in BUILT_IN)]
    return list(dict.fromkeys(settings.learners))


def passed_over(settings: Development, task: str, columns: tuple[Column, ...]) -> tuple[Finding, ...]:
    """A note for each learner that could do the task and was not tried, and why.

    >>> [note.subject for note in passed_over(Development(knowledge=Knowledge(monotone={"x": "up"})), "binary", ())]
    ['linear']
    """
    able = [LEARNERS[name] for name in asked_for(settings) if task in LEARNERS[name].tasks]
    found = [(learner.name, obstacle(learner, task, settings.knowledge, columns)) for learner in able]
    return tuple(
        Finding(check="passed_over", subject=name, severity="note", evidence={"because": error.problem})
        for name, error in found
        if error is not None
    )


def best(trials: Sequence[Trial]) -> Trial:
    """The trial of least loss; of equal ones the first.

    >>> best([Trial(learner="a", parameters={}, loss=0.7), Trial(learner="b", parameters={}, loss=0.6)]).learner
    'b'
    """
    return min(trials, key=lambda it: it.loss)


class Budget(NamedTuple):
    """How long to search: a number of trials, and seconds; None where time does not matter."""

    trials: int
    seconds: float | None = None

    @classmethod
    def read(cls, text: str) -> Budget:
        """A budget such as ``40 trials`` or ``5m``. Raises InputError for anything else, or for nought.

        >>> Budget.read("40 trials"), Budget.read("5m")
        (Budget(trials=40, seconds=None), Budget(trials=200, seconds=300.0))
        """
        place = f"{_PLACE} search_budget"
        counted = re.fullmatch(r"\s*(\d{1,9})\s*trials?\s*", text)
        seconds = None if counted else duration(text, place=place).total_seconds()
        trials = int(counted[1]) if counted else MOST
        if not trials or seconds == 0:
            raise InputError("the budget is nought", place=place, found=text, mend="write '40 trials' or '5m'")
        return cls(trials, seconds)

    @property
    def shown(self) -> int:
        """How many trials there will be; 0 where time decides.

        >>> Budget.read("40 trials").shown, Budget.read("5m").shown
        (40, 0)
        """
        return 0 if self.seconds is not None else self.trials

    def left(self, trials: int, seconds: float) -> int:
        """How many more trials it allows after so many trials and seconds."""
        return 0 if self.seconds is not None and seconds >= self.seconds else self.trials - trials


class _Study:
    """Optuna's sampler, asked for rounds and told in order."""

    def __init__(self, learner: Learner, first: Trial, settings: Development) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._learner = learner
        self._study = optuna.create_study(sampler=_sampler(settings), direction="minimize")
        self._study.enqueue_trial(learner.default())
        self._asked: list[Any] = []
        self.ask(1)
        self.tell([first])

    def ask(self, count: int) -> list[Parameters]:
        """The parameters of the next trials."""
        self._asked = [self._study.ask() for _ in range(count)]
        return [self._learner.suggest(asked) for asked in self._asked]

    def tell(self, trials: Sequence[Trial]) -> None:
        """What the trials asked for last came to, in their order."""
        for asked, found in zip(self._asked, trials, strict=True):
            self._study.tell(asked, found.loss)


def _sampler(settings: Development) -> Any:
    import warnings

    import optuna

    if settings.search == "random":
        return optuna.samplers.RandomSampler(seed=settings.seed)
    with warnings.catch_warnings():
        # before Optuna 5 both options, now its defaults, were called experimental
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(seed=settings.seed, multivariate=True, constant_liar=True)


@dataclass(frozen=True)
class _Preparation:
    """What a fitted plan follows from; equal ones are prepared once a process."""

    source: Source
    charter: Charter = field(compare=False)
    facts: tuple[object, ...]  # what of dataset and charter matters, which as records cannot be hashed
    recipe: str
    settings: Features
    expressions: Expressions


class _Prepared(NamedTuple):
    """Features and target of the training and of the validation rows, and the plan that made the features."""

    train: tuple[Floats, Floats]
    validation: tuple[Floats, Floats]
    plan: Plan


@lru_cache(maxsize=2)
def _prepared(wanted: _Preparation) -> _Prepared:
    dataset, charter, blobs = wanted.source.dataset, wanted.charter, wanted.source.blobs
    train = rows(dataset, charter.target, blobs, "train")
    validation = rows(dataset, charter.target, blobs, "validation")
    check_target(train.target, dataset.classes)
    plan, matrix = fit_plan(
        *train,
        recipe=wanted.recipe,
        columns=learnable(dataset.columns, charter),
        settings=wanted.settings,
        zone=charter.timezone,
        task=charter.task,
        expressions=wanted.expressions,
    )
    return _Prepared((matrix, train.target), (plan.matrix(validation.frame), validation.target), plan)


def check_target(target: Floats, classes: tuple[str, ...]) -> None:
    """Raise InputError where the training rows hold one class only.

    >>> import numpy as np
    >>> check_target(np.array([0.0, 1.0]), ("false", "true"))
    """
    if classes and (target == target[0]).all():
        raise InputError(
            "the training rows hold one class only",
            found=classes[int(target[0])],
            expected="two classes or more",
            mend="take a longer history, or change [data.split]",
        )
