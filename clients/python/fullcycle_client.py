"""Asks a fullcycle prediction service. One file, the standard library alone.

A decision is asked for under an id that stays the same through retries, so that it counts once. When the service does not answer
within the time-out, today's rule decides, which the caller gives. A request that the service refuses (a column that is wrong) is
raised as `Refused`: retrying would not help, and hiding it would.

    client = Client("http://127.0.0.1:8000")
    decision = client.decide({"tail": "N1", "distance": 1200}, todays_rule=lambda row: "wait")
    client.outcome({"id": decision["id"], "arr_delay": 41.0})
"""

from __future__ import annotations

import http.client
import json
import random
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from typing import Any

PASSING = {408, 425, 429, 500, 502, 503, 504}


class Refused(Exception):
    """The service refused a request: its status, and its problem document (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status}: {problem.get('detail', '')} {problem.get('errors', '')}")
        self.status, self.problem = status, problem


class Unanswered(Exception):
    """The service did not answer in time."""


class Client:
    """A client of the service at an address such as ``http://127.0.0.1:8000``.

    Parameters
    ----------
    timeout : seconds for one decision with all its attempts.
    attempts : requests sent for one decision, at most.
    pause : seconds before the second attempt, at most; it doubles with each further one.
    token : a bearer token.
    """

    def __init__(
        self, service: str, *, timeout: float = 2.0, attempts: int = 3, pause: float = 0.1, token: str = ""
    ) -> None:
        self.service, self.timeout, self.attempts, self.pause = service.rstrip("/"), timeout, attempts, pause
        self.headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}

    def decide(self, row: Mapping[str, Any], todays_rule: Callable[[Mapping[str, Any]], Any]) -> dict[str, Any]:
        """``id``, ``decision``, ``score`` and ``variant``, which is ``fallback`` where today's rule stood in; ``why`` then tells."""
        sent = {"id": str(uuid.uuid4()), **row}
        try:
            return dict(self._post("/predict", {"rows": [sent]})["predictions"][0])
        except Unanswered as error:
            stood_in = {"decision": todays_rule(row), "score": None, "variant": "fallback"}
            return {"id": sent["id"], **stood_in, "why": str(error)}

    def outcome(self, outcome: Mapping[str, Any]) -> dict[str, Any]:
        """Tell what really happened; said again, it counts once. Raises Unanswered where the service does not take it."""
        return self._post("/outcomes", {"outcomes": [dict(outcome)]})

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        end, data, last = (
            time.monotonic() + self.timeout,
            json.dumps(body, allow_nan=False).encode(),
            "no attempt was made",
        )
        for attempt in range(self.attempts):
            left = end - time.monotonic()
            if left <= 0:
                break
            wait = random.uniform(0, self.pause * 2**attempt)  # full jitter
            request = urllib.request.Request(self.service + path, data, self.headers)
            try:
                with urllib.request.urlopen(request, timeout=left) as answer:
                    return dict(json.load(answer))
            except urllib.error.HTTPError as error:
                text = error.read().decode(errors="replace")
                if error.code not in PASSING:
                    raise Refused(error.code, _problem(text)) from None
                told = error.headers.get("Retry-After", "0")
                last, wait = f"{error.code}: {text}", max(wait, float(told) if told.isdigit() else 0.0)
            except (OSError, ValueError, http.client.HTTPException) as error:
                last = str(error) or type(error).__name__
            if attempt + 1 == self.attempts or wait >= end - time.monotonic():
                break  # there would be no time left for an answer
            time.sleep(wait)
        raise Unanswered(last)


def _problem(text: str) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except ValueError:
        return {"detail": text}
