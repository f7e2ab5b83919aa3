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
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

Row = Mapping[str, Any]

# --- The kernel: record, finding, journal, three verbs ---------------------------------------------------------------


class Corrupt(Exception):
    """Stored bytes are not what they were."""


def canonical(value: Any) -> bytes:
    """One value, one spelling."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class Finding(NamedTuple):
    """What any check saw. Feasibility, data rules, gates and monitoring all return these."""

    check: str
    value: float
    limit: float
    passed: bool
    severity: str = "reject"  # or "warn"


def may_go_on(findings: Iterable[Finding]) -> bool:
    """The one gate of the house."""
    return all(finding.passed or finding.severity != "reject" for finding in findings)


class Estimate(NamedTuple):
    point: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Record:
    """A frozen value, named by the digest of its bytes; nothing in it is measured on a machine."""

    kinds: ClassVar[dict[str, type[Record]]] = {}
    parents: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def __init_subclass__(cls) -> None:
        Record.kinds[cls.__name__.lower()] = cls

    @functools.cached_property
    def canonical(self) -> bytes:
        return canonical({"kind": type(self).__name__.lower(), "version": 1, **asdict(self)})

    @functools.cached_property
    def id(self) -> str:
        return digest(self.canonical)


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
        body = (self.folder / name).read_bytes()
        if digest(body) != name:
            raise Corrupt(f"blob {name[:8]}")
        return body

    def record(self, id: str) -> Any:
        fields = json.loads(self.get(id))
        kind, _ = Record.kinds[fields.pop("kind")], fields.pop("version")
        fields["findings"] = tuple(Finding(*finding) for finding in fields["findings"])
        return kind(**{**fields, **({"gain": Estimate(*fields["gain"])} if "gain" in fields else {})})


class Journal:
    """Append-only. Each entry carries the hash of the one before, so that none can be changed unseen."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        before = ""
        for position, entry in enumerate(self.entries, 1):
            content = {name: value for name, value in entry.items() if name != "hash"}
            if (entry["before"], entry["hash"]) != (before, digest(canonical(content))):
                raise Corrupt(f"journal, entry {position}")
            before = entry["hash"]

    def append(self, **entry: Any) -> None:
        entry["before"] = self.entries[-1]["hash"] if self.entries else ""
        entry["hash"] = digest(canonical(entry))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(canonical(entry) + b"\n")
        self.entries.append(entry)

    def last(self, **wanted: Any) -> dict[str, Any] | None:
        """All state is read from entries: the last one that has these facts."""
        return next((it for it in reversed(self.entries) if wanted.items() <= it.items()), None)


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


class Run:
    """The three verbs in one scope, for one actor, on one clock."""

    def __init__(self, folder: Path, *, scope: str, actor: str) -> None:
        self.folder, self.scope, self.actor, self.clock = folder, scope, actor, 0
        self.blobs, self.journal = Blobs(folder / "blobs"), Journal(folder / "journal.jsonl")

    def step(self, step: Step, inputs: Mapping[str, Any], **parameters: Any) -> Any:
        """Pure, so the same key is never run twice."""
        ids = {name: value.id for name, value in inputs.items()}
        key = digest(canonical([step.name, step.version, ids, parameters]))
        if done := self.journal.last(verb="step", key=key):
            self._write("reused", step=step.name, key=key, inputs=ids, output=done["output"])
            return self.blobs.record(done["output"])
        started = time.perf_counter()
        record = step.make(**inputs, **parameters, blobs=self.blobs)
        self.blobs.put(record.canonical)  # first the record, then the entry that names it: a crash leaves no gap
        cost = {"seconds": time.perf_counter() - started}  # measured, so it stands here and not in the record
        self._write("step", step=step.name, key=key, inputs=ids, output=record.id, cost=cost)
        return record

    def observe(self, name: str, look: Callable[[], tuple[Any, str]]) -> Observation:
        """Reads the outside; never skipped. The fingerprint is an input of what follows."""
        value, fingerprint = look()
        self._write("observe", step=name, output=fingerprint)
        return Observation(fingerprint, value)

    def act(self, name: str, key: str, effect: Callable[[], None]) -> None:
        """Changes the outside once: an intent, the effect, its result. After a crash between them it is repeated."""
        if not self.journal.last(verb="act", step=name, key=key):
            self._write("intend", step=name, key=key)
            effect()
            self._write("act", step=name, key=key)

    def head(self, record: Record) -> None:
        """What is current of its kind."""
        self._write("head", step=type(record).__name__.lower(), output=record.id)

    def heads(self) -> dict[str, str]:
        return {entry["step"]: entry["output"] for entry in self.journal.entries if entry["verb"] == "head"}

    def route(self, release: str, bundle: str) -> None:
        """Promotion and retirement write a route, never a release. Who serves reads only the file."""
        self._write("route", output=release)
        write_aside(self.folder / "serving.json", canonical({"release": release, "bundle": bundle}))

    def served(self, at: int) -> str:
        """The release that served at a time, empty for today's rule."""
        routes = [entry for entry in self.journal.entries if entry["verb"] == "route" and entry["at"] <= at]
        return str(routes[-1]["output"]) if routes else ""

    def _write(self, verb: str, **facts: Any) -> None:
        self.journal.append(scope=self.scope, actor=self.actor, verb=verb, at=self.clock, **facts)


