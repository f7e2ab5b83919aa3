"""Numbers that name a person: national identifiers, each by its published form and check digits.

The arithmetic is python-stdnum's. What stands here is how often a number drawn at random would pass, since a column of
order numbers passes a one-digit check one time in ten.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

WEAK = 0.05
"""Chance from which a check alone is no sign: it takes a name hint, or nearly every value of many."""


class Identifier(NamedTuple):
    """A national identifier.

    Attributes
    ----------
    module : its name under ``stdnum``.
    digits : numbers of digits that it may have; empty where it holds letters, which *form* then gives.
    chance : share of random strings of that form that pass.
    form : regular expression of the whole, separators taken out.
    """

    module: str
    digits: tuple[int, ...]
    chance: float
    form: str = ""


IDENTIFIERS = (
    Identifier("de.idnr", (11,), 0.02),
    Identifier("fr.nir", (15,), 0.02),
    Identifier("es.dni", (), 0.05, r"\d{8}[A-Z]"),
    Identifier("es.nie", (), 0.05, r"[XYZ]\d{7}[A-Z]"),
    Identifier("it.codicefiscale", (), 0.04, r"[A-Z]{6}[0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]"),
    Identifier("nl.bsn", (8, 9), 0.1),
    Identifier("pl.pesel", (11,), 0.02),
    Identifier("gb.nhs", (10,), 0.1),
    Identifier("br.cpf", (11,), 0.02),
    Identifier("in_.aadhaar", (12,), 0.1),
    Identifier("se.personnummer", (10, 12), 0.01),
    Identifier("dk.cpr", (), 0.03, r"\d{6}-\d{4}"),
    Identifier(
        "dk.cpr", (10,), 0.6
    ),  # a date and four digits, no check digit: any number that starts with a date passes
    Identifier("no.fodselsnummer", (11,), 0.01),
    Identifier("fi.hetu", (), 0.04, r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]"),
    Identifier("be.nn", (11,), 0.01),
    Identifier("at.vnr", (10,), 0.12),
    Identifier("ch.ssn", (13,), 0.01),
    Identifier("cn.ric", (), 0.01, r"\d{17}[0-9X]"),
    Identifier("kr.rrn", (13,), 0.02),
    Identifier("tr.tckimlik", (11,), 0.02),
    Identifier("za.idnr", (13,), 0.01),
    Identifier("ca.sin", (9,), 0.1),
    Identifier("au.tfn", (9,), 0.12),
    Identifier("mx.curp", (), 0.04, r"[A-Z]{4}\d{6}[A-Z]{6}[0-9A-Z]\d"),
    Identifier("cl.rut", (), 0.1, r"\d{7,8}[0-9K]"),
    Identifier("bg.egn", (10,), 0.02),
    Identifier("ro.cnp", (13,), 0.01),
    Identifier("cz.rc", (10,), 0.05),
    Identifier("ee.ik", (11,), 0.01),
    Identifier("hr.oib", (11,), 0.1),
    Identifier("ie.pps", (), 0.05, r"\d{7}[A-W][A-IW]?"),
    Identifier("il.idnr", (9,), 0.1),
    Identifier("gr.amka", (11,), 0.01),
    Identifier("ru.inn", (12,), 0.02),
    Identifier("us.ssn", (9,), 0.9),
)
"""A column is reported under the one that most of its values pass; of several, the first."""

_SEPARATORS = re.compile(r"[\s.\-/+]")


def plain(text: str) -> str:
    """A number without separators, in capitals.

    >>> plain("12 345.678-z")
    '12345678Z'
    """
    return _SEPARATORS.sub("", text).upper()


def fits(identifier: Identifier, text: str) -> bool:
    """Whether a text has the form of an identifier and passes its checks.

    >>> fits(IDENTIFIERS[0], "36574261809"), fits(IDENTIFIERS[0], "36574261890")
    (True, False)
    """
    bare = plain(text)
    if identifier.form:
        if not re.fullmatch(identifier.form, bare) and not re.fullmatch(identifier.form, text.strip().upper()):
            return False
        return _passes(identifier, text.strip())
    if not bare.isascii() or not bare.isdigit() or len(bare) not in identifier.digits:
        return False
    return _passes(identifier, text.strip() if len(text) > len(bare) else bare)


def _passes(identifier: Identifier, text: str) -> bool:
    try:
        return _valid(identifier.module)(text)
    except LookupError:  # a place of birth that the library's table of places lacks
        return False


@cache
def _valid(module: str) -> Callable[[str], bool]:
    check: Callable[[str], bool] = importlib.import_module(f"stdnum.{module}").is_valid
    return check
