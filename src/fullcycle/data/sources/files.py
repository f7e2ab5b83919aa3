"""Files: one, a glob or a folder, here or far, in any format, as rows with a fingerprint."""

from __future__ import annotations

import glob
import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import polars as pl

from fullcycle.data.kept import Kept
from fullcycle.data.sources.download import HTTP, downloaded
from fullcycle.data.sources.formats import arrow, delta, excel, json_file, json_lines, parquet_file, separated
from fullcycle.data.sources.formats.alike import common
from fullcycle.data.sources.formats.compression import unpacked
from fullcycle.data.sources.formats.kinds import described, kind
from fullcycle.data.sources.formats.table import File, Table
from fullcycle.data.sources.location import resolved, scheme, shown
from fullcycle.data.sources.reading import BROKEN, Reading
from fullcycle.data.sources.remote import STORES, copied
from fullcycle.data.sources.settings import Source
from fullcycle.data.sources.spool import Spool
from fullcycle.kernel.errors import FullcycleError, InputError, nearest
from fullcycle.kernel.finding import Finding

_AS_TEXT = {"csv": separated.opened, "tsv": separated.opened, "json": json_file.opened, "jsonl": json_lines.opened}
_FROM_THE_END = {"parquet": parquet_file.opened, "arrow": arrow.opened, "xlsx": excel.opened}


def read_files(source: Source, folder: Path, kept: Kept | None = None) -> Reading:
    """Open the file, glob or folder at ``source.location``, a path from *folder* or an address.

    Several files are read in the order of their names and need the same columns, in any order; whole numbers and
    fractions may mix, no other types. The fingerprint is the digest of the file's bytes before they were compressed; of
    several files that of their digests. What was found out about a file here by reading all of it is *kept*.

    Raises
    ------
    InputError
        A file is missing, empty, cut short, of an unknown kind or not what its name says, or does not fit the others;
        names the place, what was found and the way out.
    OutsideError
        A server or store does not answer.
    """
    spool = Spool(folder)
    gathered = _gathered(source, folder, spool, kept or Kept())
    tables = [(file, _table(file, source, spool)) for file in gathered]
    files = _Files(source.name, tables, spool)
    findings = tuple(_told(file, table) for file, table in tables if table.detected)
    return Reading(tuple(files.schema), files.batches, files.broken, files.fingerprint, findings)


class _Files:
    """Tables of the same columns, one after the other. It holds the copies of remote files as long as it is in use."""

    def __init__(self, name: str, tables: Sequence[tuple[File, Table]], spool: Spool) -> None:
        self.name, self.tables, self.spool = name, tables, spool
        self.schema = common(tables)
        self.stamps = [_stamp(file) for file, _ in tables]

    @property
    def fingerprint(self) -> str:
        prints = [table.fingerprint for _, table in self.tables]
        return prints[0] if len(prints) == 1 else hashlib.sha256("\n".join(prints).encode()).hexdigest()

    def batches(self) -> Iterator[pl.DataFrame]:
        for (file, table), stamp in zip(self.tables, self.stamps, strict=True):
            if _stamp(file) != stamp:
                raise InputError("the file was changed while it was read", place=file.shown, mend="run again")
            for part in table.batches():
                yield part.select(pl.col(name).cast(type_) for name, type_ in self.schema.items())

    def broken(self) -> pl.DataFrame:
        several = len(self.tables) > 1
        rows = [
            (self.name, row, raw, f"{file.shown}: {reason}" if several else reason)
            for file, table in self.tables
            for row, raw, reason in table.broken()
        ]
        return pl.DataFrame(rows, schema=BROKEN, orient="row")


def parquet(frame: pl.DataFrame) -> bytes:
    """*frame* as Parquet bytes that depend on its content alone, on any number of threads.

    >>> parquet(pl.DataFrame({"a": [1]})) == parquet(pl.DataFrame({"a": [1]}))
    True
    """
    sink = io.BytesIO()
    frame.rechunk().write_parquet(
        sink, compression="zstd", compression_level=3, row_group_size=1 << 17, statistics=False
    )
    return sink.getvalue()


def _gathered(source: Source, folder: Path, spool: Spool, kept: Kept) -> list[File]:
    """The files at the source's location, in the order of their names."""
    location = resolved(source.location)
    where = scheme(location)
    if source.format == "delta" and where in STORES:
        return [File(Path(location), shown(location), "delta")]
    if where in STORES:
        return copied(location, source, spool)
    if where in HTTP:
        return [downloaded(location, source, spool)]
    if where == "file":
        location = unquote(urlsplit(location).path)
    path = folder / location
    if path.is_dir():
        return _of_folder(path, source, location, kept)
    if glob.has_magic(location) and not path.exists():
        found = sorted(glob.glob(location, root_dir=folder, recursive=True))
        names = [name for name in found if (folder / name).is_file()]
        if not names:
            raise InputError("no file fits", place=location, mend="mend 'from' in [[data.sources]] of cycle.toml")
    else:
        _refuse_missing(path, location)
        names = [location]
    return [described(File(folder / name, name, "", kept=kept), Path(name).name, source.format) for name in names]


def _of_folder(path: Path, source: Source, location: str, kept: Kept) -> list[File]:
    if source.format == "delta" or (path / "_delta_log").is_dir():
        return [File(path, location, "delta")]
    names = sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file() and _readable(file, path))
    if not names:
        raise InputError(
            "the folder holds no file that can be read",
            place=location,
            expected="files such as .csv or .parquet",
            mend="mend 'from' in [[data.sources]] of cycle.toml",
        )
    files = [(name, File(path / name, f"{location}/{name}", "", kept=kept)) for name in names]
    return [described(file, Path(name).name, source.format) for name, file in files]


def _readable(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
    return not hidden and any(kind(file.name))


def _refuse_missing(path: Path, location: str) -> None:
    try:
        path.stat()
    except FileNotFoundError:
        near = nearest(path.name, sorted(file.name for file in path.parent.glob("*")))
        raise InputError(
            "the file is missing",
            place=location,
            expected=near or "",
            mend="mend 'from' in [[data.sources]] of cycle.toml",
        ) from None
    except OSError as error:
        raise InputError("the file cannot be read", place=location, found=error.strerror) from None


def _table(file: File, source: Source, spool: Spool) -> Table:
    if file.kind == "delta":
        location = resolved(source.location)
        return delta.opened(file, location if scheme(location) in STORES else str(file.path))
    if file.kind in _AS_TEXT:
        return _AS_TEXT[file.kind](file, source)
    if file.compression:
        file = unpacked(file, spool.path)
    try:
        return _FROM_THE_END[file.kind](file, source)
    except OSError as error:
        if isinstance(error, FullcycleError):
            raise
        raise InputError("the file cannot be read", place=file.shown, found=error.strerror or str(error)) from None


def _stamp(file: File) -> tuple[int, int]:
    """What changes when a file is written; a Delta table has its version instead."""
    if file.kind == "delta":
        return 0, 0
    stat = file.path.stat()
    return stat.st_size, stat.st_mtime_ns


def _told(file: File, table: Table) -> Finding:
    evidence = {"file": file.shown, **table.detected}
    return Finding(check="file_read_as", subject=file.shown, severity="note", evidence=evidence)
