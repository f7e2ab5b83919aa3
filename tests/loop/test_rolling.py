"""A rollout from deployment to promotion or rollback, over real traffic on disk; killed anywhere, it goes on."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from fullcycle.cli import main
from fullcycle.deployment.serving import read_serving
from fullcycle.kernel.clock import SetClock, parse_instant
from fullcycle.kernel.errors import InputError, Refused
from fullcycle.kernel.state import Route
from fullcycle.loop.arrivals import arrive_since
from fullcycle.loop.publish import answerer, outcome_reader
from fullcycle.loop.replay import replay
from fullcycle.loop.rolling import ALERT, JUDGED, roll
from fullcycle.loop.stages import Cycle
from fullcycle.loop.watch import tick
from fullcycle.monitoring.alerts import CHANNELS
from fullcycle.project import Project
from fullcycle.traffic.append import SegmentWriter
from fullcycle.traffic.schema import Decision, micros
from shop import orders, write_shop

from .conftest import QUICK

BEGUN = datetime(2026, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)
STRATEGY = """strategy = "{strategy}"
margin = 9.0
step_rows = 60
least_time = "3d"
promote = "no_worse"
undecided = "20d"
guardrails = {{ value = 5000 }}
"""


class Live:
    """A project whose days are played by the test."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, SetClock(BEGUN)
        self.rows = orders(days=40, per_day=200, seed=11)

    @property
    def cycle(self) -> Cycle:
        return Cycle(Project(self.folder), clock=self.clock, workers=1)

    def day(self, number: int, change: Callable[[Decision], Decision] = lambda row: row) -> None:
        """Decide and learn the outcomes of a day; then it is the next."""
        now = BEGUN + number * DAY
        self.clock.set(now)
        rows = self.rows[number * 200 : (number + 1) * 200]
        times = pl.Series([now + timedelta(minutes=row) for row in range(rows.height)], dtype=pl.Datetime("us", "UTC"))
        rows = rows.with_columns(ordered_at=times)
        project = Project(self.folder)
        found = answerer(project).frame(rows, micros(now))
        labels = rows.select("order", "ordered_at", "refund", at=pl.col("ordered_at") + timedelta(minutes=1))
        outcomes, _ = outcome_reader(project).read_frame(
            labels.drop_nulls("refund"), received=micros(now + timedelta(hours=5))
        )
        with SegmentWriter(self.cycle.traffic.folder) as log:
            log.append([*map(change, found.decisions), *found.said, *outcomes])
        self.clock.set(now + DAY)

    def route(self) -> Any:
        return self.cycle.run.state.refresh().route(Project(self.folder).scope)[0]

    def shares(self) -> list[float]:
        return [it.share for it in self.route().shares]


def set_strategy(folder: Path, strategy: str) -> None:
    toml = folder / "cycle.toml"
    text = toml.read_text().replace('learners = ["linear"]', 'learners = ["lightgbm"]')
    steps = "steps = [0.1, 0.3, 0.6, 1.0]\n" if strategy == "canary" else ""
    toml.write_text(text.replace("[deployment]\n", "[deployment]\n" + steps + STRATEGY.format(strategy=strategy)))


