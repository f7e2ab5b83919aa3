"""The six stages in their order, and what is current of each."""

from __future__ import annotations

from fullcycle.kernel.scope import Scope
from fullcycle.kernel.state import State

STAGES = {
    "scoping": "charter",
    "data": "dataset",
    "development": "model",
    "deployment": "release",
    "monitoring": "health",
    "business": "verdict",
}
"""Each room, and the kind of the one record that it makes."""


def heads(state: State, scope: Scope) -> dict[str, str]:
    """Kind of record to the id of the current one, for the stages that have one."""
    found = state.heads(scope)
    return {kind: found[stage] for stage, kind in STAGES.items() if stage in found}
