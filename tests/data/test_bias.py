"""Bias that was planted is named; where there is none, intervals cover and alarms stay few, days or no days."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.data.bias import bias
from fullcycle.data.bias.compare import difference, holm, share_of
from fullcycle.data.bias.groups import groups, protected
from fullcycle.data.bias.proxy import proxy
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.privacy.settings import Privacy

OPEN = ColumnFact(type="category", protected=True, personal="no")
FACTS = {"sex": OPEN}


def findings(rows, outcome, *, features=(), settings=None, task="binary", facts=None, **more):
    found = bias(rows, outcome, facts or FACTS, settings or Privacy(), features=features, task=task, **more)
    return {(one.check, one.subject): one for one in found}


def test_without_protected_attributes_nothing_is_found():
    assert bias(pl.DataFrame({"a": [1]}), np.ones(1), {}, Privacy(), features=("a",), task="binary") == ()
    assert protected({"sex": ColumnFact(type="category", protected=True, personal="drop")}) == ()


def test_a_lower_rate_is_named_and_a_like_one_is_not():
    chance = np.random.default_rng(3)
    n = 3000
    sex = chance.choice(["f", "m"], n)
    town = chance.choice(["a", "b"], n)
    outcome = (chance.random(n) < np.where(sex == "f", 0.2, 0.4)).astype(float)
    found = findings(pl.DataFrame({"sex": sex, "town": town}), outcome, facts={"sex": OPEN, "town": OPEN})
    women = found["label_rate", "sex: f"]
    assert women.passed is False
    assert women.low < -0.2 < women.high
    assert (women.severity, women.evidence["compared"]) == ("warn", 4)
    assert found["label_rate", "town: a"].passed is True


def test_a_difference_that_is_sure_but_small_is_not_named():
    sex = np.repeat(["f", "m"], 50_000)
    outcome = np.concatenate([np.arange(50_000) % 100 < 50, np.arange(50_000) % 100 < 53]).astype(float)
    found = findings(pl.DataFrame({"sex": sex}), outcome)["label_rate", "sex: f"]
    assert found.high < 0
    assert found.passed is True


def test_numbers_and_classes_are_compared_too():
    chance = np.random.default_rng(3)
    sex = chance.choice(["f", "m"], 2000)
    salary = chance.normal(size=2000) + (sex == "m")
    assert findings(pl.DataFrame({"sex": sex}), salary, task="regression")["label_mean", "sex: f"].passed is False
    grade = np.where(sex == "m", chance.integers(0, 3, 2000), chance.integers(0, 2, 2000)).astype(float)
    found = bias(
        pl.DataFrame({"sex": sex}), grade, FACTS, Privacy(), features=(), task="multiclass", classes=("a", "b", "c")
    )
    named = {
        (one.evidence["class"], one.passed) for one in found if one.check == "label_rate" and one.subject == "sex: f"
    }
    assert ("c", False) in named


def test_what_is_missing_for_one_group_is_named():
    chance = np.random.default_rng(3)
    sex = chance.choice(["f", "m"], 2000)
    income = np.where((sex == "f") & (chance.random(2000) < 0.4), None, 1.0)
    age = np.where(chance.random(2000) < 0.1, None, 1.0)
    rows = pl.DataFrame({"sex": sex, "income": income.tolist(), "age": age.tolist()})
    named = [
        subject
        for check, subject in findings(rows, np.zeros(2000), features=("income", "age"))
        if check == "missing_by_group"
    ]
    assert named == ["income by sex: m", "income by sex: f"] or named == ["income by sex: f", "income by sex: m"]


def test_declared_shares_are_held_against_the_rows():
    sex = ["f"] * 200 + ["m"] * 800
    settings = Privacy(population={"sex": {"f": 0.5, "m": 0.5, "x": 0.01}})
    found = findings(pl.DataFrame({"sex": sex}), np.zeros(1000), settings=settings)
    assert found["representation", "sex: f"].passed is False
    assert found["representation", "sex: m"].passed is True
    assert found["representation", "sex: a declared group"].evidence["declared"] == "x"


def test_a_group_of_few_rows_is_named():
    found = findings(pl.DataFrame({"sex": ["f"] * 5 + ["m"] * 500}), np.zeros(505))
    assert found["representation", "sex: f"].passed is False
    assert found["representation", "sex: m"].passed is None
    assert ("label_rate", "sex: f") not in found


def test_no_value_of_an_undecided_attribute_is_told():
    rows = pl.DataFrame({"faith": ["Zoroastrian", "Jedi"] * 200, "hymn": ["Yasna", "March"] * 200})
    facts = {"faith": ColumnFact(type="category", protected=True)}
    found = bias(rows, np.tile([0.0, 1.0], 200), facts, Privacy(), features=("hymn",), task="binary")
    assert {one.check for one in found} == {"representation", "label_rate", "proxy", "proxy_feature"}
    assert not any(word in repr(found) for word in ("Zoroastrian", "Jedi", "Yasna", "March"))


def test_many_values_become_few_groups():
    ages = groups(pl.Series("age", [*range(18, 90), None]), {"age": OPEN})
    assert [group.name for group in ages][-1] == "missing"
    assert len(ages) == 5
    towns = groups(pl.Series("town", [f"t{number % 40}" for number in range(400)]), {"town": OPEN})
    assert len(towns) == 12
    assert sum(int(group.rows.sum()) for group in towns) == 400


def test_a_proxy_is_found_and_named():
    chance = np.random.default_rng(5)
    n = 2000
    sex = chance.choice(["f", "m"], n)
    title = np.where(chance.random(n) < 0.95, np.where(sex == "f", "Ms", "Mr"), "Dr")
    rows = pl.DataFrame({"sex": sex, "title": title, "noise": chance.normal(size=n)})
    found = findings(rows, np.zeros(n), features=("title", "noise"), blocks=np.arange(n) % 40)
    assert found["proxy", "sex"].passed is False
    assert found["proxy", "sex"].low > 0.9
    assert found["proxy_feature", "title for sex"].passed is False
    assert ("proxy_feature", "noise for sex") not in found


def test_features_together_tell_what_none_tells_alone():
    chance = np.random.default_rng(5)
    a, b = chance.random((2, 4000)) < 0.5
    found = proxy(pl.DataFrame({"a": a, "b": b}), a ^ b, None, confidence=0.95)
    assert found.together.low > 0.95
    assert all(one.point < 0.6 for one in found.alone.values())


def test_noise_is_no_proxy_however_many_values_a_category_has():
    areas = []
    for seed in range(6):
        chance = np.random.default_rng(seed)
        rows = pl.DataFrame({"x": chance.normal(size=1500), "c": chance.integers(0, 60, 1500).astype(str)})
        found = proxy(rows, chance.random(1500) < 0.4, None, confidence=0.95)
        areas.append(found.together.point)
        assert found.together.point < 0.58
    assert abs(np.mean(areas) - 0.5) < 0.03


def test_the_same_rows_give_the_same_findings():
    chance = np.random.default_rng(5)
    rows = pl.DataFrame({"sex": chance.choice(["f", "m"], 900), "x": chance.normal(size=900)})
    outcome = (chance.random(900) < 0.5).astype(float)
    one, other = (findings(rows, outcome, features=("x",), blocks=np.arange(900) % 30) for _ in range(2))
    assert one == other


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_never_lowers(p):
    raised = holm(p)
    assert all(after >= before for before, after in zip(p, raised, strict=True))
    assert [raised[at] for at in np.argsort(p, kind="stable")] == sorted(raised)


def test_holm_agrees_with_hand_and_newcombe_with_the_paper():
    assert holm([0.01, 0.02, 0.03, 0.5]) == pytest.approx((0.04, 0.06, 0.06, 0.5))
    # Newcombe 1998, table II (a): 56/70 - 48/80, method 10
    values = np.repeat([1.0, 0.0, 1.0, 0.0], [56, 14, 48, 32])
    found = difference(values, np.arange(150) < 70, None, confidence=0.95)
    assert (round(found.estimate.low, 4), round(found.estimate.high, 4)) == (0.0524, 0.3339)


def _days(chance, days, per_day, spread):
    """Rows of days that share a mood: groups mix anew each day, and rates move together."""
    day = np.repeat(np.arange(days), per_day)
    mood = chance.normal(0, spread, days)[day]
    group = chance.random(len(day)) < 1 / (1 + np.exp(-(mood - 1)))
    outcome = chance.random(len(day)) < 1 / (1 + np.exp(-(chance.normal(0, spread, days)[day] - 1)))
    return day, group, outcome.astype(float)


@pytest.mark.parametrize("spread", [0.0, 0.8])
def test_intervals_cover_and_alarms_are_few_when_rows_share_days(spread):
    """400 draws without any difference: 95% intervals cover 0 in 92 to 98 of 100, and a share's cover the truth."""
    chance = np.random.default_rng(11)
    moods = chance.normal(0, spread, 200_000)
    truth = float(np.mean(1 / (1 + np.exp(-(moods - 1)))))
    covered = alarms = shares = 0
    for _ in range(400):
        day, group, outcome = _days(chance, 60, 25, spread)
        found = difference(outcome, group, day, confidence=0.95)
        covered += found.estimate.low <= 0 <= found.estimate.high
        alarms += found.p < 0.05
        share = share_of(group, day, confidence=0.95)
        shares += share.low <= truth <= share.high
    assert 0.92 <= covered / 400 <= 0.985
    assert alarms / 400 <= 0.08
    assert 0.92 <= shares / 400 <= 0.985


