"""Kafka: a topic read without a consumer group's commits, so that only what lies on disk counts as read.

Tried against a broker without login. Login (``kafka://user:${PASSWORD}@host/topic``: SASL PLAIN over TLS, or as ``mechanism``
and ``security`` in the query say) could not be tried where this was written.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any

from fullcycle.data.sources.brokers.topic import Address, Bounds, Message
from fullcycle.data.sources.extra import require
from fullcycle.kernel.errors import FullcycleError, InputError, OutsideError, nearest

_LOG = logging.getLogger(__name__)
_BATCH = 1000


class KafkaTopic:
    """A topic of Kafka, or of what speaks its protocol.

    Parameters
    ----------
    seconds : how long to wait for an answer, or for the next message.

    Raises
    ------
    InputError
        There is no such topic.
    OutsideError
        The broker does not answer.
    """

    def __init__(self, address: Address, seconds: float) -> None:
        self._kafka = require("confluent_kafka", "brokers")
        self._address, self._seconds, self._error = address, seconds, ""
        try:
            self._consumer = self._kafka.Consumer(self._settings(), logger=_LOG)
        except (self._kafka.KafkaException, ValueError) as error:
            raise InputError("the location does not fit Kafka", place=address.shown, found=str(error)) from None
        try:
            self._partitions = self._found()
        except FullcycleError:
            self.close()
            raise

    def bounds(self) -> Bounds:
        """Where the partitions begin and end now."""
        begins, ends = {}, {}
        for partition in self._partitions:
            begins[partition], ends[partition] = self._asked(
                self._consumer.get_watermark_offsets,
                self._kafka.TopicPartition(self._address.name, partition),
                timeout=self._seconds,
            )
        return Bounds(begins, self._looked(ends), "")

    def messages(self, start: Mapping[int, int], ends: Mapping[int, int]) -> Iterator[Message]:
        """Messages from *start* to before *ends*.

        Raises
        ------
        OutsideError
            No message comes for too long.
        """
        left = {partition for partition in ends if start[partition] < ends[partition]}
        places = [self._kafka.TopicPartition(self._address.name, partition, start[partition]) for partition in left]
        if places:
            self._consumer.assign(places)
        deadline = time.monotonic() + self._seconds
        paused: set[int] = set()
        while left:
            received = self._asked(self._consumer.consume, _BATCH, timeout=0.2)
            for one in received:
                partition, offset = one.partition(), one.offset()
                if one.error() is not None:
                    if one.error().code() != self._kafka.KafkaError._PARTITION_EOF:
                        raise self._trouble(one.error())
                    paused.add(partition)
                    if offset >= ends[partition]:  # markers of transactions stand where a last message might
                        left.discard(partition)
                    continue
                if partition in left and offset < ends[partition]:
                    yield self._message(one)
                if offset >= ends[partition] - 1:
                    left.discard(partition)
            if received:
                deadline = time.monotonic() + self._seconds
            elif time.monotonic() > deadline:
                if left <= paused:  # a transaction is open: what it holds back comes another time
                    return
                raise self._silent("before the end of the topic")

    def _looked(self, ends: dict[int, int]) -> dict[int, int]:
        """The ends, after a look what stands there: some brokers name the last batch that was written as the end."""
        looked = dict(ends)
        left = set(ends)
        self._consumer.assign([self._kafka.TopicPartition(self._address.name, *place) for place in ends.items()])
        deadline = time.monotonic() + self._seconds
        while left and time.monotonic() < deadline:
            for one in self._asked(self._consumer.consume, _BATCH, timeout=0.2):
                if one.error() is None:
                    looked[one.partition()] = one.offset() + 1
                elif one.error().code() == self._kafka.KafkaError._PARTITION_EOF:
                    left.discard(one.partition())
                else:
                    raise self._trouble(one.error())
        self._consumer.unassign()
        return looked

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "bootstrap.servers": self._address.servers,
            "group.id": "fullcycle",  # asked for by the library; nothing is ever committed
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "error_cb": self._note,
        }
        if security := self._address.options.get("security", "sasl_ssl" if self._address.user else ""):
            settings["security.protocol"] = security
        if self._address.user:
            settings["sasl.mechanism"] = self._address.options.get("mechanism", "PLAIN")
            settings["sasl.username"], settings["sasl.password"] = self._address.user, self._address.password
        return settings

    def _note(self, error: Any) -> None:
        self._error = error.name()

    def _found(self) -> list[int]:
        topics = self._asked(self._consumer.list_topics, timeout=self._seconds).topics
        topic = topics.get(self._address.name)
        if topic is None or not topic.partitions:
            near = nearest(self._address.name, topics)
            mend = f"did you mean {near!r}?" if near else "mend 'from' in [[data.sources]] of cycle.toml"
            raise InputError("the topic is missing", place=self._address.shown, mend=mend)
        return sorted(topic.partitions)

    def _asked(self, ask: Any, *arguments: object, **how: object) -> Any:
        try:
            return ask(*arguments, **how)
        except self._kafka.KafkaException as error:
            raise self._trouble(error.args[0]) from None

    def _trouble(self, error: Any) -> FullcycleError:
        if "AUTH" in f"{error.name()} {self._error}":
            mend = "check user, password, 'security' and 'mechanism' of the location"
            return InputError("the broker refuses access", place=self._address.shown, found=error.name(), mend=mend)
        return self._silent(f"({self._error or error.name()})")

    def _silent(self, detail: str) -> OutsideError:
        return OutsideError(
            f"the broker does not answer {detail}",
            place=self._address.shown,
            mend="check the address and the network, or lengthen 'timeout' under [[data.sources]]",
        )

    def _message(self, one: Any) -> Message:
        kind, milliseconds = one.timestamp()
        said = None if kind == self._kafka.TIMESTAMP_NOT_AVAILABLE else milliseconds * 1000
        return Message(one.partition(), one.offset(), one.topic(), said, one.value())
