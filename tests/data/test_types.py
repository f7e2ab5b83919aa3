"""Types: what parses, and where each row goes that does not."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from fullcycle.data.settings import ColumnFact
from fullcycle.data.sources.types import parse, typed
from fullcycle.kernel.errors import ColumnMissing, InputError
from parcels import FACTS, KEYS, ZONE, changed, parcels


def parsed(cells: list[object], kind: str, zone: str = ZONE, dtype: pl.DataType | None = None) -> list[object]:
    frame = pl.DataFrame({"c": cells}, schema={"c": dtype} if dtype else None)
    fact = ColumnFact(type=kind)  # type: ignore[arg-type]
    return frame.select(parse(pl.col("c"), frame.schema["c"], fact, zone)).to_series().to_list()


@pytest.mark.parametrize(
    ("kind", "cells", "expected"),
    [
        ("float", ["1.5", "-2e3", "1,5", "abc", "inf", "nan", None], [1.5, -2000.0, None, None, None, None, None]),
        ("float", [1, 2], [1.0, 2.0]),
        ("float", [date(2024, 1, 1)], [None]),
        ("integer", ["7", "7.0", "7.5", "x", "9007199254740993", "1e30"], [7, 7, None, None, 9007199254740993, None]),
        ("integer", [7.0, 7.5, 1e30], [7, None, None]),
        ("integer", [datetime(2024, 1, 1)], [None]),
        (
            "boolean",
            ["true", "FALSE", "1", "0", "Yes", "no", "2", "t"],
            [True, False, True, False, True, False, None, None],
        ),
        ("boolean", [1, 0, 2], [True, False, None]),
        ("boolean", [1.0, 0.0, 0.5], [True, False, None]),
        ("boolean", [True, False, None], [True, False, None]),
        ("category", ["a", None], ["a", None]),
        ("category", [1, 2], ["1", "2"]),
    ],
)
def test_cells_parse_or_are_null(kind: str, cells: list[object], expected: list[object]) -> None:
    assert parsed(cells, kind) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-15", datetime(2024, 1, 15, 5, tzinfo=UTC)),
        ("2024-01-15 08:30", datetime(2024, 1, 15, 13, 30, tzinfo=UTC)),
        ("2024-01-15T08:30:01.25", datetime(2024, 1, 15, 13, 30, 1, 250_000, tzinfo=UTC)),
        (" 2024-07-15T08:30:00 ", datetime(2024, 7, 15, 12, 30, tzinfo=UTC)),
        ("2024-01-15T08:30:00Z", datetime(2024, 1, 15, 8, 30, tzinfo=UTC)),
        ("2024-01-15T08:30+05:30", datetime(2024, 1, 15, 3, 0, tzinfo=UTC)),
        ("2024-01-15 08:30:00.5-0500", datetime(2024, 1, 15, 13, 30, 0, 500_000, tzinfo=UTC)),
        ("2024-03-10T02:30:00", None),  # the clock jumped over it
        ("2024-11-03T01:30:00", datetime(2024, 11, 3, 5, 30, tzinfo=UTC)),  # it was twice: the earlier
        ("2024-02-30", None),
        ("15.01.2024", None),
        ("1705300200", None),
    ],
)
def test_times_as_text(text: str, expected: datetime | None) -> None:
    mixed = ["2023-06-01T00:00:00Z", text, "2023-06-01"]
    assert parsed(list(mixed), "time")[1] == expected


def test_times_as_times() -> None:
    noon = datetime(2024, 7, 1, 12)
    assert parsed([noon], "time") == [datetime(2024, 7, 1, 16, tzinfo=UTC)]
    assert parsed([noon], "time", dtype=pl.Datetime("ms", "UTC")) == [noon.replace(tzinfo=UTC)]
    assert parsed([date(2024, 7, 1)], "time") == [datetime(2024, 7, 1, 4, tzinfo=UTC)]
    assert parsed([datetime(2024, 3, 10, 2, 30)], "time") == [None]


def split(raw: pl.DataFrame, facts: dict[str, ColumnFact] = FACTS) -> tuple[pl.DataFrame, pl.DataFrame]:
    good, bad = typed(raw, facts, keys=KEYS, time="sent", zone=ZONE, source="parcels.csv")
    assert len(good) + len(bad) == len(raw)
    return good, bad


@pytest.mark.parametrize(
    ("cells", "reasons"),
    [
        ({"weight": "heavy"}, "weight: not of type float"),
        ({"id": None}, "id: missing"),
        ({"sent": None}, "sent: missing"),
        ({"sent": "soon"}, "sent: not of type time"),
        ({"sent": "2024-03-10T02:30:00"}, "sent: not of type time"),
        ({"weight": "x", "first_scan": "y"}, "weight: not of type float; first_scan: not of type float"),
    ],
)
def test_a_row_that_does_not_fit_goes_with_its_reason(cells: dict[str, str | None], reasons: str) -> None:
    facts = {
        **FACTS,
        "weight": ColumnFact(type="float", low=0, high=100),
        "first_scan": ColumnFact(type="float", known="2h", required=True),
    }
    raw = changed(parcels(), 4, **cells)
    _, bad = split(raw, facts)
    assert bad["reasons"].to_list() == [reasons]
    assert bad.select(list(facts)).row(0) == raw.row(4)
    assert bad["when"].is_null()[0] == ("sent" in cells)


def test_bounds_themselves_are_possible_and_missing_is_no_breach() -> None:
    facts = {**FACTS, "weight": ColumnFact(type="float", low=1, high=2, required=False)}
    raw = parcels().with_columns(weight=pl.lit("1"))
    good, bad = split(changed(changed(raw, 0, weight="2"), 1, weight=None), facts)
    assert not len(bad)
    assert good["weight"].to_list()[:3] == [2.0, None, 1.0]


def test_a_number_that_pandas_calls_nan_is_missing() -> None:
    raw = parcels().with_columns(weight=pl.lit(float("nan")))
    good, bad = split(raw)
    assert not len(bad)
    assert good["weight"].null_count() == len(raw)


def test_a_column_that_mostly_does_not_parse_is_a_wrong_type() -> None:
    raw = parcels(days=2).with_columns(weight=pl.concat_str(pl.lit("w"), "weight"))
    with pytest.raises(
        InputError, match=r"parcels\.csv, row 1: column 'weight' does not parse as float in 100%"
    ) as error:
        split(raw)
    assert error.value.found == raw["weight"][0]
    assert "columns.toml" in error.value.mend


def test_half_of_them_go_to_quarantine() -> None:
    raw = parcels(days=2, per_day=5).with_columns(
        weight=pl.when(pl.int_range(pl.len()) < 5).then(pl.lit("x")).otherwise("weight")
    )
    assert split(raw)[1]["reasons"].to_list() == ["weight: not of type float"] * 5


@pytest.mark.parametrize(("wrong", "near"), [("wieght", "weight"), ("Delay", "delay")])
def test_a_misspelt_column_names_the_nearest(wrong: str, near: str) -> None:
    facts = {**{name: fact for name, fact in FACTS.items() if name != near}, wrong: FACTS[near]}
    with pytest.raises(ColumnMissing, match=f"column '{wrong}' is missing, which columns.toml needs") as error:
        split(parcels(), facts)
    assert error.value.near == near


def test_a_missing_key_says_who_needs_it() -> None:
    with pytest.raises(ColumnMissing, match=r"\[scoping\] time needs"):
        split(parcels().drop("sent"))
