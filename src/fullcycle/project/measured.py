"""What the journal tells beside a record: figures of the machines that made it, which no record holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from fullcycle.kernel.finding import Finding
from fullcycle.kernel.journal import Entry

VERIFY = "development.verify"
"""What a note is called that says whether a model came out the same when it was made again."""


def measured(entries: Iterable[Entry], id: str) -> tuple[Finding, ...]:
    """Findings measured on a machine about the record *id*.

    >>> measured((), "ab")
    ()
    """
    found = [entry.facts["findings"] for entry in entries if entry.verb == "measure" and id in entry.inputs]
    return tuple(msgspec.convert(finding, Finding) for findings in found for finding in findings)


def made(entries: Iterable[Entry], id: str) -> Entry | None:
    """The entry of the step that made the record *id* first; None where it was made elsewhere.

    >>> made((), "ab") is None
    True
    """
    return next((entry for entry in entries if entry.verb == "step" and id in entry.outputs), None)


def seconds(entries: Iterable[Entry]) -> dict[str, float]:
    """By record, how long the step took that made it first.

    >>> seconds(())
    {}
    """
    found: dict[str, float] = {}
    for entry in entries:
        if entry.verb == "step":
            for id in entry.outputs:
                found.setdefault(id, entry.cost.get("seconds", 0.0))
    return found


def rebuilt(entries: Iterable[Entry], id: str) -> tuple[tuple[datetime, bool], ...]:
    """When the model *id* was made again from its record, and whether it came out the same, oldest first.

    >>> rebuilt((), "ab")
    ()
    """
    tried = (entry for entry in entries if entry.verb == "note" and entry.step == VERIFY and id in entry.inputs)
    return tuple((entry.at, bool(entry.facts["equal"])) for entry in tried)
