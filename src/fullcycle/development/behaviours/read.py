"""Behavioural tests from ``cycle.toml`` and from the files of the folder ``behaviours``."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from fullcycle.development.behaviours.declared import Cell, Declared, Expect
from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.kernel.settings import Document

FOLDER = "behaviours"
TYPES = (".csv", ".jsonl")
MARKS = ("test.decision", "test.at_least", "test.at_most", "test.pair", "test.expect")
"""Columns of a file that are no column of a request, but say what is expected of the row."""


class Case(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row with what is expected of it.

    Attributes
    ----------
    place : file and line, for messages.
    row : its cells; all texts where *text*, as a CSV file has them.
    pair : rows of one pair are held against the first of them.
    """

    place: str
    row: dict[str, Cell]
    text: bool = False
    decision: str | float | None = None
    at_least: float | None = None
    at_most: float | None = None
    pair: str = ""
    expect: Expect | None = None


class Behaviour(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A behavioural test with its rows; *place* is where it is written."""

    name: str
    place: str
    test: Declared
    cases: tuple[Case, ...]


class _Tests(Struct, frozen=True, forbid_unknown_fields=True):
    """A TOML file of the folder."""

    tests: tuple[Declared, ...]


def read_behaviours(folder: Path, document: Document, declared: Sequence[Declared]) -> tuple[Behaviour, ...]:
    """Every behavioural test of a project: those *declared* in ``cycle.toml``, then the files of its folder by name.

    A ``.toml`` holds tests as ``[[tests]]``; a ``.csv`` or ``.jsonl`` that no test names is a test of its own.

    Raises
    ------
    InputError
        A file or a test is not as it should be; names file, line and column.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     (Path(name) / "behaviours").mkdir()
    ...     _ = (Path(name) / "behaviours" / "short.csv").write_text("distance,test.at_most\\n100,0.5\\n")
    ...     found = read_behaviours(Path(name), Document(Path("cycle.toml"), text=""), ())
    >>> found[0].name, found[0].cases[0].place, found[0].cases[0].at_most
    ('short', 'behaviours/short.csv:2', 0.5)
    """
    found = [
        _behaviour(test, document.place("development", "behaviours", number), folder)
        for number, test in enumerate(declared)
    ]
    home = folder / FOLDER
    files = sorted(it for it in home.iterdir() if not it.name.startswith(".")) if home.is_dir() else []
    for path in files:
        if path.suffix == ".toml":
            written = Document(path)
            for number, test in enumerate(written.section(_Tests).tests):
                place = f"{FOLDER}/{written.place('tests', number)}"
                found.append(_behaviour(test, place, home))
        elif path.suffix not in TYPES:
            expected = ", ".join((".toml", *TYPES))
            raise InputError("not a file of behavioural tests", place=f"{FOLDER}/{path.name}", expected=expected)
    named = {(folder if it.place.startswith("cycle.toml") else home) / it.test.file for it in found if it.test.file}
    for path in files:
        if path.suffix in TYPES and path not in named:
            found.append(_behaviour(Declared(file=path.name), f"{FOLDER}/{path.name}", home))
    _check_names(found)
    return tuple(found)


def _behaviour(test: Declared, place: str, folder: Path) -> Behaviour:
    path = folder / test.file
    shown = f"{FOLDER}/{path.name}" if path.parent.name == FOLDER else test.file
    name = test.name or (path.stem if test.file else "")
    if not name:
        raise InputError("a behavioural test has no name", place=place, mend='add name = "…"')
    if sum((bool(test.rows), bool(test.file), bool(test.sample))) != 1:
        found = [key for key in ("rows", "file", "sample") if getattr(test, key)]
        raise InputError(f"{name!r} needs rows", place=place, found=found, expected="one of rows, file, sample")
    cases = tuple(_cases(path, shown)) if test.file else tuple(_inline(test, place))
    _check_expected(name, test, cases, place)
    return Behaviour(name=name, place=place, test=test, cases=cases)


def _inline(test: Declared, place: str) -> Iterator[Case]:
    for number, row in enumerate(test.rows, 1):
        yield Case(place=f"{place}, row {number}", row=row)


def _check_expected(name: str, test: Declared, cases: tuple[Case, ...], place: str) -> None:
    """Each row has something expected of it, and nothing is expected of a change that is not made."""
    changed, single = bool(test.change or test.swap), (test.decision, test.at_least, test.at_most) != (None,) * 3
    if changed and test.expect is None:
        raise InputError(f"{name!r} says nothing of what the change must do", place=place, mend="add expect")
    if test.expect is not None and not (changed or test.fill):
        raise InputError(f"{name!r} changes nothing", place=place, expected="change, swap or fill")
    if test.fill and not changed and test.expect in ("up", "down"):
        raise InputError(f"{name!r}: words in a template have no direction", place=place, expected='expect = "same"')
    if test.at_least is not None and test.at_most is not None and test.at_least > test.at_most:
        raise InputError(f"{name!r}: no score is at least {test.at_least:g} and at most {test.at_most:g}", place=place)
    if changed or single or test.expect:
        return
    for case in cases:
        if not case.pair and (case.decision, case.at_least, case.at_most) == (None, None, None):
            expected = "decision, at_least or at_most; change or swap with expect; or test.… columns in its file"
            raise InputError(f"{name!r} expects nothing of a row", place=case.place, expected=expected)
    if not cases:
        raise InputError(f"{name!r} expects nothing", place=place, expected="change or swap with expect")


def _check_names(found: list[Behaviour]) -> None:
    seen: dict[str, str] = {}
    for it in found:
        if it.name in seen:
            raise InputError(f"two behavioural tests are called {it.name!r}", place=it.place, found=seen[it.name])
        seen[it.name] = it.place


def _cases(path: Path, shown: str) -> Iterator[Case]:
    if path.suffix not in TYPES:
        raise InputError("not a file of rows", place=shown, expected=" or ".join(TYPES))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError("a file of a behavioural test is missing", place=shown) from None
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", place=shown, found=f"byte {error.start}") from None
    except OSError as error:
        raise InputError("a file of a behavioural test cannot be read", place=shown, found=error.strerror) from None
    rows = list(_csv(text, shown) if path.suffix == ".csv" else _jsonl(text, shown))
    if not rows:
        raise InputError("a file of a behavioural test holds no rows", place=shown)
    cases = [_case(place, row, text=path.suffix == ".csv") for place, row in rows]
    _check_pairs(cases)
    yield from cases


def _csv(text: str, shown: str) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        names = next(reader, [])
        for name in names:
            if not name.strip() or names.count(name) > 1:
                problem = f"two columns are called {name!r}" if name.strip() else "a column has no name"
                raise InputError(problem, place=f"{shown}:1, column {names.index(name) + 1}")
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(names):
                place = f"{shown}:{reader.line_num}"
                raise InputError(
                    "a row has another number of cells", place=place, found=len(cells), expected=str(len(names))
                )
            yield f"{shown}:{reader.line_num}", dict(zip(names, (cell or None for cell in cells), strict=True))
    except csv.Error as error:
        raise InputError("not CSV", place=f"{shown}:{reader.line_num}", found=str(error)) from None


def _jsonl(text: str, shown: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            column = getattr(error, "colno", 1)
            found = getattr(error, "msg", str(error))
            raise InputError("not JSON", place=f"{shown}:{number}, column {column}", found=found) from None
        if not isinstance(row, dict):
            raise InputError("not a row", place=f"{shown}:{number}", found=row, expected="an object of columns")
        yield f"{shown}:{number}", row


def _case(place: str, row: dict[str, Any], *, text: bool) -> Case:
    marks = {name: row.pop(name) for name in list(row) if name.startswith("test.")}
    for name, cell in row.items():
        if isinstance(cell, datetime | date):
            row[name] = cell.isoformat()
        elif not isinstance(cell, str | int | float | bool | None):
            raise InputError("not a cell", place=f"{place}, column {name!r}", found=cell, expected="a number or text")
    for name in marks:
        if name not in MARKS:
            raise UnknownKey(name, MARKS, place=place, what="column")
    told = {name.removeprefix("test."): cell for name, cell in marks.items() if cell is not None}
    for name in ("at_least", "at_most"):
        if name in told:
            told[name] = _number(told[name], f"{place}, column 'test.{name}'")
    if "pair" in told:
        told["pair"] = str(told["pair"])
    try:
        return msgspec.convert({"place": place, "row": row, "text": text, **told}, Case)
    except msgspec.ValidationError as error:
        raise InputError("a row expects what cannot be", place=place, found=str(error)) from None


def _number(cell: Any, place: str) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        raise InputError("not a number", place=place, found=cell) from None


def _check_pairs(cases: list[Case]) -> None:
    first: dict[str, Case] = {}
    followed = set()
    for case in cases:
        if case.pair and case.pair not in first:
            first[case.pair] = case
        elif case.pair:
            followed.add(case.pair)
            if case.expect is None:
                expected = "same, up or down, against the first row of the pair"
                raise InputError(
                    "a row of a pair expects nothing", place=f"{case.place}, column 'test.expect'", expected=expected
                )
        elif case.expect is not None:
            raise InputError(
                "what a row expects is told of pairs", place=f"{case.place}, column 'test.expect'", mend="add test.pair"
            )
    for pair, case in first.items():
        if pair not in followed:
            raise InputError(f"the pair {pair!r} has one row only", place=case.place, expected="two or more")
