"""What makes two answers the same decision."""

from __future__ import annotations

import msgspec
import pytest

from fullcycle.kernel.errors import InputError
from fullcycle.kernel.scope import Scope
from fullcycle.traffic.schema import (
    DECISIONS,
    OUTCOMES,
    Decision,
    Outcome,
    decision_digest,
    entity_hash,
    micros,
    moment,
)


def test_the_tables_hold_every_field() -> None:
    assert tuple(DECISIONS.names()) == (*Decision.__struct_fields__, "segment", "offset")
    assert tuple(OUTCOMES.names()) == (*Outcome.__struct_fields__, "segment", "offset")


def test_a_decision_is_scope_entity_and_time() -> None:
    scopes = [
        Scope(project="p"),
        Scope(project="q"),
        Scope(project="p", timeline="r"),
        Scope(project="p", environment="e"),
    ]
    digests = {decision_digest(scope, entity, time) for scope in scopes for entity in ("a", "b") for time in (1, 2)}
    assert len(digests) == 16
    assert decision_digest(Scope(project="p"), "a", 1) == "2e72f4ff3b51cc2b9042811ba2747b37"


@pytest.mark.parametrize("key", [b"", b"x" * 65])
def test_a_key_of_the_wrong_length_is_refused(key: bytes) -> None:
    with pytest.raises(InputError, match="wrong length"):
        entity_hash(key, "N1")


def test_times_go_both_ways_exactly() -> None:
    for us in (-1, 0, 1, 1_357_034_400_000_001, 2**53):
        assert micros(moment(us)) == us
    with pytest.raises(InputError, match="without a zone"):
        micros(moment(0).replace(tzinfo=None))


def test_a_row_of_an_older_fullcycle_still_reads() -> None:
    short = msgspec.msgpack.encode(["outcome", "dev", "live", "a1", "", None, "known", "", "", 1.0, 7, 9])
    assert msgspec.msgpack.decode(short, type=Decision | Outcome).sequence == 0
