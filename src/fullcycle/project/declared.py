"""What a person declared about the data, held against the columns before a row is read; each complaint names file and line."""

from __future__ import annotations

from collections.abc import Mapping

from fullcycle.data.clean.dates import EPOCHS
from fullcycle.data.clean.numerals import NOTATIONS
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.contract.violations import check_expression, checks
from fullcycle.data.settings import Data
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.kernel.settings import Document
from fullcycle.predictor.expression import parse

_NUMBERS = ("float", "integer")


def check_fact(name: str, fact: ColumnFact, place: str) -> None:
    """Refuse a line of ``columns.toml`` that says of its values what their type cannot have.

    Parameters
    ----------
    place : file and line.

    Raises
    ------
    InputError
        A unit of what is no number, a zone of what is no time, or a format that is none for the type.

    >>> check_fact("city", ColumnFact(type="category", unit="kg"), "columns.toml:3")
    Traceback (most recent call last):
    fullcycle.kernel.errors.InputError: columns.toml:3: city: a category has no unit: found 'kg', expected type = "float" or \
"integer". To mend it: mend the type, or take 'unit' away.
    """
    if fact.unit and fact.type not in _NUMBERS:
        raise _wrong(name, f"a {fact.type} has no unit", fact.unit, _NUMBERS, "unit", place)
    if fact.zone and fact.type != "time":
        raise _wrong(name, f"a {fact.type} has no time zone", fact.zone, ("time",), "zone", place)
    if fact.format:
        _check_format(name, fact, (fact.format,), "format", place)


def check_data(data: Data, facts: Mapping[str, ColumnFact], document: Document, *, zone: str) -> None:
    """Refuse steps of ``[data.clean]`` for columns of another type, and rules and derived columns that cannot be computed.

    A name that is no line of ``columns.toml`` may still be a column of the source: cleaning looks for it there.

    Raises
    ------
    ColumnMissing
        An expression or a key names a column that there is not.
    InputError
        A step does not fit its column's type, or an expression is none.
    """
    for name, formats in data.clean.formats.items():
        if name in facts:
            place = document.place("data", "clean", "formats", name)
            _check_format(name, facts[name], formats, "formats", place)
    for step, named in (("units", data.clean.units), ("outliers", data.clean.outliers)):
        for name in named:
            if name in facts and facts[name].type not in _NUMBERS:
                kind, place = facts[name].type, document.place("data", "clean", step, name)
                raise _wrong(name, f"{step} are of numbers", kind, _NUMBERS, step, place)
    _check_expressions(data, facts, document, zone)


def _check_format(name: str, fact: ColumnFact, formats: tuple[str, ...], key: str, place: str) -> None:
    if fact.type not in ("time", *_NUMBERS):
        raise _wrong(name, f"a {fact.type} has no format", ", ".join(formats), ("time", *_NUMBERS), key, place)
    known = EPOCHS if fact.type == "time" else NOTATIONS
    for form in formats:
        if form not in known and not (fact.type == "time" and "%" in form):
            first = "such as '%d/%m/%Y %H:%M', or " if fact.type == "time" else ""
            raise InputError(
                f"{name}: a {'time' if fact.type == 'time' else 'number'} is not written like that",
                place=place,
                found=form,
                expected=f"{first}one of {', '.join(known)}",
                mend=f"mend {key!r}",
            )


def _check_expressions(data: Data, facts: Mapping[str, ColumnFact], document: Document, zone: str) -> None:
    kinds: dict[str, str] = {name: fact.type for name, fact in facts.items()}
    for name, text in data.derive.items():
        kinds[name] = parse(text, kinds, place=document.place("data", "derive", name), zone=zone).kind
    for name, rule in checks(data.rules).items():
        check_expression(name, rule, kinds, zone, place=document.place("data", "rules", "check", name))
    for position, key in enumerate(data.rules.unique):
        for name in key:
            if name not in kinds:
                raise ColumnMissing(
                    name,
                    kinds,
                    source=document.place("data", "rules", "unique", position),
                    needed_by="[data.rules] unique",
                )


def _wrong(name: str, problem: str, found: str, types: tuple[str, ...], key: str, place: str) -> InputError:
    return InputError(
        f"{name}: {problem}",
        place=place,
        found=found,
        expected="type = " + " or ".join(f'"{one}"' for one in types),
        mend=f"mend the type, or take {key!r} away",
    )
