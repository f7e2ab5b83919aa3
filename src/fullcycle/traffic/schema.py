"""What a prediction leaves behind: the decision that was answered and the outcome that came back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import polars as pl

from fullcycle.kernel.errors import InputError
from fullcycle.kernel.scope import Scope

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Decision(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="decision"):
    """One answer to one row, as the log keeps it.

    Frames hold the fields by position: a new field goes to the end and has a default.

    Attributes
    ----------
    environment, timeline : the scope, less the project, which owns the folder.
    id : the client's idempotency key; by default the digest ``decision``.
    decision : digest of (scope, entity, time): equal where two answers are the same decision.
    entity : keyed hash of the entity, hexadecimal.
    time : prediction time, in µs UTC.
    at : when it was answered, in µs UTC.
    release : id of the release that answered.
    variant : ``champion``, ``challenger``, ``control`` or ``shadow``.
    propensity : probability with which this variant was assigned, in (0, 1]; 1 for ``shadow``.
    action : what was decided.
    score : the model's number; ``None`` where it has none.
    row : canonical JSON of the request's columns.
    digest : digest of ``row``.
    sequence : place in the segment, set by the writer; a gap is a loss.
    failed : why the challenger did not answer: ``rejected`` by its contract, or ``error``. The champion did in its place; a shadow
        then has no action.
    seconds : what one row took while several releases serve; ``None`` where it was not measured.

    Examples
    --------
    >>> answer = Decision(environment="dev", timeline="live", id="a1", decision="d1", entity="e1", time=0, at=5,
    ...     release="r1", variant="champion", propensity=1.0, action="rebook", score=0.8, row="{}", digest="00")
    >>> answer.action, answer.sequence
    ('rebook', 0)
    """

    environment: str
    timeline: str
    id: str
    decision: str
    entity: str
    time: int
    at: int
    release: str
    variant: str
    propensity: float
    action: str
    score: float | None
    row: str
    digest: str
    sequence: int = 0
    failed: str = ""
    seconds: float | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="outcome"):
    """What really happened, as the log keeps it.

    Attributes
    ----------
    environment, timeline : the scope, less the project, which owns the folder.
    id : the decision's ``id``, or ``""`` where entity and time name the decision.
    entity : keyed hash of the entity, hexadecimal, or ``""``.
    time : prediction time of the decision, in µs UTC; ``None`` where only the id is known.
    status : ``known``, ``void``, or ``corrected`` (void again where it has a reason); ``feedback`` says nothing of what happened.
    reason : why it is void, else ``""``.
    row : canonical JSON of the columns known "after"; ``""`` in the short form.
    actual : the number of the short form.
    at : when it happened, in µs UTC.
    received : when it came in, in µs UTC.
    sequence : place in the segment, set by the writer.

    Examples
    --------
    >>> Outcome(environment="dev", timeline="live", id="a1", status="known", actual=1.0, at=7, received=9).entity
    ''
    """

    environment: str
    timeline: str
    id: str = ""
    entity: str = ""
    time: int | None = None
    status: str
    reason: str = ""
    row: str = ""
    actual: float | None = None
    at: int
    received: int
    sequence: int = 0


Row = Decision | Outcome

# The two tables. Times are µs UTC; ``segment`` and ``offset`` (end of the frame, in bytes) say where a row was logged,
# so that a cut taken while a segment was being written can still be read when the segment has become part of a table.
_LOGGED = {"segment": pl.String(), "offset": pl.Int64()}
DECISIONS = pl.Schema(
    {
        "environment": pl.String(),
        "timeline": pl.String(),
        "id": pl.String(),
        "decision": pl.String(),
        "entity": pl.String(),
        "time": pl.Int64(),
        "at": pl.Int64(),
        "release": pl.String(),
        "variant": pl.String(),
        "propensity": pl.Float64(),
        "action": pl.String(),
        "score": pl.Float64(),
        "row": pl.String(),
        "digest": pl.String(),
        "sequence": pl.Int64(),
        "failed": pl.String(),
        "seconds": pl.Float64(),
        **_LOGGED,
    }
)
OUTCOMES = pl.Schema(
    {
        "environment": pl.String(),
        "timeline": pl.String(),
        "id": pl.String(),
        "entity": pl.String(),
        "time": pl.Int64(),
        "status": pl.String(),
        "reason": pl.String(),
        "row": pl.String(),
        "actual": pl.Float64(),
        "at": pl.Int64(),
        "received": pl.Int64(),
        "sequence": pl.Int64(),
        **_LOGGED,
    }
)


def scope_folder(root: Path, scope: Scope) -> Path:
    """The folder of one environment and timeline: ``log/``, ``decisions/`` and ``outcomes/`` lie in it.

    >>> scope_folder(Path("traffic"), Scope(project="late-flights")).as_posix()
    'traffic/dev/live'
    """
    return Path(root) / scope.environment / scope.timeline


def entity_hash(key: bytes, entity: str) -> str:
    """Keyed BLAKE2b hash of an entity: 16 bytes, as 32 hexadecimal digits (RFC 7693).

    Raises
    ------
    InputError : the key is empty or longer than 64 bytes.

    Examples
    --------
    >>> len(entity_hash(b"secret", "N123AA")), entity_hash(b"secret", "N123AA") == entity_hash(b"other", "N123AA")
    (32, False)
    """
    if not 0 < len(key) <= 64:
        mend = "set a key of 16 to 64 bytes"
        raise InputError("the entity key has a wrong length", found=len(key), expected="1 to 64 bytes", mend=mend)
    return hashlib.blake2b(entity.encode(), key=key, digest_size=16).hexdigest()


def entity_hashes(key: bytes, entities: Sequence[str]) -> list[str]:
    """The same of many.

    >>> entity_hashes(b"secret", ["N123AA"]) == [entity_hash(b"secret", "N123AA")]
    True
    """
    if not entities:
        return []
    entity_hash(key, "")  # refuses a key of a wrong length
    begun = hashlib.blake2b(key=key, digest_size=16)
    found = []
    for entity in entities:
        one = begun.copy()
        one.update(entity.encode())
        found.append(one.hexdigest())
    return found


def decision_digest(scope: Scope, entity_hash: str, time_us: int) -> str:
    """Digest of (scope, entity, prediction time): what makes two answers the same decision.

    >>> one = decision_digest(Scope(project="late-flights"), "00ff", 1_357_034_400_000_000)
    >>> one == decision_digest(Scope(project="late-flights"), "00ff", 1_357_034_400_000_001)
    False
    """
    text = msgspec.json.encode([scope.project, scope.environment, scope.timeline, entity_hash, time_us])
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def decision_digests(scope: Scope, entity_hashes: Sequence[str], times_us: pl.Series) -> list[str]:
    """The same for a column of each.

    >>> scope = Scope(project="late-flights")
    >>> decision_digests(scope, ["00ff"], pl.Series([7])) == [decision_digest(scope, "00ff", 7)]
    True
    """
    head = msgspec.json.encode([scope.project, scope.environment, scope.timeline])[:-1].decode()
    texts = pl.DataFrame({"entity": pl.Series(entity_hashes, dtype=pl.String), "time": times_us}).select(
        pl.concat_str(pl.lit(f'{head},"'), "entity", pl.lit('",'), "time", pl.lit("]")).cast(pl.Binary)
    )
    return [hashlib.blake2b(text, digest_size=16).hexdigest() for text in texts.to_series().to_list()]


def micros(at: datetime) -> int:
    """Microseconds since 1970 UTC, exactly.

    >>> micros(datetime(2013, 1, 1, tzinfo=UTC))
    1356998400000000
    """
    if at.tzinfo is None:
        raise InputError("time without a zone", found=at.isoformat(), mend="give it a zone, such as UTC")
    return (at - _EPOCH) // timedelta(microseconds=1)


def moment(us: int) -> datetime:
    """The time that lies *us* microseconds after 1970 UTC.

    >>> moment(1356998400000000).isoformat()
    '2013-01-01T00:00:00+00:00'
    """
    return _EPOCH + timedelta(microseconds=us)
