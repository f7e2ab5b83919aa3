"""How a row lies in a segment: length (u32), CRC-32 (u32), MessagePack payload; all little-endian."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import msgspec

from fullcycle.kernel.errors import Corrupt
from fullcycle.traffic.schema import Row

_HEADER = struct.Struct("<II")
_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Row] = msgspec.msgpack.Decoder(Row)


def encode(row: Row) -> bytes:
    """The frame of *row*.

    >>> from fullcycle.traffic.schema import Outcome
    >>> row = Outcome(environment="dev", timeline="live", id="a1", status="known", at=7, received=9)
    >>> [back == row for back, end in decode(encode(row))]
    [True]
    """
    payload = _ENCODER.encode(row)
    return _HEADER.pack(len(payload), zlib.crc32(payload)) + payload


def decode(data: bytes, *, place: str = "", sealed: bool = False) -> Iterator[tuple[Row, int]]:
    """The rows of a segment, each with the offset in bytes at which its frame ends.

    A frame cut off at the very end is what a kill leaves behind: reading stops there. Anything else that does not match
    its checksum is damage, and so is a torn end in a segment that was *sealed*.

    Raises
    ------
    Corrupt : naming *place* and the offset.

    Examples
    --------
    >>> list(decode(b"torn"))
    []
    """
    start = 0
    view = memoryview(data)
    while start < len(data):
        end = _frame_end(view, start)
        if end is None:
            if not sealed and _torn(view, start):
                return
            raise _damage(place, start)
        try:
            yield _DECODER.decode(view[start + _HEADER.size : end]), end
        except msgspec.DecodeError as error:
            raise _damage(place, start) from error
        start = end


def whole_length(data: bytes, *, place: str = "") -> int:
    """Bytes of *data* that are whole frames.

    >>> whole_length(b"torn")
    0
    """
    start = 0
    view = memoryview(data)
    while start < len(data) and (end := _frame_end(view, start)) is not None:
        start = end
    if start < len(data) and not _torn(view, start):
        raise _damage(place, start)
    return start


def _frame_end(view: memoryview, start: int) -> int | None:
    """Where the frame at *start* ends, or ``None`` where no whole frame begins."""
    body = start + _HEADER.size
    if body > len(view):
        return None
    length, checksum = _HEADER.unpack_from(view, start)
    end = body + int(length)
    # A file that a power loss has lengthened with zeros must not read as frames of length 0.
    whole = length > 0 and end <= len(view) and zlib.crc32(view[body:end]) == checksum
    return end if whole else None


def _torn(view: memoryview, start: int) -> bool:
    """Whether a bad frame is only the torn end: it reaches the end of the file, or nothing but zeros follows.

    A flipped bit in a length would look torn too, so a whole frame further on means damage.
    """
    rest = view[start:]
    if len(rest) < _HEADER.size or not any(rest):
        return True
    length, _ = _HEADER.unpack_from(rest)
    if _HEADER.size + length < len(rest):
        return False
    return not any(_frame_end(rest, later) for later in range(1, len(rest) - _HEADER.size))


def _damage(place: str, offset: int) -> Corrupt:
    mend = "restore the file from a backup, or move it aside to go on without its rows"
    return Corrupt("a logged row does not match its checksum", place=place, found=f"offset {offset}", mend=mend)
