"""Column sketches: any cutting of the rows gives the same bits, and figures are those of the rows."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from fractions import Fraction
from functools import reduce
from itertools import pairwise

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel.errors import InputError
from fullcycle.kernel.record import canonical
from fullcycle.measure.sketches import CategorySketch, ColumnSketch, NumberSketch, in_same_cells, reference
from fullcycle.measure.sketches.buckets import MOST, Buckets, edges, keys
from fullcycle.measure.sketches.distinct import distinct, hash_numbers, hash_texts, pack_registers, registers
from fullcycle.measure.sketches.names import MOST as NAMES
from fullcycle.measure.sketches.names import Names
from fullcycle.measure.sketches.packing import pack, unpack
from fullcycle.measure.sketches.sums import Sums

any_float = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -0.0, 1.0, 5e-324, -5e-324, 1.7976931348623157e308, -1.7976931348623157e308, 1e300, 1e-300]),
    st.integers(-5, 5).map(float),
    st.none(),
)
finite = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=60)


def of(values: list[float | None]) -> ColumnSketch:
    return ColumnSketch.of(pl.Series(values, dtype=pl.Float64), "float")


def cut(values: list, places: list[int]) -> list[list]:
    bounds = [0, *sorted(place % (len(values) + 1) for place in places), len(values)]
    return [values[start:end] for start, end in pairwise(bounds)]


@settings(deadline=None, max_examples=200)
@given(st.lists(any_float, max_size=60), st.lists(st.integers(0, 100), max_size=4), st.randoms(use_true_random=False))
def test_numbers_cut_anywhere_in_any_order_give_the_same_bits(values, places, random) -> None:
    whole = of(values)
    shuffled = random.sample(values, len(values))
    merged = reduce(ColumnSketch.merge, map(of, cut(shuffled, places)))
    assert canonical(merged) == canonical(whole)


@pytest.mark.parametrize("seed", range(6))
def test_many_different_numbers_cut_anywhere_give_the_same_bits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [
        rng.normal(size=30_000),
        rng.lognormal(0, 8, 30_000),
        rng.integers(0, 700, 30_000).astype(float),
        rng.integers(0, 5000, 30_000).astype(float) / 100,
        1.6e15 + rng.random(30_000) * 3e13,
        np.r_[np.zeros(29_000), rng.normal(size=500) * 1e-250, rng.normal(size=500) * 1e250],
    ][seed]
    whole = of(rows.tolist())
    for cuts in ([100], [15_000], [1, 2, 3, 500, 29_999]):
        parts = [of(part) for part in cut(rng.permutation(rows).tolist(), cuts)]
        assert canonical(reduce(ColumnSketch.merge, reversed(parts))) == canonical(whole)
    assert len(canonical(whole)) <= 10_240
    assert len(whole.numbers.buckets.counts()) <= MOST
    assert abs(whole.distinct / len(np.unique(rows)) - 1) < 0.08


@settings(deadline=None, max_examples=200)
@given(finite)
def test_sums_are_exact(values) -> None:
    sums = Sums.of(np.array(values, dtype=np.float64))
    total = sum(map(Fraction, values), Fraction(0))
    squares = sum((Fraction(value) ** 2 for value in values), Fraction(0))
    counted = Sums.of_counted(np.array(values), np.ones(len(values), np.int64))
    assert sums == counted
    digits, power = sums.total.split("p")
    assert Fraction(int(digits, 16)) * Fraction(2) ** int(power) == total
    digits, power = sums.squares.split("p")
    assert Fraction(int(digits, 16)) * Fraction(2) ** int(power) == squares
    if values:
        assert sums.mean == float(total / len(values))


@pytest.mark.parametrize("spread", [0, 3, 60, 300])
def test_sums_of_many_numbers_near_and_far_are_exact(spread: int) -> None:
    rng = np.random.default_rng(spread)
    rows = rng.normal(size=40_000) * 10.0 ** rng.integers(-spread, spread + 1, 40_000)
    rows[:20_000] = np.round(rows[:20_000])
    assert Sums.of(rows) == Sums.of_counted(rows, np.ones(len(rows), np.int64))


def test_mean_and_deviation_do_not_cancel() -> None:
    rows = 1e9 + np.array([0.1, 0.2, 0.3, 0.4])
    sums = Sums.of(rows)
    assert sums.mean == statistics.fmean(rows.tolist())
    assert sums.deviation == statistics.stdev(map(Fraction, rows.tolist()))
    assert Sums.of(np.array([1e308, 1.5e308])).mean == 1.25e308
    assert (Sums().mean, Sums.of(np.array([1.0])).deviation) == (None, None)
    assert Sums.of(np.array([2.0, 2.0])).deviation == 0.0


@settings(deadline=None)
@given(finite, st.integers(0, 54))
def test_buckets_hold_the_values_between_their_edges(values, level: int) -> None:
    rows = np.array(values, dtype=np.float64)
    found = keys(rows, level)
    assert (edges(found, level) <= rows).all()
    upper = edges(found + 1, level)
    assert ((rows < upper) | (upper == np.inf)).all()
    ordered = keys(np.sort(rows))
    assert (ordered[1:] >= ordered[:-1]).all()


def test_quantiles_are_near_those_of_the_rows() -> None:
    shares = (0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0)
    rng = np.random.default_rng(0)
    for rows in (rng.normal(50, 10, 100_000), rng.exponential(3, 100_000), rng.integers(0, 400, 5000).astype(float)):
        found = Buckets.of(rows).quantiles(shares, float(rows.min()), float(rows.max()))
        expected = np.quantile(rows, shares, method="lower")
        assert np.allclose(found, expected, rtol=0.01)
    assert found == tuple(expected)  # few different values: exact


@pytest.mark.parametrize("n", [1, 30, 2000, 100_000])
def test_distinct_values_are_told_within_four_standard_errors(n: int) -> None:
    found = distinct(registers(hash_numbers(np.arange(n) * 7919)))
    assert abs(found / n - 1) < 4 * 0.023
    texts = pl.Series([f"customer number {place}" for place in range(n)])
    assert abs(distinct(registers(hash_texts(texts))) / n - 1) < 4 * 0.023


@pytest.mark.parametrize(
    "values",
    [
        np.arange(50_000.0),
        np.arange(50_000) / 100,
        1.6e15 + np.arange(50_000) * 1e6,
        1 / (1 + np.arange(50_000)),
        np.arange(-25_000, 25_000) * 2.0**40,
    ],
)
def test_distinct_numbers_of_a_pattern_are_told_too(values) -> None:
    found = registers(hash_numbers(keys(values)))
    assert abs(distinct(found) / len(values) - 1) < 4 * 0.023
    assert (registers(hash_numbers(keys(np.repeat(values, 3)[::-1]))) == found).all()
    apart = [registers(hash_numbers(keys(part))) for part in np.array_split(values, 9)]
    assert (np.max(apart, axis=0) == found).all()


def test_hashes_stay_what_they_are() -> None:
    """Ids depend on them: a change of a library must not change one."""
    assert hash_texts(pl.Series(["", "a", "Zürich", "a" * 17])).tolist() == HASHES
    assert hash_numbers(keys(np.array([1.5, -2.0]))).tolist() == NUMBERS


@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_packed_integers_come_back(numbers) -> None:
    assert unpack(pack(numbers)).tolist() == numbers


@pytest.mark.parametrize("text", ["?", "gA==", "gICAgICAgICAgICAAQ=="])
def test_damaged_sketches_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="damaged"):
        unpack(text)


names = st.lists(st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["JFK", "x" * 61, "x" * 62])), max_size=40)


@settings(deadline=None)
@given(names, st.lists(st.integers(0, 40), max_size=3))
def test_names_cut_anywhere_give_the_same_bits(values, places) -> None:
    def sketch(rows: list[str | None]) -> ColumnSketch:
        return ColumnSketch.of(pl.Series(rows, dtype=pl.String), "category")

    whole = sketch(values)
    assert canonical(reduce(ColumnSketch.merge, map(sketch, cut(values, places)))) == canonical(whole)
    assert whole.distinct == len({name for name in values if name is not None})
    assert whole.numbers.sums.n == len(values) - whole.missing


def test_names_of_many_rows_are_counted_exactly() -> None:
    rng = np.random.default_rng(3)
    for names in (90, 5000):
        values = pl.Series([f"n{place}" if place else None for place in rng.integers(0, names, 100_000)])
        sketch = ColumnSketch.of(values, "category")
        true = Counter(values.drop_nulls().to_list())
        assert sketch.missing == values.null_count()
        assert all(true[name] == times for name, times in zip(sketch.names.names, sketch.names.counts, strict=True))
        assert sketch.numbers.sums.n == true.total()


def test_of_many_names_the_common_ones_are_kept_with_bounds() -> None:
    rng = np.random.default_rng(0)
    months = [
        Counter(
            [f"n{place}" for place in rng.zipf(1.3, 4000) if place < 5000] + [f"only {month} {i}" for i in range(400)]
        )
        for month in range(12)
    ]
    true = sum(months, Counter())
    found = reduce(Names.merge, map(Names.of, months))
    assert len(found.names) == NAMES
    for name, least, more in zip(found.names, found.counts, found.more, strict=True):
        assert least <= true[name] <= least + more
    unlisted = set(true) - set(found.names)
    assert max(true[name] for name in unlisted) <= found.unseen <= sum(true.values()) / NAMES
    assert [name for name, _ in true.most_common(10)] == list(found.names[:10])
    one = [ColumnSketch.of(pl.Series([f"n{i}" for i in range(start, start + 150)]), "category") for start in (0, 100)]
    assert one[0].exact
    merged = one[0].merge(one[1])
    assert not merged.exact
    assert abs(merged.distinct - 250) < 25


def test_a_column_that_may_not_be_told_leaves_no_value() -> None:
    mails = ColumnSketch.of(pl.Series(["ann@example.com", "bob@example.com", None]), "text", told=False)
    wages = ColumnSketch.of(pl.Series([51234.5, 60001.25, None]), "float", told=False)
    assert b"ann" not in canonical(mails)
    assert b"51234" not in canonical(wages)
    assert wages.numbers is None
    assert (mails.distinct, wages.distinct, wages.missing) == (2, 2, 1)
    assert mails.numbers.maximum == 15.0
    assert reference(mails) is reference(wages) is None
    with pytest.raises(InputError, match="do not merge"):
        wages.merge(of([1.0]))
    with pytest.raises(InputError, match="cannot be compared"):
        in_same_cells(wages, wages)


def test_few_different_numbers_give_the_cells_of_the_rows() -> None:
    rng = np.random.default_rng(0)
    for rows in (
        rng.integers(0, 300, 4000).astype(float),
        np.zeros(10),
        np.r_[np.zeros(90), np.arange(10.0)],
        np.array([]),
    ):
        values = [*rows.tolist(), None, math.inf, -math.inf]
        fitted = NumberSketch.fit([math.nan if value is None else value for value in values])
        assert reference(of(values)) == fitted


def test_cells_of_many_numbers_hold_about_as_many_rows_each_and_are_exact() -> None:
    rows = np.random.default_rng(1).normal(size=50_000)
    cells = reference(of(rows.tolist()))
    assert isinstance(cells, NumberSketch)
    assert cells == cells.like(rows)
    assert len(cells.counts) == 10
    assert max(cells.counts) < 6500
    assert min(cells.counts) > 3500


def test_two_sketches_are_counted_in_the_same_cells() -> None:
    rng = np.random.default_rng(2)
    before, after = rng.normal(size=20_000), rng.normal(0.5, 2, 300)
    first, second = in_same_cells(of(before.tolist()), of(after.tolist()))
    assert isinstance(first, NumberSketch)
    assert first.like(after) == second
    assert first.like(before) == first


def test_references_hold_whole_names_only() -> None:
    long = "x" * 80
    cells = reference(ColumnSketch.of(pl.Series([long, long, "short", None]), "text"))
    assert isinstance(cells, CategorySketch)
    assert (cells.categories, cells.counts, cells.missing) == (("short",), (1, 2), 1)
    assert cells.like([long, "short"]).counts == (1, 1)


def test_times_and_truths_are_numbers() -> None:
    times = pl.Series(["2024-01-01T00:00:00", None]).str.to_datetime(time_zone="UTC")
    sketch = ColumnSketch.of(times, "time")
    assert (sketch.numbers.minimum, sketch.missing) == (1704067200e6, 1)
    truth = ColumnSketch.of(pl.Series([True, False, None]), "boolean")
    assert (truth.numbers.zeros, truth.distinct, truth.missing) == (1, 2, 1)
    empty = ColumnSketch.of(pl.Series([None, None]), "float")
    assert (empty.n, empty.missing, empty.distinct, empty.numbers.minimum) == (2, 2, 0, None)
    assert empty.merge(empty).n == 4
    with pytest.raises(InputError, match="holds no"):
        ColumnSketch.of(pl.Series(["a"]), "float")
    with pytest.raises(InputError, match="holds none"):
        ColumnSketch.of(pl.Series(["a"]), "time")
    with pytest.raises(InputError, match="do not merge"):
        truth.merge(empty)


def test_sketches_survive_json() -> None:
    for sketch in (of([1.0, None]), ColumnSketch.of(pl.Series(["a"]), "text"), of(np.arange(5000.0).tolist())):
        assert msgspec.json.decode(canonical(sketch), type=ColumnSketch) == sketch


HASHES = [16294208416658607535, 6774081908283191102, 13489605450034404359, 13574111285727138511]
NUMBERS = [2853835511630560277, 1176482704117103637]


@pytest.mark.parametrize("names", [3, 200, 5000])
def test_names_that_are_counted_by_their_hashes_are_counted_exactly(names: int) -> None:
    rng = np.random.default_rng(names)
    codes = rng.integers(0, names, 60_000)
    values = [None if code == 1 else f"n{code:05}" for code in codes]
    values[40_000:40_010] = ["late"] * 10  # no row of the first slice has it
    counted: dict[str, int] = {}
    for value in values:
        if value is not None:
            counted[value] = counted.get(value, 0) + 1
    found = ColumnSketch.of(pl.Series(values), "category")
    assert found.missing == values.count(None)
    assert found.numbers.n == 60_000 - found.missing
    assert found.names == Names.of(counted)
    if names < NAMES:
        assert dict(zip(found.names.names, found.names.counts, strict=True)) == counted


def test_of_names_that_occur_equally_often_the_first_are_kept() -> None:
    values = [f"{place:04}" for place in range(1000)]
    found = ColumnSketch.of(pl.Series(values[::-1]), "text")
    assert found.names == Names.of(dict.fromkeys(values, 1))


@pytest.mark.parametrize("different", [40, 30_000, 400_000])
def test_registers_are_those_of_every_number_however_many_are_different(different: int) -> None:
    rng = np.random.default_rng(different)
    values = rng.normal(size=different)[rng.integers(0, different, 400_000)]
    found = ColumnSketch.of(pl.Series(values), "float")
    assert found.registers in ("", pack_registers(registers(hash_numbers(keys(np.unique(values))))))
    assert bool(found.registers) == (different > MOST)
