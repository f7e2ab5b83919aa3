"""Raw cells are made readable as declared, and only as declared."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.data.clean.prepare import prepare
from fullcycle.data.clean.settings import Clean
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.sources.types import parse
from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.predictor.contract.spelling import plain

ZONE = "Europe/Berlin"


def read(cells: list[str | None], *notations: str) -> list[float | None]:
    """Numbers as a column of floats has them, after declared notations."""
    fact = ColumnFact(type="float")
    ready = prepare(pl.DataFrame({"x": cells}), {"x": fact}, Clean(formats={"x": notations})).frame
    return ready.select(parse(pl.col("x"), pl.String(), fact, ZONE)).to_series().to_list()


@pytest.mark.parametrize(
    ("cell", "notations", "number"),
    [
        ("1,234.50", ["decimal point"], 1234.5),
        ("1,234,567", ["decimal point"], 1234567.0),
        ("12,34", ["decimal point"], None),
        ("1 234.5", ["decimal point"], 1234.5),
        ("1’234.5", ["decimal point"], 1234.5),
        ("1.234,50", ["decimal comma"], 1234.5),
        ("1\u202f234,50", ["decimal comma"], 1234.5),
        ("0,1", ["decimal comma"], 0.1),
        ("1.234", ["decimal comma"], 1234.0),
        ("-,5", ["decimal comma"], -0.5),
        ("12 %", ["percent"], 0.12),
        ("12,5%", ["decimal comma", "percent"], 0.125),
        ("12 %", [], None),
        ("$5", ["currency"], 5.0),
        ("-$1,234.5", ["currency"], -1234.5),
        ("$-5", ["currency"], -5.0),
        ("5 EUR", ["currency"], 5.0),
        ("$5", ["percent"], None),
        ("(3)", ["parentheses"], -3.0),
        ("($3.50)", ["parentheses", "currency"], -3.5),
        ("(3", ["parentheses"], None),
        ("(-3)", ["parentheses"], None),
        ("\u22127", ["decimal point"], -7.0),
        ("--7", ["decimal point"], None),
        ("٣", ["decimal point"], None),
        ("", ["decimal point"], None),
        (".", ["decimal point"], None),
    ],
)
def test_numbers_written_as_text(cell: str, notations: list[str], number: float | None) -> None:
    assert read([cell, None], *notations) == [number, None]


def test_a_large_whole_number_keeps_its_digits() -> None:
    ready = prepare(
        pl.DataFrame({"x": ["9.007.199.254.740.993"]}),
        {"x": ColumnFact(type="integer")},
        Clean(formats={"x": ("decimal comma",)}),
    )
    assert ready.frame["x"].to_list() == ["9007199254740993"]


@pytest.mark.parametrize(
    ("cell", "formats", "instant"),
    [
        ("31/12/2024", ["%d/%m/%Y"], "2024-12-30T23:00:00.000000Z"),
        ("03/04/2024", ["%d/%m/%Y", "%m/%d/%Y"], "2024-04-02T22:00:00.000000Z"),
        ("03/04/2024", ["%m/%d/%Y", "%d/%m/%Y"], "2024-03-03T23:00:00.000000Z"),
        ("04/30/2024", ["%d/%m/%Y", "%m/%d/%Y"], "2024-04-29T22:00:00.000000Z"),
        ("1712102400", ["%d/%m/%Y", "epoch seconds"], "2024-04-03T00:00:00.000000Z"),
        ("1712102400123", ["epoch milliseconds"], "2024-04-03T00:00:00.123000Z"),
        ("5 Jan 2024 03:04", ["%d %b %Y %H:%M"], "2024-01-05T02:04:00.000000Z"),
        ("2024-01-05 3:04 PM", ["%Y-%m-%d %I:%M %p"], "2024-01-05T14:04:00.000000Z"),
        ("Fri, 05 Jan 2024 03:04:05 +0200", ["%a, %d %b %Y %H:%M:%S %z"], "2024-01-05T01:04:05.000000Z"),
        ("2024-01-05", ["%Y-%d-%m"], "2024-01-05"),
        ("2024-01-05T03:04:05Z", ["%d/%m/%Y"], "2024-01-05T03:04:05Z"),
        ("31/03/2024 02:30", ["%d/%m/%Y %H:%M"], "31/03/2024 02:30"),  # the clock jumped over it
        ("01/02/24", ["%d/%m/%Y"], "01/02/24"),
    ],
)
def test_times_in_declared_formats(cell: str, formats: list[str], instant: str) -> None:
    frame = pl.DataFrame({"at": [cell]})
    ready = prepare(frame, {"at": ColumnFact(type="time")}, Clean(formats={"at": tuple(formats)}), zone=ZONE)
    assert ready.frame["at"].to_list() == [instant]


def test_epoch_numbers_of_a_typed_table() -> None:
    frame = pl.DataFrame({"at": [1712102400]})
    ready = prepare(frame, {"at": ColumnFact(type="time")}, Clean(formats={"at": ("epoch seconds",)}))
    assert ready.frame["at"].to_list() == ["2024-04-03T00:00:00.000000Z"]


def test_the_zone_of_a_column_comes_before_the_projects() -> None:
    fact = ColumnFact(type="time", zone="Asia/Tokyo")
    ready = prepare(pl.DataFrame({"at": ["01/01/2024"]}), {"at": fact}, Clean(formats={"at": ("%d/%m/%Y",)}), zone=ZONE)
    assert ready.frame["at"].to_list() == ["2023-12-31T15:00:00.000000Z"]


def test_markers_become_missing_as_written_and_as_read() -> None:
    frame = pl.DataFrame(
        {"n": ["-999.0", " N/A", "(999)", "7"], "c": ["-999", "n/a", "N/A ", "09"], "i": [-999, 9, 1, 2]}
    )
    facts = {
        "n": ColumnFact(type="float"),
        "c": ColumnFact(type="category", normalise=("lower",)),
        "i": ColumnFact(type="integer"),
    }
    settings = Clean(missing=("-999", "N/A", "n/a", "9"), formats={"n": ("parentheses",)})
    ready = prepare(frame, facts, settings)
    assert ready.frame.to_dict(as_series=False) == {
        "n": [None, None, None, "7"],
        "c": [None, None, None, "09"],
        "i": [None, None, 1, 2],
    }
    assert {(touch.step, touch.column): touch.cells for touch in ready.touched} == {
        ("missing", "n"): 3,
        ("missing", "c"): 3,
        ("missing", "i"): 2,
        ("formats", "n"): 1,
    }


def test_markers_by_column_leave_other_columns_alone() -> None:
    facts = {"a": ColumnFact(type="category"), "b": ColumnFact(type="category")}
    ready = prepare(pl.DataFrame({"a": ["-"], "b": ["-"]}), facts, Clean(missing={"a": ("-",)}))
    assert ready.frame.row(0) == (None, "-")


def test_spellings_become_one() -> None:
    fact = ColumnFact(
        type="category", normalise=("strip", "lower", "accents"), aliases={"NYC": "new york"}, personal="no"
    )
    ready = prepare(pl.DataFrame({"c": [" New  York", "nyc", "São Paulo", "oslo"]}), {"c": fact}, Clean())
    assert ready.frame["c"].to_list() == ["new york", "new york", "sao paulo", "oslo"]
    [touch] = ready.touched
    assert (touch.step, touch.cells, touch.examples[0].before, touch.examples[0].after) == (
        "words",
        3,
        " New  York",
        "new york",
    )


def test_an_alias_of_an_alias_is_refused() -> None:
    fact = ColumnFact(type="category", aliases={"a": "b", "b": "c"})
    with pytest.raises(InputError, match="two spellings"):
        prepare(pl.DataFrame({"c": ["a"]}), {"c": fact}, Clean())


def test_wrong_formats_are_named() -> None:
    with pytest.raises(UnknownKey, match="decimal coma"):
        prepare(pl.DataFrame({"x": ["1"]}), {"x": ColumnFact(type="float")}, Clean(formats={"x": ("decimal coma",)}))
    with pytest.raises(InputError, match="day first"):
        prepare(pl.DataFrame({"x": ["1"]}), {"x": ColumnFact(type="time")}, Clean(formats={"x": ("day first",)}))


def test_nothing_declared_changes_nothing() -> None:
    frame = pl.DataFrame({"a": [" X ", None, "-999"], "b": [1.5, None, float("nan")], "other": ["N/A", "x", "y"]})
    ready = prepare(frame, {"a": ColumnFact(type="text"), "b": ColumnFact(type="float")}, Clean())
    assert ready.frame.equals(frame)
    assert ready.touched == ()


CELLS = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.text(alphabet="0123456789.,-+()% $€eE", max_size=12),
    st.from_regex(r"[0-3][0-9]/[01][0-9]/20[0-9]{2}", fullmatch=True),
    st.sampled_from(
        [
            "N/A",
            "n/a",
            "Oslo",
            " OSLO",
            "Ósló",
            "İstanbul",
            "ẞ",
            "Å",
            "1.234,5",
            "(1.234)",
            "12 %",
            "-999",
            "1712102400",
        ]
    ),
)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(CELLS, min_size=1, max_size=12), st.sampled_from(["decimal point", "decimal comma"]))
def test_twice_is_no_more_than_once(cells: list[str | None], mark: str) -> None:
    frame = pl.DataFrame(dict.fromkeys("nct", cells), schema=dict.fromkeys("nct", pl.String))
    facts = {
        "n": ColumnFact(type="float"),
        "c": ColumnFact(type="category", normalise=("strip", "lower", "accents"), aliases={"x": "OSLO", "y": "N/A"}),
        "t": ColumnFact(type="time"),
    }
    formats = {"n": (mark, "percent", "currency", "parentheses"), "t": ("%d/%m/%Y", "%m/%d/%Y", "epoch seconds")}
    settings = Clean(missing=("N/A", "-999"), formats=formats)
    once = prepare(frame, facts, settings, zone=ZONE)
    assert once.frame.height == frame.height
    again = prepare(once.frame, facts, settings, zone=ZONE)
    assert again.frame.equals(once.frame)
    assert again.touched == ()


@settings(deadline=None)  # the machine may be busy
@given(st.text())
def test_a_plain_word_stays(word: str) -> None:
    for how in (["strip"], ["lower"], ["accents"], ["strip", "lower", "accents"]):
        assert plain(plain(word, how), how) == plain(word, how)
