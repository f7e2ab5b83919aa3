"""Compression: the bytes of a file as they were before it was compressed, a chunk at a time."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from fullcycle.data.sources.extra import require
from fullcycle.data.sources.formats.kinds import member
from fullcycle.data.sources.formats.seen import seen
from fullcycle.data.sources.formats.table import File
from fullcycle.kernel.errors import InputError

CHUNK = 1 << 23
"""Bytes read at a time."""


def chunks(file: File) -> Iterator[bytes]:
    """The bytes of *file*, decompressed.

    Raises
    ------
    InputError
        The file cannot be read, or its compressed bytes are cut short or damaged.
    """
    try:
        with _opened(file) as stream:
            while chunk := stream.read(CHUNK):
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise _damaged(file, str(error)) from None
    except RuntimeError as error:  # what zipfile raises of an encrypted file, or a method that it does not know
        raise InputError("the zip file cannot be unpacked", place=file.shown, found=str(error)) from None
    except OSError as error:
        raise InputError("the file cannot be read", place=file.shown, found=error.strerror or str(error)) from None


@contextlib.contextmanager
def _opened(file: File) -> Iterator[BinaryIO]:
    match file.compression:
        case "gz":
            with gzip.open(file.path) as stream:
                yield cast(BinaryIO, stream)
        case "zip":
            with zipfile.ZipFile(file.path) as archive, archive.open(member(file)) as inner:
                yield cast(BinaryIO, inner)
        case "zst":
            with _zstandard(file) as stream:
                yield stream
        case _:
            with file.path.open("rb") as stream:
                yield stream


@contextlib.contextmanager
def _zstandard(file: File) -> Iterator[BinaryIO]:
    """The module is part of Python from 3.14 on, with the same names."""
    try:
        zstd = require("compression.zstd", "zstd")
    except InputError:
        zstd = require("backports.zstd", "zstd")
    try:
        with zstd.ZstdFile(file.path) as stream:
            yield stream
    except zstd.ZstdError as error:
        raise _damaged(file, str(error)) from None


def _damaged(file: File, found: str) -> InputError:
    return InputError(
        "the compressed file is cut short or damaged",
        place=file.shown,
        found=found,
        mend="copy or download the file again",
    )


def unpacked(file: File, into: Path) -> File:
    """*file* itself, or where it is compressed a copy under *into* that is not.

    Formats that are read from their end (Parquet, Arrow, Excel) need one.
    """
    if not file.compression:
        return file
    path = into / (hashlib.sha256(str(file.path).encode()).hexdigest()[:16] + "." + file.kind)
    with path.open("wb") as copy:
        for chunk in chunks(file):
            copy.write(chunk)
    return file._replace(path=path, compression="")


def digest(file: File) -> str:
    """SHA-256 of the bytes of *file*, decompressed."""
    return seen(file, "digest", 1, lambda: _digest(file)).decode()


def _digest(file: File) -> bytes:
    hashed = hashlib.sha256()
    for chunk in chunks(file):
        hashed.update(chunk)
    return hashed.hexdigest().encode()
