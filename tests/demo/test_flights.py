"""The main job on real data: 336,776 flights from the question to the money, disturbed in every way, always the same."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from deltalake import DeltaTable

from fullcycle.kernel.clock import parse_instant
from fullcycle.kernel.journal import Entry
from fullcycle.project import Project
from fullcycle.traffic.read import Traffic

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, process groups and pinning to a core"),
]

KINDS = ["charter", "dataset", "model", "release", "health", "verdict"]
ZONE = ZoneInfo("America/New_York")
START, END = "2013-07-01", "2014-01-02"
DAY = "2013-08-15"
KNOWN_AFTER = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"}
PATIENCE = 900.0  # seconds for one command, on a busy machine
KILLS = 20
CLI = (sys.executable, "-m", "fullcycle.cli")
ON_ONE_CORE = (
    sys.executable,
    "-c",
    "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); from fullcycle.cli import main; main()",
)


class Ran(NamedTuple):
    """A command that ended well: what it said, how long it took, and the most memory of its processes together."""

    json: Any
    seconds: float
    peak: int


def begin(folder: Path, *arguments: str, by: tuple[str, ...] = CLI) -> subprocess.Popen[str]:
    """``fullcycle`` with the arguments, as the leader of a group and session of its own."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [*by, *arguments, "--json"], cwd=folder, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )


def kill(child: subprocess.Popen[str]) -> None:
    """End the command and its workers at once; harmless where it has ended."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()


def pause(child: subprocess.Popen[str], seconds: float) -> tuple[str, str] | None:
    """Wait; what the command said if it ends meanwhile."""
    try:
        return child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None


def ran(folder: Path, *arguments: str, by: tuple[str, ...] = CLI) -> Ran:
    """Run ``fullcycle`` to its end."""
    began, peak = time.monotonic(), 0
    child = begin(folder, *arguments, by=by)
    try:
        while (said := pause(child, 0.2)) is None:
            peak = max(peak, memory(child.pid))
            assert time.monotonic() - began < PATIENCE, "it takes too long"
    finally:
        kill(child)
    out, err = said
    assert child.returncode == 0, err
    return Ran(json.loads(out), time.monotonic() - began, peak)


def memory(session: int) -> int:
    """Bytes of every process of a session that lives now, each at its own highest so far: no less than all held at once."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int((process / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                lines = (process / "status").read_text().splitlines()
                found += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
    return found


