"""Readings: how often the same test rows have been looked at; each further look is tested harder."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fullcycle.data.records import Dataset
from fullcycle.data.split import Part
from fullcycle.kernel.blobs import get_record
from fullcycle.kernel.verbs import Call, Run

STEPS = ("development.make", "development.adopt")


def numbered(run: Run, dataset: Dataset, call: Callable[[int], Call]) -> Call:
    """*call* of its reading: the one under which it was made before, else the one after all earlier readings.

    Every model that was developed in this scope on datasets with the same test rows is a reading of them.

    Parameters
    ----------
    call : makes the call of a reading, from 1.
    """
    done = run.state.refresh().done
    last = earlier(run, dataset)
    made = (call(reading) for reading in range(1, last + 1))
    return next((it for it in made if run.key(it) in done), None) or call(last + 1)


def earlier(run: Run, dataset: Dataset) -> int:
    """How many models of this scope were tested on the test rows of *dataset*."""
    models = {
        entry.outputs[0]: entry.inputs
        for entry in run.state.refresh().entries
        if entry.verb == "step" and entry.step in STEPS and entry.scope == run.scope
    }
    tests: dict[str, Part | None] = {dataset.id: dataset.parts["test"]}
    for inputs in models.values():
        for id in inputs:
            if id not in tests and run.blobs.has(id):
                record = get_record(run.blobs, id)
                tests[id] = record.parts["test"] if isinstance(record, Dataset) else None
    same = msgspec.structs.astuple(dataset.parts["test"])
    return sum(
        any(part is not None and msgspec.structs.astuple(part) == same for part in (tests.get(id) for id in inputs))
        for inputs in models.values()
    )
