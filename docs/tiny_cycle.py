"""fullcycle on one page: a model's whole production life, from a question to the money it made, and round again.

    python docs/tiny_cycle.py [FOLDER]

A teaching copy that needs Python alone. Names, records and rules are those of the product; what makes the product large
is left out: many processes, search, HTTP, open tables, a control group, personal data, signatures. Read it from top to
bottom. The story: an airline may rebook passengers of flights that will be late, and on day 84 the world changes.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import math
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

Row = Mapping[str, Any]

# --- The kernel: record, finding, journal, three verbs ---------------------------------------------------------------

class Corrupt(Exception):
    """Stored bytes are not what they were."""

def canonical(value: Any) -> bytes:
    """One value, one spelling."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()

def digest(body: bytes) -> str: return hashlib.sha256(body).hexdigest()

class Finding(NamedTuple):
    """What any check saw. Feasibility, data rules, gates and monitoring all return these."""
    check: str
    value: float
    limit: float
    passed: bool

def may_go_on(findings: Iterable[Finding]) -> bool:
    """The one gate of the house."""
    return all(finding.passed for finding in findings)

class Estimate(NamedTuple):
    point: float
    low: float
    high: float

@dataclass(frozen=True, kw_only=True)
class Record:
    """A frozen value, named by the digest of its bytes; nothing in it is measured on a machine."""
    parents: Sequence[str] = ()
    findings: Sequence[Finding] = ()

    @property
    def kind(self) -> str: return type(self).__name__.lower()
    @property
    def canonical(self) -> bytes: return canonical({"kind": self.kind, **asdict(self)})
    @property
    def id(self) -> str: return digest(self.canonical)

def write_aside(path: Path, body: bytes) -> None:
    """The name shows the old or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".aside-{path.name}")
    aside.write_bytes(body)
    os.replace(aside, path)

class Blobs(NamedTuple):
    """Records and all big things, each under its digest."""
    folder: Path

    def put(self, body: bytes) -> str:
        write_aside(self.folder / digest(body), body)
        return digest(body)

    def get(self, name: str) -> bytes:
        if digest(body := (self.folder / name).read_bytes()) != name:
            raise Corrupt(f"blob {name[:8]}")
        return body

    def record(self, id: str) -> Any:
        fields = json.loads(self.get(id))
        kind = {it.__name__.lower(): it for it in Record.__subclasses__()}[fields.pop("kind")]
        typed = {"findings": [Finding(*it) for it in fields["findings"]]}
        return kind(**fields | typed | ({"gain": Estimate(*fields["gain"])} if "gain" in fields else {}))

class Journal:
    """Append-only. Each entry carries the hash of the one before, so that none can be changed unseen."""

    def __init__(self, path: Path) -> None:
        self.path, before = path, ""
        self.entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        for position, entry in enumerate(self.entries, 1):
            content = {name: value for name, value in entry.items() if name != "hash"}
            if (entry["before"], entry["hash"]) != (before, digest(canonical(content))):
                raise Corrupt(f"journal, entry {position}")
            before = entry["hash"]

    def append(self, **entry: Any) -> None:
        entry["before"] = self.entries[-1]["hash"] if self.entries else ""
        entry["hash"] = digest(canonical(entry))
        with self.path.open("ab") as file:
            file.write(canonical(entry) + b"\n")
        self.entries.append(entry)

    def find(self, **wanted: Any) -> list[dict[str, Any]]:
        """All state is read from entries: those that have these facts, oldest first."""
        return [entry for entry in self.entries if wanted.items() <= entry.items()]

class Step(NamedTuple):
    """A pure function from records to one record. Its version is raised when its code changes."""
    name: str
    version: int
    make: Callable[..., Record]

def step(name: str, *, version: int) -> Callable[[Callable[..., Record]], Step]:
    return lambda make: Step(name, version, make)

class Observation(NamedTuple):
    id: str  # the fingerprint of what was seen
    value: Any

Say = Callable[[int, Record], None]

class Run:
    """The three verbs, for one actor, on one clock."""

    def __init__(self, folder: Path, clock: int, say: Say) -> None:
        self.folder, self.clock, self.say = folder, clock, say
        self.blobs, self.journal = Blobs(folder / "blobs"), Journal(folder / "journal.jsonl")

    def step(self, step: Step, **inputs: Any) -> Any:
        """Pure, so the same key is never run twice."""
        ids = {name: getattr(it, "id", it) for name, it in inputs.items()}
        key = digest(canonical([step.name, step.version, ids]))
        if done := self.journal.find(verb="step", key=key):
            record = self.blobs.record(done[-1]["output"])
        else:
            record = step.make(**inputs, blobs=self.blobs)
            self.blobs.put(record.canonical)  # first the record, then the entry that names it: a crash leaves no gap
        self.write("reused" if done else "step", step.name, record.id, key=key, inputs=ids)
        self.say(self.clock, record)
        return record

    def observe(self, name: str, look: Callable[[], tuple[Any, str]]) -> Observation:
        """Reads the outside; never skipped. The fingerprint is an input of what follows."""
        value, fingerprint = look()
        self.write("observe", name, fingerprint)
        return Observation(fingerprint, value)

    def act(self, name: str, output: str, key: str, effect: Callable[[], None]) -> None:
        """Changes the outside once: an intent, the effect, its result. After a crash between them it is repeated."""
        if not self.journal.find(verb="act", step=name, key=key):
            self.write("intend", name, output, key=key)
            effect()
            self.write("act", name, output, key=key)

    def write(self, verb: str, step: str, output: str, **facts: Any) -> None:
        self.journal.append(actor="you", at=self.clock, verb=verb, step=step, output=output, **facts)

    def heads(self) -> dict[str, str]:
        """What is current: kind of record to id."""
        return {entry["step"]: entry["output"] for entry in self.journal.find(verb="head")}

# --- The lower floor: value, the feature plan, who answers a row -----------------------------------------------------

def gained(charter: Charter, decided: Sequence[tuple[Row, str]]) -> Estimate:
    """Money per 1000 decisions, against the better of today's rule and the best constant action on the same rows."""
    best = max(charter.actions, key=lambda it: sum(charter.actions[it][row["late"]] for row, _ in decided))
    by_day: dict[int, list[int]] = {}
    for row, action in decided:
        gain = charter.actions[action][row["late"]] - charter.actions[best][row["late"]]
        by_day.setdefault(row["day"], []).append(1000 * gain)
    days = [statistics.fmean(gains) for gains in by_day.values()]  # flights of a day share its weather: days count
    point, reach = statistics.fmean(days), 2.1 * statistics.stdev(days) / math.sqrt(len(days))  # 95%, by Student's t
    return Estimate(point, point - reach, point + reach)

