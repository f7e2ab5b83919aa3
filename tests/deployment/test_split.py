"""Several releases answer: rows and tables alike, entities always by the same one, a challenger's failures harm nobody."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from fullcycle.deployment.answer import Answer, Answerer
from fullcycle.deployment.rollout import assign, check_route, control_salt
from fullcycle.deployment.serving import FILE, Serving, load_answerer, load_shadow, read_serving, write_serving
from fullcycle.deployment.split import SplitAnswerer
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.record import digest
from fullcycle.kernel.state import Route, Share
from fullcycle.predictor.bundle import Predictor, pack
from fullcycle.predictor.contract import ColumnRule, Contract
from fullcycle.predictor.formats.linear import Linear
from fullcycle.traffic.read import Traffic
from fullcycle.traffic.schema import DECISIONS
from fullcycle.traffic.tables import Table, rows_frame

from .bundles import CONTRACT, KEY, PLAN, POLICY, SCOPE, Running, bundle, place, route, row

SALT = control_salt(SCOPE.project)
CHAMPION, CHALLENGER = Predictor.load(bundle()), Predictor.load(bundle(0.5))
ROWS = [row(number) for number in range(400)]


def canary(share: float, *, control: float = 0.0, shadow: str = "", other: str = "r2") -> Route:
    shares = (Share(release="r1", share=1 - share), Share(release=other, share=share))
    return Route(
        generation=2, shares=shares if share else (Share(release="r1", share=1.0),), control=control, shadow=shadow
    )


def split(route: Route, challenger: Predictor = CHALLENGER) -> SplitAnswerer:
    releases = {"r1": CHAMPION, "r2": challenger}
    return SplitAnswerer(releases, route, scope=SCOPE, entity="flight", time="departure", key=KEY)


def narrow() -> Predictor:
    """A challenger that knows no distance above 1000."""
    rules = (ColumnRule(name="distance", kind="float", nullable=False, low=0.0, high=1000.0), *CONTRACT.columns[1:])
    contract = Contract(rules, CONTRACT.zone)
    model = Linear([0.8, -0.3, 0.05], -1.0, "sigmoid")
    return Predictor.load(pack(plan=PLAN, model=model, contract=contract, policy=POLICY, facts={"model": "narrow"}))


class Broken:
    """A model that breaks when it is asked."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def score(self, values: Any) -> float:
        if self.kind == "nan":
            return math.nan
        raise RuntimeError("out of order")

    def scores(self, matrix: Any) -> Any:
        if self.kind == "nan":
            return np.full(len(matrix), np.nan)
        raise RuntimeError("out of order")


def broken(kind: str) -> Predictor:
    predictor = Predictor.load(bundle(0.5))
    predictor.model = Broken(kind)  # type: ignore[assignment]
    return predictor


def same(one: Answer, other: Any) -> bool:
    return msgspec.structs.replace(one.logged, seconds=None) == other


def test_entities_are_drawn_once_and_a_growing_share_keeps_those_who_were_in_it() -> None:
    entities = [f"N{number}" for number in range(20_000)]
    before: set[str] = set()
    for share in (0.01, 0.05, 0.25, 0.9):
        drawn = {one for one in entities if assign(one, canary(share, control=0.1), SALT)[0] == "challenger"}
        assert before < drawn
        assert abs(len(drawn) / 18_000 - share) < 0.015
        before = drawn


def test_three_releases_and_a_control_group_get_their_shares_and_propensities_sum_to_one() -> None:
    shares = (Share(release="r1", share=0.5), Share(release="r2", share=0.3), Share(release="r3", share=0.2))
    route = Route(shares=shares, control=0.1)
    check_route(route)
    found = [assign(f"N{number}", route, SALT) for number in range(20_000)]
    ways = {(variant if variant == "control" else release): propensity for variant, release, propensity in found}
    assert ways == pytest.approx({"r1": 0.45, "r2": 0.27, "r3": 0.18, "control": 0.1})
    for name, propensity in ways.items():
        met = sum(
            (variant == "control") == (name == "control") and (name in (variant, release))
            for variant, release, _ in found
        )
        assert abs(met / 20_000 - propensity) < 0.012
    grown = msgspec.structs.replace(
        route, shares=(Share(release="r1", share=0.3), shares[1], Share(release="r3", share=0.4))
    )
    moved = [
        one for number in range(5000) if (one := (assign(f"N{number}", route, SALT), assign(f"N{number}", grown, SALT)))
    ]
    assert all(after[1] == "r3" for before, after in moved if before[1] == "r3")
    assert all(after[1] == "r2" for before, after in moved if before[1] == "r2")


def test_two_rollouts_try_different_entities_first() -> None:
    drawn = [
        {n for n in range(5000) if assign(f"N{n}", canary(0.1, other=name), SALT)[0] == "challenger"}
        for name in ("r2", "r3")
    ]
    assert len(drawn[0] & drawn[1]) < 0.2 * len(drawn[0])


