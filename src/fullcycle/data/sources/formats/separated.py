"""Separated values (CSV, TSV): every cell as text, so that nothing is coerced before it is checked."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple

import polars as pl

from fullcycle.data.sources.formats.aligned import DELIMITER, is_aligned, squeezed, squeezed_blocks
from fullcycle.data.sources.formats.dialect import Dialect, checked, detected
from fullcycle.data.sources.formats.ragged import records
from fullcycle.data.sources.formats.table import File, Table
from fullcycle.data.sources.formats.text import blocks, examined
from fullcycle.data.sources.reading import BATCH
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import InputError

MISSING = ("", "NA", "NaN", "null")
"""What a cell holds that holds nothing."""


def opened(file: File, source: Source) -> Table:
    """A file of separated values: the first line names the columns; delimiter, quote and encoding are found out.

    Where the delimiter is a blank, stated or found out, any number of them stands between two cells. A column without a
    name gets its number (``column_1``). Lines that are not a row (too short, too long, an open quote) go to *broken*.

    Raises
    ------
    InputError
        It is empty, has no rows or two columns of one name, or more than half of its lines are no rows.
    """
    text = examined(file, source.encoding)
    dialect = _dialect(text.head, file, source)
    aligned = dialect.delimiter == DELIMITER
    columns, size = _header(squeezed(text.head.encode()).decode() if aligned else text.head, dialect, file)

    def content() -> Iterator[bytes]:
        return squeezed_blocks(blocks(file, text)) if aligned else blocks(file, text)

    lines = _Lines(file, content, dialect, columns, size)
    if next(lines.batches(), None) is None:
        raise InputError("the file has a header but no rows", place=file.shown)
    told = {"delimiter": dialect.delimiter, "quote": dialect.quote, "encoding": text.encoding}
    return Table(dict.fromkeys(columns, pl.String()), lines.batches, lines.broken, text.fingerprint, told)


def _dialect(head: str, file: File, source: Source) -> Dialect:
    if source.delimiter is None:
        found = detected(head, "\t" if file.kind == "tsv" else ",")
        return found._replace(delimiter=DELIMITER) if found.delimiter not in head and is_aligned(head) else found
    delimiter = checked(source.delimiter, file.shown)
    return Dialect(delimiter, detected(head, delimiter).quote)


def _header(head: str, dialect: Dialect, file: File) -> tuple[list[str], int]:
    """Names of the columns, and where the rows begin: bytes of UTF-8 after the byte order mark."""
    filled = head.lstrip("\r\n")
    if "\n" not in filled:
        filled = filled.replace("\r", "\n")
    lines = io.StringIO(filled, newline="\n")
    try:
        names = next(csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote))
    except csv.Error as error:
        raise InputError("the header cannot be read", place=f"{file.shown}:1", found=str(error)) from None
    read = len(head) - len(filled) + lines.tell()
    names = [name or f"column_{number}" for number, name in enumerate(names, 1)]
    if repeated := [name for place, name in enumerate(names) if name in names[:place]]:
        raise InputError(
            "two columns have the same name", place=f"{file.shown}:1", found=repeated[0], mend="rename one of them"
        )
    return names, len(head[:read].encode())


_JUDGED = 10_000  # rows after which a file of which most lines are ragged is given up


class _Lines:
    """The lines after the header, read as rows."""

    def __init__(
        self, file: File, content: Callable[[], Iterator[bytes]], dialect: Dialect, columns: list[str], start: int
    ) -> None:
        self.file, self.content, self.dialect, self.columns, self.start = file, content, dialect, columns, start
        self.lost: list[tuple[int, str, str]] = []
        quote, sign = re.escape(dialect.quote.encode()), re.escape(dialect.delimiter.encode())
        self.quoted = re.compile(  # a cell in quotes, from one delimiter to the next
            rb"%b(?<=[%b\n\r]%b)[^%b]*(?:%b%b[^%b]*)*%b(?=[%b\r\n]|\Z)"
            % (quote, sign, quote, quote, quote, quote, quote, quote, sign)
        )

    def broken(self) -> list[tuple[int, str, str]]:
        return self.lost

    def batches(self) -> Iterator[pl.DataFrame]:
        lost: list[tuple[int, str, str]] = []
        rows, held, skip = 0, b"", self.start
        for chunk in chain(self.content(), (None,)):
            if chunk is not None:
                held += chunk[skip:]
                skip = max(0, skip - len(chunk))
            part = self._taken(held, rows, final=chunk is None)
            rows += len(part.rows) + len(part.lost)
            lost += part.lost
            held = held[part.size :]
            if chunk is None or rows > _JUDGED:
                self._refuse_mostly_ragged(lost, rows)
            if len(part.rows):
                yield from part.rows.iter_slices(BATCH)
        self.lost = lost

    def _taken(self, held: bytes, row: int, final: bool) -> _Part:
        """The rows at the start of *held*: all of them if these are the *final* lines, else those that have ended."""
        if final:
            block = held if len(self.columns) == 1 else held.rstrip(b"\r\n")  # blank lines at the end are no rows
            if not block:
                return _Part(pl.DataFrame(schema=dict.fromkeys(self.columns, pl.String)), [], len(held))
        elif not (block := self._filled(held, record_end(held, self.dialect.quote.encode()))):
            block = self._filled(held, held.rfind(b"\n") + 1)
        if (frame := self._parsed(block)) is not None:
            return _Part(frame, [], len(block))
        if not final:
            block = self._filled(held, held.rfind(b"\n") + 1)
        return self._record_by_record(block, row, final)

    def _filled(self, held: bytes, end: int) -> bytes:
        """*held* up to *end* without blank lines there, which stay with what follows, lest they are the file's last."""
        while end and held[end - 1] in b"\r\n":
            end -= 1
        return held[: held.find(b"\n", end) + 1] if end else b""

    def _parsed(self, block: bytes) -> pl.DataFrame | None:
        """The rows of *block*, or None where a line needs a closer look."""
        delimiter, quote = self.dialect.delimiter.encode(), self.dialect.quote.encode()
        bare = self.quoted.sub(b"", b"\n" + block) if quote in block else block
        if quote in bare or not block:
            return None
        try:
            frame = pl.read_csv(
                block,
                has_header=False,
                schema=dict.fromkeys(self.columns, pl.String),
                separator=self.dialect.delimiter,
                quote_char=self.dialect.quote,
                null_values=list(MISSING),
            )
        except pl.exceptions.PolarsError:
            return None
        # Polars fills a short line with nulls; only the number of delimiters tells it from a line with an empty cell
        return frame if bare.count(delimiter) == len(frame) * (len(self.columns) - 1) else None

    def _record_by_record(self, block: bytes, row: int, final: bool) -> _Part:
        rows: list[list[str]] = []
        lost: list[tuple[int, str, str]] = []
        lines = block.decode().removesuffix("\n").split("\n") if block else []
        read = 0
        for number, record in enumerate(records(lines, self.dialect, len(self.columns), final), row + 1):
            read = record.lines
            if record.reason:
                lost.append((number, record.raw, record.reason))
            else:
                rows.append(record.cells)
        cells = zip(*rows, strict=True) if rows else ([] for _ in self.columns)
        frame = pl.DataFrame(
            [pl.Series(name, column, pl.String) for name, column in zip(self.columns, cells, strict=True)]
        )
        left = sum(len(line.encode()) + 1 for line in lines[read:])
        return _Part(frame.with_columns(pl.when(~pl.all().is_in(MISSING)).then(pl.all())), lost, len(block) - left)

    def _refuse_mostly_ragged(self, lost: list[tuple[int, str, str]], rows: int) -> None:
        if 2 * len(lost) > rows:
            row, _, reason = lost[0]
            raise InputError(
                f"{len(lost)} of {rows} lines are no rows of this table: {reason}",
                place=f"{self.file.shown}, row {row}",
                found=f"delimiter {self.dialect.delimiter!r}",
                expected=f"{len(self.columns)} cells in a line, as in the header",
                mend="name the right 'delimiter' under [[data.sources]], or mend the file",
            )


class _Part(NamedTuple):
    """Rows, lines that are none, and how many bytes they took."""

    rows: pl.DataFrame
    lost: list[tuple[int, str, str]]
    size: int


def record_end(held: bytes, quote: bytes) -> int:
    r"""Where the last whole record of *held* ends: after the last line feed with an even number of quotes before it.

    >>> record_end(b'1,"a\nb"\n2,"c\nd', b'"')
    8
    """
    end = held.rfind(b"\n") + 1
    odd = held.count(quote, 0, end) % 2
    while end and odd:
        last = held.rfind(quote, 0, end)
        before = held.rfind(b"\n", 0, last) + 1
        odd = (odd + held.count(quote, before, end)) % 2
        end = before
    return end
