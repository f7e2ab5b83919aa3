"""What reading a topic of any broker asks of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from fullcycle.data.sources.location import check_port, shown
from fullcycle.kernel.errors import InputError


class Message(NamedTuple):
    """One message.

    Attributes
    ----------
    partition, offset : where it stands; a stream has one partition, 0, and its sequences are the offsets.
    topic : the topic, or the subject in a stream.
    time : when the broker had it, in µs UTC; None where the broker does not say.
    body : None for what Kafka calls a tombstone.
    """

    partition: int
    offset: int
    topic: str
    time: int | None
    body: bytes | None


class Bounds(NamedTuple):
    """Where a topic begins and ends: by partition, the first offset that is kept and the one after the last.

    *born* tells a topic from one of the same name that was made later; empty where the broker does not say.
    """

    begins: Mapping[int, int]
    ends: Mapping[int, int]
    born: str


class Topic(Protocol):
    """A topic that is being read."""

    def bounds(self) -> Bounds:
        """Where it begins and ends now."""
        ...

    def messages(self, start: Mapping[int, int], ends: Mapping[int, int]) -> Iterator[Message]:
        """Its messages from *start* to before *ends*, each partition's in order; never acknowledged."""
        ...

    def close(self) -> None:
        """Leave the broker."""
        ...


class Address(NamedTuple):
    """A location of a topic, in parts.

    >>> Address.of("nats://ana:s3cret@host/ORDERS?subject=orders.*").options
    {'subject': 'orders.*'}
    """

    scheme: str
    servers: str
    user: str
    password: str
    name: str
    options: dict[str, str]
    shown: str

    @classmethod
    def of(cls, location: str) -> Address:
        """The parts of *location*.

        Raises
        ------
        InputError
            It names no server or no topic.
        """
        parts = urlsplit(location)
        userinfo, _, servers = parts.netloc.rpartition("@")
        user, _, password = userinfo.partition(":")
        name = unquote(parts.path.strip("/"))
        if not servers or not name or "/" in name:
            raise InputError(
                "the location names no topic",
                place=shown(location),
                expected="kafka://host:9092/topic or nats://host:4222/stream?subject=orders.*",
                mend="mend 'from' in [[data.sources]] of cycle.toml",
            )
        for server in servers.split(","):
            check_port(server, place=shown(location))
        options = dict(parse_qsl(parts.query))
        return cls(parts.scheme.lower(), servers, unquote(user), unquote(password), name, options, shown(location))
