"""The rows of a batch in parts: files of every kind, globs, Delta tables and standard input, never whole in memory."""

from __future__ import annotations

import glob
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import polars as pl

from fullcycle.deployment.files import Read, check_delimiter, empty, from_lines, from_texts
from fullcycle.kernel.errors import InputError, OutsideError, UnknownKey
from fullcycle.predictor.contract import Contract

CELLS = 2**19
"""Cells of a part, about: rows are fewer where they are wide, so that memory is the same."""
MOST = 2**16
"""Rows of a part, at most."""
LINES = 2**13
"""JSON lines of a part: each is read by Python, in a thread beside the others."""
STDIN = "-"


class Part(NamedTuple):
    """Rows that lie together.

    Attributes
    ----------
    height : how many there are.
    read : reads them as the contract says, and tells cells that cannot be that; what is done already need not be read.
    """

    height: int
    read: Callable[[], Read]


class Rows(NamedTuple):
    """Where the rows of a batch come from.

    Attributes
    ----------
    shown : the place as people are told.
    identity : the same while the rows and their order are; ``""`` where nothing promises that, and a killed batch begins anew.
    parts : the rows in their order; at least one part, if an empty one, where columns are known.
    """

    shown: str
    identity: str
    parts: Callable[[], Iterator[Part]]


def open_rows(source: str, contract: Contract) -> Rows:
    """The rows at *source*.

    Parameters
    ----------
    source : ``.parquet``, ``.csv``, ``.tsv``, ``.jsonl``, ``.ndjson``, ``.arrow``, ``.feather``, ``.ipc``; a folder that is a Delta
        table; a glob over files of one kind; ``-`` for JSON lines from standard input.
    contract : in whose kinds texts and JSON values are read.

    Raises
    ------
    InputError : the suffix is unknown, nothing is there, or it is no table of its kind.
    OutsideError : it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.csv").write_text("x\\n1\\n2\\n")
    ...     [part.height for part in open_rows(f"{folder}/a.csv", Contract(())).parts()]
    [2]
    """
    if source == STDIN:
        return Rows("standard input", "", lambda: _lines(sys.stdin.buffer, contract))
    path = Path(source)
    if (path / "_delta_log").is_dir():
        return _delta(path)
    files = [path] if path.exists() or not glob.has_magic(source) else sorted(map(Path, glob.glob(source)))
    for file in files or [path]:
        if file.suffix.lower() not in READERS:
            raise UnknownKey(file.suffix, READERS, place=str(file), what="kind of file")
    if not files:
        raise InputError("no file is called so", place=source, mend="mend the pattern")
    identity = "\n".join(_identity(file) for file in files)
    return Rows(source, identity, lambda: (part for file in files for part in _file(file, contract)))


def frames(batches: Iterable[pl.DataFrame], contract: Contract | None = None) -> Iterator[Part]:
    """Parts of tables that come in portions of any size; texts are read as *contract* says, where one is given.

    >>> [part.height for part in frames([pl.DataFrame({"x": range(3)}), pl.DataFrame({"x": range(2)})])]
    [5]
    """
    for frame in _even(batches):
        yield Part(len(frame), partial(_read, frame, contract))


def _read(frame: pl.DataFrame, contract: Contract | None) -> Read:
    return (frame, {}) if contract is None else from_texts(frame, contract)


def _even(batches: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in tables of a size that depends on their width alone, so that parts are the same every time."""
    waiting: list[pl.DataFrame] = []
    for batch in batches:
        waiting.append(batch)
        size = max(1024, min(MOST, 2 ** (CELLS // max(1, batch.width)).bit_length()))
        while sum(map(len, waiting)) >= size:
            whole = pl.concat(waiting)
            yield whole.head(size)
            waiting = [whole.slice(size)] if len(whole) > size else []
    if waiting:
        yield pl.concat(waiting)


def _file(file: Path, contract: Contract) -> Iterator[Part]:
    try:
        yield from READERS[file.suffix.lower()](file, contract)
    except pl.exceptions.PolarsError as error:
        expected = f"a {file.suffix.lower()} file"
        raise InputError(
            "the file cannot be read", place=str(file), found=str(error)[:200], expected=expected
        ) from None
    except OSError as error:
        if isinstance(error, OutsideError):
            raise
        found = error.strerror or str(error)[:200]
        raise OutsideError("cannot read the file", place=str(file), found=found) from error


def _scanned(table: pl.LazyFrame, contract: Contract | None = None) -> Iterator[Part]:
    found = False
    batches = table.collect_batches(chunk_size=MOST // 2, maintain_order=True, engine="streaming")
    for part in frames(batches, contract):
        found = True
        yield part
    if not found:  # its columns are to be known none the less
        yield from frames([table.head(0).collect()], contract)


def _parquet(file: Path, contract: Contract) -> Iterator[Part]:
    return _sliced(pl.scan_parquet(file, glob=False))


def _arrow(file: Path, contract: Contract) -> Iterator[Part]:
    return _sliced(pl.scan_ipc(file))


def _sliced(table: pl.LazyFrame) -> Iterator[Part]:
    """Slice by slice, which costs no more here, and holds nothing ahead."""
    start = 0
    while True:
        frame = table.slice(start, MOST).collect()
        if not start or frame.height:
            yield from frames([frame])
        start += frame.height
        if frame.height < MOST:
            return


def _separated(file: Path, contract: Contract, separator: str = ",") -> Iterator[Part]:
    with file.open("rb") as opened:
        if not opened.read(65_536).strip():
            raise empty(str(file))
    table = pl.scan_csv(file, separator=separator, infer_schema=False, glob=False)
    check_delimiter(table.collect_schema().names(), str(file), separator)
    return _scanned(table, contract)


def _json_lines(file: Path, contract: Contract) -> Iterator[Part]:
    with file.open("rb") as opened:
        yield from _lines(opened, contract)


def _lines(opened: BinaryIO, contract: Contract) -> Iterator[Part]:
    first = 1
    while lines := list(islice(opened, LINES)):
        yield Part(sum(1 for line in lines if line.strip()), partial(from_lines, lines, contract, first))
        first += len(lines)
    if first == 1:
        yield Part(0, lambda: (pl.DataFrame(), {}))


def _delta(path: Path) -> Rows:
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        table = DeltaTable(path)
    except DeltaError as error:
        raise OutsideError("cannot read the table", place=str(path), found=str(error)[:200]) from error
    identity = f"{path.resolve()} version {table.version()}"
    return Rows(str(path), identity, lambda: _sliced(pl.scan_delta(table)))


def _identity(file: Path) -> str:
    try:
        facts = file.stat()
    except FileNotFoundError:
        raise InputError("the file is not there", place=str(file), mend="name an existing file") from None
    except OSError as error:
        raise OutsideError("cannot read the file", place=str(file), found=error.strerror or "") from error
    return f"{file.resolve()} {facts.st_size} {facts.st_mtime_ns}"


READERS: dict[str, Callable[[Path, Contract], Iterator[Part]]] = {
    ".parquet": _parquet,
    ".csv": _separated,
    ".tsv": partial(_separated, separator="\t"),
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".arrow": _arrow,
    ".feather": _arrow,
    ".ipc": _arrow,
}
"""What reads a file of each kind."""
