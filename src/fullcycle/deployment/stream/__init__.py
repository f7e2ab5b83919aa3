"""Inference on a broker: each message is a row, answered as the service would, at least once and to the same decision.

A handful of messages is fetched, answered, logged, sent on, and only then done with, so that at no moment more are in flight, and
whoever is killed leaves nothing that is not delivered again.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fullcycle.deployment.answer import Answer, Answerer
from fullcycle.deployment.service.routing import Routing
from fullcycle.deployment.serving import traffic_folder
from fullcycle.deployment.stream.broker import Address, Inbox, Letter, Message, Outbox, open_inbox, open_outbox
from fullcycle.deployment.stream.recent import SINCE, Answers, Logged, logged_since
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.contract import Failure
from fullcycle.traffic.append import Mode, SegmentWriter
from fullcycle.traffic.schema import Decision
from fullcycle.traffic.segments import asked_to_seal

IN_FLIGHT = 500
_WAIT = 0.5  # seconds for a first message
_log = logging.getLogger(__name__)


class Streamed(msgspec.Struct, kw_only=True):
    """What came through: messages answered, of them those that had been answered before, and those that went to the dead letters."""

    answered: int = 0
    again: int = 0
    rejected: int = 0


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent on: the answer, as ``POST /predict`` gives it, and the release that gave it."""

    id: str
    decision: str | float
    score: float | list[float] | None
    variant: str
    release: str


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message that cannot be answered, where it stood, and why; ``base64`` where it is no text."""

    place: str
    reasons: list[Failure]
    message: str = ""
    base64: str = ""


def stream(
    path: Path,
    source: str,
    target: str,
    *,
    dead: str = "",
    group: str = "",
    in_flight: int = IN_FLIGHT,
    ready: Callable[[], object] = lambda: None,
) -> Streamed:
    """Answer the messages of a topic until SIGTERM or SIGINT; those that are in hand are finished then.

    Follows what serves as the service does. A message is a JSON object, a row as ``POST /predict`` takes it. Its answer is logged, in
    the mode of the service but never buffered, then sent to *target*; then it is done. One that is delivered again gets the answer
    that it got, and is not logged again.

    Parameters
    ----------
    path : of the file that says what serves.
    source, target, dead : ``kafka://host:9092/topic`` or ``nats://host:4222/subject``; what cannot be answered goes to *dead*, by
        default the name of *target* and ``.dead``.
    group : under which name the broker remembers how far was read; by default of project, environment and timeline.
    in_flight : messages fetched at a time.
    ready : called once it listens.

    Raises
    ------
    InputError : an address is none, or a topic is missing.
    OutsideError : a broker or the disk fails; what was not answered is delivered again to the next run.
    """
    return asyncio.run(_run(path, source, target, dead, group, in_flight, ready))


async def _run(
    path: Path, source: str, target: str, dead: str, group: str, in_flight: int, ready: Callable[[], object]
) -> Streamed:
    asked, told = Address.of(source), Address.of(target)
    letters = Address.of(dead) if dead else told._replace(name=f"{told.name}.dead", shown=f"{told.shown}.dead")
    if asked.servers == told.servers and asked.name in (told.name, letters.name):
        raise InputError("the answers would be read as messages", place=told.shown, mend="name another topic")
    routing = Routing(path)
    scope = routing.serving.scope
    name = group or f"fullcycle-{scope.project}-{scope.environment}-{scope.timeline}"
    folder = traffic_folder(path, routing.serving)
    mode: Mode = "durable" if routing.serving.log == "durable" else "process"
    async with contextlib.AsyncExitStack() as stack:
        inbox = await open_inbox(asked, name, in_flight)
        stack.push_async_callback(inbox.close)
        outbox = await open_outbox(told)
        stack.push_async_callback(outbox.close)
        dead_box = await open_outbox(letters)
        stack.push_async_callback(dead_box.close)
        writer = stack.enter_context(SegmentWriter(folder, mode=mode))
        known = Answers(await asyncio.to_thread(lambda: list(logged_since(folder, _now() - SINCE))))
        following = asyncio.create_task(routing.follow())
        stack.callback(following.cancel)
        station = _Station(routing, inbox, outbox, dead_box, writer, known, in_flight)
        _stop_on_signals(station.stop)
        ready()
        await station.run()
    return station.streamed


class _Station:
    """Takes messages in and sends answers on."""

    def __init__(
        self,
        routing: Routing,
        inbox: Inbox,
        outbox: Outbox,
        dead: Outbox,
        writer: SegmentWriter,
        known: Answers,
        in_flight: int,
    ) -> None:
        self._routing, self._inbox, self._outbox, self._dead = routing, inbox, outbox, dead
        self._writer, self._known, self._in_flight = writer, known, in_flight
        self._stopped = False
        self._sealed = asked_to_seal(writer.folder)
        self.streamed = Streamed()

    def stop(self) -> None:
        """Finish what is in hand, and no more."""
        self._stopped = True

    async def run(self) -> None:
        while not self._stopped:
            messages = await self._inbox.fetch(self._in_flight, _WAIT)
            if messages:
                await self._answer(messages)
            if (asked := asked_to_seal(self._writer.folder)) != self._sealed:
                await asyncio.to_thread(self._writer.seal)
                self._sealed = asked

    async def _answer(self, messages: Sequence[Message]) -> None:
        """In this order: log, send, done with. A kill between any two of them has all of it done again, to the same end."""
        now, answerer = _now(), self._routing.answerer
        found = [(message, self._one(message, answerer, now)) for message in messages]
        fresh = [one for _, (_, one) in found if one is not None]
        if fresh:
            await asyncio.to_thread(self._log, fresh)
        replies = [one for _, (one, _) in found if isinstance(one, Reply)]
        await self._outbox.send([Letter(one.id, msgspec.json.encode(one)) for one in replies])
        lost = [(message, one) for message, (one, _) in found if not isinstance(one, Reply)]
        await self._dead.send([Letter(f"dead {message.place}", _dead_letter(message, one)) for message, one in lost])
        await self._inbox.done(messages)
        self.streamed.answered += len(replies)
        self.streamed.again += len(replies) - len(fresh)
        self.streamed.rejected += len(lost)

    def _one(self, message: Message, answerer: Answerer, now: int) -> tuple[Reply | list[Failure], Decision | None]:
        """The reply, with what is to be logged of it; or what is wrong with the message."""
        row = _row(message.body)
        if isinstance(row, Failure):
            return [row], None
        answer = answerer.row(row, now)
        if isinstance(answer, list):
            return answer, None
        before = self._known.get(answer.id)
        if before is None:
            self._known.put(Logged.of(answer.logged))
            return _reply(answer), answer.logged
        if (before.digest, before.decision) != (answer.logged.digest, answer.logged.decision):
            return [Failure("id", repr(answer.id)[:80], "an id that was not used for another row")], None
        return _reply_again(before, answer), None

    def _log(self, decisions: Sequence[Decision]) -> None:
        self._writer.append(decisions)
        self._writer.commit()


def _row(body: bytes) -> dict[str, Any] | Failure:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Failure("", str(error)[:80], "a JSON object")


def _reply(answer: Answer) -> Reply:
    return Reply(
        id=answer.id,
        decision=answer.decision,
        score=answer.score,
        variant=answer.variant,
        release=answer.logged.release,
    )


def _reply_again(before: Logged, answer: Answer) -> Reply:
    """What was answered before, though another release may serve by now."""
    if before.release == answer.logged.release and before.variant == answer.variant:
        return _reply(answer)
    number = isinstance(answer.decision, float)
    return Reply(
        id=before.id,
        decision=float(before.action) if number else before.action,
        score=None if before.variant == "control" or not before.release else before.score,
        variant=before.variant,
        release=before.release,
    )


def _dead_letter(message: Message, reasons: Reply | list[Failure]) -> bytes:
    why = reasons if isinstance(reasons, list) else []
    try:
        return msgspec.json.encode(DeadLetter(place=message.place, reasons=why, message=message.body.decode()))
    except UnicodeDecodeError:
        coded = base64.b64encode(message.body).decode()
        return msgspec.json.encode(DeadLetter(place=message.place, reasons=why, base64=coded))


def _stop_on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):  # not in a main thread
            loop.add_signal_handler(one, stop)


def _now() -> int:
    return time.time_ns() // 1000
