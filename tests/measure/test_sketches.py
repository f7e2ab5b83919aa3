"""Sketches: the merged sketch of parts is the sketch of the whole."""

from __future__ import annotations

import math
from collections import Counter

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel.errors import InputError
from fullcycle.measure.sketches import CategorySketch, NumberSketch, Sketch

numbers = st.lists(
    st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, -0.0, 1.0])), max_size=40
)
names = st.lists(st.one_of(st.none(), st.sampled_from(["JFK", "LGA", "EWR", "other", ""])), max_size=40)


@settings(deadline=None)  # a busy machine is no failure
@given(numbers, numbers, numbers, st.integers(1, 12))
def test_merged_number_sketches_are_the_sketch_of_the_union(reference, a, b, bins: int) -> None:
    base = NumberSketch.fit(reference, bins=bins)
    assert base.like(a).merge(base.like(b)) == base.like(a + b)
    assert base.like(b).merge(base.like(a)) == base.like(a + b)
    assert base.like(reference) == base
    assert base.vector().sum() == len(reference)


@settings(deadline=None)
@given(names, names, names, st.integers(0, 4))
def test_merged_category_sketches_are_the_sketch_of_the_union(reference, a, b, top: int) -> None:
    base = CategorySketch.fit(reference, top=top)
    assert base.like(a).merge(base.like(b)) == base.like(a + b)
    assert base.like(reference) == base == CategorySketch.fit(Counter(reference), top=top)
    assert base.vector().sum() == len(reference)


@settings(deadline=None)
@given(numbers)
def test_number_sketch_survives_json(values) -> None:
    sketch = NumberSketch.fit(values)
    assert msgspec.json.decode(msgspec.json.encode(sketch), type=Sketch) == sketch


def test_category_sketch_survives_json_beside_number_sketches() -> None:
    both: list[Sketch] = [CategorySketch.fit(["a", None, "b"]), NumberSketch.fit([1.0, 2.0])]
    assert msgspec.json.decode(msgspec.json.encode(both), type=list[Sketch]) == both


def test_cells_hold_about_as_many_rows_each() -> None:
    sketch = NumberSketch.fit(np.random.default_rng(0).normal(size=1000), bins=10)
    assert len(sketch.counts) == 10
    assert set(sketch.counts) == {100}


def test_a_common_value_has_a_cell_of_its_own() -> None:
    values = np.r_[np.zeros(800), np.linspace(1, 100, 200)]
    sketch = NumberSketch.fit(values, bins=10)
    assert 800 in sketch.counts
    constant = NumberSketch.fit(np.full(10, 3.0))
    assert NumberSketch.fit([np.finfo(float).max]).like([np.inf]).n == 1
    assert constant.like([2.0, 3.0, 3.0, 4.0]).counts == (1, 2, 1)


def test_missing_and_infinite_values_are_counted_apart() -> None:
    sketch = NumberSketch.fit([1.0, 2.0, 3.0, 4.0], bins=2).like([math.nan, math.inf, -math.inf, 2.0])
    assert (sketch.counts, sketch.missing, sketch.n) == ((2, 1), 1, 4)
    assert (sketch.minimum, sketch.maximum) == (2.0, 2.0)
    empty = NumberSketch.fit([math.nan])
    assert (empty.edges, empty.counts, empty.minimum) == ((), (0,), None)


def test_categories_stand_by_count_then_name_and_the_rest_is_other() -> None:
    sketch = CategorySketch.fit(["b", "a", "c", "c", "d", None], top=2)
    assert sketch.categories == ("c", "a")
    assert sketch.counts == (2, 1, 2)
    assert len(CategorySketch.fit([str(i) for i in range(80)]).categories) == 50


def test_different_cells_do_not_merge() -> None:
    with pytest.raises(InputError, match="do not merge"):
        NumberSketch.fit([1.0, 2.0]).merge(NumberSketch.fit([3.0, 4.0]))
    with pytest.raises(InputError, match="do not merge"):
        CategorySketch.fit(["a"]).merge(CategorySketch.fit(["b"]))


@pytest.mark.parametrize(
    "call",
    [
        lambda: NumberSketch(edges=(1.0,), counts=(1,), n=1),
        lambda: NumberSketch(edges=(2.0, 1.0), counts=(1, 0, 0), n=1),
        lambda: NumberSketch.fit([1.0], bins=0),
        lambda: NumberSketch.fit([[1.0]]),
        lambda: CategorySketch(categories=("a",), counts=(1, 0), n=5),
    ],
)
def test_sketches_that_do_not_add_up_are_refused(call) -> None:
    with pytest.raises(InputError):
        call()
