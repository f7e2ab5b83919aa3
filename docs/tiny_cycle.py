"""fullcycle on one page: a model's whole production life, from a question to the money it made, and round again.

    python docs/tiny_cycle.py [FOLDER]

A teaching copy that needs Python alone. Names, records and rules are those of the product; what makes the product large
is left out: many processes, search, HTTP, open tables, a control group, personal data, signatures. Read it from top to
bottom. The story: an airline may rebook passengers of flights that will be late, and on day 84 the world changes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import operator
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

# --- The kernel: record, finding, journal, three verbs ---------------------------------------------------------------
Row = Mapping[str, Any]
Say = Callable[[int, "Record"], None]  # tells people of a record, on a day

class Corrupt(Exception):
    """Stored bytes are not what they were."""
def canonical(value: Any) -> bytes:  # one value, one spelling
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
def digest(body: bytes) -> str: return hashlib.sha256(body).hexdigest()

class Finding(NamedTuple):  # what any check saw: feasibility, data rules, gates and monitoring all return these
    check: str
    value: float
    limit: float
    passed: bool
def may_go_on(findings: Iterable[Finding]) -> bool: return all(finding.passed for finding in findings)
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

def write_aside(path: Path, body: bytes) -> None:  # the name shows the old or the new, never a part
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".aside").write_bytes(body)
    path.with_suffix(".aside").replace(path)

class Blobs(NamedTuple):  # records and all big things, each under its digest
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
        fields["findings"] = [Finding(*it) for it in fields["findings"]]
        return kind(**fields | ({"gain": Estimate(*fields["gain"])} if "gain" in fields else {}))

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
    def find(self, **wanted: Any) -> list[dict[str, Any]]:  # all state is read from entries that have these facts
        return [entry for entry in self.entries if wanted.items() <= entry.items()]

class Observation(NamedTuple):
    id: str  # the fingerprint of what was seen
    value: Any

class Run:
    """The three verbs, step, observe and act, for one actor and on one clock."""
    def __init__(self, folder: Path, clock: int, say: Say) -> None:
        self.folder, self.clock, self.say = folder, clock, say
        self.blobs, self.journal = Blobs(folder / "blobs"), Journal(folder / "journal.jsonl")

    def step(self, make: Callable[..., Record], version: int, **inputs: Any) -> Any:
        """A pure function to one record: same key, same record. The version is raised when the function changes."""
        ids = {name: getattr(it, "id", it) for name, it in inputs.items()}
        key = digest(canonical([make.__name__, version, ids]))
        done = self.journal.find(verb="step", key=key)
        record = self.blobs.record(done[-1]["output"]) if done else make(**inputs, blobs=self.blobs)
        self.blobs.put(record.canonical)  # first the record, then the entry that names it: a crash leaves no gap
        self.write("reused" if done else "step", make.__name__, record.id, key=key, inputs=ids)
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
    def head(self, *records: Record) -> None:  # what is current of its kind
        for record in records:
            self.write("head", record.kind, record.id)
    def write(self, verb: str, step: str, output: str, **facts: Any) -> None:
        self.journal.append(actor="you", at=self.clock, verb=verb, step=step, output=output, **facts)

# --- The lower floor: value, the feature plan, who answers a row -----------------------------------------------------
def gained(charter: Charter, decided: Sequence[tuple[Row, str]]) -> Estimate:
    """Money per 1000 decisions, against the better of today's rule and the best constant action on the same rows."""
    worth = charter.actions
    best = max(worth, key=lambda it: sum(worth[it][row["late"]] for row, _ in decided))
    gains = [(row["day"], 1000 * (worth[it][row["late"]] - worth[best][row["late"]])) for row, it in decided]
    days = [statistics.fmean(gain for at, gain in gains if at == day) for day in sorted({at for at, _ in gains})]
    reach = 2.1 * statistics.stdev(days) / math.sqrt(len(days))  # 95%; flights of a day share its weather: days count
    return Estimate(statistics.fmean(days), statistics.fmean(days) - reach, statistics.fmean(days) + reach)

# The feature plan is data, [name, operation, [column], operand] a feature: serving and training cannot differ in it.
OPERATIONS: dict[str, Callable[[Any, Any], bool]] = {"equals": operator.eq, "at_least": operator.ge}
def on_row(plan: Any, row: Row) -> list[float]:  # as serving runs it
    return [float(OPERATIONS[operation](row[column], operand)) for _, operation, (column,), operand in plan]
