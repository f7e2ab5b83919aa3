"""NATS JetStream: a subject read through a durable pull consumer, each message acknowledged by itself.

A message that a killed process held is delivered again after 30 seconds, or as many as ``?ack_wait=`` in the address says, which counts
when the consumer is first made. What is sent carries ``Nats-Msg-Id``, by which the server itself drops what is sent twice within the
stream's duplicate window.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from fullcycle.deployment.stream.broker import Address, Letter, Message, client
from fullcycle.kernel.errors import InputError, OutsideError

_CONNECT = 5.0  # seconds
_ACK_WAIT = "30"  # seconds after which what is not acknowledged is delivered again


class JetStreamInbox:
    """A subject of a stream, read by a group: its durable consumer, which the server keeps.

    Parameters
    ----------
    connection, subscription : of the server's own client.
    """

    def __init__(self, address: Address, connection: Any, subscription: Any) -> None:
        self._address, self._connection, self._subscription = address, connection, subscription

    @classmethod
    async def open(cls, address: Address, group: str, in_flight: int) -> JetStreamInbox:
        """Join *group*. Raises InputError where no stream has the subject, OutsideError where the server does not answer."""
        wait = _seconds(address)
        connection = await _connected(address)
        api, errors = client("nats.js.api"), client("nats.js.errors")
        stream = connection.jetstream(timeout=_CONNECT)
        how = api.ConsumerConfig(
            ack_policy=api.AckPolicy.EXPLICIT, ack_wait=wait, max_ack_pending=in_flight, max_deliver=-1
        )
        try:
            name = await stream.find_stream_name_by_subject(address.name)
            durable = re.sub(r"[^A-Za-z0-9_-]", "-", group)
            subscription = await stream.pull_subscribe(address.name, durable=durable, stream=name, config=how)
        except errors.NotFoundError:
            await connection.close()
            mend = "make the stream first, with this subject among its subjects"
            raise InputError("no stream has this subject", place=address.shown, mend=mend) from None
        except (client("nats.errors").Error, OSError, TimeoutError) as error:
            await connection.close()
            raise address.trouble(error) from None
        return cls(address, connection, subscription)

    async def fetch(self, most: int, seconds: float) -> list[Message]:
        """Up to *most* messages; none where none came for so many seconds."""
        try:
            found = await self._subscription.fetch(most, timeout=seconds)
        except TimeoutError:
            if not self._connection.is_connected:
                raise self._address.trouble(ConnectionError("the connection is lost")) from None
            return []
        except (client("nats.errors").Error, OSError) as error:
            raise self._address.trouble(error) from None
        return [Message(f"{one.metadata.stream} {one.metadata.sequence.stream}", one.data, one) for one in found]

    async def done(self, messages: Sequence[Message]) -> None:
        """They need not be delivered again."""
        try:
            for message in messages:
                await message.handle.ack()
            await self._connection.flush(timeout=int(_CONNECT))
        except (client("nats.errors").Error, OSError, TimeoutError) as error:
            raise self._address.trouble(error) from None

    async def close(self) -> None:
        """Leave the server; the group stays where it is."""
        await self._connection.close()


class JetStreamOutbox:
    """A subject to which messages go that a stream keeps."""

    def __init__(self, address: Address, connection: Any) -> None:
        self._address, self._connection = address, connection
        self._stream = connection.jetstream(timeout=_CONNECT)

    @classmethod
    async def open(cls, address: Address) -> JetStreamOutbox:
        """Connect, and see that a stream keeps the subject; errors as :meth:`JetStreamInbox.open`."""
        connection = await _connected(address)
        found = cls(address, connection)
        try:
            await found._stream.find_stream_name_by_subject(address.name)
        except client("nats.js.errors").NotFoundError:
            await connection.close()
            mend = "make the stream first, with this subject among its subjects"
            raise InputError("no stream has this subject", place=address.shown, mend=mend) from None
        except (client("nats.errors").Error, OSError, TimeoutError) as error:
            await connection.close()
            raise address.trouble(error) from None
        return found

    async def send(self, letters: Sequence[Letter]) -> None:
        """Return when the stream has all of them."""
        sent = (self._stream.publish(self._address.name, one.body, headers={"Nats-Msg-Id": one.key}) for one in letters)
        try:
            await asyncio.gather(*sent)
        except (client("nats.errors").Error, OSError, TimeoutError) as error:
            raise self._address.trouble(error) from None

    async def close(self) -> None:
        """Leave the server."""
        await self._connection.close()


def _seconds(address: Address) -> float:
    text = address.options.get("ack_wait", _ACK_WAIT)
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0.1 <= found <= 86_400:
        expected = "seconds, 0.1 to 86400"
        raise InputError("ack_wait is no time", place=address.shown, found=text, expected=expected)
    return found


async def _connected(address: Address) -> Any:
    nats, errors = client("nats"), client("nats.errors")
    login: dict[str, Any] = {"user": address.user, "password": address.password} if address.user else {}
    connection = nats.NATS()
    connecting = connection.connect(
        [f"nats://{server}" for server in address.servers.split(",")],
        allow_reconnect=False,  # whoever watches starts us again: nothing that was not acknowledged is lost
        connect_timeout=_CONNECT,
        error_cb=_quiet,
        **login,
    )
    try:
        await asyncio.wait_for(connecting, _CONNECT)
    except (errors.Error, OSError, TimeoutError) as error:
        await connection.close()
        if isinstance(error, OutsideError):
            raise
        if "authorization" in str(error).lower():
            mend = "check user and password of the address"
            raise InputError("the broker refuses access", place=address.shown, mend=mend) from None
        raise address.trouble(error) from None
    return connection


async def _quiet(_: Exception) -> None:
    """Errors are raised where they are met; the library would print them as well."""
