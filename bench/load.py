"""Load on a server over connections that stay open: by wrk where it is installed, else by a client in Python, which is slower itself."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

CONNECTIONS = 16
ENTITY = "~entity~"  # in a body: something else each time
_SCRIPT = """\
local bodies, number, begun = {}, 0, os.time()
for line in io.lines("%s") do bodies[#bodies + 1] = line end
function request()
  number = number + 1
  local body = bodies[number %% #bodies + 1]:gsub("~entity~", begun .. "-" .. number)
  return wrk.format("POST", nil, {["content-type"] = "application/json"}, body)
end
"""
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


class Loaded(NamedTuple):
    """What a load came to: requests a second, and seconds that half and 99 of 100 took at most."""

    requests: int
    rate: float
    p50: float
    p99: float


def load(url: str, bodies: Sequence[str], seconds: float) -> Loaded:
    """Ask *url* for *seconds*: POST each of *bodies* in turn, or GET where there are none.

    Raises
    ------
    RuntimeError : an answer was no success.
    """
    body = bodies[0].replace(ENTITY, f"first-{time.time_ns()}").encode() if bodies else None
    with urllib.request.urlopen(urllib.request.Request(url, body, {"content-type": "application/json"}), timeout=60):
        pass  # what a first request loads is not measured
    if shutil.which("wrk") is None:
        return asyncio.run(_asked(url, bodies, seconds))
    with tempfile.TemporaryDirectory() as folder:
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--latency", url]
        if bodies:
            lines, script = Path(folder, "bodies"), Path(folder, "ask.lua")
            lines.write_text("".join(f"{body}\n" for body in bodies))
            script.write_text(_SCRIPT % lines)
            command += ["-s", str(script)]
        first = {min(os.sched_getaffinity(0))}  # the server is on the others, if there are any
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, first)
        )
    return read_wrk(done.stdout)


def read_wrk(text: str) -> Loaded:
    """What wrk printed.

    >>> text = "50%    0.92ms\\n99%  1.20s\\n 4000 requests in 2.00s, 1MB read\\nRequests/sec:   2000.00"
    >>> read_wrk(text)
    Loaded(requests=4000, rate=2000.0, p50=0.00092, p99=1.2)
    """
    if "Non-2xx" in text:
        raise RuntimeError(f"the server refused: {text}")
    times = {
        share: float(number) * _UNITS[unit] for share, number, unit in re.findall(r"(50|99)%\s+([\d.]+)(\w+)", text)
    }
    requests, rate = re.search(r"(\d+) requests in", text), re.search(r"Requests/sec:\s+([\d.]+)", text)
    if requests is None or rate is None:
        raise RuntimeError(f"wrk said something else: {text}")
    return Loaded(int(requests[1]), float(rate[1]), times["50"], times["99"])


async def _asked(url: str, bodies: Sequence[str], seconds: float) -> Loaded:
    host, _, path = url.removeprefix("http://").partition("/")
    requests, stop, took = _requests(f"/{path}", bodies), time.perf_counter() + seconds, list[float]()

    async def lane() -> None:
        name, _, port = host.partition(":")
        reader, writer = await asyncio.open_connection(name, int(port))
        while (begun := time.perf_counter()) < stop:
            writer.write(next(requests))
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head.lower())
            body = await reader.readexactly(int(length[1]) if length else 0)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"the server refused: {body.decode()[:500]}")
            took.append(time.perf_counter() - begun)
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(CONNECTIONS)))
    took.sort()
    rate = len(took) / (time.perf_counter() - begun)
    return Loaded(len(took), rate, took[len(took) // 2], took[len(took) * 99 // 100])


def _requests(path: str, bodies: Sequence[str]) -> Iterator[bytes]:
    """Endlessly many requests."""
    begun, number = time.time_ns(), 0
    while True:
        number += 1
        if not bodies:
            yield f"GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n".encode()
            continue
        body = bodies[number % len(bodies)].replace(ENTITY, f"{begun}-{number}").encode()
        head = f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        yield head.encode() + body
