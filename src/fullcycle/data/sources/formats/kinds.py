"""Kinds of files by their names: the format and how it is compressed."""

from __future__ import annotations

from pathlib import PurePosixPath
from zipfile import BadZipFile, ZipFile

from fullcycle.data.sources.formats.table import File
from fullcycle.kernel.errors import InputError

SUFFIXES = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xlsx",
}
COMPRESSIONS = {".gz": "gz", ".zip": "zip", ".zst": "zst"}
CONTENT_TYPES = {
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/json": "json",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.apache.arrow.file": "arrow",
    "application/vnd.apache.arrow.stream": "arrow",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


def kind(name: str, stated: str | None = None) -> tuple[str, str]:
    """Format and compression of a file called *name*; empty where the name says neither.

    >>> kind("flights.CSV.gz"), kind("rows", "jsonl"), kind("letter.docx")
    (('csv', 'gz'), ('jsonl', ''), ('', ''))
    """
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    compression = COMPRESSIONS.get(suffixes[-1], "") if suffixes else ""
    if compression:
        suffixes.pop()
    return stated or (SUFFIXES.get(suffixes[-1], "") if suffixes else ""), compression


def described(file: File, name: str, stated: str | None) -> File:
    """*file* with its kind: as stated, else by its name, else by the name of what a zip holds.

    Raises
    ------
    InputError
        Nothing tells the kind, or it is one that is not read.
    """
    found, compression = kind(name, stated)
    if compression == "zip":
        found = found or kind(member(file._replace(compression="zip")))[0]
    found = found or file.kind
    if not found:
        raise InputError(
            "files of this kind are not read",
            place=file.shown,
            found=PurePosixPath(name).suffix or "no suffix",
            expected="one of " + ", ".join(sorted(SUFFIXES)) + ", each also with .gz, .zip or .zst after it",
            mend="save it as one of these, or name its 'format' under [[data.sources]]",
        )
    return file._replace(kind=found, compression=compression)


def member(file: File) -> str:
    """The one file within a zip.

    Raises
    ------
    InputError
        It holds none or several, or is not a zip.
    """
    try:
        with ZipFile(file.path) as archive:
            names = [
                entry.filename
                for entry in archive.infolist()
                if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")
            ]
    except (BadZipFile, OSError) as error:
        raise InputError("not a zip file, or one that was cut short", place=file.shown, found=str(error)) from None
    if len(names) != 1:
        raise InputError(
            "a zip file must hold one table",
            place=file.shown,
            found=", ".join(names[:5]) or "nothing",
            expected="one file",
            mend="unpack it, and name the files as a glob such as 'data/*.csv'",
        )
    return names[0]
