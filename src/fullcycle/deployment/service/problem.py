"""Problem documents (RFC 9457): every error of the service in one shape, told as facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from fullcycle.deployment.service.asgi import Response
from fullcycle.kernel.errors import FullcycleError

MEDIA_TYPE = "application/problem+json"
SHOWN = 100  # failures that are listed; the rest is counted

CODES = {
    400: "not-json",
    404: "not-found",
    405: "method-not-allowed",
    408: "too-slow",
    409: "id-reused",
    413: "too-large",
    415: "media-type",
    422: "rows-not-answered",
    500: "internal",
    503: "unavailable",
}


class RowFailure(msgspec.Struct, frozen=True):
    """One reason why a row is not taken: which row (from 0), which column, what was found, what was expected.

    >>> RowFailure(0, "distance", "-5", "a number, at least 0").row
    0
    """

    row: int | None
    column: str
    found: str
    expected: str


class Problem(Exception):
    """An answer that is an error.

    Parameters
    ----------
    status : of HTTP.
    detail : what is wrong with this request, as a sentence.
    errors : the rows that are wrong.
    retry_after : seconds after which it is worth trying again.
    facts : further members of the document.

    Examples
    --------
    >>> problem = Problem(409, "id 'a1' was answered for another row")
    >>> msgspec.json.decode(problem.response().body)["title"]
    'Conflict'
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[RowFailure] = (),
        retry_after: int | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.retry_after, self.facts = status, detail, errors, retry_after, facts

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        """The document with its status and headers."""
        document: dict[str, Any] = {
            "type": f"urn:fullcycle:problem:{CODES.get(self.status, 'other')}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **self.facts,
        }
        if self.errors:
            document["errors"] = self.errors[:SHOWN]
            if len(self.errors) > SHOWN:
                document["errors_left_out"] = len(self.errors) - SHOWN
        headers = dict(headers or {})
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return Response(msgspec.json.encode(document), self.status, headers, MEDIA_TYPE)


def of_error(error: FullcycleError, *, retry_after: int = 5) -> Problem:
    """An obstacle outside as a problem: the request may be sent again.

    >>> from fullcycle.kernel.errors import OutsideError
    >>> of_error(OutsideError("cannot log: no space left on device")).status
    503
    """
    return Problem(503, f"{error.problem}.", retry_after=retry_after)
