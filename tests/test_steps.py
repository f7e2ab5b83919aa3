"""A step whose code changes needs a new version, or old records would be taken for new ones."""

from __future__ import annotations

import json

from lock_steps import LOCK, code, file_of, steps

MEND = "raise the version in its @step(…), then run: python tests/lock_steps.py"


def test_a_changed_step_has_a_changed_version() -> None:
    locked, found = json.loads(LOCK.read_text()), steps()
    assert {
        "scoping.make",
        "data.make",
        "development.make",
        "deployment.make",
        "monitoring.make",
        "business.make",
    } <= set(found)
    for name, step in found.items():
        assert name in locked, f"{name} is new; run: python tests/lock_steps.py"
        if step["code"] != locked[name]["code"]:
            assert step["version"] > locked[name]["version"], f"the code of {name} changed: {MEND}"
            raise AssertionError(f"{name} has a new version; run: python tests/lock_steps.py")
        assert step["version"] == locked[name]["version"]
    assert set(locked) == set(found)


def test_code_counts_and_prose_does_not() -> None:
    module, helper = "fullcycle.scoping", "fullcycle.scoping.feasibility"
    text = file_of(helper).read_text()
    assert code(module, {helper: text + "\n# a comment\n"}) == code(module)
    assert code(module, {helper: text.replace('"""', '"""Other words. ', 1)}) == code(module)
    assert code(module, {helper: text.replace("at_least", "at_most", 1)}) != code(module)
    lower = "fullcycle.measure.intervals"
    assert code(module, {lower: file_of(lower).read_text() + "\nX = 1\n"}) != code(module)
