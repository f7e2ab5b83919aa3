"""What rows say of their contract: enough to catch what is wrong, and not so much that fresh rows are turned away."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from fullcycle.data.contract.infer import propose, toml
from fullcycle.data.contract.infer.bounds import bounds
from fullcycle.data.contract.infer.category import categories
from fullcycle.data.contract.infer.relation import relations
from fullcycle.data.contract.infer.share import missing_at_most
from fullcycle.data.contract.infer.template import template
from fullcycle.data.contract.infer.unit import unit
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.predictor.contract.pattern import parse

Draw = Callable[[np.random.Generator, int], Any]
DRAWS: dict[str, Draw] = {
    "normal": lambda r, n: r.normal(0, 1, n),
    "shifted normal": lambda r, n: r.normal(5, 1, n),
    "hardly negative": lambda r, n: r.normal(3.5, 1, n),
    "exponential": lambda r, n: r.exponential(3, n),
    "lognormal": lambda r, n: r.lognormal(0, 1, n),
    "uniform": lambda r, n: r.uniform(0, 1, n),
    "Student 3": lambda r, n: r.standard_t(3, n),
    "Cauchy": lambda r, n: r.standard_cauchy(n),
    "Pareto": lambda r, n: r.pareto(1.5, n) + 1,
    "Poisson": lambda r, n: r.poisson(3, n),
    "rare": lambda r, n: r.poisson(0.03, n),
    "geometric": lambda r, n: r.geometric(0.3, n),
    "minutes": lambda r, n: r.integers(0, 60, n),
    "mostly nought": lambda r, n: np.where(r.random(n) < 0.9, 0, r.exponential(100, n)),
    "gamma": lambda r, n: r.gamma(2, 1, n),
    "beta": lambda r, n: r.beta(2, 5, n),
    "negative binomial": lambda r, n: r.negative_binomial(1, 0.01, n),
    "Weibull": lambda r, n: r.weibull(0.5, n),
    "truth": lambda r, n: (r.random(n) < 0.02) * 1.0,
}


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize("n", [1000, 10_000])
def test_fewer_than_one_fresh_row_in_ten_thousand_lies_outside(name: str, n: int) -> None:
    outside, seeds, fresh = 0, 20, 50_000
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        low, high = bounds(DRAWS[name](random, n))
        again = DRAWS[name](random, fresh)
        outside += int(
            ((again < (-np.inf if low is None else low)) | (again > (np.inf if high is None else high))).sum()
        )
    assert outside / (seeds * fresh) < 1e-4


def test_bounds_are_near_enough_to_catch_a_slip_of_units() -> None:
    random = np.random.default_rng(0)
    for name in ("normal", "shifted normal", "uniform", "Poisson", "minutes", "gamma", "beta"):
        values = DRAWS[name](random, 10_000)
        high = bounds(values)[1]
        assert high is not None
        assert high < np.median(np.abs(values)) * 1000
    assert bounds(np.arange(100.0)) == (None, None)
    assert bounds(DRAWS["minutes"](random, 10_000)) == (0.0, 59.0)


def test_nought_is_asked_about_where_the_rows_do_not_speak_for_it() -> None:
    random = np.random.default_rng(2)
    wages = random.normal(2.8, 1, 4000)
    draws = {
        "log_wage": wages[wages > 0.1][:3000],
        "price": random.lognormal(0, 1, 3000),
        "wait": random.exponential(3, 3000),
    }
    rows = pl.DataFrame(draws)
    found = propose(rows, dict.fromkeys(draws, "float"))
    assert -10 < found.facts["log_wage"]["low"] < -1
    assert found.notes["log_wage"] == "no value is negative: is 0 the least?"
    assert found.facts["price"]["low"] == found.facts["wait"]["low"] == 0
    assert not found.notes["price"]
    assert bounds(-rows["log_wage"].to_numpy())[1] == -found.facts["log_wage"]["low"]


def test_categories_only_where_saturated() -> None:
    assert categories(dict.fromkeys("abc", 400)) == ("a", "b", "c")
    assert categories({"a": 998, "b": 1}) is None
    assert categories({"a": 5000}) is None  # one value says nothing
    assert categories({str(number): 100 for number in range(60)}) is None
    random, turned_away = np.random.default_rng(1), 0
    share = 1 / np.arange(1, 41) ** 1.5
    for _ in range(50):
        words, times = np.unique(random.choice(40, 5000, p=share / share.sum()), return_counts=True)
        found = categories({str(word): int(count) for word, count in zip(words, times, strict=True)})
        if found is not None:
            turned_away += sum(str(word) not in found for word in random.choice(40, 5000, p=share / share.sum()))
    assert turned_away / (50 * 5000) < 1e-3


@pytest.mark.parametrize(
    ("texts", "pattern"),
    [
        ([f"{a}{b}{n}" for a in "AU" for b in "AX" for n in range(100, 1600)], "[A-Z]{2}[0-9]{3,4}"),
        (
            [f"{n:08x}-aaaa-4bbb-8ccc-{n:012x}" for n in range(200)],
            "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
        ),
        ([f"2026-01-{d:02}" for d in range(1, 29)] * 9, "[0-9]{4}-[0-9]{2}-[0-9]{2}"),
        ([f"p{n}@example.org" for n in range(200)], r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"),
        ([f"https://example.org/{n}" for n in range(200)], "https?://[^ \\t\\n]+"),
        ([f"N{n}" for n in range(1000, 2000)] + [f"N{n}AA" for n in range(100, 1100)], "[A-Z0-9]{5,7}"),
        (["some words that", "people write"] * 600, None),
        ([f"é{n}" for n in range(2000)], ""),
        (["AB123"] * 20, ""),
    ],
)
def test_templates(texts: list[str], pattern: str | None) -> None:
    counts = {text: texts.count(text) for text in set(texts)} if len(set(texts)) < 50 else dict.fromkeys(texts, 1)
    found = template(counts)
    if pattern is not None:
        assert found == pattern
    if found:
        parse(found)
        assert all(re.fullmatch(found, text) for text in texts)


def test_a_rare_shape_makes_no_template() -> None:
    shapes = {"A" * (1 + number % 40) + "1" * (1 + number // 40): 1 for number in range(1200)}
    assert template(shapes) == ""


def test_shares_of_missing_values_leave_room_for_a_redraw() -> None:
    random = np.random.default_rng(0)
    for share in (0.0, 0.002, 0.03, 0.4):
        parts = [int((random.random(1000) < share).sum()) for _ in range(10)]
        limit = missing_at_most(parts, [1000] * 10)
        assert all((random.random(10_000) < share).mean() <= limit for _ in range(200))
        assert limit < max(0.01, 4 * share)
    assert missing_at_most([5], [5]) == 1.0


def test_units() -> None:
    assert unit("fare_usd") == ("USD", "")
    assert unit("humidity_pct") == ("%", "")
    assert unit("km") == ("", "")  # the name itself, not a unit
    assert unit("duration_min")[1].startswith("unit: minute")


def test_relations_that_held_and_say_something() -> None:
    random = np.random.default_rng(0)
    n = 3000
    start = pl.Series(
        [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=int(m)) for m in random.integers(0, 1000, n)]
    )
    net, tax = random.integers(1, 1000, n), random.integers(0, 1000, n)
    frame = pl.DataFrame(
        {
            "start": start,
            "end": start + pl.Series([timedelta(minutes=int(m)) for m in random.integers(0, 90, n)]),
            "net": net,
            "tax": tax,
            "gross": net + tax,
            "km": random.exponential(10, n),
            "noise": random.normal(0, 1, n),
            "far": random.normal(1e6, 1, n),
        }
    ).with_columns(m=pl.col("km") * 1000)
    kinds = {name: "time" if name in ("start", "end") else "float" for name in frame.columns}
    found = {one.holds for one in relations(frame, kinds)}
    assert found == {"gross == net + tax", "abs(m - 1000.0 * km) <= 0.09", "start <= end"}
    assert relations(frame[:500], kinds) == ()


def test_what_moves_with_time_makes_no_rule() -> None:
    n = 20_000
    frame = pl.DataFrame(
        {
            "count": range(n),
            "steady": [place % 10 for place in range(n)],
            "old": ["a", "b"] * (n // 2),
            "new": ["a", "b"] * (n // 4) + ["a", "c"] * (n // 4),
        }
    )
    kinds = {"count": "integer", "steady": "integer", "old": "category", "new": "category"}
    facts = propose(frame, kinds).facts
    assert "high" not in facts["count"]
    assert facts["steady"] == {"required": True, "low": 0.0, "high": 9.0}
    assert "categories" in facts["old"]
    assert "categories" not in facts["new"]


def test_spelling_variants_are_told_without_showing_them() -> None:
    frame = pl.DataFrame({"city": ["Paris", "paris ", "Rome"] * 500})
    note = propose(frame, {"city": "category"}).notes["city"]
    assert "normalise" in note
    assert "Paris" not in note


def test_proposals_are_lines_that_read_back() -> None:
    facts = {
        "low": -0.5,
        "high": 1e20,
        "categories": ('a"b', "\\", "é"),
        "pattern": r"[a-z]\.'x",
        "required": True,
        "unit": "°C",
    }
    import tomllib

    read = tomllib.loads(f"x = {{ type = 'category', {', '.join(toml(facts))} }}")["x"]
    assert {**read, "categories": tuple(read["categories"])} == {"type": "category", **facts}
    assert msgspec.convert({"type": "float", "low": -0.5}, ColumnFact).low == -0.5