# --- The lower floor: value, the feature plan, who answers a row -----------------------------------------------------


def value(charter: Charter, action: str, late: int) -> int:
    """What a decision was worth, in whole micros: sums are exact, in any order."""
    return int(charter.actions[action][late]) * 1_000_000


def gained(charter: Charter, decided: Sequence[tuple[Row, str]]) -> Estimate:
    """Money per 1000 decisions, against the better of today's rule and the best constant action on the same rows.

    Flights of a day share its weather: days, not rows, are left out in turn (jackknife) to see how far it varies.
    """
    best = max(charter.actions, key=lambda other: sum(value(charter, other, row["late"]) for row, _ in decided))
    by_day: dict[int, list[int]] = {}
    for row, action in decided:
        gain = value(charter, action, row["late"]) - value(charter, best, row["late"])
        by_day.setdefault(row["day"], []).append(gain)
    total, rows, days = sum(map(sum, by_day.values())), len(decided), len(by_day)
    left = [(total - sum(day)) / (rows - len(day)) / 1000 for day in by_day.values()]
    middle = math.fsum(left) / days
    spread = (days - 1) / days * math.fsum((one - middle) ** 2 for one in left)
    z = statistics.NormalDist().inv_cdf(0.975)
    reach = (z + (z**3 + z) / (4 * (days - 1))) * math.sqrt(spread)  # Student's t, by its first correction
    return Estimate(total / rows / 1000, total / rows / 1000 - reach, total / rows / 1000 + reach)


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
    expected = {it: value(charter, it, 0) * (1 - p) + value(charter, it, 1) * p for it in charter.actions}
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
    serving = json.loads((run.folder / "serving.json").read_bytes())
    answered = {**row, "id": digest(canonical([row["day"], row["flight"]]))[:16], "release": serving["release"]}
    if not serving["bundle"]:
        return {**answered, "action": charter.todays_rule, "score": None}
    bundle = load(run.blobs, serving["bundle"])
    p = score(bundle["weights"], on_row(bundle["plan"], row))
    return {**answered, "action": decide(charter, p), "score": p}


# --- The outside: a source, read only up to ``as_of``, and traffic ---------------------------------------------------


def chance(*what: object) -> float:
    """A number in [0, 1) that looks random and is the same on every run."""
    return int(digest(repr(what).encode())[:13], 16) / 16**13


def world() -> str:
    """What happened, as CSV: in the evening carrier C is late until day 84, and carrier D from then on."""
    lines = ["day,flight,carrier,hour,delay"]
    for day, flight in ((day, flight) for day in range(146) for flight in range(64)):
        hour, carrier = 6 + flight % 16, "ABCD"[int(4 * chance("carrier", day, flight))]
        bad = hour >= 16 and carrier == ("C" if day < 84 else "D")
        late = chance("late", day, flight) < (0.6 if bad else 0.08) + 0.3 * (chance("storm", day) < 0.15)
        delay = "" if chance("cancelled", day, flight) < 0.02 else 60 if late else 5
        lines.append(f"{day},{flight},{carrier},{hour},{delay}")
    return "\n".join(lines) + "\n"


