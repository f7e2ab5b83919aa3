"""Traces: who asked is kept through the service, and told to a collector where there is one.

``traceparent`` of a request is read and answered as the W3C's Trace Context has it (https://www.w3.org/TR/trace-context/), the
service's own span being the new parent. Where ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set, each request is a span that OpenTelemetry's
SDK exports by OTLP over HTTP; its other variables hold as well (https://opentelemetry.io/docs/specs/otel/protocol/exporter/).
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextvars import ContextVar
from importlib.metadata import version
from typing import Any, NamedTuple, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_FORM = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 1
_log = logging.getLogger(__name__)


class TraceParent(NamedTuple):
    """A span that others belong to: hexadecimal trace and span, and flags.

    >>> str(TraceParent("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1))
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    """

    trace: str
    span: str
    flags: int

    def __str__(self) -> str:
        return f"00-{self.trace}-{self.span}-{self.flags:02x}"


TRACE: ContextVar[TraceParent | None] = ContextVar("fullcycle_trace", default=None)
"""The service's own span of the request that is being answered; log lines name it."""


def parse(header: bytes) -> TraceParent | None:
    """What a ``traceparent`` names; None for what is none, which the specification wants ignored.

    >>> parse(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").flags
    1
    >>> parse(b"00-00000000000000000000000000000000-b7ad6b7169203331-01") is None
    True
    """
    found = _FORM.fullmatch(header.strip())
    if found is None:
        return None
    kind, trace, span, flags, more = found.groups()
    if kind == b"ff" or (kind == b"00" and more) or not trace.strip(b"0") or not span.strip(b"0"):
        return None
    return TraceParent(trace.decode(), span.decode(), int(flags, 16))


class Traced:
    """An ASGI application whose requests have spans.

    Parameters
    ----------
    app : what answers.
    collector : where spans go; what waits is sent before the application says that it has shut down.
    facts : attributes of a span that may change, such as the release that serves.
    """

    def __init__(self, app: App, collector: Collector, facts: Callable[[], Mapping[str, str]] = dict) -> None:
        self._app, self._collector, self._tracer, self._facts = app, collector, collector.tracer, facts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, self._closing(send))
            return
        parent = None
        if scope["type"] == "http":
            parent = next((parse(value) for name, value in scope["headers"] if name == b"traceparent"), None)
        if scope["type"] != "http" or (parent is None and self._tracer is None):
            await self._app(scope, receive, send)
            return
        span = None if self._tracer is None else _begin(self._tracer, scope, parent, self._facts())
        own = _own(span, parent)
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), (b"traceparent", str(own).encode())]}
            await send(message)

        token = TRACE.set(own)
        try:
            await self._app(scope, receive, answer)
        finally:
            TRACE.reset(token)
            if span is not None:
                _end(span, scope, status)

    def _closing(self, send: Send) -> Send:
        async def tell(message: Message) -> None:
            if message["type"] == "lifespan.shutdown.complete":
                await asyncio.to_thread(self._collector.close)
            await send(message)

        return tell


class Collector:
    """Where spans go: the exporter that the environment asks for, or nowhere.

    Attributes
    ----------
    tracer : OpenTelemetry's, None where nobody collects.

    Examples
    --------
    >>> Collector({}).tracer is None
    True
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self.tracer: Any = None
        self._provider: Any = None
        if not any(environment.get(name) for name in ENDPOINTS):
            return
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError:
            _log.error("no traces are sent: pip install 'fullcycle[tracing]'")
            return
        name = environment.get("OTEL_SERVICE_NAME", "fullcycle")
        self._provider = TracerProvider(resource=Resource.create({"service.name": name}), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self.tracer = self._provider.get_tracer("fullcycle", version("fullcycle"))

    def close(self) -> None:
        """Send what waits."""
        if self._provider is not None:
            self._provider.shutdown()


def _begin(tracer: Any, scope: Scope, parent: TraceParent | None, facts: Mapping[str, str]) -> Any:
    from opentelemetry import trace

    context = None
    if parent is not None:
        above = trace.SpanContext(int(parent.trace, 16), int(parent.span, 16), True, trace.TraceFlags(parent.flags))
        context = trace.set_span_in_context(trace.NonRecordingSpan(above))
    told = {"http.request.method": scope["method"], "url.path": scope["path"], **facts}
    return tracer.start_span(scope["method"], context, trace.SpanKind.SERVER, told)


def _end(span: Any, scope: Scope, status: int) -> None:
    from opentelemetry import trace

    span.set_attribute("http.response.status_code", status)
    if status != 404:  # whoever guesses paths makes no names
        span.update_name(f"{scope['method']} {scope['path']}")
    if status >= 500:
        span.set_status(trace.StatusCode.ERROR)
    span.end()


def _own(span: Any, parent: TraceParent | None) -> TraceParent:
    """The service's own span: the collector's, else a new one of the same trace."""
    if span is not None:
        found = span.get_span_context()
        return TraceParent(f"{found.trace_id:032x}", f"{found.span_id:016x}", int(found.trace_flags))
    if parent is None:
        raise TypeError("a span without a collector has a parent")
    return TraceParent(parent.trace, os.urandom(8).hex(), parent.flags & _SAMPLED)
