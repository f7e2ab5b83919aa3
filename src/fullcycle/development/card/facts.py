"""What a card is made from, and what of it may be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import msgspec

from fullcycle.data.records import Dataset
from fullcycle.development.board import Place
from fullcycle.development.evaluation import Evaluation
from fullcycle.development.records import Model
from fullcycle.document import NOT_STATED
from fullcycle.kernel.finding import Finding
from fullcycle.scoping.records import Charter

_HEADLINE = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
_NONE = ("", "no", "drop")  # decisions under which a column holds nothing personal
_SUSPECTED = ("personal_data", "free_text")


@dataclass(frozen=True)
class Facts:
    """A model with its ancestors, and what the journal tells beside it.

    Attributes
    ----------
    inputs : the columns that its feature plan reads.
    leaderboard : its trials, best first.
    measured : findings measured on a machine.
    seconds : that it took to develop; None where nobody measured.
    rebuilt : when it was made again from its record, and whether it came out the same, oldest first.
    """

    charter: Charter
    dataset: Dataset
    model: Model
    evaluation: Evaluation
    inputs: tuple[str, ...] = ()
    leaderboard: tuple[Place, ...] = ()
    measured: tuple[Finding, ...] = ()
    seconds: float | None = None
    rebuilt: tuple[tuple[datetime, bool], ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Of the record and of machines, with nothing personal in them."""
        return tuple(self.told(finding) for finding in (*self.model.findings, *self.measured))

    @property
    def headline(self) -> tuple[str, ...]:
        """The figures that say most, by name."""
        names = (_HEADLINE.get(self.charter.task, ""), "gain_per_1000")
        return tuple(name for name in names if name in self.model.figures)

    @cached_property
    def personal(self) -> frozenset[str]:
        """Columns whose values are not told: what is personal, and what seems to be while nobody has decided."""
        decided = {column.name for column in self.dataset.columns if column.personal not in _NONE}
        open_ = {it.subject for it in self.dataset.findings if it.check in _SUSPECTED and it.passed is False}
        return frozenset(decided | open_)

    def told(self, finding: Finding) -> Finding:
        """*finding*; where its subject is a slice by a personal column, without the value."""
        named = sorted(
            name for name in self.personal if f"{name} '" in finding.subject or f'{name} "' in finding.subject
        )
        if not named:
            return finding
        return msgspec.structs.replace(finding, subject=f"a slice by {' and '.join(named)}")

    def level(self, where: dict[str, str]) -> str:
        """A slice in words; of personal columns only their names."""
        return " and ".join(
            f"one value of {name}" if name in self.personal else f"{name} {value}" for name, value in where.items()
        )


def stated(facts: Facts, fact: str) -> str:
    """What the sources say of a fact, with their names where they differ."""
    texts = {source.name: str(getattr(source, fact)) for source in facts.dataset.sources}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return "; ".join(f"{name}: {text or NOT_STATED}" for name, text in texts.items() if any(texts.values()))
