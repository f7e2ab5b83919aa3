"""``POST /outcomes``: what really happened."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from fullcycle.deployment.outcomes import OutcomeReader
from fullcycle.deployment.service.log import TrafficLog
from fullcycle.deployment.service.metrics import Metrics
from fullcycle.deployment.service.predict import MOST_ROWS, decode, too_many
from fullcycle.deployment.service.problem import RowFailure
from fullcycle.kernel.scope import Scope
from fullcycle.traffic.schema import Outcome, decision_digest


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request; rows are checked one by one."""

    outcomes: list[Any]


class Taken(msgspec.Struct, frozen=True):
    """What came of the outcomes, as far as this replica knows; matching decides. ``void`` are also one of the first four."""

    matched: int
    pending: int
    duplicate: int
    corrected: int
    void: int
    rejected: int
    reasons: list[RowFailure]


_decoder = msgspec.json.Decoder(Request)


async def learn(body: bytes, reader: OutcomeReader, scope: Scope, log: TrafficLog, metrics: Metrics) -> Taken:
    """Log the outcomes of a request; those that are wrong are left out, with the reason.

    Raises
    ------
    Problem : 400 not JSON, 413 too many, 422 not a list of outcomes.
    OutsideError : they could not be logged.
    """
    request = decode(body, _decoder)
    if len(request.outcomes) > MOST_ROWS:
        raise too_many(len(request.outcomes))
    now = time.time_ns() // 1000
    good, bad = reader.read(request.outcomes, received=now)

    def about(outcome: Outcome) -> str:
        return decision_digest(scope, outcome.entity, outcome.time or 0)

    counts = await log.learn(good, about, now)
    metrics.outcomes.update({**counts, "rejected": len(bad)})
    reasons = [RowFailure(one.row, one.failure.column, one.failure.found, one.failure.expected) for one in bad]
    return Taken(**counts, rejected=len(bad), reasons=reasons)
