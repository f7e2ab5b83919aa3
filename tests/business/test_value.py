"""Money, to the cent, against a recomputation in plain Python Decimals."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from fullcycle.business.value import MEAN, TODAY, Resolved, effect, ends, per_1000, recalibrated, resolved, worth
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.verbs import Observation
from fullcycle.measure.intervals import jackknife
from fullcycle.measure.value import Amount, ValueTable, total
from fullcycle.predictor.outcomes import Outcomes, outcomes
from fullcycle.predictor.policy import Policy
from fullcycle.traffic.expand import expand

from ..served import KINDS, ZONE, amount, flights, policy, scores, served, table

DERIVED = {"late": "arr_delay > 30"}
AMOUNTS = {"rebook": {"true": Decimal(90), "false": Decimal(-40)}, "wait": {"true": Decimal(0), "false": Decimal(0)}}


def found_in(traffic: Observation) -> tuple[pl.DataFrame, Outcomes]:
    frame = traffic.value[0]
    kinds = {name: kind for name, kind in KINDS.items() if name not in DERIVED}
    rows = expand(frame, kinds)
    return frame, outcomes(frame, rows, derived=DERIVED, kinds=kinds, target="late", time="when", zone=ZONE)


def champion(traffic: Observation, rules: Policy) -> Resolved:
    return resolved(*found_in(traffic), rules, variant="champion")


def spreadsheet(frame: pl.DataFrame, per_mile: Decimal | None = None) -> dict[str, Decimal]:
    """What each way of deciding was worth, row by row, from the log's JSON; nothing of ours but the log."""
    sums = {name: Decimal(0) for name in ("model", "rebook", "wait", "perfect")}
    for row in frame.iter_rows(named=True):
        if row["variant"] != "champion" or row["status"] != "known":
            continue
        late = "true" if json.loads(row["after"])["arr_delay"] > 30 else "false"
        amounts = {action: dict(cells) for action, cells in AMOUNTS.items()}
        if per_mile is not None:
            miles = Decimal(repr(json.loads(row["row"])["distance"]))
            amounts["rebook"]["true"] = (per_mile * miles).quantize(Decimal("1e-6"), rounding=ROUND_HALF_EVEN)
        sums["model"] += amounts[row["action"]][late]
        for action in ("rebook", "wait"):
            sums[action] += amounts[action][late]
        sums["perfect"] += max(amounts["rebook"][late], amounts["wait"][late])
    return sums


@pytest.mark.parametrize("per_mile", [None, Decimal("0.0625")])
def test_every_total_agrees_with_a_spreadsheet(per_mile: Decimal | None) -> None:
    """Void and waiting rows and the control group count nothing; an amount may depend on the row."""
    cells = {"rebook": {"true": amount(90), "false": amount(-40)}, "wait": {"true": amount(0), "false": amount(0)}}
    if per_mile is not None:
        cells["rebook"]["true"] = Amount(expression=f"{per_mile} * distance")
    rules = policy(values=table(cells=cells))
    now = flights(10, 80, seed=1)
    traffic = served(now, scores(now, "good"), decides=rules, control=0.1, void=0.05, waiting=0.05)
    done = champion(traffic, rules)
    found = worth(done, rules, base=0.3)
    sums = spreadsheet(traffic.value[0], per_mile)
    assert Decimal(total(found.model)) / 10**6 == sums["model"]
    assert Decimal(total(found.perfect)) / 10**6 == sums["perfect"]
    told = {name: Decimal(total(micros)) / 10**6 for name, micros in found.alternatives.items()}
    assert told == {TODAY: sums["wait"], "always rebook": sums["rebook"], "always wait": sums["wait"]}
    best = max(sums["wait"], sums["rebook"])
    assert Decimal(total(found.gained)) / 10**6 == sums["model"] - best
    assert len(done.days) == traffic.value[0].filter(variant="champion").filter(pl.col("status") != "waiting").height


def test_the_interval_leaves_out_whole_days() -> None:
    """The same as the jackknife of the mean done by hand."""
    rules = policy()
    now = flights(10, 50, seed=2)
    done = champion(served(now, scores(now, "good"), void=0.1), rules)
    found = worth(done, rules, base=0.3)
    slow = jackknife(lambda kept: float((found.gained / 1e3)[kept > 0].mean()), done.days)
    fast = per_1000(found.gained, done.days, rules)
    assert fast.point == pytest.approx(slow.point)
    assert fast.low == pytest.approx(slow.low)
    assert (fast.blocks, fast.n, fast.unit) == (10, 500, "USD/1000")


def test_the_ends_of_the_ranges_are_the_worst_and_best_of_all_corners() -> None:
    """Every combination of ends is tried: none is outside, and the two are reached."""
    cells = {
        "rebook": {"true": amount(90, 60, 120), "false": amount(-40, -55, -30)},
        "wait": {"true": amount(0, -5, 0), "false": amount(0)},
    }
    rules = policy(values=table(cells=cells), todays_rule={"expression": "distance > 1000"})
    now = flights(5, 60, seed=3)
    done = champion(served(now, scores(now, "good"), decides=rules), rules)
    found = worth(done, rules, base=0.3)
    low, high = ends(done, found, rules)
    corners = []
    for a in (60, 90, 120):
        for b in (-55, -40, -30):
            for c in (-5, 0):
                moved = {
                    "rebook": {"true": amount(a), "false": amount(b)},
                    "wait": {"true": amount(c), "false": amount(0)},
                }
                other = worth(done, policy(values=table(cells=moved), todays_rule=rules.todays_rule), base=0.3)
                corners.append(total(other.model) - total(other.alternatives[found.against]))
    assert (low, high) == (min(corners), max(corners))
    assert low < total(found.gained) < high


