"""The queue: uncertain rows and random ones, with the probability of each."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.data.label.queue import queue
from fullcycle.data.label.settings import Labels
from fullcycle.kernel.errors import ColumnMissing, InputError


def rows(scores: list[float | None], target: list[int | None] | None = None) -> pl.DataFrame:
    count = len(scores)
    frame = pl.DataFrame({"id": range(count), "at": ["2024-01-01"] * count, "p": pl.Series(scores, dtype=pl.Float64)})
    return frame if target is None else frame.with_columns(bad=pl.Series(target, dtype=pl.Int64))


def picked(frame: pl.DataFrame, *, score: str | list[str] | None = "p", seed: int = 1, **how: float) -> pl.DataFrame:
    return queue(frame, Labels(**how), score=score, entity="id", time="at", target="bad", seed=seed)  # type: ignore[arg-type]


def test_the_least_certain_come_first_and_the_rest_at_random() -> None:
    frame = rows([number / 100 for number in range(101)])
    found = picked(frame, batch=20, random=0.25)
    sure = found.filter(pl.col("picked") == "uncertain")
    assert sorted(sure["id"].to_list()) == sorted(range(43, 58))
    assert sure["id"][0] == 50
    assert sure["uncertainty"].is_sorted(descending=True)
    drawn = found.filter(pl.col("picked") == "random")
    assert drawn["selection"].to_list() == [5 / 86] * 5
    assert not set(drawn["id"]) & set(sure["id"])


def test_rows_with_a_label_are_not_asked_again() -> None:
    found = picked(rows([0.5] * 6, [None, 1, None, 0, None, None]), batch=10)
    assert sorted(found["id"].to_list()) == [0, 2, 4, 5]
    assert set(found.filter(pl.col("picked") == "random")["selection"]) == {1.0}


def test_several_scores_count_by_entropy() -> None:
    frame = pl.DataFrame(
        {"id": [1, 2, 3], "at": [0] * 3, "a": [0.98, 0.4, 0.5], "b": [0.01, 0.3, 0.5], "c": [0.01, 0.3, 0.0]}
    )
    found = picked(frame, score=["a", "b", "c"], batch=3, random=0)
    assert found["id"].to_list() == [2, 3, 1]
    assert math.isclose(found["uncertainty"][1], math.log(2) / math.log(3))


def test_rows_without_a_score_are_only_drawn() -> None:
    found = picked(rows([None, 0.5, math.nan]), batch=3, random=0.3)
    assert dict(found.select("id", "picked").rows()) == {0: "random", 1: "uncertain", 2: "random"}
    assert set(picked(rows([0.5, 0.6]), score=None, batch=2)["picked"]) == {"random"}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(1, 20), st.floats(0, 1), st.randoms())
def test_the_order_of_the_rows_plays_no_part(scores: list[float], batch: int, random: float, shuffle: object) -> None:
    frame = rows(scores)  # type: ignore[arg-type]
    order = list(range(len(scores)))
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    one, other = (picked(table, batch=batch, random=random) for table in (frame, frame[order]))
    assert one.equals(other)
    assert one.height <= batch
    assert random == 0 or one.height == min(batch, len(scores))


def test_another_seed_draws_others() -> None:
    frame = rows([0.5] * 200)
    assert picked(frame, batch=10, random=1)["id"].to_list() == picked(frame, batch=10, random=1)["id"].to_list()
    assert (
        picked(frame, batch=10, random=1)["id"].to_list() != picked(frame, batch=10, random=1, seed=2)["id"].to_list()
    )


def test_weighted_by_selection_labels_estimate_the_whole() -> None:
    scores = [number / 200 for number in range(200)]
    truth = [float(score > 0.7) for score in scores]
    estimates = []
    for seed in range(300):
        found = picked(rows(scores), batch=40, random=0.5, seed=seed)
        weights = [1 / chance for chance in found["selection"]]
        estimates.append(math.fsum(truth[one] * weight for one, weight in zip(found["id"], weights, strict=True)) / 200)
    assert abs(math.fsum(estimates) / 300 - math.fsum(truth) / 200) < 0.01


def test_what_is_wrong_is_told() -> None:
    with pytest.raises(InputError, match=r"row 2 without a label, column 'p': a score is no probability: found 1.5"):
        picked(rows([0.5, 1.5]))
    with pytest.raises(ColumnMissing, match="column 'q' is missing"):
        picked(rows([0.5]), score="q")
    with pytest.raises(InputError, match="found 'selection'"):
        picked(rows([0.5]).with_columns(selection=1))


def test_an_empty_queue() -> None:
    assert picked(rows([0.5], [1])).columns == ["id", "at", "p", "bad", "uncertainty", "picked", "selection"]
