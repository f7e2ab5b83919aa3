"""A search in a process of its own, to be killed: ``python killed.py FOLDER`` prints the id of the model it makes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from fullcycle.development.settings import Evaluation
from fullcycle.engine import LocalEngine

QUICK = Evaluation(learning_curve=False, slices=False, robustness=False, explanations=False, label_errors=False)
SEARCH: dict[str, Any] = {
    "learners": ("linear", "decision_tree"),
    "search_budget": "13 trials",
    "search": "random",
    "folds": 2,
    "evaluation": QUICK,
}


def searched(folder: Path) -> str:
    """The id of the model that is made there; what is there already is taken up."""
    spec = importlib.util.spec_from_file_location("made_world", Path(__file__).parents[1] / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["made_world"] = module
    spec.loader.exec_module(module)
    world = module.World(folder)
    dataset = world.dataset(world.frame(500))
    model: Any = world.develop(world.charter(), dataset, engine=LocalEngine(2), **SEARCH)
    return str(model.id)


if __name__ == "__main__":
    print(searched(Path(sys.argv[1])))  # noqa: T201
