"""Kafka: a topic read by a consumer group whose offsets are committed by us alone, after the answers are where they belong.

Login is ``kafka://user:${PASSWORD}@host/topic``: SASL PLAIN over TLS, or as ``mechanism`` and ``security`` in the query say. Partitions
of a killed process go to another after 10 seconds, or ``?session=`` as many.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from fullcycle.deployment.stream.broker import Address, Letter, Message, client
from fullcycle.kernel.errors import InputError

_LOG = logging.getLogger(__name__)
_SECONDS = 10.0  # to wait for the broker


class KafkaInbox:
    """A topic, read by a group.

    Parameters
    ----------
    consumer : of the makers' own client.
    """

    def __init__(self, address: Address, consumer: Any) -> None:
        self._address, self._consumer = address, consumer
        self._kafka = client("confluent_kafka")

    @classmethod
    async def open(cls, address: Address, group: str) -> KafkaInbox:
        """Join *group*. Raises InputError where there is no such topic, OutsideError where the broker does not answer."""
        settings = {
            **_settings(address),
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": _session(address),
            "heartbeat.interval.ms": 1000,
        }
        consumer = client("confluent_kafka.aio").AIOConsumer(settings, max_workers=2)
        found = cls(address, consumer)
        try:
            await _check_topic(consumer, address)
            await consumer.subscribe([address.name])
        except BaseException:
            await consumer.close()
            raise
        return found

    async def fetch(self, most: int, seconds: float) -> list[Message]:
        """Up to *most* messages; none where none came for so many seconds."""
        try:
            one = await self._consumer.poll(timeout=seconds)  # the first at once, then what else is here already
            more = await self._consumer.consume(most - 1, timeout=0.01) if one is not None and most > 1 else []
        except self._kafka.KafkaException as error:
            raise self._address.trouble(error) from None
        messages = []
        for found in ([one] if one is not None else []) + more:
            if found.error() is None:
                place = f"{found.topic()} {found.partition()} {found.offset()}"
                messages.append(Message(place, found.value() or b"", found))
            elif found.error().code() != self._kafka.KafkaError._PARTITION_EOF:
                raise self._address.trouble(self._kafka.KafkaException(found.error()))
        return messages

    async def done(self, messages: Sequence[Message]) -> None:
        """The group goes on after them."""
        ends: dict[int, int] = {}
        for message in messages:
            partition, offset = message.handle.partition(), message.handle.offset()
            ends[partition] = max(ends.get(partition, 0), offset + 1)
        places = [self._kafka.TopicPartition(self._address.name, *end) for end in ends.items()]
        try:
            await self._consumer.commit(offsets=places, asynchronous=False)
        except self._kafka.KafkaException as error:
            if error.args[0].code() not in self._moved():
                raise self._address.trouble(error) from None
            _LOG.info(
                "%s: partitions went to another of the group, which answers these messages again", self._address.shown
            )

    def _moved(self) -> tuple[int, ...]:
        """Codes that say that the partitions are another's by now."""
        codes = self._kafka.KafkaError
        return (
            codes.ILLEGAL_GENERATION,
            codes.UNKNOWN_MEMBER_ID,
            codes.REBALANCE_IN_PROGRESS,
            codes._ASSIGNMENT_LOST,
            codes._STATE,
        )

    async def close(self) -> None:
        """Leave the group."""
        await self._consumer.close()


class KafkaOutbox:
    """A topic to which messages go; the broker drops what the client sends twice."""

    def __init__(self, address: Address, producer: Any) -> None:
        self._address, self._producer = address, producer
        self._kafka = client("confluent_kafka")

    @classmethod
    async def open(cls, address: Address) -> KafkaOutbox:
        """Connect, and see that the topic is there; errors as :meth:`KafkaInbox.open`."""
        settings = {**_settings(address), "acks": "all", "enable.idempotence": True, "linger.ms": 0}
        producer = client("confluent_kafka.aio").AIOProducer(settings, max_workers=2)
        found = cls(address, producer)
        try:
            await _check_topic(producer, address)
        except BaseException:
            await producer.close()
            raise
        return found

    async def send(self, letters: Sequence[Letter]) -> None:
        """Return when the broker has all of them."""
        try:
            sent = [
                await self._producer.produce(self._address.name, value=one.body, key=one.key.encode())
                for one in letters
            ]
            await self._producer.flush()
            await asyncio.gather(*sent)
        except self._kafka.KafkaException as error:
            raise self._address.trouble(error) from None

    async def close(self) -> None:
        """Leave the broker."""
        await self._producer.close()


def _session(address: Address) -> int:
    """Milliseconds after which who does not answer is out of the group."""
    text = address.options.get("session", "10")
    if not text.isdecimal() or not 2 <= int(text) <= 1800:
        expected = "whole seconds, 2 to 1800"
        raise InputError("session is no time", place=address.shown, found=text, expected=expected)
    return 1000 * int(text)


def _settings(address: Address) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "bootstrap.servers": address.servers,
        "error_cb": lambda error: _LOG.info("%s: %s", address.shown, error),
    }
    if security := address.options.get("security", "sasl_ssl" if address.user else ""):
        settings["security.protocol"] = security
    if address.user:
        settings["sasl.mechanism"] = address.options.get("mechanism", "PLAIN")
        settings["sasl.username"], settings["sasl.password"] = address.user, address.password
    return settings


async def _check_topic(connection: Any, address: Address) -> None:
    kafka = client("confluent_kafka")
    try:
        found = await connection.list_topics(timeout=_SECONDS)
    except kafka.KafkaException as error:
        raise address.trouble(error) from None
    if address.name not in found.topics or found.topics[address.name].error is not None:
        raise InputError("the topic is missing", place=address.shown, mend="make the topic first, or mend the address")