def test_a_row_without_its_amount_counts_as_void() -> None:
    """The column that an amount reads is empty: nothing is invented."""
    cells = {
        "rebook": {"true": Amount(expression="0.1 * distance"), "false": amount(-40)},
        "wait": {"true": amount(0), "false": amount(0)},
    }
    rules = policy(values=table(cells=cells))
    now = flights(4, 20, seed=4)
    frame, counts = served(now, scores(now, "good"), decides=rules).value
    lost = frame.with_columns(
        row=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit('{"carrier":"AA"}')).otherwise(pl.col("row"))
    )
    done = champion(Observation("x", (lost, counts)), rules)
    assert np.isnan(done.outcome).sum() == 1
    assert worth(done, rules, base=0.3).model[np.isnan(done.outcome)].tolist() == [0]


def test_the_control_group_measures_the_effect() -> None:
    """Over many periods the interval holds the true effect, and a share that changed midway does no harm."""
    rules = policy()
    missed, points = 0, []
    for seed in range(60):
        now = flights(20, 60, seed=seed)
        score = scores(now, "good")
        traffic = served(now, score, control=0.3, seed=seed)
        frame, found = found_in(traffic)
        groups = [resolved(frame, found, rules, variant=name) for name in ("champion", "control")]
        shares = [frame.filter(variant=name)["propensity"].to_numpy() for name in ("champion", "control")]
        seen = effect(groups[0], groups[1], rules, (shares[0], shares[1]))
        assert seen is not None
        assert seen.low is not None
        assert seen.high is not None
        rebook = score > 40 / 130
        truth = float(np.where(rebook, now.late * 130 - 40, 0).mean() * 1000)  # today's rule waits: worth 0
        missed += not seen.low <= truth <= seen.high
        points.append(seen.point - truth)
    assert missed <= 8
    assert abs(np.mean(points)) < 3 * np.std(points) / np.sqrt(len(points))


def test_no_control_group_no_effect() -> None:
    """An estimate of nothing is none."""
    rules = policy()
    now = flights(4, 20, seed=5)
    frame, found = found_in(served(now, scores(now, "good")))
    groups = [resolved(frame, found, rules, variant=name) for name in ("champion", "control")]
    assert effect(groups[0], groups[1], rules, (np.ones(len(groups[0].days)), np.ones(0))) is None


def test_what_recalibration_would_be_worth() -> None:
    """Scores that are far too low leave money; scores that are right leave next to none."""
    rules = policy()
    now = flights(20, 100, seed=6, weather=0.0)
    right = scores(now, "good")
    odds = np.log(right / (1 - right)) - 1.5
    low = np.round(1 / (1 + np.exp(-odds)), 6)
    off, on = (recalibrated(champion(served(now, score), rules), rules) for score in (low, right))
    assert off > 10 * abs(on)
    money = [total(worth(champion(served(now, score), rules), rules, base=0.3).model) for score in (low, right)]
    assert off == pytest.approx(money[1] - money[0], rel=0.1)


def test_a_regression_is_worth_its_errors() -> None:
    """Money per unit, over and under; the log keeps the number decided on as text."""
    cells = {"": {"over": amount(-2), "under": amount(-5)}}
    rules = Policy(
        task="regression",
        actions=(),
        values=ValueTable(task="regression", currency="EUR", cells=cells),
        todays_rule={"column": "guess"},
        kinds={"guess": "float"},
    )
    rows = pl.DataFrame({"guess": [10.0, None, 1.0]})
    frame = pl.DataFrame(
        {
            "variant": ["champion"] * 3,
            "status": ["known", "known", "void"],
            "action": ["12.5", "7.0", "3.0"],
            "score": [12.5, 7.0, 3.0],
        }
    )
    found = Outcomes(rows, np.array([10.0, 8.0, np.nan]), np.array([0, 1, 1]))
    done = resolved(frame, found, rules, variant="champion")
    made = worth(done, rules, base=9.0)
    assert made.model.tolist() == [-5_000_000, -5_000_000, 0]
    assert made.alternatives[TODAY].tolist() == [0, -2_000_000, 0]
    assert made.alternatives[MEAN].tolist() == [-5_000_000, -2_000_000, 0]
    assert made.perfect.tolist() == [0, 0, 0]
    assert recalibrated(done, rules) == 0


def test_an_action_with_a_limit_is_no_constant_rival() -> None:
    """It cannot be taken on every row; what it would be worth is told all the same."""
    now = flights(10, 80, seed=9, base=1.0)
    free, tight = policy(), policy(limits={"rebook": 5})
    done = champion(served(now, scores(now, "good", base=1.0)), free)
    assert worth(done, free, base=0.3).against == "always rebook"
    found = worth(done, tight, base=0.3)
    assert found.against == TODAY
    assert total(found.alternatives["always rebook"]) > 0


def test_an_action_that_is_none_is_refused() -> None:
    """A log that names an action of another project."""
    rules = policy()
    now = flights(2, 10, seed=7)
    frame, counts = served(now, scores(now, "good")).value
    done = champion(Observation("x", (frame.with_columns(action=pl.lit("cancel")), counts)), rules)
    with pytest.raises(InputError, match="cancel"):
        worth(done, rules, base=0.3)


def test_estimates_are_plain_numbers() -> None:
    """They enter a record."""
    rules = policy()
    now = flights(3, 10, seed=8)
    done = champion(served(now, scores(now, "good")), rules)
    told: Any = msgspec.to_builtins(per_1000(worth(done, rules, base=0.3).gained, done.days, rules))
    assert json.loads(json.dumps(told)) == told
