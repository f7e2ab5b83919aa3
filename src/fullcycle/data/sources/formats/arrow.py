"""Arrow IPC: as a file, read by slices, or as a stream, read one record batch at a time."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import polars as pl

from fullcycle.data.sources.formats.compression import digest
from fullcycle.data.sources.formats.slices import damaged, ends, slices
from fullcycle.data.sources.formats.table import File, Table, nothing_broken
from fullcycle.data.sources.formats.text import refuse_page
from fullcycle.data.sources.reading import BATCH
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import InputError

_MAGIC = b"ARROW1"
_GOES_ON = b"\xff\xff\xff\xff"
_SCHEMA, _DICTIONARY, _ROWS = 1, 2, 3  # MessageHeader of Message.fbs


def opened(file: File, source: Source) -> Table:
    """An Arrow IPC file (Feather) or stream.

    Raises
    ------
    InputError
        It is another kind of file, was cut short, or has no rows.
    """
    start, end = ends(file, len(_MAGIC))
    refuse_page(start, file.shown)
    if start.startswith(_MAGIC):
        if end != _MAGIC:
            raise damaged(file, "no footer at its end")
        return _file(file)
    if start.startswith(_GOES_ON):
        return _stream(file)
    raise InputError(
        "not an Arrow file", place=file.shown, found=f"bytes {start[:6].hex(' ')}", expected="ARROW1, or a stream"
    )


def _file(file: File) -> Table:
    def scan() -> pl.LazyFrame:
        return pl.scan_ipc(file.path, glob=False)

    try:
        schema = dict(scan().collect_schema())
        rows = int(scan().select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise damaged(file, error) from None
    if not rows:
        raise InputError("the file has no rows", place=file.shown)
    return Table(schema, lambda: slices(file, scan, rows, len(schema)), nothing_broken, digest(file), {})


def _stream(file: File) -> Table:
    first = next(_record_batches(file), None)
    if first is None:
        raise InputError("the file has no rows", place=file.shown)
    return Table(dict(first.schema), lambda: _record_batches(file), nothing_broken, digest(file), {})


class _Message(NamedTuple):
    """One encapsulated message: its kind, and all of its bytes."""

    kind: int
    body: bytes


def _record_batches(file: File) -> Iterator[pl.DataFrame]:
    """Each record batch is read as a stream of its own: schema, dictionaries so far, and itself.

    A stream's messages are told apart as https://arrow.apache.org/docs/format/Columnar.html has it, under
    "Encapsulated message format"; Polars alone would read all of them into memory.
    """
    before: list[bytes] = []
    rows = 0
    with file.path.open("rb") as body:
        for message in _messages(body, file):
            if message.kind != _ROWS:
                before.append(message.body)
                continue
            try:
                part = pl.read_ipc_stream(io.BytesIO(b"".join((*before, message.body))))
            except (pl.exceptions.PolarsError, OSError) as error:
                raise damaged(file, error, f", row {rows + 1} and following") from None
            rows += len(part)
            yield from part.iter_slices(BATCH)


def _messages(body: BinaryIO, file: File) -> Iterator[_Message]:
    while prefix := body.read(8):  # a stream may end without its sign of the end
        if len(prefix) < 8 or prefix[:4] != _GOES_ON:
            raise damaged(file, f"bytes {prefix[:4].hex(' ')} where a message should begin")
        size: int = struct.unpack("<i", prefix[4:])[0]
        if size == 0:
            return
        head = body.read(size) if 0 < size < 1 << 28 else b""
        if len(head) != size:
            raise damaged(file, "a message that is cut short")
        kind, length = _described(head, file)
        content = body.read(length)
        if len(content) < length:
            raise damaged(file, f"{len(content)} of the {length} bytes of a message")
        yield _Message(kind, prefix + head + content)


def _described(head: bytes, file: File) -> tuple[int, int]:
    """Kind and length of a message's body, from its flatbuffer (``Message.fbs``: version, header, bodyLength)."""
    try:
        table: int = struct.unpack_from("<I", head)[0]
        fields = table - struct.unpack_from("<i", head, table)[0]
        count = (struct.unpack_from("<H", head, fields)[0] - 4) // 2
        at = struct.unpack_from(f"<{count}H", head, fields + 4)
        kind: int = head[table + at[1]]
        length: int = struct.unpack_from("<q", head, table + at[3])[0] if count > 3 and at[3] else 0
    except (struct.error, IndexError):
        raise damaged(file, "a message without a header") from None
    if kind not in (_SCHEMA, _DICTIONARY, _ROWS) or length < 0:
        raise damaged(file, f"a message of kind {kind}")
    return kind, length