class History(NamedTuple):
    rows: list[Row]

    def known(self, as_of: int, label_delay: int) -> list[Row]:
        """Rows whose outcome had come by then. A cancelled flight has none: it is void, neither late nor punctual."""
        return [row for row in self.rows if row["day"] + label_delay < as_of and row["late"] is not None]

    def arriving(self, day: int) -> list[Row]:
        """Requests of a day: what is known before the flight, and nothing else."""
        return [{name: row[name] for name in ("day", "flight", "carrier", "hour")} for row in self.on(day)]

    def on(self, day: int) -> list[Row]:
        return [row for row in self.rows if row["day"] == day]


def read_source(path: Path) -> tuple[History, str]:
    rows: list[Row] = []
    for row in csv.DictReader(path.read_text().splitlines()):
        late = int(row["delay"]) > 30 if row["delay"] else None  # the target, derived from a column known after
        rows.append({"carrier": row["carrier"], "late": late, **{it: int(row[it]) for it in ("day", "flight", "hour")}})
    return History(rows), digest(path.read_bytes())


class Traffic(NamedTuple):
    """Decisions answered and outcomes that came back: too many for the journal, so they lie beside it."""

    folder: Path

    def write_once(self, name: str, rows: list[Row]) -> None:
        """All of it or nothing; the same name again changes nothing."""
        if not (path := self.folder / f"{name}.json").exists():
            write_aside(path, canonical(rows))

    def read(self, start: int, end: int, as_of: int) -> tuple[list[Row], str]:
        """Decisions of ``start <= day < end`` with the outcomes received by *as_of*; the fingerprint is of content."""
        outcomes = {it["id"]: it for day in range(start, as_of + 1) for it in self._rows(f"outcomes-{day}")}
        decisions = [it for day in range(start, end) for it in self._rows(f"decisions-{day}")]
        found: list[Row] = [{**it, **outcomes.get(it["id"], {"status": "waiting", "late": None})} for it in decisions]
        return found, digest(canonical(found))

    def _rows(self, name: str) -> Any:
        return json.loads((self.folder / f"{name}.json").read_bytes())


# --- The six rooms: each reads the records before it and makes exactly one of its own --------------------------------


@dataclass(frozen=True, kw_only=True)
class Charter(Record):
    """What decision, worth what, within which limits?"""

    question: str
    actions: dict[str, tuple[int, int]]  # worth of each where the flight is punctual, and where it is late
    todays_rule: str
    label_delay: int
    retraining: int  # what one costs


@step("scoping.make", version=1)
def scoping(source: Observation, settings: Row, as_of: int, blobs: Blobs) -> Charter:
    charter = Charter(**settings)
    known = source.value.known(as_of, charter.label_delay)
    foresight = gained(charter, [(row, decide(charter, float(row["late"]))) for row in known])
    room = Finding("perfect_foresight", foresight.point, 0, foresight.point > 0)  # more than that no model can gain
    return Charter(**settings, findings=(room,))


@dataclass(frozen=True, kw_only=True)
class Dataset(Record):
    """Is this data fit and honest to learn from?"""

    as_of: int
    table: str


@step("data.make", version=1)
def data(charter: Charter, source: Observation, as_of: int, blobs: Blobs) -> Dataset:
    known = [row for row in source.value.known(as_of, charter.label_delay) if row["day"] >= as_of - 35]
    test = as_of - charter.label_delay - 14  # the last fortnight is never fitted on, nor the days just before it
    train = [row for row in known if row["day"] < test - charter.label_delay]
    table = blobs.put(canonical({"train": train, "test": [row for row in known if row["day"] >= test]}))
    rows = Finding("rows", len(train), 500, len(train) >= 500)
    return Dataset(parents=(charter.id,), as_of=as_of, table=table, findings=(rows,))


@dataclass(frozen=True, kw_only=True)
class Model(Record):
    """Which feature plan and learner decide best, and do they pass the gates?"""

    plan: list[Any]
    weights: list[float]
    gain: Estimate  # on the test rows


