"""A small project for tests: which orders come back, so that a call beforehand pays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

CYCLE = """
[project]
name = "shop-returns"
timezone = "Europe/Berlin"
timeline = "{timeline}"

[scoping]
question = "Which orders come back, so that a call beforehand pays?"
task = "binary"
target = "returned"
entity = "order"
time = "ordered_at"
label_delay = "2d"
actions = ["call", "leave"]
todays_rule = {{ expression = "price > 90" }}
action_changes_outcome = false
volume = "40/day"

[scoping.value]
currency = "EUR"
call = {{ true = {{ value = 8.35, low = 5, high = 11, source = "service desk" }}, false = -2.15 }}
leave = {{ true = 0, false = 0 }}

[scoping.success]
roc_auc = {{ at_least = 0.55 }}
log_loss = {{ better_than = "constant" }}

[scoping.limits]
actions_per_day = {{ call = 15 }}

[scoping.resources]
people_days = 1
day_rate = 100
compute_per_hour = 0.40

[data]
sources = [{{ name = "orders", from = "orders.csv" }}]
derive = {{ returned = "refund > 0" }}
split = {{ by = "time", validation = "15d", test = "20d" }}

[development]
search_budget = "{trials} trials"
learners = {learners}
round = 2

[deployment]
control = 0.1

[monitoring]
window = "7d"
rows_at_least = 100

[business]
review = "30d"
retrain = "{retrain}"
"""

COLUMNS = """
order = { type = "category", feature = false }
ordered_at = { type = "time" }
price = { type = "float", low = 0, unit = "EUR" }
category = { type = "category" }
channel = { type = "category" }
refund = { type = "float", known = "after", unit = "EUR" }
"""


def orders(*, days: int = 200, per_day: int = 40, seed: int = 7) -> pl.DataFrame:
    """Orders whose return depends on price, category and channel; the channel turns bad half way."""
    rng = np.random.default_rng(seed)
    n = days * per_day
    second = np.sort(rng.integers(0, days * 86_400, n))
    price = np.round(rng.gamma(4, 18, n), 2)
    category = rng.choice(["shoes", "books", "toys", "coats"], n, p=[0.3, 0.3, 0.2, 0.2])
    channel = rng.choice(["shop", "app", "web"], n)
    logit = -3.2 + 0.014 * price + 2.4 * (category == "shoes") + 1.5 * (category == "coats")
    logit += 1.5 * ((channel == "app") & (second > days * 43_200))
    returned = rng.random(n) < 1 / (1 + np.exp(-logit))
    refund = np.where(rng.random(n) < 0.03, np.nan, np.where(returned, price, 0.0))
    start = np.datetime64("2024-01-01T00:00:00", "us")
    return pl.DataFrame(
        {
            "order": [f"o{number:06d}" for number in range(n)],
            "ordered_at": pl.Series(start + second.astype("timedelta64[s]").astype("timedelta64[us]")),
            "price": price,
            "category": category,
            "channel": channel,
            "refund": pl.Series(refund, nan_to_null=True),
        }
    )


def write_shop(
    folder: Path,
    rows: pl.DataFrame | None = None,
    *,
    timeline: str = "replay",
    retrain: str = "worthwhile",
    learners: str = '["linear", "lightgbm"]',
    trials: int = 4,
) -> Path:
    """The project's files in *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    text = CYCLE.format(timeline=timeline, retrain=retrain, learners=learners, trials=trials)
    (folder / "cycle.toml").write_text(text)
    (folder / "columns.toml").write_text(COLUMNS)
    (orders() if rows is None else rows).write_csv(folder / "orders.csv", datetime_format="%Y-%m-%dT%H:%M:%S")
    return folder
