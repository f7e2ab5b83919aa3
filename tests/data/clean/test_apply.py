"""Typed rows are mended and taken out as declared; every row is somewhere, and twice is no more than once."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.data.clean.apply import Cleaned, clean
from fullcycle.data.clean.outliers import Fitted, counterpart, fit, medcouple
from fullcycle.data.clean.settings import Clean, Near, Outlier, Unit
from fullcycle.data.clean.touched import MASK, merge
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.kernel.record import canonical


def cleaned(frame: pl.DataFrame, settings: Clean, fitted: Fitted | None = None, **facts: ColumnFact) -> Cleaned:
    frame = frame if "id" in frame.columns else frame.with_row_index("id").with_columns(at=pl.lit(0))
    return clean(frame, settings, fitted or Fitted(), entity="id", time="at", facts=facts)


def test_the_first_of_repeats_stays() -> None:
    frame = pl.DataFrame({"id": ["a", "a", "a", "b"], "at": [1, 1, 2, 1], "x": [1, 2, 3, 4]})
    done = cleaned(frame, Clean())
    assert done.rows["x"].to_list() == [1, 3, 4]
    assert done.removed.to_dicts() == [{"id": "a", "at": 1, "x": 2, "reasons": "duplicate"}]
    assert [(touch.step, touch.column, touch.rows) for touch in done.touched] == [("duplicates", "id, at", 1)]


def test_identical_rows_are_told_from_repeated_keys() -> None:
    frame = pl.DataFrame({"id": ["a", "a", "a"], "at": [1, 1, 1], "x": [1, 1, 2]})
    done = cleaned(frame, Clean(identical="quarantine"))
    assert done.removed["reasons"].to_list() == ["identical", "duplicate"]
    assert cleaned(frame, Clean(duplicates="keep")).rows.equals(frame)


def test_near_duplicates_go_and_say_whom_they_repeat() -> None:
    texts = [
        "Great shirt, fits well and looks good",
        "great shirt fits well and looks good!",
        "Shrunk in the wash",
        None,
        None,
    ]
    done = cleaned(
        pl.DataFrame({"text": texts}), Clean(near=Near(columns=("text",))), text=ColumnFact(type="text", personal="no")
    )
    assert done.removed["reasons"].to_list() == ["near duplicate"]
    assert done.removed["text"].to_list() == [texts[1]]
    assert (done.touched[0].examples[0].before, done.touched[0].examples[0].after) == (texts[1], texts[0])


def test_near_duplicates_only_within_the_same() -> None:
    frame = pl.DataFrame({"text": ["one two three"] * 3, "city": ["Bonn", "Bonn", "Kiel"]})
    near = Near(columns=("text",), same=("city",))
    assert cleaned(frame, Clean(near=near)).rows["city"].to_list() == ["Bonn", "Kiel"]


@pytest.mark.parametrize("personal", ["hash", "mask"])
def test_hashed_and_masked_texts_are_not_compared(personal: Any) -> None:
    frame = pl.DataFrame({"name": ["•••", "•••"]})
    fact = ColumnFact(type="category", personal=personal)
    with pytest.raises(InputError, match=f"near, name: .* whose texts are gone: found .*{personal}"):
        cleaned(frame, Clean(near=Near(columns=("name",))), name=fact)
    same = Near(columns=("text",), same=("name",))
    assert len(cleaned(frame.with_columns(text=pl.lit("one two")), Clean(near=same), name=fact).rows) == 1


def test_names_are_compared_by_letters() -> None:
    frame = pl.DataFrame({"name": ["Katharina Schneider", "Katarina Schneider", "Karl Schneider"]})
    near = Near(columns=("name",), parts="trigrams", similarity=0.75)
    assert cleaned(frame, Clean(near=near)).rows["name"].to_list() == ["Katharina Schneider", "Karl Schneider"]


def test_units_are_mended_in_their_range_only() -> None:
    frame = pl.DataFrame({"km": [5.0, 5000.0, 5e8, None], "n": [5, 5000, 5001, None], "c": [20.0, 68.0, 300.0, None]})
    units = {
        "km": Unit(factor=1000, above=100),
        "n": Unit(factor=1000, above=100),
        "c": Unit(factor=1.8, offset=32, above=45),
    }
    done = cleaned(frame, Clean(units=units))
    assert done.rows.select("km", "n", "c").to_dict(as_series=False) == {
        "km": [5.0, 5.0, 5e8, None],
        "n": [5, 5, 5001, None],
        "c": [20.0, 20.0, 300.0, None],
    }


def test_impossible_values_become_missing_where_the_fact_says_so() -> None:
    frame = pl.DataFrame({"age": [-4.0, 40.0, 900.0], "sex": ["f", "x", "m"], "kept": [-1, 0, 1]})
    facts = {
        "age": ColumnFact(type="float", low=0, high=130, outside="missing"),
        "sex": ColumnFact(type="category", categories=("f", "m"), outside="missing"),
        "kept": ColumnFact(type="integer", low=0),
    }
    done = cleaned(frame, Clean(), **facts)
    assert done.rows.select("age", "sex", "kept").rows() == [(None, "f", -1), (40.0, None, 0), (None, "m", 1)]
    assert [(touch.step, touch.column, touch.cells) for touch in done.touched] == [
        ("outside", "age", 2),
        ("outside", "sex", 1),
    ]


def test_outliers_by_limits_learnt_before() -> None:
    before = pl.DataFrame({"x": np.random.default_rng(1).normal(100, 5, 1000), "y": np.ones(1000)})
    settings = Clean(outliers={"x": Outlier(), "y": Outlier(then="missing")})
    fitted = fit(before, settings)
    assert [limits.column for limits in fitted.outliers] == ["x", "y"]
    assert (fitted.outliers[1].low, fitted.outliers[1].high) == (None, None)  # all the same: no telling
    done = cleaned(pl.DataFrame({"x": [100.0, 500.0, None], "y": [1.0, 2.0, 3.0]}), settings, fitted)
    assert done.removed["reasons"].to_list() == ["x: outlier"]
    gone = msgspec.structs.replace(settings, outliers={"x": Outlier(then="missing")})
    emptied = cleaned(pl.DataFrame({"x": [100.0, 500.0, None], "y": [1.0, 2.0, 3.0]}), gone, fitted)
    assert emptied.rows["x"].to_list() == [100.0, None, None]
    assert counterpart(fitted, gone) == {"x": (fitted.outliers[0].low, fitted.outliers[0].high)}
    assert counterpart(fitted, settings) == {"y": (None, None)}


def test_a_log_scale_leaves_zero_alone() -> None:
    values = np.random.default_rng(1).lognormal(0, 1, 2000)
    settings = Clean(outliers={"x": Outlier(scale="log", then="missing", limit=5)})
    done = cleaned(
        pl.DataFrame({"x": [0.0, -1.0, 1e-9, 1.0, 1e6]}), settings, fit(pl.DataFrame({"x": values}), settings)
    )
    assert done.rows["x"].to_list() == [0.0, -1.0, None, 1.0, None]


def test_the_adjusted_boxplot_follows_skew() -> None:
    values = np.random.default_rng(1).exponential(1, 5000)
    assert 0.28 < medcouple(np.sort(values)) < 0.38  # 1/3 of an exponential distribution
    limits = fit(pl.DataFrame({"x": values}), Clean(outliers={"x": Outlier(rule="adjusted boxplot")})).outliers[0]
    plain = fit(pl.DataFrame({"x": values}), Clean(outliers={"x": Outlier()})).outliers[0]
    assert limits.high is not None
    assert plain.high is not None
    assert (values > limits.high).mean() < 0.01 < (values > plain.high).mean()


def test_wrong_columns_are_named() -> None:
    frame = pl.DataFrame({"id": ["a"], "at": [1], "price": [1.0]})
    with pytest.raises(ColumnMissing, match="price"):
        cleaned(frame, Clean(units={"prize": Unit(factor=10, above=1)}))
    with pytest.raises(ColumnMissing, match="outliers"):
        fit(frame, Clean(outliers={"prize": Outlier()}))
    with pytest.raises(InputError, match="only numbers"):
        fit(frame, Clean(outliers={"id": Outlier()}))
    with pytest.raises(InputError, match="sign to know them by"):
        Unit(factor=10)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b"]),
            "at": st.integers(0, 2),
            "x": st.one_of(st.none(), st.floats(-1e4, 1e4), st.sampled_from([5.0, 5000.0, 1e9])),
            "text": st.one_of(st.none(), st.lists(st.sampled_from("abcdefgh"), max_size=6).map(" ".join)),
        }
    ),
    max_size=12,
)
SCHEMA = {"id": pl.String, "at": pl.Int64, "x": pl.Float64, "text": pl.String}
SETTINGS = st.builds(
    Clean,
    duplicates=st.sampled_from(["quarantine", "keep"]),
    identical=st.sampled_from(["quarantine", "keep"]),
    near=st.one_of(st.none(), st.builds(Near, columns=st.just(("text",)), similarity=st.sampled_from([0.5, 0.7, 1.0]))),
    units=st.sampled_from([{}, {"x": Unit(factor=1000, above=100)}, {"x": Unit(factor=0.5, below=3, above=900)}]),
    outliers=st.sampled_from([{}, {"x": Outlier()}, {"x": Outlier(then="missing", rule="adjusted boxplot")}]),
)
FACT = {"x": ColumnFact(type="float", low=-50, high=1e6, outside="missing")}


@settings(deadline=None)  # the machine may be busy
@given(ROWS, SETTINGS)
def test_rows_in_are_rows_out_and_rows_removed_and_twice_is_once(rows: list[dict[str, Any]], settings: Clean) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA)
    fitted = fit(pl.DataFrame({"x": np.arange(100.0)}), settings)
    done = cleaned(frame, settings, fitted, **FACT)
    assert len(done.rows) + len(done.removed) == len(frame)
    assert done.rows.schema == frame.schema
    taken = sum(touch.rows for touch in done.touched if not touch.cells)
    assert taken == len(done.removed)
    going = done.removed.drop("reasons").rows()
    assert all(row in frame.rows() for row in going)  # as they came
    again = cleaned(done.rows, settings, fitted, **FACT)
    assert again.rows.equals(done.rows)
    assert (len(again.removed), again.touched) == (0, ())


def test_masked_unless_decided_not_personal() -> None:
    texts = ["Anna Secret lives in the house", "anna secret lives in the house"]
    frame = pl.DataFrame({"note": texts, "pay": [77777.0, 12.0]})
    units, near = {"pay": Unit(factor=1000, above=1000)}, Near(columns=("note",))
    for personal in (None, "keep", "mask", "hash", "drop", "no"):
        settings = Clean(units=units, near=None if personal in ("mask", "hash") else near)
        facts = {"note": ColumnFact(type="text", personal=personal), "pay": ColumnFact(type="float", personal=personal)}
        done = cleaned(frame, settings, **facts)
        body = canonical(msgspec.to_builtins(done.touched)).decode()
        shown = personal == "no"
        assert ("Secret" in body, "77777" in body, "77.777" in body) == (shown, shown, shown)
        assert (MASK in body) is not shown


def test_segments_add_up() -> None:
    frame = pl.DataFrame({"x": [5000.0, 6000.0]})
    settings = Clean(units={"x": Unit(factor=1000, above=100)})
    open_ = ColumnFact(type="float", personal="no")
    parts = [cleaned(frame, settings, x=open_), cleaned(frame + 1.0, settings, x=open_)]
    [summed] = merge(touch for part in parts for touch in part.touched)
    assert (summed.rows, summed.cells) == (4, 4)
    assert [example.before for example in summed.examples] == ["5000.0", "6000.0", "5001.0"]
