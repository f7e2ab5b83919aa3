"""Records in a file: JSON objects that arrive one by one, kept on disk until their columns are known."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from fullcycle.data.sources.formats import objects
from fullcycle.data.sources.reading import BATCH, BROKEN, Reading
from fullcycle.data.sources.spool import Spool
from fullcycle.kernel.errors import OutsideError

_ROWS = BATCH // 4  # objects of Python take several times the memory of a table
_encode = msgspec.json.Encoder(order="sorted").encode


class RecordFile:
    """Records of one source, in the order in which they came.

    Objects in a record are laid flat, lists become JSON text. A column that only some records have is null in the others.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     records = RecordFile(Spool(Path(folder)), "orders")
    ...     records.add({"id": 1, "to": {"city": "Bonn"}})
    ...     records.add({"id": 2, "gift": True})
    ...     records.add("maintenance")
    ...     reading = records.reading()
    ...     next(reading.batches()).rows(), reading.broken()["reason"].to_list()
    ([(1, 'Bonn', None), (2, None, True)], ['not a JSON object'])
    """

    def __init__(self, spool: Spool, source: str) -> None:
        self._spool, self._source = (
            spool,
            source,
        )  # the copies go when the spool does: it is held as long as they are read
        handle, name = tempfile.mkstemp(dir=spool.path, suffix=".jsonl")
        os.close(handle)
        self._path = Path(name)
        self._kinds, self._digest = objects.Kinds(), hashlib.sha256()
        self._part: list[dict[str, Any]] = []
        self._lost: list[tuple[int, str, str]] = []
        self.count = 0

    def add(self, record: object) -> None:
        """Keep one record; what is no object is set aside."""
        if not isinstance(record, dict):
            self.turn_away(_encode(record).decode(), "not a JSON object")
            return
        self.count += 1
        self._part.append(objects.flat(record))
        if len(self._part) == _ROWS:
            self._write()

    def turn_away(self, raw: str, reason: str) -> None:
        """Set aside what cannot be a row."""
        self.count += 1
        self._lost.append((self.count, raw, reason))
        self._digest.update(_encode([self.count, raw]) + b"\n")

    def reading(self) -> Reading:
        """What was kept; nothing can be added afterwards."""
        self._write()
        types = objects.schema(self._kinds)
        return Reading(tuple(types), lambda: self._batches(types), self._broken, self._digest.hexdigest())

    def _write(self) -> None:
        objects.note_kinds(self._kinds, self._part)
        body = b"".join(_encode(record) + b"\n" for record in self._part)
        self._digest.update(body)
        self._part = []
        try:
            with self._path.open("ab") as file:
                file.write(body)
        except OSError as error:
            place, mend = str(self._spool.path), "make room for it there"
            problem = "a copy of the source cannot be written"
            raise OutsideError(problem, place=place, found=error.strerror, mend=mend) from None

    def _batches(self, types: dict[str, pl.DataType]) -> Iterator[pl.DataFrame]:
        decode = msgspec.json.Decoder(dict[str, Any]).decode
        with self._path.open("rb") as lines:
            while part := [decode(line) for line in islice(lines, _ROWS)]:
                yield objects.frame(part, types)

    def _broken(self) -> pl.DataFrame:
        rows = [(self._source, *lost) for lost in self._lost]
        return pl.DataFrame(rows, schema=BROKEN, orient="row")