def replayed(folder: Path, *, to: str = END, by: tuple[str, ...] = CLI) -> Ran:
    """The replay, to its end."""
    return ran(folder, "replay", "--from", START, "--to", to, by=by)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as ``init`` makes it."""
    place = tmp_path_factory.mktemp("fresh")
    subprocess.run([*CLI, "init", "flights", "--example", "flights"], cwd=place, check=True, timeout=PATIENCE)
    return place / "flights"


def copied(fresh: Path, place: Path) -> Path:
    """A folder of its own, with the rows of another."""
    return Path(shutil.copytree(fresh, place))


class Whole(NamedTuple):
    """The replay that nothing disturbed."""

    folder: Path
    run: Ran


@pytest.fixture(scope="module")
def whole(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = copied(fresh, tmp_path_factory.mktemp("whole") / "flights")
    return Whole(folder, replayed(folder))


def entries(folder: Path) -> list[Entry]:
    return list(Project(folder).journal.read())


def heads(folder: Path, until: str = END) -> list[tuple[str, str]]:
    """Every record that ever became current up to a time, in order: its stage and id."""
    end = parse_instant(until, zone=ZONE.key)
    return [(one.step, one.outputs[0]) for one in entries(folder) if one.verb == "head" and one.at <= end]


def decided(folder: Path, before: str = END) -> pl.DataFrame:
    """What was decided before a day and what was known of it then, less the keyed hashes, which differ by folder."""
    project = Project(folder)
    traffic = Traffic(project.traffic_root, project.scope)
    end = parse_instant(before, zone=ZONE.key)
    frame, _ = traffic.read(traffic.cut(None, end, end))
    return frame.select("time", "row", "release", "variant", "propensity", "action", "score", "status", "after")


def assert_same(folder: Path, said: Any, whole: Whole) -> None:
    """The same records and verdicts, the same history of them, the same decisions, and nothing broken."""
    assert said["records"] == whole.run.json["records"]
    assert said["verdicts"] == whole.run.json["verdicts"]
    assert heads(folder) == heads(whole.folder)
    assert decided(folder).equals(decided(whole.folder))
    assert ran(folder, "doctor").json["unfinished"] == []


def test_the_whole_job(whole: Whole, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        told = f"\nreplay: {whole.run.seconds:.0f} s, {whole.run.peak / 2**20:.0f} MiB"
        print(told, file=sys.stderr)  # noqa: T201 - for people; a worker's standard output is not shown
    assert whole.run.json["records"].keys() == set(KINDS)
    assert len(whole.run.json["verdicts"]) == 6
    assert whole.run.peak < 2 * 2**30
    checked = ran(whole.folder, "doctor").json
    assert checked["unfinished"] == []
    assert checked["entries"] == len(entries(whole.folder))


def test_a_second_run_reuses_everything(whole: Whole) -> None:
    before = len(entries(whole.folder))
    again = ran(whole.folder, "run").json
    assert again["records"] == whole.run.json["records"]
    assert again["done"] == dict.fromkeys(KINDS, "reused")
    assert {entry.verb for entry in entries(whole.folder)[before:]} == {"observe", "reused"}
    assert replayed(whole.folder).json == whole.run.json


# The money once more, in plain Python from the two tables: nothing of the product is used.


def table(folder: Path, kind: str) -> Iterator[dict[str, Any]]:
    """The rows of ``decisions`` or ``outcomes``."""
    delta = DeltaTable(folder / ".fullcycle" / "traffic" / "dev" / "replay" / kind)
    return pl.scan_delta(delta).collect().iter_rows(named=True)


class Flight(NamedTuple):
    """A decision and what came of it; ``late`` is None where the outcome is void."""

    time: int
    variant: str
    propensity: float
    action: str
    received: int
    late: bool | None


def flights(folder: Path) -> list[Flight]:
    """The decision served last for each flight, with the outcome received last for it."""
    served: dict[tuple[str, int], dict[str, Any]] = {}
    for row in sorted(table(folder, "decisions"), key=lambda row: (row["at"], row["id"])):
        if row["variant"] != "shadow":
            served[row["entity"], row["time"]] = row
    came: dict[tuple[str, int], dict[str, Any]] = {}
    for row in sorted(table(folder, "outcomes"), key=lambda row: (row["received"], row["at"])):
        came[row["entity"], row["time"]] = row
    found = []
    for address, row in served.items():
        if (outcome := came.get(address)) is not None:
            late = None if outcome["status"] == "void" else json.loads(outcome["row"])["arr_delay"] > 30
            found.append(
                Flight(row["time"], row["variant"], row["propensity"], row["action"], outcome["received"], late)
            )
    return found


def micros(instant: str) -> int:
    return (datetime.fromisoformat(instant) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def worth(done: list[Flight], late_caught: str = "90") -> Decimal:
    """What rebooking was worth: it gains where the flight is late, and costs 40 where it is not; waiting is worth nothing."""
    amounts = {True: Decimal(late_caught), False: Decimal(-40), None: Decimal(0)}
    return sum((amounts[one.late] for one in done if one.action == "rebook"), Decimal(0))


def per_1000(done: list[Flight]) -> float:
    """Money per 1000 decisions, each weighed by the inverse of the probability of its group."""
    weights = [1 / one.propensity for one in done]
    money = [float(worth([one])) * weight for one, weight in zip(done, weights, strict=True)]
    return 1000 * math.fsum(money) / math.fsum(weights)


def costs(place: int, verdict: dict[str, Any], model: dict[str, Any], dataset: dict[str, Any]) -> dict[str, Decimal]:
    """Of the verdict number *place*, as the example's settings have it: 15 days of work at 600 paid back in 12 months, half a
    day a month, half a day for a retraining, and 0.40 for a machine hour, of which a trial takes 0.02 a million rows."""
    trained = dataset["as_of"] < verdict["end"] and (place == 0 or verdict["start"] <= dataset["as_of"])
    hours = Decimal(model["fits"] * model["trained_rows"]) / 1_000_000 * Decimal("0.02")
    return {
        "people": Decimal("300.00"),
        "preparation": Decimal("750.00"),
        "serving": Decimal("0.00"),
        "training": cents(hours * Decimal("0.40")) if trained else Decimal("0.00"),
        **({"retraining": Decimal("300.00")} if trained and place else {}),
    }


def cents(money: Decimal) -> Decimal:
    return money.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)


def test_every_verdict_can_be_recomputed_to_the_cent(whole: Whole) -> None:
    everything = flights(whole.folder)
    blobs = Project(whole.folder).blobs
    for place, line in enumerate(whole.run.json["verdicts"]):
        verdict = json.loads(blobs.get(line["id"]))
        parents = {record["kind"]: record for record in (json.loads(blobs.get(id)) for id in verdict["parents"])}
        start, end, as_of = (micros(verdict[name]) for name in ("start", "end", "as_of"))
        period = [one for one in everything if start <= one.time < end and one.received <= as_of]
        champion = [one for one in period if one.variant == "champion"]
        control = [one for one in period if one.variant == "control"]
        account, model = verdict["account"], worth(champion)
        assert verdict["known"] == verdict["decisions"] == len(champion)
        assert cents(model) == Decimal(account["model"])
        assert {name: Decimal(money) for name, money in account["alternatives"].items()} == {
            "today's rule": 0,
            "always wait": 0,
            "always rebook": worth([one._replace(action="rebook") for one in champion]),
        }
        assert Decimal(account["gain"]) == model  # against waiting, which is worth nothing
        assert Decimal(account["gain_low"]) == worth(champion, "60")
        assert Decimal(account["gain_high"]) == worth(champion, "120")
        spent = {name: Decimal(money) for name, money in account["costs"].items()}
        assert spent == costs(place, verdict, parents["model"], parents["dataset"])
        assert Decimal(account["net"]) == model - sum(spent.values())
        assert verdict["gain"]["point"] == pytest.approx(float(model) / len(champion) * 1000, abs=1e-6)
        assert line["gain"]["point"] == verdict["gain"]["point"]
        assert verdict["effect"]["point"] == pytest.approx(per_1000(champion) - per_1000(control), abs=1e-6)
    total = worth([one for one in everything if one.variant == "champion"])
    assert whole.run.json["gain"]["point"] == pytest.approx(float(total), abs=0.005)


def test_capacity_and_control_group(whole: Whole) -> None:
    rebooked: dict[str, int] = {}
    groups = {"champion": 0, "control": 0}
    for one in flights(whole.folder):
        groups[one.variant] += 1
        if one.variant == "control":
            assert one.action == "wait"
        elif one.action == "rebook":
            day = datetime.fromtimestamp(one.time // 1_000_000, ZONE).date().isoformat()
            rebooked[day] = rebooked.get(day, 0) + 1
    assert max(rebooked.values()) == 100
    assert 0.015 < groups["control"] / sum(groups.values()) < 0.025


def test_nothing_later_changes_what_was_decided(fresh: Path, whole: Whole, tmp_path: Path) -> None:
    folder = copied(fresh, tmp_path / "shuffled")
    file = folder / "flights.parquet"
    shuffle(pl.read_parquet(file), datetime.fromisoformat(DAY)).write_parquet(file)
    said = replayed(folder, to=DAY).json
    assert decided(folder, DAY).equals(decided(whole.folder, DAY))
    assert heads(folder, DAY) == heads(whole.folder, DAY)
    assert said["verdicts"] == whole.run.json["verdicts"][:1]


def shuffle(rows: pl.DataFrame, day: datetime) -> pl.DataFrame:
    """The rows in any order; each column of the flights from *day* on in an order of its own, and with them what became
    known only then of the flights before."""
    rng = np.random.default_rng(5)
    departure = rows["scheduled_departure"]
    later = np.flatnonzero((departure >= day).to_numpy())
    unknown = np.flatnonzero((departure > day - timedelta(days=1)).to_numpy())
    columns = []
    for column in rows.get_columns():
        places = np.arange(rows.height)
        mine = unknown if column.name in KNOWN_AFTER else later
        places[mine] = rng.permutation(mine)
        columns.append(column.gather(places))
    return pl.DataFrame(columns).sample(fraction=1, shuffle=True, seed=5)


def test_one_core_ends_in_the_same_records(fresh: Path, whole: Whole, tmp_path: Path) -> None:
    folder = copied(fresh, tmp_path / "one")
    assert_same(folder, replayed(folder, by=ON_ONE_CORE).json, whole)


def test_killed_at_random_moments_it_ends_in_the_same_records(fresh: Path, whole: Whole, tmp_path: Path) -> None:
    again = replayed(whole.folder).seconds  # what it takes to come back to where it was
    longest = 2 * (again + 0.8 * whole.run.seconds / KILLS)
    rng = random.Random(20)
    folder, kills, ended = copied(fresh, tmp_path / "killed-0"), 0, 0
    while kills < KILLS:
        child = begin(folder, "replay", "--from", START, "--to", END)
        said = pause(child, rng.uniform(0.0, longest))
        kill(child)
        if said is None:
            kills += 1
            continue
        assert child.returncode == 0, said
        assert_same(folder, json.loads(said[0]), whole)
        ended += 1  # before all its kills were spent: the rest go to another
        folder = copied(fresh, tmp_path / f"killed-{ended}")
    assert_same(folder, replayed(folder).json, whole)
