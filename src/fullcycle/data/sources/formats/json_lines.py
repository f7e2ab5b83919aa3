"""JSON Lines: one object a line, read in batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import polars as pl

from fullcycle.data.sources.formats import objects
from fullcycle.data.sources.formats.seen import seen
from fullcycle.data.sources.formats.table import File, Table
from fullcycle.data.sources.formats.text import Text, blocks, examined
from fullcycle.data.sources.reading import BATCH
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import InputError

_ROWS = BATCH // 4  # objects of Python take several times the memory of a table


def opened(file: File, source: Source) -> Table:
    """A file of JSON Lines, as ``json_file`` reads its objects. A line that is no object goes to *broken*.

    It is gone through once for the columns and their types, which any line may add to, and again for the rows.

    Raises
    ------
    InputError
        It has no rows, or more than half of its lines are no objects.
    """
    text = examined(file, source.encoding)
    kinds, lost = _surveyed(file, text)
    if not kinds:
        raise InputError("the file has no rows", place=file.shown)
    types = objects.schema(kinds)
    return Table(
        types, lambda: _batches(file, text, types), lambda: lost, text.fingerprint, {"encoding": text.encoding}
    )


def _surveyed(file: File, text: Text) -> tuple[objects.Kinds, list[tuple[int, str, str]]]:
    """The kinds of values of each column, and the lines that are no objects; gone through once while there are none."""
    lost: list[tuple[int, str, str]] = []

    def found() -> bytes:
        kinds, rows = objects.Kinds(), 0
        for part, broken in _parts(file, text):
            objects.note_kinds(kinds, part)
            rows += len(part) + len(broken)
            lost.extend(broken)
        if 2 * len(lost) > rows:
            raise _mostly_other(file, lost, rows)
        return msgspec.msgpack.encode(([(name, sorted(held)) for name, held in kinds.items()], not lost))

    body = seen(file, f"objects in {text.encoding}", 1, found)
    columns, whole = msgspec.msgpack.decode(body, type=tuple[list[tuple[str, set[str]]], bool])
    if not whole and not lost:  # lines that are lost hold cells, which are not kept: they are looked for again
        found()
    return dict(columns), lost


def _mostly_other(file: File, lost: list[tuple[int, str, str]], rows: int) -> InputError:
    return InputError(
        f"{len(lost)} of {rows} lines are not JSON objects",
        place=f"{file.shown}:{lost[0][0]}",
        found=f"a line that begins with {lost[0][1].lstrip()[:1]}",  # no more of it: it may be personal
        expected="an object a line",
        mend="set format = 'json' if the whole file is one list",
    )


def _batches(file: File, text: Text, types: dict[str, pl.DataType]) -> Iterator[pl.DataFrame]:
    for rows, _ in _parts(file, text):
        if rows:
            yield objects.frame(rows, types)


def _parts(file: File, text: Text) -> Iterator[tuple[list[dict[str, Any]], list[tuple[int, str, str]]]]:
    """Rows and broken lines, so many at a time that the rows fill at most a batch."""
    rows: list[dict[str, Any]] = []
    lost: list[tuple[int, str, str]] = []
    for number, raw, cells in _lines(file, text):
        if cells is None:
            lost.append((number, raw, "not a JSON object"))
        else:
            rows.append(cells)
        if len(rows) == _ROWS:
            yield rows, lost
            rows, lost = [], []
    yield rows, lost


def _lines(file: File, text: Text) -> Iterator[tuple[int, str, dict[str, Any] | None]]:
    """Number, text and cells of each line that is not blank; no cells where it is no object."""
    decode, held, number = msgspec.json.Decoder().decode, b"", 0
    for chunk in blocks(file, text):
        *lines, held = (held + chunk).split(b"\n")
        for line in lines:
            number += 1
            if line.strip():
                yield _line(number, line, decode)
    if held.strip():
        yield _line(number + 1, held, decode)


def _line(number: int, line: bytes, decode: Any) -> tuple[int, str, dict[str, Any] | None]:
    try:
        entry = decode(line)
    except msgspec.DecodeError:
        entry = None
    if isinstance(entry, dict):
        return number, "", objects.flat(entry)
    return number, line.decode("utf-8", "replace").rstrip("\r"), None
