"""An answer: the rows of a query, kept in a nameless temporary file so that they can be read again, and their digest."""

from __future__ import annotations

import hashlib
import io
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl

from fullcycle.data.sources.databases.result import Result, Wish
from fullcycle.data.sources.reading import BATCH
from fullcycle.kernel.errors import OutsideError

_MODULUS = 1 << 256
_DIGITS = 38  # of a decimal, at most


class Answer:
    """The rows of *result*, all of them read once.

    They lie compressed in a file under the project's ``.fullcycle/spool`` that has no name, and so goes even with a
    process that is killed. Not more than a batch is in memory.

    Attributes
    ----------
    rows : how many there are.
    fingerprint : SHA-256 over the columns and the sum, modulo 2^256, of the rows' SHA-256. The sum makes it the same for
        the same rows in any order, since a query without ORDER BY promises none (Bellare, Micciancio 1997, "A new
        paradigm for collision-free hashing": AdHash; it guards against chance, not against who chooses the rows).
    """

    def __init__(self, result: Result, folder: Path) -> None:
        self._columns, self._wishes = result.columns, dict(result.wishes)
        self._fits = {name: _Fit(wish) for name, wish in self._wishes.items()}
        self._file = _spool(folder)
        weakref.finalize(self, self._file.close)
        self._places: list[tuple[int, int]] = []
        self.rows, self._sum, self._kinds = 0, 0, ""
        for batch in _even(result.batches):
            self._add(batch)
        head = f"{self._columns}{self._kinds}{self.rows}"
        self.fingerprint = hashlib.sha256(f"{head}{self._sum:064x}".encode()).hexdigest()

    def batches(self) -> Iterator[pl.DataFrame]:
        """The rows in the database's order, at most :data:`BATCH` at a time; may be called again."""
        settled = [cell for name, fit in self._fits.items() if (cell := fit.settled(name)) is not None]
        for start, length in self._places:
            self._file.seek(start)
            yield pl.read_ipc(io.BytesIO(self._file.read(length))).with_columns(settled)

    def _add(self, batch: pl.DataFrame) -> None:
        self.rows += len(batch)
        self._kinds = ",".join(str(dtype.base_type()) for dtype in batch.dtypes)
        self._sum = (self._sum + digest_sum(batch)) % _MODULUS
        for name, fit in self._fits.items():
            fit.see(batch[name])
        sink = io.BytesIO()
        batch.write_ipc(sink, compression="zstd")
        try:
            start = self._file.seek(0, io.SEEK_END)
            self._file.write(sink.getbuffer())
        except OSError as error:
            raise OutsideError("the rows cannot be kept while they are read", found=error.strerror) from None
        self._places.append((start, sink.tell()))


class _Fit:
    """Whether all values of a column allow what it shall become."""

    def __init__(self, wish: Wish) -> None:
        self._wish, self._fits, self._whole, self._scale = wish, True, 0, 0

    def see(self, cells: pl.Series) -> None:
        if self._wish == "boolean":
            self._fits = self._fits and bool(cells.is_in([0, 1]).all())
            return
        digits = cells.str.extract_groups(r"^[-+]?(?<whole>\d+)(?:\.(?<part>\d+))?$").struct
        self._fits = self._fits and digits["whole"].null_count() == cells.null_count()
        self._whole = max(self._whole, _longest(digits["whole"]))
        self._scale = max(self._scale, _longest(digits["part"]))

    def settled(self, name: str) -> pl.Expr | None:
        if self._wish == "boolean":
            return pl.col(name).cast(pl.Boolean) if self._fits else None
        if self._fits and self._whole + self._scale <= _DIGITS:
            return pl.col(name).cast(pl.Decimal(_DIGITS, self._scale))
        return pl.col(name).cast(pl.Float64)


def _longest(digits: pl.Series) -> int:
    lengths = digits.drop_nulls().str.len_bytes()
    return int(lengths.to_numpy().max()) if len(lengths) else 0


def digest_sum(rows: pl.DataFrame) -> int:
    """The sum, modulo 2^256, of the SHA-256 of every row's canonical bytes.

    >>> rows = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    >>> digest_sum(rows) == digest_sum(rows.reverse()), digest_sum(rows) == digest_sum(rows.head(1))
    (True, False)
    """
    texts = rows.select(pl.concat_str(_canonical(column) for column in rows.get_columns())).to_series()
    return sum(int.from_bytes(hashlib.sha256(text.encode()).digest()) for text in texts) % _MODULUS


def _canonical(column: pl.Series) -> pl.Series:
    """Each cell as a netstring (length, colon, text), or a minus where it is missing, so that no two rows look alike."""
    if column.dtype.is_float():  # its bits: how a number is written may change with the library's version
        bits = column.fill_null(0.0).to_numpy().astype(np.float64).view(np.int64)
        text = pl.Series(column.name, bits).cast(pl.String).set(column.is_null(), None)
    elif column.dtype.is_temporal():
        text = column.to_physical().cast(pl.String)
    else:
        text = column.cast(pl.String)
    frame = text.to_frame("t").select(
        (pl.col("t").str.len_bytes().cast(pl.String) + ":" + pl.col("t")).fill_null("-").alias(column.name)
    )
    return frame.to_series()


def _even(batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in frames of :data:`BATCH`, whatever portions the driver chose."""
    waiting: list[pl.DataFrame] = []
    for batch in batches:
        waiting.append(batch)
        while sum(map(len, waiting)) >= BATCH:
            whole = pl.concat(waiting)
            yield whole.head(BATCH)
            waiting = [whole.slice(BATCH)]
    if sum(map(len, waiting)):
        yield pl.concat(waiting)


def _spool(folder: Path) -> IO[bytes]:
    place = folder / ".fullcycle" / "spool"
    try:
        place.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=place)
    except OSError as error:
        raise OutsideError(
            "the rows cannot be kept while they are read", place=str(place), found=error.strerror
        ) from None