def on_columns(plan: Any, rows: Sequence[Row]) -> list[list[float]]:  # as training runs it
    columns = [[float(OPERATIONS[name](row[it], operand)) for row in rows] for _, name, (it,), operand in plan]
    return [list(features) for features in zip(*columns, strict=True)]

def score(weights: Sequence[float], features: Sequence[float]) -> float:
    return 1 / (1 + math.exp(-math.fsum(w * x for w, x in zip(weights, [1.0, *features], strict=True))))
def decide(charter: Charter, p: float) -> str:  # the action of highest expected value; a tie keeps today's rule
    expected = {it: punctual * (1 - p) + late * p for it, (punctual, late) in charter.actions.items()}
    return max(expected, key=lambda it: (expected[it], it == charter.todays_rule))

@functools.cache
def load(blobs: Blobs, name: str) -> Any:
    """A bundle proves itself once, before it answers: its digest, and golden rows that a single row must reproduce."""
    bundle = json.loads(blobs.get(name))
    if [score(bundle["weights"], on_row(bundle["plan"], row)) for row in bundle["golden"]] != bundle["answers"]:
        raise Corrupt(f"bundle {name[:8]}")
    return bundle

def answer(run: Run, charter: Charter, row: Row) -> Row:  # one request; it needs the route, but not the journal
    route = json.loads((run.folder / "serving.json").read_bytes())
    bundle = load(run.blobs, route["bundle"]) if route["bundle"] else None
    p = score(bundle["weights"], on_row(bundle["plan"], row)) if bundle else None
    action = charter.todays_rule if p is None else decide(charter, p)
    return {**row, "release": route["release"], "score": p, "action": action}

# --- The outside: a source, read only up to ``as_of``, and traffic ---------------------------------------------------
def world() -> str:  # what happened, as CSV: carrier C is often late until day 84, and carrier D from then on
    lines, chance = ["day,flight,carrier,hour,delay"], random.Random(1).random
    for day in range(146):
        storm, bad = chance() < 0.15, "C" if day < 84 else "D"
        for flight in range(64):
            carrier, hour = "ABCD"[flight % 4], 6 + flight % 16
            late = chance() < 0.05 + 0.5 * (carrier == bad) + 0.1 * (hour >= 16) + 0.3 * storm
            lines.append(f"{day},{flight},{carrier},{hour},{60 if late else 5}")
    return "\n".join(lines) + "\n"

class History(NamedTuple):
    rows: list[Row]
    def known(self, as_of: int, label_delay: int) -> list[Row]:  # those whose outcome had come by then
        return [row for row in self.rows if row["day"] + label_delay < as_of]
    def arriving(self, day: int) -> list[Row]:  # requests of a day: what is known before the flight, and no more
        return [{it: row[it] for it in ("id", "day", "carrier", "hour")} for row in self.rows if row["day"] == day]

def read_source(path: Path) -> tuple[History, str]:
    rows: list[Row] = []
    for day, flight, carrier, hour, delay in (line.split(",") for line in path.read_text().splitlines()[1:]):
        known_before = {"id": f"{day}-{flight}", "day": int(day), "carrier": carrier, "hour": int(hour)}
        rows.append({**known_before, "late": int(delay) > 30})  # the target, derived from a column known after
    return History(rows), digest(path.read_bytes())

def read_traffic(folder: Path, start: int, as_of: int) -> tuple[list[Row], str]:
    """Decisions since *start* whose outcomes came before *as_of*. Too many for the journal, they lie beside it."""
    days = [json.loads((folder / f"{day}.json").read_bytes()) for day in range(start, as_of)]
    late = {row["id"]: row["late"] for day in days for row in day["outcomes"]}
    rows: list[Row] = [{**it, "late": late[it["id"]]} for day in days for it in day["decisions"] if it["id"] in late]
    return rows, digest(canonical(rows))

# --- The six rooms: each reads the records before it and makes exactly one of its own --------------------------------
@dataclass(frozen=True, kw_only=True)
class Charter(Record):  # What decision, worth what, within which limits?
    question: str
    actions: dict[str, tuple[int, int]]  # worth of each where the flight is punctual, and where it is late
    todays_rule: str
    label_delay: int
    retraining: int  # what one costs
