"""Ragged lines: reading separated values record by record, so that one bad line costs only itself."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import NamedTuple

from fullcycle.data.sources.formats.dialect import Dialect


class Record(NamedTuple):
    """One record of a file: its cells, or its text and why it has none; and how many lines were read until its end."""

    cells: list[str]
    raw: str
    reason: str
    lines: int


def records(lines: list[str], dialect: Dialect, width: int, final: bool = True) -> Iterator[Record]:
    r"""The records of *lines*, each of *width* cells or with a reason why not; blank lines are records without a value.

    A quote that is never closed, or that does not end at a delimiter, breaks its own first line: reading goes on with
    the next. Unless the lines are *final*, a record that they do not end is not given.

    >>> found = records(["1,2", "3", '4,"5', "6,7"], Dialect(",", '"'), 2)
    >>> [record.reason or record.cells for record in found]
    [['1', '2'], 'found 1 cells, expected 2', 'a quote is not closed where its cell ends', ['6', '7']]
    """
    at = 0

    def remaining() -> Iterator[str]:
        nonlocal at
        while at < len(lines):
            at += 1
            yield lines[at - 1] + "\n"

    reader = _reader(remaining(), dialect)
    while at < len(lines):
        start = at
        try:
            cells = next(reader)
        except csv.Error as error:
            if not final and str(error) == "unexpected end of data":
                return
            at, reader = start + 1, _reader(remaining(), dialect)
            yield Record([], lines[start].rstrip("\r"), _reason(error), at)
            continue
        if not cells:
            yield Record([""] * width, "", "", at)
            continue
        reason = "" if len(cells) == width else f"found {len(cells)} cells, expected {width}"
        yield Record(cells, "\n".join(lines[start:at]).rstrip("\r") if reason else "", reason, at)


def _reader(lines: Iterator[str], dialect: Dialect) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)


def _reason(error: csv.Error) -> str:
    message = str(error)
    if "new-line" in message:
        return "a carriage return stands within a cell without quotes"
    if "field larger" in message:
        return "a cell is longer than 131072 signs"
    return "a quote is not closed where its cell ends"
