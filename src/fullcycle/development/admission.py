"""Which learners may be tried: not on personal data if they keep rows, and not where they cannot keep to what is declared."""

from __future__ import annotations

from fullcycle.data.records import Column
from fullcycle.development.learners import LEARNERS, Learner
from fullcycle.development.settings import Knowledge
from fullcycle.kernel.errors import InputError

_PLACE = "cycle.toml, [development]"
_NONE = ("", "no", "drop")  # decisions under which a column of the table holds nothing personal


def obstacle(learner: Learner, task: str, knowledge: Knowledge, columns: tuple[Column, ...]) -> InputError | None:
    """Why the learner may not be used, as the error to raise; None where nothing stands against it.

    Parameters
    ----------
    task : of the charter.
    columns : of the dataset. Data that is hashed or masked is personal still: it tells people apart.

    Examples
    --------
    >>> email = Column(name="email", kind="category", known="before", feature=True, personal="keep")
    >>> obstacle(LEARNERS["rbf_svm"], "binary", Knowledge(), (email,)).problem
    "the learner 'rbf_svm' keeps training rows in its model, and these hold personal data"
    >>> obstacle(LEARNERS["linear"], "binary", Knowledge(), (email,)) is None
    True
    """
    if task not in learner.tasks:
        problem, expected = f"the learner {learner.name!r} does no {task}", ", ".join(learner.tasks)
        return InputError(problem, place=_PLACE, expected=expected)
    if learner.recipe == "tokens" and not any(column.kind == "text" and column.feature for column in columns):
        problem = f"the learner {learner.name!r} reads texts, and no column of text is a feature"
        return InputError(problem, place=_PLACE, mend="take another learner")
    personal = [column.name for column in columns if column.personal not in _NONE]
    if learner.keeps_rows and personal:
        return InputError(
            f"the learner {learner.name!r} keeps training rows in its model, and these hold personal data",
            place=_PLACE,
            found=", ".join(personal),
            mend='take another learner, or write personal = "drop" in columns.toml',
        )
    return _unable(learner, task, knowledge)


def _unable(learner: Learner, task: str, knowledge: Knowledge) -> InputError | None:
    place = "cycle.toml, [development.knowledge]"
    if knowledge.monotone and task == "multiclass":
        problem = "several classes have no order in which a score could grow"
        return InputError(problem, place=f"{place} monotone", mend="take it out")
    declared = {"monotone": knowledge.monotone, "never_together": knowledge.never_together}
    lacking = [name for name, value in declared.items() if value and name not in learner.honours]
    if not lacking:
        return None
    able = [name for name in LEARNERS if set(lacking) <= set(LEARNERS[name].honours)]
    return InputError(
        f"the learner {learner.name!r} cannot keep to declared knowledge",
        place=place,
        found=", ".join(lacking),
        expected=f"learners that can: {', '.join(able)}",
    )