def scoping(question: Charter, source: Observation, as_of: int, blobs: Blobs) -> Charter:
    known = source.value.known(as_of, question.label_delay)
    foresight = gained(question, [(row, decide(question, row["late"])) for row in known])  # no model can gain more
    return replace(question, findings=[Finding("perfect_foresight", foresight.point, 0, foresight.point > 0)])

@dataclass(frozen=True, kw_only=True)
class Dataset(Record):  # Is this data fit and honest to learn from?
    table: str
def data(charter: Charter, source: Observation, as_of: int, blobs: Blobs) -> Dataset:
    known = [row for row in source.value.known(as_of, charter.label_delay) if row["day"] >= as_of - 35]
    cut = as_of - charter.label_delay - 14  # the last fortnight is never fitted on, nor the days just before it
    train = [row for row in known if row["day"] < cut - charter.label_delay]
    table = blobs.put(canonical({"train": train, "test": [row for row in known if row["day"] >= cut]}))
    return Dataset(parents=[charter.id], table=table, findings=[Finding("rows", len(train), 500, len(train) >= 500)])

@dataclass(frozen=True, kw_only=True)
class Model(Record):  # Which feature plan and learner decide best, and do they pass the gates?
    plan: list[Any]
    weights: list[float]
    gain: Estimate  # on the test rows
def development(charter: Charter, dataset: Dataset, blobs: Blobs) -> Model:
    train, test = (json.loads(blobs.get(dataset.table))[part] for part in ("train", "test"))
    plan = [["evening", "at_least", ["hour"], 16], *([f"is_{it}", "equals", ["carrier"], it] for it in "ABCD")]
    weights = fit(on_columns(plan, train), [row["late"] for row in train])
    actions = [decide(charter, score(weights, features)) for features in on_columns(plan, test)]
    gain = gained(charter, list(zip(test, actions, strict=True)))
    gate = Finding("gain_per_1000", gain.low, 0, gain.low > 0)  # the bound of the interval, not the point
    return Model(parents=[dataset.id, charter.id], plan=plan, weights=weights, gain=gain, findings=[gate])
def fit(matrix: list[list[float]], target: list[bool]) -> list[float]:
    """Logistic regression by gradient descent. Every sum is exact before it is rounded: same rows, same bits."""
    weights, columns = [0.0] * (len(matrix[0]) + 1), [[1.0] * len(matrix), *zip(*matrix, strict=True)]
    for _ in range(120):
        errors = [late - score(weights, features) for features, late in zip(matrix, target, strict=True)]
        pulls = [math.fsum(e * x for e, x in zip(errors, column, strict=True)) for column in columns]
        weights = [weight + 2 * pull / len(errors) for weight, pull in zip(weights, pulls, strict=True)]
    return weights

@dataclass(frozen=True, kw_only=True)
class Release(Record):  # What exactly may run?
    bundle: str
    replaces: str
def deployment(charter: Charter, model: Model, replaces: str, blobs: Blobs) -> Release:
    golden: list[Row] = [{"carrier": it, "hour": hour} for it in ("A", "D", "unseen") for hour in (6, 16)]  # made up
    answers = [score(model.weights, features) for features in on_columns(model.plan, golden)]
    bundle = {"plan": model.plan, "weights": model.weights, "golden": golden, "answers": answers}
    return Release(parents=[model.id, charter.id], bundle=blobs.put(canonical(bundle)), replaces=replaces)

@dataclass(frozen=True, kw_only=True)
class Health(Record):  # Does it still work, and how sure are we? What follows from that is for business to say.
    traffic: str
def monitoring(release: Release, traffic: Observation, blobs: Blobs) -> Health:
    off = statistics.fmean([row["late"] - row["score"] for row in traffic.value if row["action"] == "rebook"] or [0])
    found = Finding("calibration", off, 0.2, abs(off) <= 0.2)
    return Health(parents=[release.id], traffic=traffic.id, findings=[found])

@dataclass(frozen=True, kw_only=True)
class Verdict(Record):  # Did it pay? Keep, retrain, improve or retire?
    action: str
    gain: Estimate  # in production
