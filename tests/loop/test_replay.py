"""The whole loop over history: same records however often it is killed, nothing seen ahead, money to the cent."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from fullcycle.business.records import Verdict
from fullcycle.kernel.clock import parse_instant
from fullcycle.kernel.errors import InputError, Refused
from fullcycle.kernel.journal import verify
from fullcycle.kernel.record import Record
from fullcycle.loop.replay import replay
from fullcycle.loop.stages import Cycle
from fullcycle.project import Project
from fullcycle.project.stages import heads
from fullcycle.traffic.read import Traffic
from shop import orders, write_shop

ZONE = "Europe/Berlin"
START, END = "2024-04-10", "2024-07-10"

CHILD = """
import sys
from pathlib import Path
from fullcycle.kernel.clock import parse_instant
from fullcycle.loop.replay import replay
from fullcycle.project import Project
from fullcycle.project.stages import heads
made = replay(Project(Path(sys.argv[1])), *(parse_instant(at, zone=sys.argv[2]) for at in sys.argv[3:5]))
print("\\n".join(f"{kind} {record.id}" for kind, record in made.items()))
"""


def run(folder: Path, end: str = END) -> dict[str, Record]:
    return replay(Project(folder), parse_instant(START, zone=ZONE), parse_instant(end, zone=ZONE), workers=1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_shop(tmp_path_factory.mktemp("shop"))
    run(folder)
    return folder


@pytest.fixture
def cycle(shop: Path) -> Cycle:
    return Cycle(Project(shop))


def verdicts(cycle: Cycle) -> list[Verdict]:
    entries = cycle.run.state.refresh().entries
    found = [cycle.run.get(entry.outputs[0]) for entry in entries if entry.verb == "head" and entry.step == "business"]
    return [verdict for verdict in found if isinstance(verdict, Verdict)]


def decided(folder: Path, before: str) -> pl.DataFrame:
    """What was decided before a day, less the keyed hashes, which differ from folder to folder."""
    project = Project(folder)
    traffic = Traffic(project.traffic_root, project.scope)
    end = parse_instant(before, zone=ZONE)
    frame, _ = traffic.read(traffic.cut(None, end, end))
    return frame.select("time", "row", "release", "variant", "propensity", "action", "score", "status", "after")


def test_all_six_records_are_made(cycle: Cycle) -> None:
    current = heads(cycle.run.state.refresh(), cycle.project.scope)
    assert list(current) == ["charter", "dataset", "model", "release", "health", "verdict"]
    assert verify(cycle.project.journal.read()) == len(cycle.run.state.entries)
    assert len(verdicts(cycle)) == 2


def test_each_input_of_a_step_was_made_or_observed_before(cycle: Cycle) -> None:
    seen: set[str] = set()
    for entry in cycle.run.state.refresh().entries:
        if entry.verb == "step":
            assert set(entry.inputs) <= seen, entry.step
        seen |= set(entry.outputs)


def test_a_second_turn_reuses_everything(cycle: Cycle) -> None:
    before = heads(cycle.run.state.refresh(), cycle.project.scope)
    count = len(cycle.run.state.entries)
    cycle.turn()
    assert heads(cycle.run.state.refresh(), cycle.project.scope) == before
    assert {entry.verb for entry in cycle.run.state.entries[count:]} == {"observe", "reused"}


def money(shop: Path, verdict: Verdict) -> tuple[Decimal, dict[str, Decimal]]:
    """The model's and the alternatives' value of a period, from the traffic tables alone, in plain Python."""
    project = Project(shop)
    traffic = Traffic(project.traffic_root, project.scope)
    frame, _ = traffic.read(traffic.cut(verdict.start, verdict.end, verdict.as_of))
    amounts = {("call", True): Decimal("8.35"), ("call", False): Decimal("-2.15")}
    model, others = Decimal(0), {"today's rule": Decimal(0), "always call": Decimal(0), "always leave": Decimal(0)}
    for line in frame.filter(pl.col("variant") == "champion").iter_rows(named=True):
        if line["status"] != "known":
            continue
        returned = msgspec.json.decode(line["after"])["refund"] > 0
        rule = "call" if msgspec.json.decode(line["row"])["price"] > 90 else "leave"
        model += amounts.get((line["action"], returned), Decimal(0))
        others["today's rule"] += amounts.get((rule, returned), Decimal(0))
        others["always call"] += amounts[("call", returned)]
    return model, others


def test_the_verdict_can_be_recomputed_to_the_cent(shop: Path, cycle: Cycle) -> None:
    for verdict in verdicts(cycle):
        model, others = money(shop, verdict)
        account = verdict.account
        assert account is not None
        assert account.model == model
        assert set(account.alternatives.values()) == set(others.values())
        feasible = [
            others[name] for name in ("today's rule", "always leave")
        ]  # calls are limited, so always calling is none
        assert account.gain == model - max(feasible)
        assert account.net == account.gain - sum(account.costs.values())
        assert verdict.gain is not None
        assert verdict.gain.point == pytest.approx(float(account.gain) / verdict.known * 1000, abs=1e-6)


def test_the_control_group_keeps_todays_rule(shop: Path) -> None:
    frame = decided(shop, END)
    control = frame.filter(pl.col("variant") == "control")
    prices = control["row"].str.json_decode(pl.Struct({"price": pl.Float64})).struct.field("price")
    assert (
        control["action"] == pl.select(pl.when(prices > 90).then(pl.lit("call")).otherwise(pl.lit("leave"))).to_series()
    ).all()
    assert 0.06 < len(control) / len(frame) < 0.14


def test_capacity_holds_on_every_day(shop: Path) -> None:
    frame = decided(shop, END).filter(pl.col("variant") == "champion", pl.col("action") == "call")
    days = frame.group_by(pl.col("time").dt.convert_time_zone(ZONE).dt.date()).len()
    assert days["len"].max() <= 15


def test_nothing_later_changes_what_was_decided(shop: Path, tmp_path: Path) -> None:
    """Everything after a replayed day is shuffled: rows swap their contents, outcomes among them."""
    day = "2024-06-01"
    rows = orders()
    midnight = pl.lit(day).str.to_datetime(time_unit="us")
    before, after = rows.filter(pl.col("ordered_at") < midnight), rows.filter(pl.col("ordered_at") >= midnight)
    # an outcome of the last two days before becomes known only afterwards, so it belongs to what comes later
    late = pl.col("ordered_at") >= midnight - pl.duration(days=2)
    before = before.with_columns(refund=pl.when(late).then(pl.col("refund").reverse()).otherwise("refund"))
    rng = np.random.default_rng(1)
    shuffled = after.select(
        pl.col("order"),
        pl.col("ordered_at"),
        *(after[name].gather(rng.permutation(len(after))) for name in after.columns[2:]),
    )
    other = write_shop(tmp_path / "other", pl.concat([before, shuffled]).sample(fraction=1, shuffle=True, seed=2))
    run(other, end=day)
    assert decided(other, day).equals(decided(shop, day))


def test_a_timeline_of_its_own(shop: Path) -> None:
    with pytest.raises(InputError, match="timeline of its own"):
        replay(Project(shop, timeline="live"), parse_instant(START, zone=ZONE), parse_instant(END, zone=ZONE))
    with pytest.raises(InputError, match="began at another time"):
        replay(Project(shop), parse_instant("2024-05-01", zone=ZONE), parse_instant(END, zone=ZONE))
    with pytest.raises(InputError, match="ends after it starts"):
        replay(Project(shop), parse_instant(END, zone=ZONE), parse_instant(START, zone=ZONE))


def test_a_model_that_fails_its_gate_is_not_released(tmp_path: Path) -> None:
    noise = orders(days=120).with_columns(refund=pl.col("refund").shuffle(seed=3))
    folder = write_shop(tmp_path / "noise", noise)
    with pytest.raises(Refused, match="a gate failed"):
        run(folder, end="2024-04-20")
    cycle = Cycle(Project(folder))
    assert not cycle.serving
    assert "release" not in heads(cycle.run.state.refresh(), cycle.project.scope)


def killed(folder: Path, times: int, longest: float, rng: random.Random, end: str = END) -> Iterator[str]:
    """Run the replay in a child again and again, killed at random moments; at last undisturbed."""
    for place in range(times + 1):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(folder), ZONE, START, end], stdout=subprocess.PIPE, text=True
        )
        if place < times:
            time.sleep(rng.uniform(0.5, longest))
            child.send_signal(signal.SIGKILL)
            child.communicate()
        else:
            out, _ = child.communicate(timeout=300)
            assert child.returncode == 0
            yield out


def ids(out: str) -> dict[str, str]:
    return dict(line.split() for line in out.splitlines() if line)


@pytest.mark.parametrize("times", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_random_moments_it_ends_in_the_same_records(shop: Path, tmp_path: Path, times: int) -> None:
    folder = write_shop(tmp_path / "killed")
    (out,) = killed(folder, times, 7.0, random.Random(times))
    cycle = Cycle(Project(shop))
    assert ids(out) == heads(cycle.run.state.refresh(), cycle.project.scope)
    again = Cycle(Project(folder))
    assert [verdict.id for verdict in verdicts(again)] == [verdict.id for verdict in verdicts(cycle)]
    assert decided(folder, END).equals(decided(shop, END))
    assert verify(again.project.journal.read())
    assert not again.run.state.unfinished()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux to pin a process to one core")
def test_one_core_ends_in_the_same_records(shop: Path, tmp_path: Path) -> None:
    folder = write_shop(tmp_path / "one")
    pinned = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n" + CHILD
    command = [sys.executable, "-c", pinned, str(folder), ZONE, START, END]
    out = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout
    cycle = Cycle(Project(shop))
    assert ids(out) == heads(cycle.run.state.refresh(), cycle.project.scope)