@pytest.mark.parametrize(
    "shares",
    [
        (("r1", 0.5), ("r1", 0.5)),
        (("r1", 0.5), ("r2", 0.6)),
        (("r1", 1.0), ("r2", 0.0)),
        (("", 0.5), ("r2", 0.5)),
    ],
)
def test_shares_that_cannot_be_followed_are_refused(shares: Any) -> None:
    with pytest.raises(InputError):
        check_route(Route(shares=tuple(Share(release=name, share=share) for name, share in shares)))


def test_the_champion_is_not_in_its_own_shadow() -> None:
    with pytest.raises(InputError):
        check_route(canary(0.0, shadow="r1"))
    with pytest.raises(InputError, match="one release cannot answer"):
        Answerer(CHAMPION, canary(0.5), scope=SCOPE, entity="flight", time="departure", key=KEY)


@pytest.mark.parametrize("challenger", [CHALLENGER, narrow(), broken("nan"), broken("raises")])
def test_rows_and_tables_answer_alike(challenger: Predictor) -> None:
    answerer = split(canary(0.3, control=0.1, shadow="") if challenger is not None else canary(0.3), challenger)
    rows = [*ROWS, row(1, distance=-5.0), row(2, flight=None)]
    alone = [answerer.row(one, 7) for one in rows]
    table = answerer.frame(pl.DataFrame(rows, infer_schema_length=None), 7)
    answered = [one for one in alone if isinstance(one, Answer)]
    assert [msgspec.structs.replace(one.logged, seconds=None) for one in answered] == table.decisions
    assert all(one.logged.seconds is not None for one in answered)
    assert table.answers.rows() == [(one.id, one.decision, one.score, one.variant) for one in answered]
    assert table.rejected["rejected_row"].to_list() == [400, 401]
    variants = {one.variant for one in table.decisions}
    assert variants == {"champion", "challenger", "control"}


def test_each_release_answers_as_it_would_alone() -> None:
    table = split(canary(0.3)).frame(pl.DataFrame(ROWS), 7)
    alone = {"champion": CHAMPION.predict(pl.DataFrame(ROWS)), "challenger": CHALLENGER.predict(pl.DataFrame(ROWS))}
    for number, one in enumerate(table.decisions):
        assert one.score == alone[one.variant]["score"][number]
        assert one.release == {"champion": "r1", "challenger": "r2"}[one.variant]
        assert one.propensity == pytest.approx({"champion": 0.7, "challenger": 0.3}[one.variant])


@pytest.mark.parametrize(
    ("challenger", "why"), [(narrow(), "rejected"), (broken("nan"), "error"), (broken("raises"), "error")]
)
def test_where_a_challenger_fails_the_champion_answers_and_the_log_says_why(challenger: Predictor, why: str) -> None:
    table = split(canary(0.5), challenger).frame(pl.DataFrame(ROWS), 7)
    assert table.answers.height == 400
    failed = [one for one in table.decisions if one.failed]
    assert {one.failed for one in failed} == {why}
    assert {(one.variant, one.release) for one in failed} == {("challenger", "r1")}
    champion = CHAMPION.predict(pl.DataFrame(ROWS))["score"].to_list()
    places = [place for place, one in enumerate(table.decisions) if one.failed]
    assert [table.decisions[place].score for place in places] == [champion[place] for place in places]
    assert set(table.answers["variant"][places].to_list()) == {"champion"}


def test_what_can_be_done_in_a_day_is_shared() -> None:
    limited = msgspec.structs.replace(POLICY, limits={"rebook": 20})
    both = {name: Predictor.load(bundle(bias, policy=limited)) for name, bias in (("r1", 2.0), ("r2", 2.5))}
    answerer = SplitAnswerer(both, canary(0.25), scope=SCOPE, entity="flight", time="departure", key=KEY)
    rows = [row(number, departure="2013-07-01T12:00:00Z") for number in range(400)]
    taken = [one.variant for one in answerer.frame(pl.DataFrame(rows), 7).decisions if one.action == "rebook"]
    assert (taken.count("champion"), taken.count("challenger")) == (15, 5)


def test_a_shadow_is_logged_and_never_heard() -> None:
    answerer = split(canary(0.0, control=0.1, shadow="r2"))
    table = answerer.frame(pl.DataFrame([*ROWS, row(3, distance=-1.0)]), 7)
    plain = Answerer(
        CHAMPION,
        Route(shares=(Share(release="r1", share=1.0),), control=0.1),
        scope=SCOPE,
        entity="flight",
        time="departure",
        key=KEY,
    ).frame(pl.DataFrame([*ROWS, row(3, distance=-1.0)]), 7)
    assert table.answers.equals(plain.answers)
    assert table.decisions == plain.decisions
    assert [one.id for one in table.said] == [one.id for one in plain.decisions]
    assert {(one.variant, one.release, one.propensity) for one in table.said} == {("shadow", "r2", 1.0)}
    assert [one.score for one in table.said] == CHALLENGER.predict(pl.DataFrame(ROWS))["score"].to_list()
    one = answerer.row(ROWS[0], 7)
    assert isinstance(one, Answer)
    assert one.asked is ROWS[0]


