"""People who do not exist: every value is made by rule from a seed, with the check digits that its kind has."""

from __future__ import annotations

import importlib
import random
import string
from collections.abc import Callable
from typing import Any

from fullcycle.data.privacy.identifiers import IDENTIFIERS, Identifier, fits

ROWS = 60
FIRST = [
    "Ada",
    "Anna",
    "Jan",
    "Maria",
    "Peter",
    "Sofia",
    "Thomas",
    "Laura",
    "Zebulon",
    "Quirina",
    "Ottokar",
    "Iphigenie",
]
LAST = [
    "Vandermeer",
    "O'Brien",
    "Müller-Lüdenscheid",
    "Kowalczyk",
    "Rossi",
    "Lefèvre",
    "Novák",
    "Øverland",
    "Smith",
    "García",
]


def stdnum(module: str) -> Any:
    """A module of python-stdnum."""
    return importlib.import_module(f"stdnum.{module}")


def made(identifier: Identifier, chance: random.Random) -> str:
    """A number that passes the identifier's checks, found by trying."""
    while True:
        candidate = MAKERS.get(identifier.module, _digits(identifier))(chance)
        if fits(identifier, candidate):
            return candidate


def _digits(identifier: Identifier) -> Callable[[random.Random], str]:
    def maker(chance: random.Random) -> str:
        if identifier.digits:
            length = chance.choice(identifier.digits)
            return number(chance, length)
        return number(chance, 8) + chance.choice(string.ascii_uppercase)

    return maker


def number(chance: random.Random, length: int) -> str:
    """Digits, the first not zero."""
    return str(chance.randrange(10 ** (length - 1), 10**length))


def date(chance: random.Random, form: str) -> str:
    """A day of birth, written as *form* says."""
    year, month, day = chance.randrange(1940, 2000), chance.randrange(1, 13), chance.randrange(1, 29)
    return form.format(y=year, yy=year % 100, m=month, d=day)


def _codice(chance: random.Random) -> str:
    letters = "".join(chance.choice("BCDFGLMNPRST") for _ in range(6))
    body = f"{letters}{date(chance, '{yy:02d}')}{chance.choice('ABCDEHLMPRST')}{chance.randrange(1, 29):02d}H501"
    return body + stdnum("it.codicefiscale").calc_check_digit(body)


def _curp(chance: random.Random) -> str:
    body = "BOXW" + date(chance, "{yy:02d}{m:02d}{d:02d}") + chance.choice("HM") + "DFLNT" + str(chance.randrange(10))
    return body + stdnum("mx.curp").calc_check_digit(body)


def _hetu(chance: random.Random) -> str:
    day, serial = date(chance, "{d:02d}{m:02d}{yy:02d}"), chance.randrange(2, 900)
    return f"{day}-{serial:03d}" + "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(f"{day}{serial:03d}") % 31]


def _nir(chance: random.Random) -> str:
    body = f"{chance.choice('12')}{date(chance, '{yy:02d}{m:02d}')}75{chance.randrange(1, 999):03d}{chance.randrange(1, 999):03d}"
    return body + f"{97 - int(body) % 97:02d}"


def _dated(form: str, serial: int) -> Callable[[random.Random], str]:
    return lambda chance: date(chance, form) + f"{chance.randrange(10**serial):0{serial}d}"


MAKERS: dict[str, Callable[[random.Random], str]] = {
    "it.codicefiscale": _codice,
    "mx.curp": _curp,
    "fi.hetu": _hetu,
    "fr.nir": _nir,
    "es.nie": lambda chance: chance.choice("XYZ") + number(chance, 7) + chance.choice(string.ascii_uppercase),
    "cn.ric": lambda chance: (
        "110101" + date(chance, "{y}{m:02d}{d:02d}") + f"{chance.randrange(1000):03d}" + chance.choice("0123456789X")
    ),
    "cl.rut": lambda chance: number(chance, 8) + chance.choice("0123456789K"),
    "ie.pps": lambda chance: number(chance, 7) + chance.choice("ABCDEFGHIJKLMNOPQRSTUVW"),
    "pl.pesel": _dated("{yy:02d}{m:02d}{d:02d}", 5),
    "se.personnummer": _dated("{y}{m:02d}{d:02d}", 4),
    "dk.cpr": _dated("{d:02d}{m:02d}{yy:02d}-", 4),
    "no.fodselsnummer": _dated("{d:02d}{m:02d}{yy:02d}", 5),
    "be.nn": _dated("{yy:02d}{m:02d}{d:02d}", 5),
    "at.vnr": lambda chance: number(chance, 4) + date(chance, "{d:02d}{m:02d}{yy:02d}"),
    "ch.ssn": lambda chance: "756" + number(chance, 10),
    "kr.rrn": lambda chance: date(chance, "{yy:02d}{m:02d}{d:02d}") + "1" + number(chance, 6),
    "za.idnr": lambda chance: (
        date(chance, "{yy:02d}{m:02d}{d:02d}") + number(chance, 4) + "08" + str(chance.randrange(10))
    ),
    "bg.egn": _dated("{yy:02d}{m:02d}{d:02d}", 4),
    "ro.cnp": lambda chance: "1" + date(chance, "{yy:02d}{m:02d}{d:02d}") + "40" + number(chance, 4),
    "cz.rc": _dated("{yy:02d}{m:02d}{d:02d}", 4),
    "ee.ik": lambda chance: "3" + date(chance, "{yy:02d}{m:02d}{d:02d}") + number(chance, 4),
    "gr.amka": _dated("{d:02d}{m:02d}{yy:02d}", 5),
}


def identifier_columns(seed: int = 1) -> dict[str, list[str]]:
    """By identifier, a column of its numbers."""
    chance = random.Random(seed)
    return {one.module: [made(one, chance) for _ in range(ROWS)] for one in IDENTIFIERS}


def iban(chance: random.Random) -> str:
    """A German account."""
    body = number(chance, 18)
    return f"DE{98 - int(f'{body}131400') % 97:02d}{body}"


def card(chance: random.Random) -> str:
    """A number that an issuer could have given out."""
    body = chance.choice(["4", "51", "2223", "6011"])
    body += "".join(str(chance.randrange(10)) for _ in range(15 - len(body)))
    return body + stdnum("luhn").calc_check_digit(body)


def phone(chance: random.Random) -> str:
    """An international number, in one of three countries."""
    return chance.choice(
        [
            f"+49 30 {number(chance, 7)}",
            f"+44 20 7946 {number(chance, 4)}",
            f"+1 212-{chance.randrange(200, 999)}-{number(chance, 4)}",
        ]
    )


def column(make: Callable[[random.Random], str], rows: int = ROWS, seed: int = 2) -> list[str]:
    """*rows* values."""
    chance = random.Random(seed)
    return [make(chance) for _ in range(rows)]
