"""The profile: a table's figures, the same whatever its segments, and how columns hang together."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn.metrics import mutual_info_score

from fullcycle.data.profile import (
    correlations,
    label_rate,
    merged,
    packed,
    profile,
    references,
    statistics,
    target_relation,
    unpacked,
)
from fullcycle.data.profile.sample import cells_of, doubled_ranks
from fullcycle.data.records import Column
from fullcycle.kernel.errors import ColumnMissing, Corrupt, InputError
from fullcycle.measure.sketches import CategorySketch, NumberSketch

START = datetime(2024, 1, 1, tzinfo=UTC)
N = 4000


def column(name: str, kind: str, known: str = "before", personal: str = "") -> Column:
    return Column(name=name, kind=kind, known=known, feature=known == "before", personal=personal)


COLUMNS = (
    column("at", "time"),
    column("weight", "float"),
    column("size", "integer"),
    column("city", "category"),
    column("note", "text"),
    column("mail", "text", personal="mask"),
    column("late", "boolean", known="after"),
)


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    weight = rng.lognormal(size=N)
    city = rng.choice(["Ulm", "Bonn", "Kiel"], N, p=[0.5, 0.3, 0.2])
    late = rng.random(N) < np.where(city == "Ulm", 0.2, 0.6)
    frame = pl.DataFrame(
        {
            "at": [START + timedelta(hours=hour) for hour in range(N)],
            "weight": weight,
            "size": np.floor(weight * 10).astype(int),
            "city": city,
            "note": [f"parcel {place}" for place in range(N)],
            "mail": [f"p{place}@example.com" for place in range(N)],
            "late": late,
        }
    )
    some = pl.int_range(pl.len()) % 10 == 0
    return frame.with_columns(weight=pl.when(some).then(None).otherwise("weight"))


def test_segments_merge_into_the_profile_of_the_table(rows: pl.DataFrame) -> None:
    whole = profile(rows, COLUMNS)
    months = [part for _, part in rows.group_by(pl.col("at").dt.truncate("1mo"), maintain_order=True)]
    merged_months = merged(profile(part, COLUMNS) for part in months)
    for name in ("at", "weight", "size", "city", "late"):
        assert merged_months[name] == whole[name]
    assert merged_months["note"].distinct == whole["note"].distinct
    assert merged([]) == {}
    assert unpacked(packed(whole)) == whole
    assert b"example.com" not in packed(whole)
    with pytest.raises(Corrupt):
        unpacked(b'{"weight": 1}')
    with pytest.raises(ColumnMissing, match="weight"):
        profile(rows.drop("weight"), COLUMNS)


def test_statistics_are_those_of_the_rows(rows: pl.DataFrame) -> None:
    found = {name: statistics(sketch) for name, sketch in profile(rows, COLUMNS).items()}
    weight, values = found["weight"], rows["weight"].drop_nulls().to_numpy()
    assert (weight.n, weight.missing) == (N, N // 10)
    assert weight.mean == float(sum(map(Fraction, values.tolist())) / len(values))
    assert weight.deviation == pytest.approx(values.std(ddof=1), rel=1e-12)
    assert weight.quantiles["0"] == values.min()
    assert weight.quantiles["0.5"] == pytest.approx(np.median(values), rel=0.01)
    assert weight.distinct == pytest.approx(len(values), rel=0.1)
    assert (weight.whole, weight.zeros, weight.infinite) == (0.0, 0, 0)
    size = rows["size"]
    assert (found["size"].exact, found["size"].distinct) == (True, size.n_unique())
    assert (found["size"].zeros, found["size"].whole) == ((size == 0).sum(), 1.0)
    assert found["city"].top[0] == ("Ulm", (rows["city"] == "Ulm").sum())
    assert found["city"].mean == pytest.approx(rows["city"].str.len_chars().mean())
    assert (found["at"].first, found["at"].last) == (START, START + timedelta(hours=N - 1))
    assert found["late"].mean == pytest.approx(rows["late"].mean())
    assert found["mail"].top == ()


def test_references_are_of_what_a_request_brings_and_may_be_told(rows: pl.DataFrame) -> None:
    found = references(profile(rows, COLUMNS, untold=["note"]), COLUMNS)
    assert sorted(found) == ["at", "city", "size", "weight"]
    assert isinstance(found["city"].sketch, CategorySketch)
    cells = found["size"].sketch
    assert isinstance(cells, NumberSketch)
    assert cells == NumberSketch.fit(rows["size"].to_numpy())
    assert found["weight"].missing == 0.1


def test_correlations_are_those_of_scipy(rows: pl.DataFrame) -> None:
    full = rows.drop_nulls()
    found = {(one.first, one.second): one for one in correlations(full, COLUMNS)}
    assert ("note", "size") not in found
    spearman = stats.spearmanr(full["size"], full["weight"]).statistic
    assert found["size", "weight"].value == pytest.approx(spearman, rel=1e-12)
    assert found["city", "late"].measure == "ratio"
    assert found["city", "late"].value == pytest.approx(_epsilon(full, "city", "late"), rel=1e-9)
    assert found["city", "weight"].value == pytest.approx(_epsilon(full, "city", "weight"), abs=1e-9)


def _epsilon(rows: pl.DataFrame, category: str, name: str) -> float:
    """The square root of ε², as read off the F statistic of the ranks."""
    ranks = rows.with_columns(rank=pl.col(name).cast(pl.Float64).rank())
    groups = [part["rank"].to_numpy() for _, part in ranks.group_by(category, maintain_order=True)]
    f, k = stats.f_oneway(*groups).statistic, len(groups)
    return math.sqrt(max(0.0, (k - 1) * (f - 1) / ((k - 1) * f + len(rows) - k)))


def test_categories_correlate_without_what_chance_adds() -> None:
    rng = np.random.default_rng(1)
    first = rng.choice(list("abcdefgh"), 500)
    frame = pl.DataFrame({"a": first, "b": rng.choice(list("uvwxyz"), 500), "c": first})
    facts = [column(name, "category") for name in "abc"]
    found = {(one.first, one.second): one.value for one in correlations(frame, facts)}
    assert found["a", "c"] == pytest.approx(1.0, abs=0.01)
    assert found["a", "b"] < 0.08
    assert found["a", "b"] < stats.contingency.association(_table(frame))
    assert correlations(frame.head(5), facts) == ()
    assert correlations(pl.DataFrame({"a": ["x"] * 50, "b": ["y"] * 50}), facts[:2]) == ()


def _table(frame: pl.DataFrame) -> np.ndarray:
    return frame.pivot("b", index="a", values="c", aggregate_function="len").drop("a").fill_null(0).to_numpy()


def test_ranks_agree_with_scipy() -> None:
    values = np.random.default_rng(2).integers(0, 20, 200).astype(float)
    assert (doubled_ranks(values) == 2 * stats.rankdata(values) - len(values) - 1).all()


def test_rows_with_missing_values_are_left_out_of_a_pair() -> None:
    frame = pl.DataFrame(
        {"a": [*range(50), None, None], "b": [*range(50), 7, 9], "c": [None] * 52},
        schema={"a": pl.Int64, "b": pl.Int64, "c": pl.Float64},
    )
    found = correlations(frame, [column("a", "integer"), column("b", "integer"), column("c", "float")])
    assert [(one.first, one.second, one.n) for one in found] == [("a", "b", 50)]
    assert found[0].value > 0.99
    with pytest.raises(InputError, match="too large"):
        correlations(pl.DataFrame({"a": range(100_001)}), [column("a", "integer")])


def test_the_target_goes_with_the_column_that_tells_it(rows: pl.DataFrame) -> None:
    found = target_relation(rows, rows["late"], [fact for fact in COLUMNS if fact.known == "before"], untold=["note"])
    assert found[0].column == "city"
    assert found[0].of == "share of true"
    cells = {cell.label: cell for cell in found[0].cells}
    assert sorted(cells) == ["Bonn", "Kiel", "Ulm"]
    ulm = rows.filter(pl.col("city") == "Ulm")["late"]
    assert (cells["Ulm"].rows, cells["Ulm"].outcome.point) == (len(ulm), ulm.sum() / len(ulm))
    assert cells["Ulm"].outcome.high < cells["Bonn"].outcome.low
    codes = cells_of(rows["city"], "category")[0]
    expected = mutual_info_score(codes, rows["late"].to_list()) / math.log(2) - 2 / (2 * N * math.log(2))
    assert found[0].information == pytest.approx(expected, rel=1e-9)
    weight = next(one for one in found if one.column == "weight")
    assert weight.cells[-1].label == "missing"
    assert sum(cell.rows for cell in weight.cells) == N
    mail = next(one for one in found if one.column == "mail")
    assert all("@" not in cell.label for cell in mail.cells)


def test_targets_of_numbers_and_classes() -> None:
    frame = pl.DataFrame({"a": [0, 1] * 50})
    facts = [column("a", "integer")]
    (numbers,) = target_relation(frame, pl.Series([1.0, 3.0] * 49 + [None, math.nan]), facts)
    assert [(cell.outcome.point, cell.rows) for cell in numbers.cells] == [(1.0, 49), (3.0, 49)]
    assert numbers.information == pytest.approx(1.0, abs=0.02)
    (classes,) = target_relation(frame, pl.Series(["x", "y", "x", "z"] * 25), facts)
    assert classes.of == "share of x"
    assert [cell.outcome.point for cell in classes.cells] == [1.0, 0.0]
    with pytest.raises(InputError, match="do not go together"):
        target_relation(frame, pl.Series([1.0]), facts)


def test_the_rate_over_time(rows: pl.DataFrame) -> None:
    found = label_rate(rows, "at", rows["late"])
    assert [rate.start.month for rate in found] == [1, 2, 3, 4, 5, 6]
    january = rows.filter(pl.col("at").dt.month() == 1)["late"]
    assert found[0].outcome.point == january.sum() / len(january)
    assert label_rate(rows.clear(), "at", rows["late"].clear()) == ()
