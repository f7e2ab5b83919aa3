"""The service as an ASGI application: routes, limits, and errors as problem documents."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from fullcycle.deployment.outcomes import OutcomeReader
from fullcycle.deployment.service.log import TrafficLog
from fullcycle.deployment.service.metrics import Metrics
from fullcycle.deployment.service.openapi import openapi
from fullcycle.deployment.service.outcomes import learn
from fullcycle.deployment.service.page import docs_page
from fullcycle.deployment.service.predict import predict
from fullcycle.deployment.service.problem import Problem, of_error
from fullcycle.deployment.service.routing import EVERY, Routing
from fullcycle.deployment.service.shadow import Mirror
from fullcycle.deployment.serving import read_key, traffic_folder
from fullcycle.kernel.errors import FullcycleError
from fullcycle.traffic.append import GroupCommit, SegmentWriter

LARGEST = 1 << 20  # bytes of a body
_log = logging.getLogger(__name__)
_json = msgspec.json.Encoder().encode


class Service:
    """One worker's service: what serves, its log, its counters.

    Parameters
    ----------
    routing : what serves.

    Raises
    ------
    OutsideError : the entity key cannot be read.
    """

    def __init__(self, routing: Routing) -> None:
        serving = routing.serving
        self.routing, self.metrics, self.in_flight = routing, Metrics(), 0
        self._key = read_key(routing.path, serving)
        self.log = TrafficLog(GroupCommit(SegmentWriter(traffic_folder(routing.path, serving), mode=serving.log)))
        self.mirror = Mirror(routing.path, lambda: self.routing.serving, self.metrics.shadow)
        self.log.mirror = self.mirror.offer

    def app(self) -> Starlette:
        """The application."""
        app = Starlette(
            routes=[
                Path("/predict", self._limited(self.predict), methods=["POST"]),
                Path("/outcomes", self._limited(self.outcomes), methods=["POST"]),
                Path("/health/live", self.live),
                Path("/health/ready", self.ready),
                Path("/metrics", self.counters),
                Path("/openapi.json", self.description),
                Path("/docs", self.docs),
            ],
            exception_handlers={HTTPException: self._http_error, Exception: self._failed},
            lifespan=self._lifespan,
        )
        app.router.redirect_slashes = False
        return app

    async def predict(self, body: bytes) -> Response:
        """``POST /predict``."""
        started = time.perf_counter()
        answer = await predict(body, self.routing.answerer, self.log, self.metrics)
        self.metrics.took(time.perf_counter() - started)
        return Response(_json(answer), media_type="application/json")

    async def outcomes(self, body: bytes) -> Response:
        """``POST /outcomes``."""
        serving = self.routing.serving
        if self.routing.answerer.predictor.policy.task == "clustering":
            raise Problem(422, "A clustering waits for no outcomes: nothing was foretold that could come true.")
        reader = OutcomeReader(
            serving.scope.environment,
            serving.scope.timeline,
            entity=serving.entity,
            time=serving.time,
            labels=serving.labels,
            key=self._key,
            zone=serving.zone,
            classes=serving.classes,
        )
        taken = await learn(body, reader, serving.scope, self.log, self.metrics)
        return Response(_json(taken), media_type="application/json")

    async def live(self, request: Request) -> Response:
        """``GET /health/live``: the process runs."""
        return Response(b'{"live":true}', media_type="application/json")

    async def ready(self, request: Request) -> Response:
        """``GET /health/ready``: rows can be answered; a newer route that cannot be followed is named as ``problem``."""
        serving = self.routing.serving
        facts = {"ready": True, "release": serving.route.champion, "generation": serving.route.generation}
        if self.routing.problem:
            facts["problem"] = self.routing.problem
        return Response(_json(facts), media_type="application/json")

    async def counters(self, request: Request) -> Response:
        """``GET /metrics``."""
        generation = self.routing.serving.route.generation
        text = self.metrics.text(generation=generation, in_flight=self.in_flight, ready=not self.routing.problem)
        return Response(text, media_type="text/plain; version=0.0.4")

    async def description(self, request: Request) -> Response:
        """``GET /openapi.json``."""
        document = openapi(self.routing.serving, self.routing.answerer)
        return Response(_json(document), media_type="application/json")

    async def docs(self, request: Request) -> Response:
        """``GET /docs``."""
        page = docs_page(openapi(self.routing.serving, self.routing.answerer))
        return Response(page, media_type="text/html")

    def _limited(self, answer: Callable[[bytes], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that says no at once where it would have to let others wait too long."""

        async def endpoint(request: Request) -> Response:
            if self.in_flight >= self.routing.serving.in_flight:
                return self._problem(Problem(503, "The service is overloaded.", retry_after=1))
            self.in_flight += 1
            try:
                return await answer(await _body(request))
            except Problem as problem:
                return self._problem(problem)
            except FullcycleError as error:
                _log.error("%s", error)
                return self._problem(of_error(error))
            finally:
                self.in_flight -= 1

        return endpoint

    def _problem(self, problem: Problem, headers: dict[str, str] | None = None) -> Response:
        self.metrics.errors[problem.status] += 1
        return problem.response(headers)

    async def _http_error(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        told = {404: "There is nothing here; /docs lists what there is.", 405: "Another method is asked for here."}
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        return self._problem(Problem(status, told.get(status, "The request cannot be answered.")), headers)

    async def _failed(self, request: Request, error: Exception) -> Response:
        return self._problem(Problem(500, "The service failed on this request; its log says how."))

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        looking = [asyncio.create_task(self.routing.follow()), asyncio.create_task(self.log.seal_when_asked(EVERY))]
        self.mirror.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self.mirror.close)
            for task in looking:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            await self.log.close()


async def _body(request: Request) -> bytes:
    """The body, as far as it is not too large.

    Raises
    ------
    Problem : 413.
    """
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > LARGEST:
        raise _too_large()
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST:
            raise _too_large()
        parts.append(part)
    return b"".join(parts)


def _too_large() -> Problem:
    return Problem(413, f"The body is larger than {LARGEST} bytes; send fewer rows at a time.")
