"""A connection that does not wait for ever: a request that is not whole in time is refused, and so is one that never comes.

uvicorn closes what is idle between two requests, but waits without end for a first one, and for the rest of one that has begun. And it
drops what it is about to answer when a client that has sent everything closes its half of the connection (RFC 9112, 9.6), as ``nc -N``
does.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fullcycle.deployment.service.problem import Problem

WHOLE = 30.0  # seconds until a request must be whole, from its first byte; and until a new connection must begin one


class Connection(HttpToolsProtocol):
    """uvicorn's, with these two habits mended.

    Attributes
    ----------
    begun : when what is still coming in began, in the loop's seconds; 0 while nothing is.
    """

    begun = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.begun = self.loop.time()

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of it."""
        super().on_message_begin()
        self.begun = self.loop.time()

    def on_message_complete(self) -> None:
        """It is whole."""
        super().on_message_complete()
        self.begun = 0.0

    def eof_received(self) -> Any:
        """The client sends no more: what it asked is answered yet."""
        if self.cycle is None or self.cycle.response_complete or self.begun:
            return None
        self.cycle.keep_alive = False
        return True

    def refuse_if_late(self, now: float, seconds: float = WHOLE) -> None:
        """Close the connection where a request is not whole after *seconds*."""
        if not self.begun or now - self.begun < seconds or self.transport.is_closing():
            return
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            found = Problem(408, f"The request was not whole after {seconds:g} s.").response()
            head = [b"HTTP/1.1 408 Request Timeout", *(b": ".join(pair) for pair in found.start["headers"])]
            self.transport.write(b"\r\n".join([*head, b"connection: close", b"", found.body]))
        self.transport.close()