@pytest.fixture(scope="module")
def deployed(quick: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A champion serves, and a challenger is developed."""
    folder = Path(shutil.copytree(quick, tmp_path_factory.mktemp("deployed") / "shop"))
    Live(folder).cycle.turn("deployment")
    toml = (folder / "cycle.toml").read_text()
    set_strategy(folder, "direct")
    Live(folder).cycle.turn("development")
    (folder / "cycle.toml").write_text(toml)
    return folder


@pytest.fixture(scope="module")
def begun(deployed: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The project after its challenger was deployed by a strategy."""

    @functools.cache
    def by(strategy: str) -> Path:
        folder = Path(shutil.copytree(deployed, tmp_path_factory.mktemp(strategy) / "shop"))
        set_strategy(folder, strategy)
        Live(folder).cycle.turn("deployment")
        return folder

    return by


@pytest.fixture
def begin(begun: Callable[[str], Path], tmp_path: Path) -> Callable[[str], tuple[Live, str, str]]:
    """A copy of it, the champion, and the challenger."""

    def by(strategy: str) -> tuple[Live, str, str]:
        live = Live(Path(shutil.copytree(begun(strategy), tmp_path / "shop")))
        return live, live.route().champion, live.route().challengers[0]

    return by


Begin = Callable[[str], tuple[Live, str, str]]


def test_a_canary_grows_day_by_day_until_it_serves_alone(begin: Begin) -> None:
    live, champion, release = begin("canary")
    assert live.shares() == [0.9, 0.1]
    assert (live.route().champion, live.route().challengers) == (champion, (release,))
    live.cycle.turn("deployment")  # deploying again changes nothing
    assert live.route().generation == 2
    assert roll(live.cycle).move == "hold"  # type: ignore[union-attr]
    seen = [live.shares()]
    for number in range(14):
        live.day(number)
        roll(live.cycle)
        if live.shares() != seen[-1]:
            seen.append(live.shares())
    assert seen == [[0.9, 0.1], [0.7, 0.3], [0.4, 0.6], [1.0]]
    assert live.route().champion == release
    assert live.route().reason == "promote: no_worse"
    judged = [it.facts for it in live.cycle.run.state.refresh().entries if it.step == JUDGED and it.verb == "act"]
    assert [it["move"] for it in judged] == ["advance", "advance", "promote"]
    assert {it["check"] for it in judged[-1]["findings"]} >= {"errors", "rejected_rows", "value", "sample_ratio"}
    assert roll(live.cycle) is None


def test_errors_roll_back_and_the_release_is_refused_from_then_on(begin: Begin) -> None:
    live, champion, _ = begin("ab")
    told = []
    CHANNELS.add("broken", _killed_by_itself)
    CHANNELS.add("told", told.append)
    try:
        live.day(
            0,
            lambda row: (
                msgspec.structs.replace(row, failed="error", release=champion)
                if row.variant == "challenger" and int(row.digest, 16) % 4 == 0
                else row
            ),
        )
        judged = roll(live.cycle)
    finally:
        CHANNELS.remove("told")
        CHANNELS.remove("broken")
    assert judged is not None
    assert (judged.move, judged.reason) == ("roll back", "errors")
    assert (live.route().champion, live.shares(), live.route().reason) == (champion, [1.0], "roll back: errors")
    assert told[0].failed[0] == "roll back: errors"
    with pytest.raises(Refused, match="errors of challenger"):
        live.cycle.turn("deployment")
    assert live.route().champion == champion


@pytest.mark.slow
def test_a_shadow_is_promoted_by_what_it_would_have_decided(begin: Begin) -> None:
    live, champion, release = begin("shadow")
    assert (live.shares(), live.route().shadow) == ([1.0], release)
    for number in range(4):
        live.day(number)
        if live.route().shadow:
            assert live.route().champion == champion
        roll(live.cycle)
    answers, _ = live.cycle.traffic.answered(BEGUN, live.clock.now())
    assert answers.filter(pl.col("variant") == "shadow").height >= 600
    assert (live.route().champion, live.route().shadow) == (release, "")


@pytest.mark.parametrize("place", ["route", "measure"])
def test_killed_between_judging_and_routing_it_goes_on(
    begin: Begin, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, champion, _ = begin("ab")
    live.day(0, lambda row: msgspec.structs.replace(row, failed="error") if row.variant == "challenger" else row)
    cycle = live.cycle
    with monkeypatch.context() as patch:
        patch.setattr(cycle if place == "route" else cycle.run, place, _killed)
        with pytest.raises(KeyboardInterrupt):
            roll(cycle)
    assert live.shares() == [0.5, 0.5]
    judged = roll(live.cycle)
    assert judged is not None
    assert (judged.move, live.route().champion, live.shares()) == ("roll back", champion, [1.0])
    entries = live.cycle.run.state.refresh().entries
    assert sum(it.step == JUDGED and it.verb == "act" for it in entries) == 1
    assert any(it.verb == "measure" and "errors" in str(it.facts["findings"]) for it in entries)


def test_servers_are_told_of_a_route_that_a_crash_kept_from_them(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    live, champion, _ = begin("ab")
    live.day(0, lambda row: msgspec.structs.replace(row, failed="error") if row.variant == "challenger" else row)
    with monkeypatch.context() as patch:
        patch.setattr("fullcycle.loop.publish.write_serving", _killed)
        with pytest.raises(KeyboardInterrupt):
            roll(live.cycle)
    path = Project(live.folder).serving_path
    assert (live.shares(), len(read_serving(path).route.shares)) == ([1.0], 2)
    assert roll(live.cycle) is None
    assert read_serving(path).route == live.route()
    assert live.route().champion == champion


def _killed_by_itself(_: object) -> None:
    raise ValueError("a mistake in the channel")


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_the_rules_are_those_that_the_rollout_began_with(begin: Begin) -> None:
    live, _, _ = begin("canary")
    toml = live.folder / "cycle.toml"
    toml.write_text(toml.read_text().replace("step_rows = 60", "step_rows = 1"))
    live.day(0)
    answers, _ = live.cycle.traffic.answered(BEGUN, live.clock.now())
    assert 0 < answers.filter(pl.col("variant") == "challenger").height < 60
    judged = roll(live.cycle)
    assert judged is not None
    assert (judged.move, judged.reason) == ("hold", "step")


def test_people_are_told_once_of_groups_of_a_wrong_size(begin: Begin) -> None:
    live, _, _ = begin("ab")
    live.day(
        0,
        lambda row: (
            msgspec.structs.replace(row, variant="champion")
            if row.variant == "challenger" and int(row.digest, 16) % 5
            else row
        ),
    )
    for _ in range(2):
        judged = roll(live.cycle)
        assert judged is not None
        assert (judged.move, judged.reason) == ("alarm", "sample_ratio")
    entries = live.cycle.run.state.refresh().entries
    assert sum(it.step == ALERT and it.verb == "act" for it in entries) == 1


def test_rollback_ends_a_rollout_at_any_step_and_status_shows_it(
    begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    live, champion, release = begin("canary")
    _say("status", live.folder)
    shown = capsys.readouterr().out
    assert f"{champion[:12]} 90%, {release[:12]} 10%" in shown
    assert "canary, step 1 of 10% → 30% → 60% → 100%" in shown
    _say("rollback", live.folder)
    assert (live.route().champion, live.shares(), live.route().reason) == (champion, [1.0], "rollback")
    assert roll(live.cycle) is None
    capsys.readouterr()
    _say("watch", live.folder, "--once", "--json")
    assert '"judged": null' in capsys.readouterr().out


def _say(command: str, folder: Path, *options: str) -> None:
    with pytest.raises(SystemExit) as done:
        main([command, "--project", str(folder), *options])
    assert done.value.code == 0


def test_a_tick_reads_outcomes_and_a_replay_is_not_watched(begin: Begin) -> None:
    live, _, _ = begin("canary")
    found = tick(Project(live.folder))
    assert (found.generation, found.judged.move if found.judged else "") == (2, "hold")
    with pytest.raises(InputError, match="a replay is not watched"):
        tick(Project(live.folder, timeline="replay"))


def test_outcomes_are_read_from_the_file_that_is_named(begin: Begin) -> None:
    live, _, _ = begin("canary")
    live.day(0)
    _, matched = live.cycle.traffic.answered(BEGUN, live.clock.now())
    waiting = matched.filter(pl.col("status") == "waiting")["id"].to_list()
    assert len(waiting) > 0
    toml = live.folder / "cycle.toml"
    toml.write_text(
        toml.read_text().replace("[monitoring]", '[deployment.outcomes]\nfrom = "came.csv"\n\n[monitoring]')
    )
    with pytest.raises(InputError, match="the file is missing"):
        arrive_since(live.cycle)
    file = live.folder / "came.csv"
    file.write_text("id,refund\n" + "".join(f"{id},12.5\n" for id in waiting))
    assert arrive_since(live.cycle) == len(waiting)
    assert arrive_since(live.cycle) == 0  # the file is as it was
    _, after = live.cycle.traffic.answered(BEGUN, live.clock.now())
    assert set(after["status"]) == {"known"}
    file.write_text("id,refund\nx,many\n")
    with pytest.raises(InputError, match="column refund"):
        arrive_since(live.cycle)


def test_nothing_is_looked_at_before_something_serves(quick: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(quick, tmp_path / "shop"))
    assert tick(Project(folder)).generation == 0


@pytest.mark.slow
def test_in_a_replay_a_canary_advances_day_by_day(tmp_path: Path) -> None:
    folder = write_shop(tmp_path / "shop", retrain="20d", learners='["linear"]', trials=2)
    toml = folder / "cycle.toml"
    text = toml.read_text().replace('review = "30d"', 'review = "14d"') + QUICK
    steps = "steps = [0.3, 0.6, 1.0]\n"
    toml.write_text(text.replace("[deployment]\n", "[deployment]\n" + steps + STRATEGY.format(strategy="canary")))
    start, end = (parse_instant(at, zone="Europe/Berlin") for at in ("2024-04-10", "2024-06-06"))
    replay(Project(folder), start, end, workers=1)
    cycle = Cycle(Project(folder))
    routes = [
        (it.at.date(), msgspec.convert(it.facts["route"], Route))
        for it in cycle.run.state.refresh().entries
        if it.verb == "route"
    ]
    seen = [(route.reason, tuple(it.share for it in route.shares)) for _, route in routes[:5]]
    assert seen[:4] == [
        ("deploy", (1.0,)),
        ("deploy", (0.7, 0.3)),
        ("advance: step 2 of 3", (0.4, 0.6)),
        ("promote: no_worse", (1.0,)),
    ]
    days = [day for day, _ in routes[:4]]
    assert days == sorted(set(days))
    assert routes[3][1].champion == routes[1][1].challengers[0] != routes[0][1].champion
    answers, _ = cycle.traffic.answered(start, end)
    tried = answers.filter(pl.col("variant") == "challenger")
    assert set(tried["release"]) >= {routes[1][1].challengers[0]}
    assert set(tried["propensity"].round(6)) == {0.27, 0.54}
