"""Discovery in a folder or a bucket: files of one shape are one table; of each only its beginning or its footer is read."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import polars as pl

from fullcycle.data.sources.databases.result import Column, Table, normal
from fullcycle.data.sources.discover import SAMPLE, Peek, source_name
from fullcycle.data.sources.extra import require
from fullcycle.data.sources.files import read_files
from fullcycle.data.sources.formats.dialect import detected
from fullcycle.data.sources.formats.kinds import kind
from fullcycle.data.sources.formats.table import File
from fullcycle.data.sources.formats.text import beginning
from fullcycle.data.sources.location import resolved, scheme, shown
from fullcycle.data.sources.remote import STORES, store_of
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import FullcycleError, InputError, OutsideError

_HEAD = 1 << 20
_WHOLE = 50 << 20  # bytes of a file that has to be read whole before anything is known of it
_FILES = 1000
_DATABASES = {".db": "sqlite", ".sqlite": "sqlite", ".sqlite3": "sqlite", ".duckdb": "duckdb"}


class Stored(NamedTuple):
    """A file or object: where it is, its bytes, and a function that gives those from one place up to another."""

    name: str
    location: str
    size: int
    part: Callable[[int, int], bytes]
    path: Path | None = None


def peeked(url: str, folder: Path) -> list[Peek]:
    """The tables in the folder or bucket at *url*, in the order of their names.

    Raises
    ------
    InputError
        There is no such folder, or nothing in it that is a table.
    OutsideError
        The store does not answer.
    """
    address = resolved(url)
    found = _objects(address, url) if scheme(address) in STORES else _files(address, folder)
    groups: dict[tuple[str, tuple[Column, ...]], list[tuple[Stored, Peek]]] = {}
    for stored in found:
        peek = _peek(stored, folder)
        shape = re.sub(r"\d+", "*", stored.name) if peek.table.columns else stored.name
        groups.setdefault((shape, peek.table.columns), []).append((stored, peek))
    peeks = [_together(shape, group, folder) for (shape, _), group in groups.items()]
    names = [peek.table.name for peek in peeks]
    return [
        peek._replace(table=peek.table._replace(name=peek.location)) if names.count(peek.table.name) > 1 else peek
        for peek in peeks
    ]


def _files(address: str, folder: Path) -> list[Stored]:
    if scheme(address) not in ("", "file"):
        raise InputError(
            "nothing is discovered at such an address",
            place=shown(address),
            found=f"{scheme(address)}:",
            expected="a folder, a bucket (s3://, gs://, az://), or a database",
        )
    root = folder / address.removeprefix("file://")
    if root.suffix.lower() in _DATABASES:
        mend = f"write {_DATABASES[root.suffix.lower()]}:///{address}"
        raise InputError("this is a database, not a folder", place=str(root), mend=mend)
    if not root.exists():
        raise InputError("there is no such folder", place=str(root), mend="name a folder, a bucket or a database")
    paths = [root] if root.is_file() else sorted(_visible(root))
    found = [_local(path, folder) for path in paths[:_FILES] if path.is_dir() or any(kind(path.name))]
    if not found:
        raise InputError(
            "no file in it is a table", place=str(root), expected="csv, tsv, json, jsonl, parquet, arrow, xlsx"
        )
    return found


def _visible(root: Path) -> list[Path]:
    """Files at any depth that are not hidden; of a Delta table its folder alone."""
    tables = [log.parent for log in root.rglob("_delta_log") if log.is_dir()]
    files = [
        path
        for path in root.rglob("*")
        if path.is_file()
        and not any(part.startswith((".", "_")) for part in path.relative_to(root).parts)
        and not any(path.is_relative_to(table) for table in tables)
    ]
    return files + tables


def _local(path: Path, folder: Path) -> Stored:
    def part(start: int, end: int) -> bytes:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(end - start)

    location = str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
    return Stored(path.name, PurePosixPath(location).as_posix(), path.stat().st_size, part, path)


def _objects(address: str, url: str) -> list[Stored]:
    obstore: Any = require("obstore", "stores")
    scheme_, _, rest = address.partition("://")
    bucket, _, prefix = rest.partition("/")
    start = f"{scheme_}://{bucket}"
    try:
        store = store_of(start, Source(name=url, location=url))
        entries = [entry for page in obstore.list(store, prefix.rstrip("/") or None) for entry in page]
    except obstore.exceptions.BaseError as error:
        message = shown(str(error).splitlines()[0])
        raise OutsideError(
            "the bucket cannot be listed",
            place=shown(start),
            found=message,
            mend="check its name, and the keys in the environment",
        ) from None

    def stored(entry: Any) -> Stored:
        def part(first: int, end: int) -> bytes:
            return bytes(obstore.get_range(store, entry["path"], start=first, end=min(end, entry["size"])))

        name = PurePosixPath(entry["path"]).name
        return Stored(name, f"{start}/{entry['path']}", entry["size"], part)

    found = [entry for entry in entries if any(kind(PurePosixPath(entry["path"]).name)) and entry["size"]]
    if not found:
        raise InputError("no object there is a table", place=shown(address), found=f"{len(entries)} objects")
    return [stored(entry) for entry in sorted(found, key=lambda entry: str(entry["path"]))[:_FILES]]


def _peek(stored: Stored, folder: Path) -> Peek:
    """What the beginning of *stored* shows; one that cannot be read is listed with a note."""
    format_, compression = kind(stored.name)
    sample, types, rows, note = pl.DataFrame(), {}, None, ""
    try:
        if format_ in ("csv", "tsv", "jsonl") and not compression:
            begun = _beginning(stored, format_)
            rows, sample = len(begun) if stored.size <= _HEAD else None, begun.head(SAMPLE)
        elif format_ == "parquet" and not compression:
            types = dict(pl.read_parquet_schema(io.BytesIO(_footer(stored))))
            if stored.path:
                rows = int(pl.scan_parquet(stored.path).select(pl.len()).collect().item())
                sample = pl.scan_parquet(stored.path).head(SAMPLE).collect()
        elif format_ == "arrow" and not compression and stored.path:
            sample = pl.scan_ipc(stored.path).head(SAMPLE).collect()
            rows = int(pl.scan_ipc(stored.path).select(pl.len()).collect().item())
        elif stored.path and stored.size <= _WHOLE:
            reading = read_files(Source(name=stored.name, location=str(stored.path.absolute())), folder)
            frames = list(reading.batches())
            rows, sample = sum(map(len, frames)), pl.concat(frames).head(SAMPLE)
        else:
            note = "not looked into: it would have to be read whole"
    except (pl.exceptions.PolarsError, FullcycleError, OSError, UnicodeDecodeError) as error:
        note = f"not read: {getattr(error, 'problem', '') or str(error).splitlines()[0]}"
    types = types or dict(sample.schema)
    columns = tuple(Column(name, str(dtype.base_type()).lower()) for name, dtype in types.items())
    size = (
        sum(file.stat().st_size for file in stored.path.rglob("*"))
        if stored.path and stored.path.is_dir()
        else stored.size
    )
    table = Table(_name(stored.name), columns, rows, exact=rows is not None, bytes=size)
    return Peek(table, stored.location, normal(sample), lambda column, values: None, note)


def _beginning(stored: Stored, format_: str) -> pl.DataFrame:
    text = beginning(stored.part(0, _HEAD), File(Path(stored.name), stored.location, format_))
    if stored.size > _HEAD:
        text = text[: text.rfind("\n") + 1]  # the last line may be cut
    if format_ == "jsonl":
        return pl.read_ndjson(io.StringIO(text), infer_schema_length=None)
    dialect = detected(text[: 1 << 16], "\t" if format_ == "tsv" else ",")
    return pl.read_csv(
        io.StringIO(text),
        separator=dialect.delimiter,
        quote_char=dialect.quote,
        infer_schema_length=None,
        try_parse_dates=True,
        truncate_ragged_lines=True,
        null_values=["", "NA", "NaN", "null"],
    )


def _footer(stored: Stored) -> bytes:
    """The end of a Parquet file, which holds its schema, as a file without rows.

    See https://parquet.apache.org/docs/file-format/: the last eight bytes are the footer's length and the magic number.
    """
    end = stored.part(max(0, stored.size - 8), stored.size)
    length = int.from_bytes(end[:4], "little")
    if end[4:] != b"PAR1" or length + 8 > stored.size:
        raise InputError("not a Parquet file, or one that was cut short", place=stored.location)
    return b"PAR1" + stored.part(stored.size - 8 - length, stored.size)


def _together(shape: str, group: list[tuple[Stored, Peek]], folder: Path) -> Peek:
    """One table of the files of a shape."""
    stored, first = group[0]
    known = [peek.table.rows for _, peek in group]
    rows = sum(row for row in known if row is not None) if None not in known else None
    location = first.location
    if len(group) > 1:
        places = {peek.location.rpartition("/")[0] for _, peek in group}
        parent = places.pop() if len(places) == 1 else _common(places)
        location = f"{parent}/{shape}" if parent else shape
    table = first.table._replace(
        rows=rows, exact=rows is not None, bytes=sum(peek.table.bytes or 0 for _, peek in group)
    )
    met = _met([part.path for part, _ in group], kind(stored.name), first.sample, whole=rows == len(first.sample))
    return first._replace(table=table, location=location, met=met)


def _common(places: set[str]) -> str:
    """A glob of folders that differ."""
    shapes = {re.sub(r"\d+", "*", place) for place in places}
    return shapes.pop() if len(shapes) == 1 else "**"


def _met(
    paths: list[Path | None], kind_: tuple[str, str], sample: pl.DataFrame, *, whole: bool
) -> Callable[[str, pl.Series], int | None]:
    """How many of some values occur in a column: looked up in the rows that were seen if they are all, else in the files."""

    def met(column: str, values: pl.Series) -> int | None:
        if whole:
            return int(values.is_in(sample[column].implode()).sum())
        local = [path for path in paths if path is not None]
        if kind_ != ("parquet", "") or len(local) < len(paths):
            return None
        cell = pl.col(column)
        found = pl.scan_parquet(local).select(cell).filter(cell.is_in(values.implode())).unique()
        return len(found.collect(engine="streaming"))

    return met


def _name(file: str) -> str:
    """A table's name of a file's: without suffixes, and without the numbers that tell files of a shape apart.

    >>> _name("flights-2013-01.parquet"), _name("planes.csv.gz"), _name("2013.csv")
    ('flights', 'planes', '2013')
    """
    stem = file.partition(".")[0] or file
    return source_name(re.sub(r"\d+", "", stem).strip("-_ ") if re.search(r"[^\W\d_]", stem) else stem)