def business(charter: Charter, model: Model, health: Health, traffic: Observation, blobs: Blobs) -> Verdict:
    gain = gained(charter, [(row, row["action"]) for row in traffic.value])
    avoidable = (model.gain.point - gain.point) * len(traffic.value) / 1000  # by a model as good as this one was
    retrain = not may_go_on(health.findings) and avoidable > charter.retraining
    action = "retrain" if retrain else "keep" if gain.low > 0 else "improve" if gain.high > 0 else "retire"
    return Verdict(parents=[health.id, model.id, charter.id], action=action, gain=gain)

# --- The loop: the only part that knows all six rooms and holds a clock ----------------------------------------------
REVIEW = 28  # days
QUESTION = Charter(question="Which flights will arrive late, so that connections can be rebooked in time?",
                   actions={"rebook": (-40, 90), "wait": (0, 0)}, todays_rule="wait", label_delay=1, retraining=300)

def route(run: Run, why: Record, release: str = "", bundle: str = "") -> None:  # empty: back to today's rule
    body = canonical({"release": release, "bundle": bundle})
    run.act("route", release, why.id, lambda: write_aside(run.folder / "serving.json", body))
def served(run: Run, before: int) -> str:  # the release that served on the eve of a day
    return next((it["output"] for it in reversed(run.journal.find(verb="act", step="route")) if it["at"] < before), "")

def release(run: Run, charter: Charter, source: Observation) -> None:  # where a gate fails, nothing changes
    dataset = run.step(data, 1, charter=charter, source=source, as_of=run.clock)
    model = run.step(development, 1, charter=charter, dataset=dataset)
    if may_go_on([*dataset.findings, *model.findings]):
        made = run.step(deployment, 1, charter=charter, model=model, replaces=served(run, run.clock))
        run.head(dataset, model, made)
        route(run, made, made.id, made.bundle)

def review(run: Run, charter: Charter, source: Observation, start: int, end: int) -> None:  # of a matured window
    current = run.blobs.record(served(run, end))
    model = run.blobs.record(current.parents[0])
    traffic = run.observe("traffic", lambda: read_traffic(run.folder / "traffic", start, as_of=run.clock))
    health = run.step(monitoring, 1, release=current, traffic=traffic)
    verdict = run.step(business, 1, charter=charter, model=model, health=health, traffic=traffic)
    run.head(health, verdict)
    if verdict.action == "retrain":  # here the circle closes
        release(run, charter, source)
    if verdict.action == "retire":  # as promotion does, this writes a route and never changes a release
        route(run, verdict)

def replay(folder: Path, start: int = 60, end: int = 146, say: Say = lambda day, record: None) -> dict[str, str]:
    """The whole life over history, day by day, nothing seen ahead; killed and run again, it goes on where it was."""
    if not (path := folder / "flights.csv").exists():
        write_aside(path, world().encode())
    run = Run(folder, start, say)
    source = run.observe("source", lambda: read_source(path))
    charter = run.step(scoping, 1, question=QUESTION, source=source, as_of=start)
    run.head(charter)
    route(run, charter)
    release(run, charter, source)
    for run.clock in range(start, end):
        matured = run.clock - charter.label_delay
        if matured > start and (matured - start) % REVIEW == 0 and served(run, matured):
            review(run, charter, source, matured - REVIEW, matured)
        outcomes = [row for row in source.value.known(run.clock + 1, charter.label_delay) if row["day"] == matured]
        decisions = [answer(run, charter, row) for row in source.value.arriving(run.clock)]
        if not (file := folder / "traffic" / f"{run.clock}.json").exists():
            write_aside(file, canonical({"decisions": decisions, "outcomes": outcomes}))
    return {entry["step"]: entry["output"] for entry in run.journal.find(verb="head")}

def tell(day: int, record: Record) -> None:  # one line for people
    facts = [f"{it.check} {it.value:+,.2f} {'passed' if it.passed else 'failed'}" for it in record.findings]
    if isinstance(record, Verdict):
        facts = [record.action, "gain per 1000 {:+,.0f} [{:+,.0f}, {:+,.0f}]".format(*record.gain)]
    print(f"day {day:3}  {record.kind:8} {record.id[:8]}  {'; '.join(facts)}")

if __name__ == "__main__":
    replay(Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp()), say=tell)