@step("development.make", version=1)
def development(charter: Charter, dataset: Dataset, blobs: Blobs) -> Model:
    parts = json.loads(blobs.get(dataset.table))
    plan: list[Any] = [["evening", "at_least", ["hour"], 16]]
    for it in sorted({row["carrier"] for row in parts["train"]}):
        plan += [[f"is_{it}", "equals", ["carrier"], it], [f"{it}_evening", "multiply", [f"is_{it}", "evening"]]]
    weights = fit(on_columns(plan, parts["train"]), [row["late"] for row in parts["train"]])
    scores = [score(weights, features) for features in on_columns(plan, parts["test"])]
    gain = gained(charter, [(row, decide(charter, p)) for row, p in zip(parts["test"], scores, strict=True)])
    gate = Finding("gain_per_1000", gain.low, 0, gain.low > 0)  # the bound of the interval, not the point
    return Model(parents=(dataset.id, charter.id), plan=plan, weights=weights, gain=gain, findings=(gate,))


def fit(matrix: list[list[float]], target: list[bool]) -> list[float]:
    """Logistic regression by gradient descent. Every sum is exact before it is rounded: same rows, same bits."""
    weights = [0.0] * (len(matrix[0]) + 1)
    for _ in range(120):
        errors = [late - score(weights, features) for features, late in zip(matrix, target, strict=True)]
        columns = [[1.0] * len(errors), *zip(*matrix, strict=True)]
        pulls = [math.fsum(e * x for e, x in zip(errors, column, strict=True)) for column in columns]
        weights = [weight + 2 * pull / len(errors) for weight, pull in zip(weights, pulls, strict=True)]
    return weights


@dataclass(frozen=True, kw_only=True)
class Release(Record):
    """What exactly may run?"""

    bundle: str
    replaces: str


@step("deployment.make", version=1)
def deployment(charter: Charter, model: Model, replaces: str, blobs: Blobs) -> Release:
    golden: list[Row] = [{"carrier": it, "hour": hour} for it in ("A", "D", "unseen") for hour in (6, 16)]  # made up
    answers = [score(model.weights, features) for features in on_columns(model.plan, golden)]
    bundle = {"plan": model.plan, "weights": model.weights, "golden": golden, "answers": answers}
    return Release(parents=(model.id, charter.id), bundle=blobs.put(canonical(bundle)), replaces=replaces)


@dataclass(frozen=True, kw_only=True)
class Health(Record):
    """Does it still work, and how sure are we? Findings only: what follows from them is for business to say."""

    start: int
    end: int
    traffic: str
    waiting: int


@step("monitoring.make", version=1)
def monitoring(release: Release, traffic: Observation, start: int, end: int, as_of: int, blobs: Blobs) -> Health:
    acted = [row for row in traffic.value if row["status"] == "known" and row["action"] == "rebook"]
    off = math.fsum(row["late"] - row["score"] for row in acted) / max(1, len(acted))
    waiting = sum(row["status"] == "waiting" for row in traffic.value)
    found = Finding("calibration", off, 0.1, abs(off) <= 0.1, "warn")
    return Health(parents=(release.id,), start=start, end=end, traffic=traffic.id, waiting=waiting, findings=(found,))


@dataclass(frozen=True, kw_only=True)
class Verdict(Record):
    """Did it pay? Keep, retrain, improve or retire?"""

    action: str
    gain: Estimate  # in production


@step("business.make", version=1)
def business(charter: Charter, model: Model, health: Health, traffic: Observation, lost: bool, blobs: Blobs) -> Verdict:
    decided = [(row, row["action"]) for row in traffic.value if row["status"] == "known"]
    gain = gained(charter, decided)
    avoidable = (model.gain.point - gain.point) * len(decided) / 1000  # until the next review, were it as good as new
    if gain.high <= 0 and lost:  # as in the review before
        action = "retire"
    elif not all(finding.passed for finding in health.findings) and avoidable > charter.retraining:
        action = "retrain"
    else:
        action = "keep" if gain.low > 0 else "improve"
    return Verdict(parents=(health.id, model.id, charter.id), action=action, gain=gain)


