"""Patterns of personal data whose form alone tells: addresses of the net, accounts, cards, telephones, streets.

A pattern takes one text and says whether all of it, or for e-mail a part of it, is of its kind.
"""

from __future__ import annotations

import ipaddress
import re

EMAIL = re.compile(r"[A-Za-z0-9][\w.%+'-]{0,63}@(?:[\w-]{1,63}\.)+[A-Za-z]{2,24}(?![\w-])")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}")
_CARD = re.compile(r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}"
                   r"|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[689]\d)\d{11}")  # fmt: skip
_SSN = re.compile(r"(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}")
_PHONE = re.compile(r"\(?\+?\(?\d[\d\s().\-/]{5,22}\d")
_DATE = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}(?:[T ]\d{1,2}:\d\d.*)?")
_STREET = re.compile(
    r"\d{1,5}[a-z]?,? (?:[\w.'-]+ ){1,4}"
    r"(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|close|terrace)\b\.?"
    r"|[\w .'-]*(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|ufer|damm|laan|straat|gracht|gade|gatan|vej) ?\d{1,4} ?[a-z]?\b"
    r"|\d{1,4}(?: bis| ter)?,? (?:rue|avenue|boulevard|chemin|impasse|place|allée|quai) "
    r"|(?:calle|avenida|avda\.?|c/|plaza|paseo|via|viale|piazza|corso|rua|ul\.|ulitsa|al\.|ulica|улица|ул\.) ?[\w .'-]+,? ?\d",
    re.IGNORECASE,
)  # fmt: skip
REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "PL", "RU", "BR", "IN", "CN", "AU")
"""Whose numbering plans a national telephone number is held against."""


def has_email(text: str) -> bool:
    """Whether there is an e-mail address in a text.

    >>> has_email("write to ada@example.org."), has_email("5 @ 3.50")
    (True, False)
    """
    return "@" in text and EMAIL.search(text) is not None


def is_iban(text: str) -> bool:
    """An account number with its check digits (ISO 13616, mod 97).

    >>> is_iban("DE89 3704 0044 0532 0130 00"), is_iban("DE88370400440532013000")
    (True, False)
    """
    bare = text.replace(" ", "").upper()
    if not _IBAN.fullmatch(bare):
        return False
    from stdnum import iban

    # the check within the account number is left to the country: only mod 97 and the country's length count
    return bool(iban.is_valid(bare, check_country=False))


def is_card(text: str) -> bool:
    """A payment card: an issuer's prefix, the right length, and Luhn's check digit (ISO/IEC 7812).

    >>> is_card("4111 1111 1111 1111"), is_card("4111111111111112")
    (True, False)
    """
    bare = text.replace(" ", "").replace("-", "")
    if not _CARD.fullmatch(bare):
        return False
    from stdnum import luhn

    return bool(luhn.is_valid(bare))


def is_ip(text: str) -> bool:
    """An address of the Internet Protocol. One of four numbers under 32 is taken for a version, such as 2.10.0.1.

    >>> is_ip("192.168.0.17"), is_ip("2001:db8::1"), is_ip("10.2.3.4"), is_ip("12:30:45")
    (True, True, False, False)
    """
    if text.count(".") != 3 and text.count(":") < 2:
        return False
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return False
    return found.version == 6 or max(found.packed) >= 32


def is_mac(text: str) -> bool:
    """The address of a network card.

    >>> is_mac("00:1A:2b:3c:4d:5e"), is_mac("00:1A:2b")
    (True, False)
    """
    return _MAC.fullmatch(text) is not None


def is_written_ssn(text: str) -> bool:
    """A social security number of the United States as it is written; without its dashes it is like any number.

    >>> is_written_ssn("536-22-8726"), is_written_ssn("666-22-8726")
    (True, False)
    """
    return _SSN.fullmatch(text) is not None


def is_street(text: str) -> bool:
    """A street with its number, as it is written in one of ten countries.

    >>> is_street("221b Baker Street"), is_street("Lange Straße 5"), is_street("12 red roses")
    (True, True, False)
    """
    return _STREET.match(text) is not None


def is_telephone(text: str, region: str, *, written: bool) -> bool:
    """A telephone number of *region*, or any with a country's code, that the numbering plan has.

    Parameters
    ----------
    written : only as people write it, with blanks, brackets or a leading plus or zero; bare digits are no sign.

    >>> is_telephone("+44 20 7946 0958", "US", written=True), is_telephone("2079460958", "GB", written=True)
    (True, False)
    """
    if not _PHONE.fullmatch(text) or _DATE.fullmatch(text) or _SSN.fullmatch(text):
        return False
    if written and text.isdigit() and not text.startswith("0"):
        return False
    return _in_plan(text, region)


def country_code(text: str) -> str:
    """The country's code of an international number, such as ``+49``; empty where there is none.

    >>> country_code("+49 30 901820"), country_code("030 901820")
    ('+49', '')
    """
    if not text.startswith("+") or not _PHONE.fullmatch(text):
        return ""
    import phonenumbers

    try:
        return f"+{phonenumbers.parse(text, None).country_code}"
    except phonenumbers.NumberParseException:
        return ""


def _in_plan(text: str, region: str) -> bool:
    import phonenumbers

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(text, region)))
    except phonenumbers.NumberParseException:
        return False
