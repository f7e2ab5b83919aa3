"""Folds: nothing learns from what is tested, nothing is tested twice, groups stay together, classes are balanced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.data.split import Division
from fullcycle.development.search.folds import Fold, fold_count, folds_of, forward_chaining, k_fold
from fullcycle.development.settings import Development
from fullcycle.development.table import Given

START = datetime(2024, 1, 1, tzinfo=UTC)


@settings(deadline=None, max_examples=60)
@given(
    minutes=st.lists(st.integers(0, 5_000), min_size=2, max_size=200),
    count=st.integers(2, 8),
    gap=st.integers(0, 2_000),
)
def test_by_time_no_row_of_a_fit_lies_within_the_gap_before_any_tested_row(
    minutes: list[int], count: int, gap: int
) -> None:
    times = pl.Series([START + timedelta(minutes=it) for it in sorted(minutes)])
    found = forward_chaining(times, count, gap=timedelta(minutes=gap))
    _tested_once(found, len(times))
    for fold in found:
        if len(fold.train):
            first, last = times[int(fold.test[0])], times[int(fold.train[-1])]
            assert last < first
            assert first - last > timedelta(minutes=gap) or (gap == 0 and first > last)


@settings(deadline=None, max_examples=60)
@given(minutes=st.lists(st.integers(0, 50), min_size=4, max_size=100), count=st.integers(2, 5))
def test_by_time_rows_of_one_time_are_tested_together(minutes: list[int], count: int) -> None:
    times = pl.Series([START + timedelta(minutes=it) for it in sorted(minutes)])
    seen: set[object] = set()
    for fold in forward_chaining(times, count, gap=timedelta(0)):
        now = set(times.gather(fold.test).to_list())
        assert not now & seen
        seen |= now


@settings(deadline=None, max_examples=60)
@given(groups=st.lists(st.integers(0, 12), min_size=5, max_size=200), count=st.integers(2, 6), seed=st.integers(0, 9))
def test_a_group_is_never_on_both_sides(groups: list[int], count: int, seed: int) -> None:
    frame = pl.DataFrame({"shop": [str(it) for it in groups]})
    division = Division(by="group", columns=("shop",), seed=seed)
    found = k_fold(division, frame, np.array(groups, dtype=float) % 2, count)
    _tested_once(found, len(frame))
    for fold in found:
        assert not set(frame["shop"].gather(fold.train)) & set(frame["shop"].gather(fold.test))


@settings(deadline=None, max_examples=60)
@given(
    labels=st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0]), min_size=20, max_size=200),
    count=st.integers(2, 6),
    by=st.sampled_from(["stratified", "random"]),
)
def test_rows_alone_are_tested_exactly_once_and_classes_alike(labels: list[float], count: int, by: Any) -> None:
    target = np.array(labels)
    frame = pl.DataFrame({"id": range(len(target)), "late": target})
    columns = ("id", "late") if by == "stratified" else ("id",)
    found = k_fold(Division(by=by, columns=columns), frame, target, count)
    _tested_once(found, len(frame))
    assert sum(len(fold.test) for fold in found) == len(frame)
    sizes = [len(fold.test) for fold in found]
    assert max(sizes) - min(sizes) <= 1
    if by == "stratified":
        late = [int(target[fold.test].sum()) for fold in found]
        assert max(late) - min(late) <= 1


def test_groups_are_balanced_by_class_about_as_well_as_scikit_learn_does() -> None:
    from sklearn.model_selection import StratifiedGroupKFold

    random = np.random.default_rng(0)
    groups = random.integers(0, 60, 2_000)
    target = (random.random(2_000) < 0.1 + 0.3 * (groups % 3 == 0)).astype(float)
    found = k_fold(Division(by="group", columns=("g",)), pl.DataFrame({"g": groups}), target, 5)
    theirs = [test for _, test in StratifiedGroupKFold(5).split(target, target, groups)]
    spread = [np.ptp([target[test].mean() for test in tests]) for tests in ([it.test for it in found], theirs)]
    assert spread[0] <= spread[1] + 0.02
    assert np.ptp([len(fold.test) for fold in found]) <= 60


def test_auto_takes_fewer_folds_of_more_rows() -> None:
    assert [fold_count("auto", "time", n) for n in (1_000, 50_000, 200_000)] == [5, 3, 1]
    assert [fold_count("auto", "random", n) for n in (1_000, 200_000, 600_000)] == [5, 3, 1]
    assert fold_count(7, "time", 10**7) == 7


def test_the_folds_of_a_dataset_follow_its_split(world: Any) -> None:
    dataset, charter = world.dataset(world.frame(600)), world.charter(label_delay=3 * 86_400_000_000)
    found = folds_of(_given(world, charter, dataset, folds=4))
    assert len(found) == 4
    times = world.frame(600)["at"]
    assert all(times[int(it.test[0])] - times[int(it.train[-1])] > timedelta(days=3) for it in found)
    assert found[-1].test[-1] == 479
    one = folds_of(_given(world, charter, dataset, folds=1))
    assert [(len(it.train), len(it.test)) for it in one] == [(360, 120)]


def test_folds_that_cannot_be_learnt_from_are_left_out(world: Any) -> None:
    frame = world.frame(600).with_columns(late=pl.int_range(600) > 330)
    found = folds_of(_given(world, world.charter(), world.dataset(frame), folds=5))
    assert all(len(set(frame["late"].gather(it.train))) == 2 for it in found)
    assert len(found) < 5
    few = folds_of(_given(world, world.charter(), world.dataset(world.frame(30)), folds=5))
    assert [len(it.test) for it in few] == [6]


@pytest.mark.parametrize("count", [2, 5])
def test_folds_come_out_the_same_again(count: int) -> None:
    frame = pl.DataFrame({"id": range(100)})
    first, again = (k_fold(Division(by="random", columns=("id",)), frame, None, count) for _ in range(2))
    assert [it.test.tolist() for it in first] == [it.test.tolist() for it in again]


def _given(world: Any, charter: Any, dataset: Any, **settings: Any) -> Given:
    return Given(charter, dataset, Development(**settings), (), world.blobs)


def _tested_once(folds: tuple[Fold, ...], n: int) -> None:
    tested = np.concatenate([fold.test for fold in folds])
    assert len(set(tested.tolist())) == len(tested) <= n
    for fold in folds:
        assert not set(fold.train.tolist()) & set(fold.test.tolist())
        assert (np.diff(fold.train) > 0).all()
