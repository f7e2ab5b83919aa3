"""The service as an ASGI application: paths, limits, and errors as problem documents."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import msgspec

from fullcycle.deployment.outcomes import OutcomeReader
from fullcycle.deployment.service.asgi import LARGEST, Answer, App, BodyTooLarge, Path, Request, Response
from fullcycle.deployment.service.endpoints import ENDPOINTS, Call, Endpoint
from fullcycle.deployment.service.log import TrafficLog
from fullcycle.deployment.service.metrics import Metrics
from fullcycle.deployment.service.openapi import openapi
from fullcycle.deployment.service.outcomes import learn
from fullcycle.deployment.service.page import docs_page
from fullcycle.deployment.service.predict import predict
from fullcycle.deployment.service.problem import Problem, of_error
from fullcycle.deployment.service.routing import Routing
from fullcycle.deployment.service.shadow import Mirror
from fullcycle.deployment.serving import read_key, traffic_folder
from fullcycle.kernel.errors import FullcycleError
from fullcycle.traffic.append import GroupCommit, SegmentWriter

SEAL_EVERY = 0.5  # seconds between two looks whether the open segment is wanted
_TOLD = {
    404: "There is nothing here; /docs lists what there is.",
    405: "Another method is asked for here.",
    413: f"The body is larger than {LARGEST} bytes; send fewer rows at a time.",
    500: "The service failed on this request; its log says how.",
}
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

    def app(self) -> App:
        """The application."""
        paths = [
            Path("POST", "/predict", self._limited(self.predict)),
            Path("POST", "/outcomes", self._limited(self.outcomes)),
            Path("GET", "/health/live", self.live),
            Path("GET", "/health/ready", self.ready),
            Path("GET", "/metrics", self.counters),
            Path("GET", "/openapi.json", self.description),
            Path("GET", "/docs", self.docs),
            *(Path(it.method, it.path, self._endpoint(it)) for it in ENDPOINTS),
        ]
        return App(paths, self._refuse, self._lifespan)

    def facts(self) -> dict[str, str]:
        """What a span tells of who answers."""
        serving = self.routing.serving
        return {
            "fullcycle.project": serving.scope.project,
            "fullcycle.environment": serving.scope.environment,
            "fullcycle.release": serving.route.champion,
        }

    async def predict(self, body: bytes) -> Response:
        """``POST /predict``."""
        started = time.perf_counter()
        answer = await predict(body, self.routing.answerer, self.log, self.metrics)
        self.metrics.took(time.perf_counter() - started)
        return Response(_json(answer))

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
        return Response(_json(await learn(body, reader, serving.scope, self.log, self.metrics)))

    async def live(self, request: Request) -> Response:
        """``GET /health/live``: the process runs."""
        return Response(b'{"live":true}')

    async def ready(self, request: Request) -> Response:
        """``GET /health/ready``: rows can be answered; a newer route that cannot be followed is named as ``problem``."""
        serving = self.routing.serving
        facts = {"ready": True, "release": serving.route.champion, "generation": serving.route.generation}
        if self.routing.problem:
            facts["problem"] = self.routing.problem
        return Response(_json(facts))

    async def counters(self, request: Request) -> Response:
        """``GET /metrics``."""
        generation = self.routing.serving.route.generation
        text = self.metrics.text(generation=generation, in_flight=self.in_flight, ready=not self.routing.problem)
        return Response(text, media_type="text/plain; version=0.0.4")

    async def description(self, request: Request) -> Response:
        """``GET /openapi.json``."""
        return Response(_json(openapi(self.routing.serving, self.routing.answerer)))

    async def docs(self, request: Request) -> Response:
        """``GET /docs``."""
        return Response(docs_page(openapi(self.routing.serving, self.routing.answerer)), media_type="text/html")

    def _endpoint(self, it: Endpoint) -> Answer:
        """An endpoint of another protocol, with its own errors."""

        async def answer(request: Request, body: bytes) -> Response:
            headers = request.headers
            kind = headers.get("content-type", "")
            if "inference-header-content-length" in headers:  # as Triton marks tensors in binary
                kind = "application/octet-stream"
            started = time.perf_counter()
            found = await it.answer(Call(body, kind, request.path_params, self.routing, self.log, self.metrics))
            if it.limited:
                self.metrics.took(time.perf_counter() - started)
            return Response(_json(found))

        async def endpoint(request: Request) -> Response:
            try:
                if not it.limited:
                    return await answer(request, b"")
                return await self._admitted(request, lambda body: answer(request, body))
            except BodyTooLarge:
                return self._refused(it, Problem(413, _TOLD[413]), {"connection": "close"})
            except Problem as problem:
                return self._refused(it, problem)
            except FullcycleError as error:
                _log.error("%s", error)
                return self._refused(it, of_error(error))

        return endpoint

    def _refused(self, it: Endpoint, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
        status, told = it.refusal(problem)
        self.metrics.errors[status] += 1
        after = {} if problem.retry_after is None else {"retry-after": str(problem.retry_after)}
        return Response(_json(told), status, {**(headers or {}), **after})

    def _limited(self, answer: Callable[[bytes], Awaitable[Response]]) -> Answer:
        """An endpoint that says no at once where it would have to let others wait too long."""

        async def endpoint(request: Request) -> Response:
            try:
                return await self._admitted(request, answer)
            except Problem as problem:
                return self._problem(problem)
            except FullcycleError as error:
                _log.error("%s", error)
                return self._problem(of_error(error))

        return endpoint

    async def _admitted(self, request: Request, answer: Callable[[bytes], Awaitable[Response]]) -> Response:
        """The answer to a request whose body is whole, while there is room for it.

        Raises
        ------
        Problem : 503, the service is full.
        """
        body = await request.body()  # before it is counted: who sends slowly takes nobody's place
        if self.in_flight >= self.routing.serving.in_flight:
            raise Problem(503, "The service is overloaded.", retry_after=1)
        self.in_flight += 1
        try:
            return await answer(body)
        finally:
            self.in_flight -= 1

    def refused(self, status: int) -> None:
        """Count a request that was refused before it came here."""
        self.metrics.errors[status] += 1

    def _problem(self, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
        self.metrics.errors[problem.status] += 1
        return problem.response(headers)

    def _refuse(self, status: int, headers: Mapping[str, str]) -> Response:
        return self._problem(Problem(status, _TOLD[status]), headers)

    @contextlib.asynccontextmanager
    async def _lifespan(self) -> AsyncIterator[None]:
        looking = [
            asyncio.create_task(self.routing.follow()),
            asyncio.create_task(self.log.seal_when_asked(SEAL_EVERY)),
        ]
        self.mirror.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self.mirror.close)
            for task in looking:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            self.routing.close()
            await self.log.close()
