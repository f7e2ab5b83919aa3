"""Rows for the tests of traffic."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from fullcycle.kernel.scope import Scope
from fullcycle.traffic.schema import Decision, Outcome, decision_digest, entity_hash

SCOPE = Scope(project="late-flights")
HOUR = 3_600_000_000


def decision(entity: str = "N1", time: int = HOUR, *, key: bytes = b"key", **over: Any) -> Decision:
    """An answer; its id is by default the digest of its decision."""
    hashed = entity_hash(key, entity)
    digest = decision_digest(SCOPE, hashed, time)
    row = over.pop("row", f'{{"tail":"{entity}"}}')
    plain = Decision(
        environment=SCOPE.environment,
        timeline=SCOPE.timeline,
        id=digest,
        decision=digest,
        entity=hashed,
        time=time,
        at=time,
        release="r1",
        variant="champion",
        propensity=1.0,
        action="rebook",
        score=0.5,
        row=row,
        digest=hashlib.sha256(row.encode()).hexdigest(),
    )
    return msgspec.structs.replace(plain, **over)


def outcome(**over: Any) -> Outcome:
    """What happened, two hours later."""
    plain = Outcome(
        environment=SCOPE.environment,
        timeline=SCOPE.timeline,
        status="known",
        row='{"arr_delay":41.0}',
        at=2 * HOUR,
        received=3 * HOUR,
    )
    return msgspec.structs.replace(plain, **over)


def outcome_of(answer: Decision, **over: Any) -> Outcome:
    """What happened to *answer*, addressed by id."""
    return outcome(**{"id": answer.id, **over})