OPERATIONS: dict[str, Callable[..., float]] = {
    "equals": lambda cell, wanted: float(cell == wanted),
    "at_least": lambda cell, limit: float(cell >= limit),
    "multiply": lambda left, right: left * right,
}

def on_row(plan: Any, row: Row) -> list[float]:
    """The feature plan on one row, as serving runs it."""
    slots = dict(row)
    for output, operation, reads, *parameters in plan:
        slots[output] = OPERATIONS[operation](*(slots[name] for name in reads), *parameters)
    return [slots[output] for output, *_ in plan]

def on_columns(plan: Any, rows: Sequence[Row]) -> list[list[float]]:
    """The same plan on columns, as training runs it. It is data: there is no second place where it could differ."""
    slots = {name: [row[name] for row in rows] for name in ("carrier", "hour")}
    for output, operation, reads, *parameters in plan:
        columns = zip(*(slots[name] for name in reads), strict=True)
        slots[output] = [OPERATIONS[operation](*cells, *parameters) for cells in columns]
    return [list(features) for features in zip(*(slots[output] for output, *_ in plan), strict=True)]

def score(weights: Sequence[float], features: Sequence[float]) -> float:
    return 1 / (1 + math.exp(-math.fsum(w * x for w, x in zip(weights, [1.0, *features], strict=True))))

def decide(charter: Charter, p: float) -> str:
    """The action of highest expected value; a tie keeps today's rule."""
    expected = {it: punctual * (1 - p) + late * p for it, (punctual, late) in charter.actions.items()}
    return max(expected, key=lambda it: (expected[it], it == charter.todays_rule))

@functools.cache
def load(blobs: Blobs, name: str) -> Any:
    """A bundle proves itself once, before it answers: its digest, and golden rows that a single row must reproduce."""
    bundle = json.loads(blobs.get(name))
    if [score(bundle["weights"], on_row(bundle["plan"], row)) for row in bundle["golden"]] != bundle["answers"]:
        raise Corrupt(f"bundle {name[:8]}")
    return bundle

def answer(run: Run, charter: Charter, row: Row) -> Row:
    """One request. Answering needs the route and the bundle, not the journal."""
    route = json.loads((run.folder / "serving.json").read_bytes())
    if not route["bundle"]:
        return {**row, "release": "", "score": None, "action": charter.todays_rule}
    bundle = load(run.blobs, route["bundle"])
    p = score(bundle["weights"], on_row(bundle["plan"], row))
    return {**row, "release": route["release"], "score": p, "action": decide(charter, p)}

# --- The outside: a source, read only up to ``as_of``, and traffic ---------------------------------------------------

def world() -> str:
    """What happened, as CSV: in the evening carrier C is late until day 84, and carrier D from then on."""
    lines, chance = ["id,day,carrier,hour,delay"], random.Random(1).random
    for day in range(146):
        storm = 0.3 * (chance() < 0.15)
        for flight in range(64):
            hour, carrier = 6 + flight % 16, "ABCD"[int(4 * chance())]
            late = chance() < storm + (0.6 if hour >= 16 and carrier == ("C" if day < 84 else "D") else 0.08)
            delay = "" if chance() < 0.02 else 60 if late else 5  # none where the flight was cancelled
            lines.append(f"{day}-{flight},{day},{carrier},{hour},{delay}")
    return "\n".join(lines) + "\n"

class History(NamedTuple):
    rows: list[Row]

    def known(self, as_of: int, label_delay: int) -> list[Row]:
        """Rows whose outcome had come by then. A cancelled flight has none: it is neither late nor punctual."""
        return [row for row in self.rows if row["day"] + label_delay < as_of and row["late"] is not None]

    def arriving(self, day: int) -> list[Row]:
        """Requests of a day: what is known before the flight, and nothing else."""
        return [{name: row[name] for name in ("id", "day", "carrier", "hour")} for row in self.rows if row["day"] == day]

def read_source(path: Path) -> tuple[History, str]:
    rows: list[Row] = []
    for row in csv.DictReader(path.read_text().splitlines()):
        late = int(row.pop("delay") or -1) > 30 if row["delay"] else None
        rows.append({**row, "day": int(row["day"]), "hour": int(row["hour"]), "late": late})
    return History(rows), digest(path.read_bytes())
