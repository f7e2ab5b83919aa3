"""A small ASGI application: a table of paths, and nothing between a request and the function that answers it.

A framework's layers cost a request of one row more than its model does (docs/decisions/0028). The interface is version 3 of the ASGI
specification, https://asgi.readthedocs.io.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

LARGEST = 1 << 20  # bytes of a body


class BodyTooLarge(Exception):
    """A body of more than `LARGEST` bytes."""


class ClientGone(Exception):
    """The client closed the connection, or was too slow, before its request was whole."""


class Request:
    """One request; its body is read when it is asked for.

    Attributes
    ----------
    path_params : what stands in the place of the braces of the path.
    """

    __slots__ = ("_receive", "path_params", "scope")

    def __init__(self, scope: Scope, receive: Receive, path_params: Mapping[str, str]) -> None:
        self.scope, self._receive, self.path_params = scope, receive, path_params

    @property
    def headers(self) -> dict[str, str]:
        """The headers, under names in lower case; of one that comes twice the first."""
        pairs = reversed(self.scope["headers"])
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}

    async def body(self) -> bytes:
        """The whole body, once.

        Raises
        ------
        BodyTooLarge, ClientGone
        """
        message = await self._receive()
        parts: list[bytes] = []
        size = 0
        while message["type"] == "http.request":
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > LARGEST:
                raise BodyTooLarge
            if not message.get("more_body") and not parts:
                return part
            parts.append(part)
            if not message.get("more_body"):
                return b"".join(parts)
            message = await self._receive()
        raise ClientGone


class Response:
    """An answer: its bytes, status and headers.

    >>> Response(b"{}", 404).start["status"]
    404
    """

    __slots__ = ("body", "start")

    def __init__(
        self,
        body: bytes | str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str = "application/json",
    ) -> None:
        self.body = body if isinstance(body, bytes) else body.encode()
        pairs = [(b"content-type", _media(media_type)), (b"content-length", b"%d" % len(self.body))]
        if headers:
            pairs += [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()]
        self.start: Message = {"type": "http.response.start", "status": status, "headers": pairs}


def _media(media_type: str) -> bytes:
    return f"{media_type}; charset=utf-8".encode() if media_type.startswith("text/") else media_type.encode()


Answer: TypeAlias = Callable[[Request], Awaitable[Response]]


class Path(NamedTuple):
    """What answers a method of a path; in braces, the name of a part of it that may be anything."""

    method: str
    path: str
    answer: Answer


class App:
    """The application.

    Parameters
    ----------
    paths : what it answers; what answers GET answers HEAD too.
    refuse : the answer to what is on no path (404), to another method of one that is (405), to a body that is too large (413) and
        to a failure (500); it is given the status and headers.
    lifespan : entered before the first request and left after the last.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        refuse: Callable[[int, Mapping[str, str]], Response],
        lifespan: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        self._refuse, self._lifespan = refuse, lifespan
        self._exact = {(it.method, it.path): it.answer for it in paths if "{" not in it.path}
        self._patterns = [(it.method, _pattern(it.path), it.answer) for it in paths]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._live(receive, send)
            return
        answer = self._exact.get((scope["method"], scope["path"]))
        try:
            if answer is None:
                response = await self._other(scope, receive)
            else:
                response = await answer(Request(scope, receive, {}))
        except BodyTooLarge:
            response = self._refuse(413, {"connection": "close"})  # the rest of the body is not waited for
        except ClientGone:
            return
        except Exception:
            await _respond(send, self._refuse(500, {}))
            raise  # to the server, which writes it to its log
        await _respond(send, response)

    async def _other(self, scope: Scope, receive: Receive) -> Response:
        """The answer where no path is this one, letter for letter."""
        wanted = "GET" if scope["method"] == "HEAD" else scope["method"]
        methods: list[str] = []
        for method, pattern, answer in self._patterns:
            found = pattern.fullmatch(scope["path"])
            if found is not None and method == wanted:
                return await answer(Request(scope, receive, found.groupdict()))
            methods += [method] if found is not None else []
        return self._refuse(405, {"allow": ", ".join(sorted(set(methods)))}) if methods else self._refuse(404, {})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._lifespan():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def _respond(send: Send, response: Response) -> None:
    await send(response.start)
    await send({"type": "http.response.body", "body": response.body})


def _pattern(path: str) -> re.Pattern[str]:
    """A regular expression for a path with braces.

    >>> _pattern("/v2/models/{model}/infer").fullmatch("/v2/models/late.flights/infer").groupdict()
    {'model': 'late.flights'}
    """
    parts = re.split(r"\{(\w+)\}", path)
    return re.compile("".join(f"(?P<{it}>[^/]+)" if odd % 2 else re.escape(it) for odd, it in enumerate(parts)))
