"""The stage as a whole: a month of traffic in, a Verdict out."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import polars as pl
import pytest

from fullcycle.business import make
from fullcycle.business.records import Verdict
from fullcycle.business.settings import Business
from fullcycle.kernel.record import read
from fullcycle.kernel.verbs import Observation
from fullcycle.measure.value import ValueTable
from fullcycle.monitoring import make as monitor
from fullcycle.monitoring.settings import Monitoring

from ..served import DAY, START, charter, dataset, flights, model, policy, release, scores, served
from .test_value import spreadsheet

PAST = flights(60, 100, seed=1, start=START - 60 * DAY, weather=0.1)
END = START + 31 * DAY  # July


def verdict(
    traffic: Observation,
    kind: str = "good",
    *,
    made: Any = None,
    history: tuple[str, ...] = (),
    trained_at: datetime = START - DAY,
    **over: Any,
) -> Verdict:
    made = made or model(PAST, kind)
    shared: dict[str, Any] = {
        "charter": charter(),
        "dataset": dataset(PAST),
        "model": made,
        "release": release(made),
        "traffic": traffic,
    }
    period: dict[str, Any] = {"start": START, "end": END, "as_of": END + DAY}
    health = monitor(**shared, settings=Monitoring(), **period)
    return make(**shared, health=health, settings=Business(**over), history=history, trained_at=trained_at, **period)


def july(kind: str, **over: Any) -> Observation:
    now = flights(31, 150, seed=2, weather=0.1)
    return served(now, scores(now, kind), **over)


def test_a_good_month() -> None:
    """The account adds up to the cent and every part of the record is there."""
    traffic = july("good", control=0.1, void=0.02, waiting=0.01)
    found = verdict(traffic)
    account = found.account
    assert account is not None
    assert found.action == "keep"
    sums = spreadsheet(traffic.value[0])
    assert (account.model, account.gain) == (sums["model"], sums["model"] - sums["rebook"])
    assert account.net == account.gain - sum(account.costs.values())
    assert account.gain == account.model - account.alternatives[account.against]
    assert account.against == "always rebook"  # with these amounts and so many late flights, better than today's rule
    assert account.alternatives["today's rule"] == account.alternatives["always wait"] == 0
    assert account.costs == {
        "people": Decimal("600.00"),
        "serving": Decimal("20.00"),
        "preparation": Decimal("600.00"),
        "training": Decimal("0.10"),
    }
    assert account.gain_low < account.gain < account.gain_high
    assert found.gain is not None
    assert found.gain.point == pytest.approx(float(account.gain) * 1000 / found.known)
    assert found.effect is not None
    best = float(account.alternatives["always rebook"]) * 1000 / found.known
    # the control group keeps today's rule, over which there is more to gain than over the best constant action
    assert found.effect.low is not None
    assert found.effect.low < found.gain.point + best < found.effect.high  # type: ignore[operator]
    assert found.known < found.decisions
    again = read(found.canonical)
    assert again == found


def test_later_months_bear_no_first_training() -> None:
    """A model trained before the period was paid before."""
    account = verdict(july("good"), history=("keep:+",)).account
    assert account is not None
    assert account.costs["training"] == 0
    retrained = verdict(july("good"), history=("retrain:0",), trained_at=START + DAY).account
    assert retrained is not None
    assert retrained.costs["retraining"] == Decimal("300.00")
    assert retrained.costs["training"] == Decimal("0.10")


def test_a_worthless_model_goes_in_its_second_review() -> None:
    """It loses money against doing nothing, and says by how much."""
    first = verdict(july("noise"), "noise", retrain="never")
    assert first.action == "improve"
    assert first.gain is not None
    assert first.gain.high is not None
    assert first.gain.high < 0
    assert verdict(july("noise"), "noise", retrain="never", history=("improve:-",)).action == "retire"


def test_a_model_that_fell_back_is_retrained_where_that_pays() -> None:
    """It was good when tested and knows nothing now: the gap over a month is worth more than half a day of work."""
    found = verdict(july("noise"), "good")
    assert found.action == "retrain"
    assert any(reason.startswith("avoidable=") for reason in found.reasons)
    assert verdict(july("noise"), "good", retraining_days=1000.0).action == "improve"


def test_without_values_health_alone_decides() -> None:
    """Worth is unknown, and so said."""
    blind = policy(values=ValueTable(task="binary", currency=""))
    made = msgspec.structs.replace(model(PAST, "good"), policy=blind)
    found = verdict(july("good"), made=made)
    assert (found.gain, found.account, found.effect) == (None, None, None)
    assert (found.action, found.reasons[0]) == ("keep", "value=unknown")
    assert verdict(july("noise"), made=made).action == "retrain"


def test_before_outcomes_it_waits() -> None:
    """Nothing is known of any decision."""
    found = verdict(july("good", waiting=1.0))
    assert (found.action, found.reasons, found.known) == ("keep", ("waiting",), 0)
    empty = july("good").value
    frame, counts = july("good").value
    void = verdict(Observation("x", (frame.with_columns(status=pl.lit("void")), counts)), history=("improve:-",))
    assert (void.action, void.reasons) == ("keep", ("waiting",))
    nothing = verdict(Observation("x", (empty[0][:0], empty[1])))
    assert (nothing.action, nothing.decisions) == ("keep", 0)


def test_the_same_month_gives_the_same_verdict() -> None:
    """Bit for bit."""
    assert verdict(july("good")).id == verdict(july("good")).id


def test_a_question_that_cannot_pay_is_rescoped() -> None:
    """Two decisions a day, whoever makes them, do not pay a day of work a month."""
    now = flights(31, 2, seed=3, base=-4.0)
    found = verdict(served(now, scores(now, "good")), retrain="never", history=("keep:+",))
    assert found.action == "rescope"
    assert any(reason.startswith("perfect_foresight=") for reason in found.reasons)
