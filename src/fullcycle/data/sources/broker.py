"""Topics of a broker as a source: what is new is landed on disk for good, then all that was ever landed is read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec

from fullcycle.data.sources.alone import alone
from fullcycle.data.sources.brokers import landed
from fullcycle.data.sources.brokers.jetstream import JetStream
from fullcycle.data.sources.brokers.kafka import KafkaTopic
from fullcycle.data.sources.brokers.topic import Address, Bounds, Message, Topic
from fullcycle.data.sources.location import resolved, shown
from fullcycle.data.sources.reading import Reading
from fullcycle.data.sources.record_file import RecordFile
from fullcycle.data.sources.settings import Source
from fullcycle.data.sources.spool import Spool
from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import InputError, OutsideError

MESSAGES = 50_000
"""Messages in a segment, at most."""
BYTES = 1 << 25
"""Bytes of messages in a segment, at most, but for the last message."""


def read_topic(source: Source, folder: Path) -> Reading:
    """All messages of a topic that were ever landed, after landing those that are new.

    A message that is a JSON object is a row; what is no object goes to *broken*. Added columns: ``_arrived`` (when the broker had
    the message; for Kafka by the clock of whoever wrote it, unless the topic has ``message.timestamp.type=LogAppendTime``),
    ``_topic`` (or subject), ``_partition`` and ``_offset``.

    Raises
    ------
    InputError
        There is no such topic, it holds no row, or access is refused.
    OutsideError
        The broker does not answer.
    Corrupt
        What was landed is damaged.
    """
    where = land_topic(source, folder / ".fullcycle")
    records = RecordFile(Spool(folder), source.name)
    for segment in landed.segments(where):
        for partition, first, last in landed.head(segment).lost:
            reason = f"offsets {first} to {last} of partition {partition} were deleted before they were landed"
            records.turn_away("", reason)
        for line in landed.lines(segment):
            _add(records, line)
    reading = records.reading()
    if not reading.columns:
        found = f"{records.count} messages"
        raise InputError("no message of the topic is a JSON object", place=shown(source.location), found=found)
    return reading


def land_topic(source: Source, state: Path) -> Path:
    """Land the messages that came since the last time, up to where the topic ends now; the folder of the segments.

    Nothing is acknowledged or committed at the broker: what lies on disk says how far the topic was read. Killed at any moment
    and started again, it lands each message once.

    Parameters
    ----------
    state : the project's ``.fullcycle``; the segments lie under ``landed/`` and the source's name.

    Raises
    ------
    InputError
        There is no such topic, access is refused, or the topic is another one than before.
    OutsideError
        The broker does not answer in time; what had come until then is landed.
    """
    address = Address.of(resolved(source.location))
    folder = state / "landed" / quote(source.name, safe="")
    with alone(folder), _opened(address, source) as topic:
        bounds = topic.bounds()
        before = landed.segments(folder)
        head = _continued(landed.head(before[-1]) if before else None, bounds, address, folder)
        for messages in _parts(topic.messages(head.next, bounds.ends)):
            last = {message.partition: message.offset + 1 for message in messages}  # a partition's come in order
            head = msgspec.structs.replace(head, next={**head.next, **last})
            landed.write(folder, head, messages, time.time_ns() // 1000)
            head = msgspec.structs.replace(head, lost=())
    return folder


@contextmanager
def _opened(address: Address, source: Source) -> Iterator[Topic]:
    seconds = duration(source.timeout, place="[[data.sources]] timeout").total_seconds()
    kafka = address.scheme == "kafka"
    topic: Topic = KafkaTopic(address, seconds) if kafka else JetStream(address, resolved(source.token), seconds)
    try:
        yield topic
    finally:
        topic.close()


def _continued(before: landed.Head | None, bounds: Bounds, address: Address, folder: Path) -> landed.Head:
    """Where to go on, and what is lost for good."""
    subject = address.options.get("subject", "")
    name = f"{address.name}?subject={subject}" if subject else address.name
    if before is None:
        return landed.Head(topic=name, born=bounds.born, next=dict(bounds.begins))
    mend = f"give the source a new name, or move {folder} away to land the topic from its beginning"
    if before.topic != name:
        raise InputError("another topic was landed for this source", place=address.shown, found=before.topic, mend=mend)
    anew = before.born != bounds.born
    if anew or any(bounds.ends.get(partition, 0) < offset for partition, offset in before.next.items()):
        raise InputError("the topic is not the one that was landed, but begins anew", place=address.shown, mend=mend)
    lost = tuple(
        (partition, before.next[partition], begin - 1)
        for partition, begin in sorted(bounds.begins.items())
        if before.next.get(partition, begin) < begin
    )
    start = {partition: max(begin, before.next.get(partition, begin)) for partition, begin in bounds.begins.items()}
    return landed.Head(topic=name, born=bounds.born, next=start, lost=lost)


def _parts(messages: Iterator[Message]) -> Iterator[list[Message]]:
    part: list[Message] = []
    size = 0
    try:
        for message in messages:
            part.append(message)
            size += len(message.body or b"")
            if len(part) == MESSAGES or size >= BYTES:
                yield part
                part, size = [], 0
    except OutsideError:
        if part:
            yield part  # what had come is kept
        raise
    if part:
        yield part


def _add(records: RecordFile, line: landed.Line) -> None:
    if line.text is None:
        records.turn_away(
            line.base64 or "", "no UTF-8 text, here as base64" if line.base64 else "a message without a body"
        )
        return
    try:
        record = msgspec.json.decode(line.text)
    except (msgspec.DecodeError, RecursionError):
        record = None
    if not isinstance(record, dict):
        records.turn_away(line.text, "not a JSON object")
        return
    own = {"_arrived": line.arrived, "_topic": line.topic, "_partition": line.partition, "_offset": line.offset}
    records.add({**record, **own})