def test_rows_alone_are_covered_too_and_days_that_are_ignored_are_not():
    chance = np.random.default_rng(12)
    alone = ignored = 0
    for _ in range(300):
        group, outcome = chance.random(400) < 0.1, (chance.random(400) < 0.05).astype(float)
        found = difference(outcome, group, None, confidence=0.95)
        alone += found.estimate.low <= 0 <= found.estimate.high
        _, group, outcome = _days(chance, 60, 25, 2.0)
        found = share_of(group, None, confidence=0.95)
        ignored += found.low <= 0.3522 <= found.high
    assert alone / 300 >= 0.92
    assert ignored / 300 < 0.9


def test_a_whole_table_without_bias_raises_few_alarms():
    """Of 60 tables with two attributes and four groups each, at most a few are named in anything."""
    chance = np.random.default_rng(13)
    named = 0
    for _ in range(60):
        n = 1200
        rows = pl.DataFrame(
            {
                "sex": chance.choice(["f", "m"], n),
                "town": chance.choice(list("abcd"), n),
                "x": np.where(chance.random(n) < 0.2, np.nan, chance.normal(size=n)),
            }
        ).with_columns(pl.col("x").fill_nan(None))
        outcome = (chance.random(n) < 0.1).astype(float)
        found = findings(rows, outcome, features=(), facts={"sex": OPEN, "town": OPEN}, blocks=np.arange(n) // 20)
        named += any(one.passed is False for one in found.values())
    assert named <= 7
