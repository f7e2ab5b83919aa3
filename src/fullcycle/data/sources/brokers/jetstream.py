"""NATS JetStream: a stream, or one subject of it, read through a consumer that acknowledges nothing and is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from typing import Any, TypeVar

from fullcycle.data.sources.brokers.topic import Address, Bounds, Message
from fullcycle.data.sources.extra import require
from fullcycle.kernel.errors import FullcycleError, InputError, OutsideError, nearest
from fullcycle.traffic.schema import micros

_BATCH = 500
T = TypeVar("T")


class JetStream:
    """A stream; its one partition is 0.

    Parameters
    ----------
    token : of the server, where it asks for one.
    seconds : how long to wait for an answer, or for the next message.

    Raises
    ------
    InputError
        There is no such stream, or access is refused.
    OutsideError
        The server does not answer.
    """

    def __init__(self, address: Address, token: str, seconds: float) -> None:
        self._nats, self._errors = require("nats", "brokers"), require("nats.js.errors", "brokers")
        self._address, self._seconds = address, seconds
        self._subject = address.options.get("subject", "")
        self._runner = asyncio.Runner()
        self._connection: Any = None
        try:
            self._connection = self._run(self._connected(token))
            self._stream = self._connection.jetstream(timeout=seconds)
            self._info = self._run(self._looked_up())
        except FullcycleError:
            self.close()
            raise

    def bounds(self) -> Bounds:
        """First sequence that is kept, and the one after the last."""
        state = self._info.state
        return Bounds({0: max(1, state.first_seq)}, {0: state.last_seq + 1}, str(self._info.created or ""))

    def messages(self, start: Mapping[int, int], ends: Mapping[int, int]) -> Iterator[Message]:
        """Messages from *start* to before *ends*.

        Raises
        ------
        OutsideError
            No message comes for too long.
        """
        if start[0] >= ends[0]:
            return
        reader = self._run(self._reader(start[0]))
        while True:
            left = self._run(reader.consumer_info()).num_pending
            if not left:  # the last ones may be of other subjects, or deleted meanwhile
                return
            for one in self._run(reader.fetch(min(_BATCH, left), timeout=self._seconds)):
                offset = one.metadata.sequence.stream
                if offset >= ends[0]:
                    return
                yield Message(0, offset, one.subject, micros(one.metadata.timestamp), one.data)
                if offset == ends[0] - 1:
                    return

    def close(self) -> None:
        """Leave the server."""
        try:
            if self._connection is not None:
                self._runner.run(self._connection.close())
        finally:
            self._runner.close()

    async def _connected(self, token: str) -> Any:
        address = self._address
        login: dict[str, Any] = {"user": address.user, "password": address.password} if address.user else {}
        if token:
            login["token"] = token
        servers = [f"{address.scheme}://{server}" for server in address.servers.split(",")]
        client = self._nats.NATS()
        connecting = client.connect(
            servers,
            allow_reconnect=False,
            max_reconnect_attempts=1,  # 0 would be without end
            reconnect_time_wait=0.1,
            connect_timeout=self._seconds,
            error_cb=_quiet,
            **login,
        )
        try:
            await asyncio.wait_for(connecting, self._seconds)
        except BaseException:
            await client.close()  # a connection that is refused stays open otherwise
            raise
        return client

    async def _looked_up(self) -> Any:
        try:
            return await self._stream.stream_info(self._address.name)
        except self._errors.NotFoundError:
            names = [info.config.name for info in await self._stream.streams_info()]
            near = nearest(self._address.name, names)
            mend = f"did you mean {near!r}?" if near else "mend 'from' in [[data.sources]] of cycle.toml"
            raise InputError("the stream is missing", place=self._address.shown, mend=mend) from None

    async def _reader(self, start: int) -> Any:
        api = require("nats.js.api", "brokers")
        how = api.ConsumerConfig(
            ack_policy=api.AckPolicy.NONE, deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=start
        )
        return await self._stream.pull_subscribe(self._subject, stream=self._address.name, config=how)

    def _run(self, asked: Coroutine[Any, Any, T]) -> T:
        errors = require("nats.errors", "brokers")
        try:
            return self._runner.run(asked)
        except (errors.Error, OSError, TimeoutError) as error:
            if isinstance(error, FullcycleError):
                raise
            raise self._trouble(error) from None

    def _trouble(self, error: Exception) -> FullcycleError:
        if "authorization" in str(error).lower() or "permissions" in str(error).lower():
            mend = "check user and password of the location, or 'token' under [[data.sources]]"
            return InputError("the broker refuses access", place=self._address.shown, mend=mend)
        return OutsideError(
            "the broker does not answer",
            place=self._address.shown,
            found=type(error).__name__,
            mend="check the address and the network, or lengthen 'timeout' under [[data.sources]]",
        )


async def _quiet(_: Exception) -> None:
    """Errors are raised where they are met; the library would print them as well."""
