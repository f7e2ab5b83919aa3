"""The dialect of separated values: delimiter and quote, found out from the first lines."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from itertools import islice
from typing import NamedTuple

from fullcycle.kernel.errors import InputError

_DELIMITERS = (",", ";", "\t", "|")
_LINES = 200


class Dialect(NamedTuple):
    """How cells are told apart.

    >>> detected("a;b\\n1,5;2\\n")
    Dialect(delimiter=';', quote='"')
    """

    delimiter: str
    quote: str


def detected(head: str, preferred: str = ",") -> Dialect:
    r"""The dialect of a text that begins with *head*.

    The delimiter is the one that gives the most lines the header's number of cells (two at least), the larger number
    where two do, *preferred* where none does: the idea of CleverCSV, without its types
    (van den Burg, Nazábal, Sutton 2019, "Wrangling messy CSV files by detecting row and type patterns").

    >>> detected("name\tnote\n'a\tb'\t1\n").quote
    "'"
    """
    candidates = [preferred, *(sign for sign in _DELIMITERS if sign != preferred)]
    quotes = {sign: _quote(head, sign) for sign in candidates}
    best = max(candidates, key=lambda sign: _fit(head, Dialect(sign, quotes[sign])))  # the first of equals
    return Dialect(best, quotes[best])


def checked(delimiter: str, place: str) -> str:
    """A delimiter that was stated.

    Raises
    ------
    InputError
        It is not one ASCII sign.
    """
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n':
        raise InputError(
            "a delimiter is one sign", place=f"{place}, delimiter", found=delimiter, expected="such as ';' or '\\t'"
        )
    return delimiter


def _fit(head: str, dialect: Dialect) -> tuple[float, int]:
    """Share of lines with as many cells as the header has, and that number."""
    lines = io.StringIO(head, newline="\n")
    rows = csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote)
    widths: list[int] = []
    with contextlib.suppress(csv.Error):  # an open quote or a lone carriage return: judged by the lines before it
        widths.extend(len(row) for row in islice((row for row in rows if row), _LINES))
    if len(head) > 1 and len(widths) > 2 and len(widths) < _LINES:
        widths.pop()  # the head may end within a line
    if not widths or widths[0] < 2:
        return 0.0, 0
    return Counter(widths)[widths[0]] / len(widths), widths[0]


def _quote(head: str, delimiter: str) -> str:
    """An apostrophe only where cells stand between two of them and nothing stands between quotation marks."""
    sign = re.escape(delimiter)
    cells = re.compile(rf"(?:^|{sign})'[^'\n]*'(?={sign}|\r?$)", re.MULTILINE)
    return "'" if '"' not in head and cells.search(head) else '"'
