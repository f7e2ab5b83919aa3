"""Clients that are slow, or close their half of the connection; and what the application makes of odd requests."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest
import uvicorn
from uvicorn.server import ServerState

from fullcycle.deployment.service.asgi import LARGEST, App, Path, Request, Response
from fullcycle.deployment.service.connection import WHOLE, Connection
from fullcycle.deployment.service.problem import Problem


async def echo(request: Request) -> Response:
    body = await request.body()
    return Response(json.dumps({"size": len(body), **request.path_params, "kind": request.headers.get("content-type")}))


async def fails(request: Request) -> Response:
    raise RuntimeError("a mistake")


def refuse(status: int, headers: Mapping[str, str]) -> Response:
    return Problem(status, "no").response(headers)


@contextlib.asynccontextmanager
async def nothing() -> AsyncIterator[None]:
    yield


APP = App(
    [Path("POST", "/echo", echo), Path("GET", "/fails", fails), Path("GET", "/models/{model}/ready", echo)],
    refuse,
    nothing,
)


class Client:
    """One connection to a server in this loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: ServerState) -> None:
        self.reader, self.writer, self.state = reader, writer, state

    async def send(self, text: str) -> None:
        self.writer.write(text.replace("\n", "\r\n").encode())
        await asyncio.sleep(0.05)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)).decode().split("\r\n")
        headers = {name.lower(): text for name, text in (line.split(": ", 1) for line in head[1:] if line)}
        return int(head[0].split()[1]), headers, await self.reader.readexactly(int(headers["content-length"]))

    def later(self, seconds: float) -> None:
        for connection in list(self.state.connections):
            assert isinstance(connection, Connection)
            connection.refuse_if_late(asyncio.get_running_loop().time() + seconds)


def talk(story: Callable[[Client], Awaitable[None]]) -> None:
    async def run() -> None:
        config, state = uvicorn.Config(APP, http=Connection, log_config=None, lifespan="off"), ServerState()
        config.load()
        server = await asyncio.get_running_loop().create_server(lambda: Connection(config, state, {}), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        await asyncio.sleep(0.05)
        try:
            await story(Client(reader, writer, state))
        finally:
            writer.close()
            server.close()
            await asyncio.sleep(0.01)

    asyncio.run(run())


@pytest.mark.parametrize(
    "sent",
    ["", "POST /ec", "POST /echo HTTP/1.1\nhost: x\ncontent-le", "POST /echo HTTP/1.1\ncontent-length: 9\n\n123"],
)
def test_a_request_that_does_not_come_to_an_end_is_refused(sent: str) -> None:
    async def story(client: Client) -> None:
        await client.send(sent)
        client.later(WHOLE - 1)
        assert len(client.state.connections) == 1
        client.later(WHOLE + 1)
        status, headers, body = await client.answer()
        assert (status, headers["connection"]) == (408, "close")
        assert json.loads(body)["type"] == "urn:fullcycle:problem:too-slow"
        assert await client.reader.read() == b""

    talk(story)


def test_an_idle_connection_that_was_answered_is_kept() -> None:
    async def story(client: Client) -> None:
        for _ in range(2):
            await client.send("POST /echo HTTP/1.1\ncontent-length: 3\n\n123")
            assert (await client.answer())[0] == 200
            client.later(WHOLE + 1)

    talk(story)


def test_who_closes_half_of_the_connection_is_answered() -> None:
    async def story(client: Client) -> None:
        client.writer.write(b"POST /echo HTTP/1.1\r\ncontent-type: a/b\r\ncontent-length: 3\r\n\r\n123")
        client.writer.write_eof()
        status, _, body = await client.answer()
        assert (status, json.loads(body)) == (200, {"size": 3, "kind": "a/b"})
        assert await client.reader.read() == b""

    talk(story)


def test_a_body_in_parts_is_put_together_and_one_too_large_refused() -> None:
    async def story(client: Client) -> None:
        await client.send("POST /echo HTTP/1.1\ntransfer-encoding: chunked\n\n3\nabc\n")
        await client.send("2\nde\n0\n\n")
        assert json.loads((await client.answer())[2])["size"] == 5
        await client.send(f"POST /echo HTTP/1.1\ncontent-length: {LARGEST + 1}\n\n" + "x" * (LARGEST + 1))
        status, headers, _ = await client.answer()
        assert (status, headers["connection"]) == (413, "close")

    talk(story)


def test_paths_methods_and_failures() -> None:
    async def story(client: Client) -> None:
        await client.send("GET /models/late.flights/ready HTTP/1.1\n\n")
        assert json.loads((await client.answer())[2])["model"] == "late.flights"
        for path in ("/models//ready", "/models/a/b/ready", "/echo/", "/"):
            await client.send(f"GET {path} HTTP/1.1\n\n")
            assert (await client.answer())[0] == 404
        await client.send("GET /echo HTTP/1.1\n\n")
        status, headers, _ = await client.answer()
        assert (status, headers["allow"]) == (405, "POST")
        await client.send("GET /fails HTTP/1.1\n\n")
        status, headers, _ = await client.answer()
        assert (status, headers["content-type"]) == (500, "application/problem+json")

    talk(story)