# --- The loop: the only part that knows all six rooms and holds a clock ----------------------------------------------

QUESTION = {
    "question": "Which departing flights will arrive late, so that connections can be rebooked in time?",
    "actions": {"rebook": (-40, 90), "wait": (0, 0)},
    "todays_rule": "wait",
    "label_delay": 1,
    "retraining": 300,
}
REVIEW = 28  # days

Say = Callable[[int, Record], None]


def release(run: Run, charter: Charter, source: Observation, say: Say) -> None:
    """From data to a release that serves; where a gate fails, what serves goes on serving."""
    dataset = run.step(data, {"charter": charter, "source": source}, as_of=run.clock)
    model = run.step(development, {"charter": charter, "dataset": dataset})
    made = run.step(deployment, {"charter": charter, "model": model}, replaces=run.served(run.clock - 1))
    for record in (dataset, model, made):
        say(run.clock, record)
        if not may_go_on(record.findings):
            return
        run.head(record)
    run.act("deployment.route", made.id, lambda: run.route(made.id, made.bundle))


def review(run: Run, traffic: Traffic, end: int, lost: bool, say: Say) -> Verdict:
    """Health and Verdict of a window that has matured, as it was known then."""
    served = run.blobs.record(run.served(end - 1))
    model, charter = (run.blobs.record(id) for id in served.parents)
    window = {"start": end - REVIEW, "end": end, "as_of": end + charter.label_delay}
    seen = run.observe("traffic.cut", lambda: traffic.read(**window))
    health = run.step(monitoring, {"release": served, "traffic": seen}, **window)
    inputs = {"charter": charter, "model": model, "health": health, "traffic": seen}
    verdict: Verdict = run.step(business, inputs, lost=lost)
    for record in (health, verdict):
        run.head(record)
        say(run.clock, record)
    return verdict


def replay(folder: Path, start: int = 60, end: int = 146, say: Say = lambda day, record: None) -> dict[str, str]:
    """The whole life over history, day by day, nothing seen ahead; killed and run again, it goes on where it was.

    Returns the heads: kind of record to id.
    """
    if not (path := folder / "flights.csv").exists():
        write_aside(path, world().encode())
    run, traffic, lost = Run(folder, scope="late-flights/dev/replay", actor="you"), Traffic(folder / "traffic"), False
    source = run.observe("data.source", lambda: read_source(path))
    run.clock = start
    charter: Charter = run.step(scoping, {"source": source}, settings=QUESTION, as_of=start)
    run.head(charter)
    say(start, charter)
    release(run, charter, source, say)
    for day in range(start, end):
        run.clock, matured = day, day - charter.label_delay
        traffic.write_once(f"outcomes-{day}", [outcome(row) for row in source.value.on(matured) if matured >= start])
        if matured > start and (matured - start) % REVIEW == 0 and run.served(matured - 1):
            verdict = review(run, traffic, matured, lost, say)
            lost = verdict.gain.high <= 0
            if verdict.action == "retrain":  # here the circle closes
                release(run, charter, source, say)
            if verdict.action == "retire":
                run.act("deployment.route", verdict.id, lambda: run.route("", ""))
        traffic.write_once(f"decisions-{day}", [answer(run, charter, row) for row in source.value.arriving(day)])
    return run.heads()


def outcome(row: Row) -> Row:
    status = "void" if row["late"] is None else "known"
    return {"id": digest(canonical([row["day"], row["flight"]]))[:16], "status": status, "late": row["late"]}


def tell(day: int, record: Record) -> None:
    """One line for people."""
    facts = [f"{it.check} {it.value:+.2f} {'passed' if it.passed else 'failed'}" for it in record.findings]
    if isinstance(record, Model | Verdict):
        facts.append("gain per 1000 {:+,.0f} [{:+,.0f}, {:+,.0f}]".format(*record.gain))
    if isinstance(record, Verdict):
        facts.insert(0, record.action)
    print(f"day {day:3}  {type(record).__name__.lower():8} {record.id[:8]}  {'; '.join(facts)}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as somewhere:
        replay(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(somewhere), say=tell)
