"""Landed messages: append-only files, each put in its place whole, that say by themselves how far a topic was read.

A segment is a file of JSON Lines. Its first line tells the topic, how many messages follow, their digest, and for each partition the
offset after the last one that was landed; each other line is a message. It is written aside and renamed: after a crash at any
moment a message lies in one segment or in none, and the newest segment says where to go on.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from fullcycle.data.sources.brokers.topic import Message
from fullcycle.kernel.errors import Corrupt, OutsideError
from fullcycle.traffic.lock import sync_folder
from fullcycle.traffic.schema import moment


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """First line of a segment.

    Attributes
    ----------
    topic, born : which topic, and what tells it from a later one of its name.
    next : by partition, the offset after the last one that was landed, in this segment or before.
    lost : ``[partition, first, last]`` of offsets that the broker had deleted before they were landed.
    count, digest : of the messages that follow.
    """

    topic: str
    born: str
    next: dict[int, int]
    lost: tuple[tuple[int, int, int], ...] = ()
    count: int = 0
    digest: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message in a segment: *text*, or *base64* of what is no UTF-8, or neither for no body."""

    partition: int
    offset: int
    topic: str
    arrived: str
    text: str | None = None
    base64: str | None = None


def segments(folder: Path) -> list[Path]:
    """The segments in *folder*, oldest first.

    >>> segments(Path("nowhere"))
    []
    """
    return sorted(folder.glob("*.jsonl"))


def head(segment: Path) -> Head:
    """The first line of a segment.

    Raises
    ------
    Corrupt
        It is none.
    """
    with segment.open("rb") as file:
        return _head(file.readline(), segment)


def lines(segment: Path) -> Iterator[Line]:
    """The messages of a segment.

    Raises
    ------
    Corrupt
        They are not those that were written.
    """
    first, _, body = segment.read_bytes().partition(b"\n")
    said = _head(first, segment)
    if hashlib.sha256(body).hexdigest() != said.digest:
        raise _damaged(segment, "other bytes than were written")
    yield from msgspec.json.Decoder(Line).decode_lines(body)


def write(folder: Path, said: Head, messages: Sequence[Message], now: int) -> Path:
    """Add a segment, on disk for good when this returns; *now* (µs UTC) stands in for a time that the broker does not give.

    Raises
    ------
    OutsideError
        There is no room for it; nothing of it stays.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     path = write(Path(place), Head(topic="a", born="", next={0: 1}), [Message(0, 0, "a", 0, b"{}")], 0)
    ...     path.name, head(path).count, [line.text for line in lines(path)]
    ('00000001.jsonl', 1, ['{}'])
    """
    before = segments(folder)
    path = folder / f"{int(before[-1].stem) + 1 if before else 1:08}.jsonl"
    body = msgspec.json.Encoder().encode_lines([_line(message, now) for message in messages])
    said = msgspec.structs.replace(said, count=len(messages), digest=hashlib.sha256(body).hexdigest())
    aside = folder / ".landing"
    try:
        with aside.open("wb") as file:
            file.write(msgspec.json.encode(said) + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        sync_folder(folder)
    except OSError as error:
        aside.unlink(missing_ok=True)
        mend = "make room for it there; what was landed before stays"
        raise OutsideError("messages cannot be landed", place=str(folder), found=error.strerror, mend=mend) from None
    return path


def _line(message: Message, now: int) -> Line:
    text = coded = None
    if message.body is not None:
        try:
            text = message.body.decode()
        except UnicodeDecodeError:
            coded = base64.b64encode(message.body).decode()
    arrived = moment(now if message.time is None else message.time).isoformat()
    return Line(
        partition=message.partition,
        offset=message.offset,
        topic=message.topic,
        arrived=arrived,
        text=text,
        base64=coded,
    )


def _head(line: bytes, segment: Path) -> Head:
    try:
        return msgspec.json.decode(line, type=Head)
    except msgspec.DecodeError:
        raise _damaged(segment, "no first line that tells what follows") from None


def _damaged(segment: Path, found: str) -> Corrupt:
    mend = "restore it from a backup; without one, move the folder away and land the topic from its beginning"
    return Corrupt("a segment of landed messages is damaged", place=str(segment), found=found, mend=mend)
