"""Load on a service: lanes that ask without a pause, each over a connection of its own, and keep what was acknowledged."""

from __future__ import annotations

import http.client
import json
import threading
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from .bundles import row


class Lanes:
    """Threads that ask until the block ends.

    Attributes
    ----------
    acknowledged : ids that were answered with 200.
    answers : the answers to them.
    refused : statuses of those that were answered otherwise.
    broken : requests whose connection broke before an answer.
    """

    def __init__(self, url: str, lanes: int = 4) -> None:
        self._host, self._done = urlsplit(url).netloc, threading.Event()
        self.acknowledged: list[str] = []
        self.answers: list[dict[str, Any]] = []
        self.refused: list[int] = []
        self.broken = 0
        self._threads = [threading.Thread(target=self._ask, args=(lane,)) for lane in range(lanes)]

    def __enter__(self) -> Lanes:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, type: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, lane: int) -> None:
        number, connection = 0, self._connection()
        while not self._done.is_set():
            id, number = f"{lane}-{number}", number + 1
            body = json.dumps({"rows": [row(number, id=id, flight=f"L{lane}-{number}")]})
            try:
                connection.request("POST", "/predict", body, {"content-type": "application/json"})
                response = connection.getresponse()
                found = response.read()
            except (OSError, http.client.HTTPException):
                self.broken += 1
                connection.close()
                connection = self._connection()
                self._done.wait(0.01)
                continue
            if response.status == 200:
                self.acknowledged.append(id)
                self.answers.append(json.loads(found))
            else:
                self.refused.append(response.status)
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._host, timeout=30)
