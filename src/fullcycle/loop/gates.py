"""Gates: findings of a record's content and findings measured on a machine, read by one function."""

from __future__ import annotations

from fullcycle.deployment.compatibility import CHECK
from fullcycle.deployment.records import Release
from fullcycle.development.records import Model
from fullcycle.kernel.errors import Refused
from fullcycle.kernel.finding import Finding, failed, sentence
from fullcycle.kernel.record import kind_of
from fullcycle.kernel.state import State
from fullcycle.project.measured import measured


def require(record: Model | Release, state: State) -> None:
    """Stop where a gate of *record* failed.

    Raises
    ------
    Refused
        Names each gate that failed.
    """
    if stops := failed((*record.findings, *measured(state.entries, record.id))):
        raise Refused(
            "a gate failed; nothing is released",
            place=f"{kind_of(record)} {record.id[:12]}",
            found="; ".join(map(sentence, stops)),
            mend=f"see 'fullcycle show {kind_of(record)}'; what serves goes on serving" + _otherwise(stops),
        )


def _otherwise(stops: tuple[Finding, ...]) -> str:
    if any(it.check != CHECK for it in stops):
        return ""
    return "; once its clients are ready, 'fullcycle deploy --breaking'"
