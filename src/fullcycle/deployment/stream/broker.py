"""What answering a topic asks of its broker, and the addresses of topics."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from fullcycle.kernel.errors import InputError, OutsideError, UnknownKey

SCHEMES = ("kafka", "nats")


class Message(NamedTuple):
    """A message that was delivered.

    Attributes
    ----------
    place : where it stands, the same when it is delivered again: topic, partition and offset, or stream and sequence.
    body : what it holds.
    handle : what its broker knows it by.
    """

    place: str
    body: bytes
    handle: Any


class Letter(NamedTuple):
    """A message to send: under which key, which two letters that are the same share, and what it holds."""

    key: str
    body: bytes


class Inbox(Protocol):
    """A topic that is read by a group; what is not done is delivered again to whoever reads next."""

    async def fetch(self, most: int, seconds: float) -> list[Message]:
        """Up to *most* messages; none where none came for so many seconds."""
        ...

    async def done(self, messages: Sequence[Message]) -> None:
        """They need not be delivered again."""
        ...

    async def close(self) -> None:
        """Leave the broker."""
        ...


class Outbox(Protocol):
    """A topic that is written."""

    async def send(self, letters: Sequence[Letter]) -> None:
        """Return when the broker has all of them for good."""
        ...

    async def close(self) -> None:
        """Leave the broker."""
        ...


class Address(NamedTuple):
    """The address of a topic, in parts; ``${NAME}`` is read from the environment.

    >>> Address.of("nats://ana:s3cret@host:4222/orders.asked").shown
    'nats://host:4222/orders.asked'
    """

    scheme: str
    servers: str
    user: str
    password: str
    name: str
    options: dict[str, str]
    shown: str

    @classmethod
    def of(cls, url: str) -> Address:
        """The parts of *url*.

        Raises
        ------
        UnknownKey : the scheme is none of :data:`SCHEMES`.
        InputError : it names no server or no topic, or a variable of the environment is not set.
        """
        parts = urlsplit(_resolved(url))
        if parts.scheme.lower() not in SCHEMES:
            raise UnknownKey(
                parts.scheme, SCHEMES, place=url.partition("?")[0].rpartition("@")[2], what="kind of broker"
            )
        userinfo, _, servers = parts.netloc.rpartition("@")
        user, _, password = userinfo.partition(":")
        name = unquote(parts.path.strip("/"))
        shown = f"{parts.scheme.lower()}://{servers}/{name}"
        if not servers or not name or "/" in name:
            expected = "kafka://host:9092/topic or nats://host:4222/subject"
            raise InputError("the address names no topic", place=shown, expected=expected)
        options = dict(parse_qsl(parts.query))
        return cls(parts.scheme.lower(), servers, unquote(user), unquote(password), name, options, shown)

    def trouble(self, error: BaseException) -> OutsideError:
        """What is told where the broker fails.

        >>> Address.of("nats://host/a").trouble(TimeoutError()).found
        'TimeoutError'
        """
        return OutsideError(
            "the broker does not answer",
            place=self.shown,
            found=f"{type(error).__name__}: {error}".removesuffix(": ")[:200],
            mend="check the address and the network, then run again: it goes on where it was",
        )


async def open_inbox(address: Address, group: str, in_flight: int) -> Inbox:
    """The topic at *address*, read as a member of *group*.

    Raises
    ------
    InputError : there is no such topic, or the client's library is not installed.
    OutsideError : the broker does not answer.
    """
    if address.scheme == "kafka":
        from fullcycle.deployment.stream.kafka import KafkaInbox

        return await KafkaInbox.open(address, group)
    from fullcycle.deployment.stream.jetstream import JetStreamInbox

    return await JetStreamInbox.open(address, group, in_flight)


async def open_outbox(address: Address) -> Outbox:
    """The topic at *address*, to be written; errors as :func:`open_inbox`."""
    if address.scheme == "kafka":
        from fullcycle.deployment.stream.kafka import KafkaOutbox

        return await KafkaOutbox.open(address)
    from fullcycle.deployment.stream.jetstream import JetStreamOutbox

    return await JetStreamOutbox.open(address)


def client(module: str) -> Any:
    """A broker's own client.

    Raises
    ------
    InputError : it is not installed.

    >>> client("json").loads("1")
    1
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        mend = "pip install 'fullcycle[brokers]'"
        raise InputError(f"the library {module!r} is not installed", mend=mend) from None


def _resolved(text: str) -> str:
    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise InputError(f"the environment variable {match[1]!r} is not set", mend=f"export {match[1]}=…")
        return quote(found, safe="")

    return re.sub(r"\$\{(\w+)\}", value, text)
