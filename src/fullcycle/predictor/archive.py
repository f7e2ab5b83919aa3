"""Archives that are the same bytes whenever they hold the same files, and that are read without trust.

A ZIP file of stored (not compressed) members, sorted by name, each with the same fixed time. Reading packs what was found again and
compares: a byte that differs anywhere, in a name, a time, a hidden gap or a comment, is refused. Nothing is ever extracted to disk.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping

from fullcycle.kernel.errors import Corrupt

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that ZIP can say


def pack(files: Mapping[str, bytes]) -> bytes:
    """The archive of *files*, by name.

    >>> pack({"b": b"2", "a": b"1"}) == pack({"a": b"1", "b": b"2"})
    True
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, EPOCH)
            member.create_system = 3  # otherwise Windows would write another byte
            archive.writestr(member, files[name])
    return out.getvalue()


def unpack(body: bytes, sizes: Mapping[str, int], *, place: str) -> dict[str, bytes]:
    """The files of an archive that :func:`pack` made.

    Parameters
    ----------
    body : the archive.
    sizes : every name that may occur, with the most bytes that it may hold.
    place : what to call the archive in an error.

    Raises
    ------
    Corrupt
        Not an archive, not made by :func:`pack`, or with a member that is unexpected or too large.

    Examples
    --------
    >>> unpack(pack({"a": b"1"}), {"a": 10, "b": 10}, place="bundle")
    {'a': b'1'}
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            files = _members(archive, sizes, place)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        if isinstance(error, Corrupt):
            raise
        raise Corrupt("not a readable archive", place=place, found=str(error)) from None
    if pack(files) != body:
        raise Corrupt("an archive holds more than its files", place=place, expected="the bytes that fullcycle writes")
    return files


def _members(archive: zipfile.ZipFile, sizes: Mapping[str, int], place: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for member in archive.infolist():
        most = sizes.get(member.filename)
        if most is None or member.filename in files:
            expected = ", ".join(sorted(sizes))
            raise Corrupt("an archive holds an unexpected file", place=place, found=member.filename, expected=expected)
        if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
            raise Corrupt("a file is compressed", place=f"{place}, {member.filename}", expected="stored as it is")
        if member.file_size > most:
            raise Corrupt(
                "a file is too large",
                place=f"{place}, {member.filename}",
                found=member.file_size,
                expected=f"{most} bytes at most",
            )
        files[member.filename] = archive.read(member)
    return files
