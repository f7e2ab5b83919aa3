"""What each step's code was when its version was declared: ``python tests/lock_steps.py`` writes ``steps.lock`` anew.

A step's result can depend on its own room and on the lower floor that it uses; a change there asks for a new version,
since otherwise an old record would be reused for new code. Comments, docstrings and layout do not count.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fullcycle
from fullcycle.kernel.verbs import STEPS, without_docstrings

HOUSE = Path(fullcycle.__file__).parent
LOCK = Path(__file__).with_name("steps.lock")
LOWER = ("measure", "predictor", "traffic")
MODULES = (
    "scoping",
    "data",
    "development",
    "development.search",
    "development.adopt",
    "deployment",
    "monitoring",
    "business",
)


def steps() -> dict[str, dict[str, Any]]:
    """Name, version and code of every step of the product."""
    for module in MODULES:
        importlib.import_module(f"fullcycle.{module}")
    own = {
        name: step
        for name, step in STEPS.items()
        if step.function.__module__.startswith("fullcycle.") and not name.startswith("doctest")
    }
    return {
        name: {"version": step.version, "code": code(step.function.__module__)} for name, step in sorted(own.items())
    }


def code(module: str, sources: dict[str, str] | None = None) -> str:
    """Digest of *module* and of what it imports from its own room and the lower floor."""
    room = module.split(".")[1]
    seen: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            tree = ast.parse((sources or {}).get(name) or file_of(name).read_text())
            waiting += [other for other in imported(tree) if other.split(".")[1] in (room, *LOWER)]
            seen[name] = ast.dump(without_docstrings(tree))
    return hashlib.sha256("".join(f"{name}:{seen[name]}\n" for name in sorted(seen)).encode()).hexdigest()[:16]


def imported(tree: ast.AST) -> Iterator[str]:
    """Modules of fullcycle that a tree imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fullcycle."):
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in whole if file_of(name).exists())
            yield str(node.module)


def file_of(name: str) -> Path:
    """Where a module's source lies."""
    path = HOUSE.joinpath(*name.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


if __name__ == "__main__":
    LOCK.write_text(json.dumps(steps(), indent=2) + "\n")
