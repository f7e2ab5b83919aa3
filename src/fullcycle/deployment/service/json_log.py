"""Log lines as JSON, one a line on standard error, with the trace of the request that they are about."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import msgspec

from fullcycle.deployment.service.tracing import TRACE


class JsonFormatter(logging.Formatter):
    """Writes ``time``, ``level``, ``logger``, ``message``, and where there are some ``trace_id``, ``span_id``, ``exception``.

    >>> record = logging.LogRecord("fullcycle.x", logging.ERROR, "", 0, "cannot log: %s", ("disk full",), None)
    >>> record.created = 0.0
    >>> print(JsonFormatter().format(record))
    {"time":"1970-01-01T00:00:00.000Z","level":"error","logger":"fullcycle.x","message":"cannot log: disk full"}
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = {"time": time, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        if (trace := TRACE.get()) is not None:
            told |= {"trace_id": trace.trace, "span_id": trace.span}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(told).decode()


def log_as_json() -> None:
    """Log warnings of all, and what fullcycle tells besides, as JSON on standard error. For a process of the service's own."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("fullcycle").setLevel(logging.INFO)