@pytest.mark.parametrize(
    ("challenger", "why"), [(narrow(), "rejected"), (broken("nan"), "error"), (broken("raises"), "error")]
)
def test_what_a_shadow_fails_at_is_logged_too(challenger: Predictor, why: str) -> None:
    table = split(canary(0.0, shadow="r2"), challenger).frame(pl.DataFrame(ROWS), 7)
    assert table.answers.height == len(table.said) == 400
    assert why in {one.failed for one in table.said}
    failed = [one for one in table.said if one.failed]
    assert {(one.action, one.score) for one in failed} == {("", None)}


def test_a_service_loads_every_release_of_its_route(tmp_path: Any) -> None:
    bodies = {"r1": bundle(), "r2": bundle(0.5)}
    bundles = {name: digest(body) for name, body in bodies.items()}
    (tmp_path / "entity.key").write_bytes(KEY)
    serving = Serving(scope=SCOPE, route=canary(0.3), bundles=bundles, entity="flight", time="departure")
    with pytest.raises(InputError, match="bundle"):
        write_serving(tmp_path / FILE, serving, (bodies["r1"],))
    write_serving(tmp_path / FILE, serving, tuple(bodies.values()))
    found = load_answerer(tmp_path / FILE, read_serving(tmp_path / FILE))
    assert found.frame(pl.DataFrame(ROWS), 7).decisions == split(canary(0.3)).frame(pl.DataFrame(ROWS), 7).decisions
    shadowed = msgspec.structs.replace(serving, route=canary(0.0, shadow="r2"))
    write_serving(tmp_path / FILE, shadowed)
    heard = load_answerer(tmp_path / FILE, shadowed).row(ROWS[0], 7)
    assert isinstance(heard, Answer)
    assert load_shadow(tmp_path / FILE, shadowed).row(ROWS[0], heard.logged).score == CHALLENGER.answer(ROWS[0]).score


def test_a_service_answers_for_several_releases(tmp_path: Any) -> None:
    bodies = {"r1": bundle(), "r2": bundle(0.5)}
    here = place(tmp_path, bodies["r1"], route("r1"))
    bundles = {name: digest(body) for name, body in bodies.items()}
    here.serving = msgspec.structs.replace(here.serving, route=canary(0.4, control=0.2), bundles=bundles)
    write_serving(here.path, here.serving, tuple(bodies.values()))
    with Running(here.path) as service:
        body = service.predict(*ROWS).json()
        metrics = service.client.get("/metrics").text
        assert service.predict(*ROWS).json() == body  # asked again, each row has its answer
        write_serving(here.path, msgspec.structs.replace(here.serving, route=route("r1", generation=3)))
        end = time.monotonic() + 20
        while {it["variant"] for it in service.predict(*ROWS, dry_run=True).json()["predictions"]} != {"champion"}:
            assert time.monotonic() < end
    table = split(canary(0.4, control=0.2)).frame(pl.DataFrame(ROWS), 7)
    told = [(it["id"], it["decision"], it["score"], it["variant"]) for it in body["predictions"]]
    assert told == table.answers.rows()
    for variant in ("champion", "challenger", "control"):
        count = sum(it[3] == variant for it in told)
        assert f'variant="{variant}"}} {count}' in metrics
    traffic = Traffic(here.root, SCOPE)
    logged, _ = traffic.answered(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    assert logged["seconds"].is_not_null().all()
    assert dict(zip(logged["id"], logged["release"], strict=True)) == {it.id: it.release for it in table.decisions}


def test_rows_of_before_can_be_read_and_added_to(tmp_path: Any) -> None:
    """A table that was begun when decisions had no `failed` and `seconds`."""
    from deltalake import CommitProperties, Transaction, write_deltalake

    old = pl.DataFrame(schema={name: kind for name, kind in DECISIONS.items() if name not in ("failed", "seconds")})
    first = old.clear(1).with_columns(id=pl.lit("old"), variant=pl.lit("champion"))
    counted = CommitProperties(app_transactions=[Transaction(app_id="s0", version=1)])
    write_deltalake(tmp_path / "decisions", first, commit_properties=counted)
    table = Table(tmp_path, "decisions")
    assert table.scan().collect().select("id", "failed", "seconds").rows() == [("old", "", None)]
    rows = split(canary(0.5), narrow()).frame(pl.DataFrame(ROWS[:20]), 7).decisions
    table.append(rows_frame("decisions", [(one, place) for place, one in enumerate(rows)], "s1"), ["s1"])
    found = Table(tmp_path, "decisions").scan().collect()
    assert found.height == 21
    assert found["failed"].value_counts().sort("failed").rows()[0][1] > 1
