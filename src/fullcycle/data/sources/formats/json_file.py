"""JSON: a list of objects, or an object of columns. The whole file is in memory at once."""

from __future__ import annotations

from typing import Any

import msgspec

from fullcycle.data.sources.formats import objects
from fullcycle.data.sources.formats.table import File, Table
from fullcycle.data.sources.formats.text import blocks, examined
from fullcycle.data.sources.reading import BATCH
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import InputError


def opened(file: File, source: Source) -> Table:
    """A JSON file. Objects within objects are laid flat with dots, lists become JSON text, numbers keep their type.

    Where ``pages = { rows = "data.items" }`` is given the list is looked for there. An entry that is not an object goes
    to *broken*.

    Raises
    ------
    InputError
        It is not JSON, or not a table.
    """
    text = examined(file, source.encoding)
    entries = _entries(_parsed(b"".join(blocks(file, text)), file), source, file)
    rows, lost, kinds = [], [], objects.Kinds()
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, dict):
            rows.append(objects.flat(entry))
        else:
            lost.append((number, msgspec.json.encode(entry).decode(), "not an object"))
    if 2 * len(lost) > len(entries):
        raise _no_table(file, f"a list of {type(entries[lost[0][0] - 1]).__name__}")
    if not rows:
        raise InputError("the file has no rows", place=file.shown)
    objects.note_kinds(kinds, rows)
    frame = objects.frame(rows, objects.schema(kinds))
    told = {"encoding": text.encoding}
    return Table(dict(frame.schema), lambda: frame.iter_slices(BATCH), lambda: lost, text.fingerprint, told)


def _parsed(body: bytes, file: File) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        message = str(error)
        at = message.rpartition("(byte ")[2].rstrip(")")
        line = body.count(b"\n", 0, int(at)) + 1 if at.isdigit() else body.count(b"\n") + 1
        raise InputError(
            "not JSON, or cut short",
            place=f"{file.shown}:{line}",
            found=message,
            expected="a list of objects",
            mend="if every line is an object of its own, set format = 'jsonl'",
        ) from None


def _entries(body: Any, source: Source, file: File) -> list[Any]:
    path = source.pages.rows if source.pages else ""
    for name in path.split(".") if path else ():
        if not isinstance(body, dict) or name not in body:
            raise InputError(
                f"there is no {name!r} in the file",
                place=file.shown,
                found=_outline(body),
                mend="mend 'rows' under 'pages' of [[data.sources]]",
            )
        body = body[name]
    if isinstance(body, list):
        return body
    if isinstance(body, dict) and _is_columns(body):
        return [dict(zip(body, cells, strict=True)) for cells in zip(*body.values(), strict=True)]
    raise _no_table(file, _outline(body))


def _is_columns(body: dict[str, Any]) -> bool:
    """Lists of one length; a single list of objects is a list of rows under a name instead."""
    if not body or not all(isinstance(cells, list) for cells in body.values()):
        return False
    rows_under_a_name = len(body) == 1 and any(isinstance(cell, dict) for cells in body.values() for cell in cells)
    return len({len(cells) for cells in body.values()}) == 1 and not rows_under_a_name


def _no_table(file: File, found: str) -> InputError:
    return InputError(
        "the JSON is not a table",
        place=file.shown,
        found=found,
        expected="a list of objects, or an object of columns of one length",
        mend='name where the list is, such as pages = { rows = "data" }',
    )


def _outline(body: object) -> str:
    return "an object of " + ", ".join(list(body)[:8]) if isinstance(body, dict) else type(body).__name__
