"""The portfolio: what is tried first, in an order that puts what is good and quick before what is good and slow.

*auto* takes learners of our own that are always installed, so that the same settings try the same everywhere; but for
the transformer, an extra that is tried last of the first round where there are texts and hours. After LightGBM's
defaults and a linear model come configurations that differ from them: their mistakes differ too, which is what an
ensemble lives on. Erickson et al. 2025, *TabArena*; the order follows AutoGluon's zero-shot portfolio.
"""

from __future__ import annotations

from typing import NamedTuple

from fullcycle.data.records import Column
from fullcycle.development.admission import obstacle
from fullcycle.development.learners import BUILT_IN, LEARNERS, Parameters
from fullcycle.development.learners.transformer import missing
from fullcycle.development.search.budget import Budget
from fullcycle.development.settings import Development
from fullcycle.kernel.finding import Finding
from fullcycle.predictor.tokens import INSTALL

PORTFOLIO = ("lightgbm", "linear", "kmeans")
"""Learners that *auto* tries with their defaults where they do the task, before those of the project and a constant."""
ENOUGH = 2 * 3600  # seconds of a budget from which the transformer is tried: a trial of it takes up to half an hour
READER = "transformer"
"""The learner that reads texts itself."""
FEW = 50_000  # rows up to which whole forests are grown: they take one core a minute beyond
_RANDOMISED: Parameters = {"extra_trees": True, "num_leaves": 39, "min_data_in_leaf": 5, "feature_fraction": 0.46}
_SMALL: Parameters = {"num_leaves": 8, "feature_fraction": 0.8, "bagging_fraction": 0.8, "lambda_l2": 1.0}
_LARGE: Parameters = {"num_leaves": 84, "min_data_in_leaf": 10, "feature_fraction": 0.6, "bagging_fraction": 0.8}
FURTHER: tuple[tuple[str, Parameters], ...] = (
    ("lightgbm", {**_RANDOMISED, "learning_rate": 0.05}),
    ("extra_trees", {}),
    ("lightgbm", {**_SMALL, "learning_rate": 0.05}),
    ("random_forest", {}),
    ("lightgbm", {**_LARGE, "learning_rate": 0.05}),
)
"""What *auto* tries further, as the budget allows: a learner, and what differs from its defaults."""
_FORESTS = ("extra_trees", "random_forest")


class Proposal(NamedTuple):
    """What to try."""

    learner: str
    parameters: Parameters


def proposals(
    settings: Development, task: str, columns: tuple[Column, ...], n: int
) -> tuple[list[Proposal], list[Proposal]]:
    """What is tried in the first round, a constant last, and what then, as the budget allows.

    Parameters
    ----------
    columns : of the dataset.
    n : its training and validation rows.

    Examples
    --------
    >>> first, further = proposals(Development(), "binary", (), 100_000)
    >>> [it.learner for it in first], [it.learner for it in further]
    (['lightgbm', 'linear', 'constant'], ['lightgbm', 'lightgbm', 'lightgbm'])
    """
    names = portfolio(settings, task, columns)
    if settings.learners == "auto" and _unread(settings, task, columns) == "":
        names.insert(-1, READER)
    first = [Proposal(name, LEARNERS[name].default()) for name in names]
    if settings.learners != "auto":
        return first, []
    return first, [
        Proposal(name, {**LEARNERS[name].default(), **changes})
        for name, changes in FURTHER
        if (n <= FEW or name not in _FORESTS) and obstacle(LEARNERS[name], task, settings.knowledge, columns) is None
    ]


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

    >>> from fullcycle.development.settings import Knowledge
    >>> [note.subject for note in passed_over(Development(knowledge=Knowledge(monotone={"x": "up"})), "binary", ())]
    ['linear']
    """
    able = [LEARNERS[name] for name in asked_for(settings) if task in LEARNERS[name].tasks]
    found = [(learner.name, obstacle(learner, task, settings.knowledge, columns)) for learner in able]
    reasons = {name: error.problem for name, error in found if error is not None}
    if settings.learners == "auto" and (reason := _unread(settings, task, columns)):
        reasons[READER] = reason
    return tuple(
        Finding(check="passed_over", subject=name, severity="note", evidence={"because": reason})
        for name, reason in reasons.items()
    )


def _unread(settings: Development, task: str, columns: tuple[Column, ...]) -> str | None:
    """Why *auto* does not try the transformer; None where there is nothing for it to read, empty where it is tried."""
    learner = LEARNERS[READER]
    texts = [column for column in columns if column.kind == "text" and column.feature]
    if task not in learner.tasks or all(_left_out(settings, column) for column in texts):
        return None
    if (error := obstacle(learner, task, settings.knowledge, columns)) is not None:
        return error.problem
    if lacking := missing():
        return f"not installed: {', '.join(lacking)}; {INSTALL}"
    seconds = Budget.read(settings.search_budget).seconds
    return "" if seconds is not None and seconds >= ENOUGH else f"the search budget is below {ENOUGH // 3600} hours"


def _left_out(settings: Development, column: Column) -> bool:
    own = settings.features.columns.get(column.name)
    how = "auto" if own is None else own.text
    return (settings.features.text if how == "auto" else how) == "none"
