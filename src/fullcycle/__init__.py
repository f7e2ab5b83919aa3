"""fullcycle: a model's whole production life as one product, from a business question to the money it made.

>>> import fullcycle as fc
>>> sorted(name for name in fc.__all__ if name[0].isupper())
['Charter', 'Cycle', 'Dataset', 'Health', 'Model', 'Project', 'Release', 'Verdict']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fullcycle.business.records import Verdict
    from fullcycle.data.records import Dataset
    from fullcycle.data.sources import clean, source
    from fullcycle.deployment.records import Release
    from fullcycle.development.behave import behaviour
    from fullcycle.development.features import feature
    from fullcycle.development.learners.own import learner
    from fullcycle.development.records import Model
    from fullcycle.loop.face import Cycle, Project, open_project
    from fullcycle.measure.metrics import own as metric
    from fullcycle.monitoring.alerts import alert_channel
    from fullcycle.monitoring.records import Health
    from fullcycle.scoping.records import Charter
    from fullcycle.scoping.value import value

__version__ = "0.1.0"
__all__ = [
    "Charter",
    "Cycle",
    "Dataset",
    "Health",
    "Model",
    "Project",
    "Release",
    "Verdict",
    "alert_channel",
    "behaviour",
    "clean",
    "feature",
    "learner",
    "metric",
    "open_project",
    "source",
    "value",
]

_HOMES = {
    "Charter": ("fullcycle.scoping.records", "Charter"),
    "Dataset": ("fullcycle.data.records", "Dataset"),
    "Model": ("fullcycle.development.records", "Model"),
    "Release": ("fullcycle.deployment.records", "Release"),
    "Health": ("fullcycle.monitoring.records", "Health"),
    "Verdict": ("fullcycle.business.records", "Verdict"),
    "Project": ("fullcycle.loop.face", "Project"),
    "Cycle": ("fullcycle.loop.face", "Cycle"),
    "open_project": ("fullcycle.loop.face", "open_project"),
    "alert_channel": ("fullcycle.monitoring.alerts", "alert_channel"),
    "behaviour": ("fullcycle.development.behave", "behaviour"),
    "clean": ("fullcycle.data.sources", "clean"),
    "feature": ("fullcycle.development.features", "feature"),
    "learner": ("fullcycle.development.learners.own", "learner"),
    "metric": ("fullcycle.measure.metrics", "own"),
    "source": ("fullcycle.data.sources", "source"),
    "value": ("fullcycle.scoping.value", "value"),
}


def __getattr__(name: str) -> Any:
    """Public names are fetched when first used, so that importing does nothing (PEP 562)."""
    if name in _HOMES:
        module, home = _HOMES[name]
        return getattr(import_module(module), home)
    raise AttributeError(f"module 'fullcycle' has no attribute {name!r}")
