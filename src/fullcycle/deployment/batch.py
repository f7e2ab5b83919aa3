"""Batches: the same contract, route, control group, policy and log as the service, on a table or a file."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import msgspec
import polars as pl

from fullcycle.deployment.answer import Answered, Answerer
from fullcycle.deployment.files import Broken, check_target, read_rows, write_rows
from fullcycle.deployment.serving import Serving, load_answerer, traffic_folder
from fullcycle.kernel.errors import ColumnMissing, InputError, OutsideError
from fullcycle.kernel.record import canonical
from fullcycle.kernel.scope import Scope
from fullcycle.kernel.state import Route
from fullcycle.predictor.bundle import Predictor
from fullcycle.traffic.append import SegmentWriter
from fullcycle.traffic.schema import micros

_MOMENT = pl.Datetime("us", "UTC")


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What one batch came to.

    Attributes
    ----------
    answered, rejected : rows.
    logged : whether the traffic was logged now; false where the same batch was logged before.
    segment : name of its segment, a digest of the input and of what answered it.
    side : file with the rejected rows and their reasons, ``""`` if there are none.
    """

    answered: int
    rejected: int
    logged: bool
    segment: str
    side: str


def predict_frame(
    predictor: Predictor,
    route: Route,
    frame: pl.DataFrame,
    *,
    scope: Scope,
    entity: str,
    time: str,
    key: bytes,
    at: datetime,
) -> Answered:
    """The answers to a table, what is to be logged of them, and the rows that cannot be answered.

    Parameters
    ----------
    predictor : of the release that serves.
    route : what serves now.
    scope : where the answers count.
    entity, time : the columns that say what a row is about and when the prediction is made.
    key : under which entities are hashed.
    at : when it is answered.

    Raises
    ------
    ColumnMissing : the table has no column for entity or time.
    InputError : the route cannot be followed.
    """
    return Answerer(predictor, route, scope=scope, entity=entity, time=time, key=key).frame(frame, micros(at))


def predict_file(path: Path, serving: Serving, source: Path, target: Path, *, at: datetime) -> Batch:
    """Answer the rows of a file into another; the same file again changes nothing.

    Rows that cannot be answered go to ``NAME.rejected.jsonl`` beside *target*. The traffic is logged first, as one segment, then the
    output appears in one step: what is in it has been logged, whenever the process dies.

    Parameters
    ----------
    path : of the file that *serving* was read from.
    source, target : ``.parquet``, ``.csv``, ``.tsv``, ``.jsonl`` or ``.ndjson``. The output holds entity, time and
        the columns of :class:`~fullcycle.deployment.answer.Answered`.
    at : when it is answered.

    Raises
    ------
    InputError : a suffix is unknown, a file is no table of its kind, or a column is missing.
    OutsideError : a file cannot be read or written; the output is then as it was.
    """
    check_target(target)
    if source.resolve() == target.resolve():
        raise InputError(
            "the answers would replace the rows", place=str(target), mend="name another file for the answers"
        )
    answerer = load_answerer(path, serving)
    body = _bytes(source)
    frame, broken = read_rows(source, body, answerer.contract)
    lacking = [rule.name for rule in answerer.contract.columns if rule.required and rule.name not in frame.columns]
    if serving.entity not in frame.columns:
        lacking.append(serving.entity)
    if lacking and frame.height:
        raise ColumnMissing(lacking[0], frame.columns, source=str(source), needed_by="the contract")
    found = _answered(answerer, frame, broken, micros(at))
    segment = _segment_name(body, serving)
    log = SegmentWriter(traffic_folder(path, serving), mode="durable")
    logged = log.write_sealed(segment, found.decisions)
    places = set(found.rejected["rejected_row"].to_list())
    kept = [position for position in range(frame.height) if position not in places]
    write_rows(_output(frame[kept], serving, found), target)
    side = target.with_name(f"{target.stem}.rejected.jsonl")
    if found.rejected.height:
        write_rows(found.rejected, side)
    else:
        side.unlink(missing_ok=True)
    return Batch(
        answered=found.answers.height,
        rejected=found.rejected.height,
        logged=logged,
        segment=segment,
        side=str(side) if found.rejected.height else "",
    )


def _output(frame: pl.DataFrame, serving: Serving, found: Answered) -> pl.DataFrame:
    """Entity and time, which is the same in every format, before the answers; a column of the answers is not there twice."""
    times = pl.Series(serving.time, [row.time for row in found.decisions], dtype=pl.Int64).cast(_MOMENT)
    named = [one for one in (frame[serving.entity], times) if one.name not in found.answers.columns]
    return pl.DataFrame([*named, *found.answers.get_columns()])


def _answered(answerer: Answerer, frame: pl.DataFrame, broken: Broken, at: int) -> Answered:
    """The answers to the rows whose cells could be read; the others are rejected with those that the contract rejects."""
    if not broken:
        return answerer.frame(frame, at)
    places = [position for position in range(frame.height) if position not in broken]
    found = answerer.frame(frame[places], at)
    turned_away = found.rejected.with_columns(
        pl.Series("rejected_row", [places[position] for position in found.rejected["rejected_row"]], dtype=pl.UInt32)
    )
    reasons = [[msgspec.structs.asdict(failure) for failure in broken[position]] for position in sorted(broken)]
    unread = frame.with_row_index("rejected_row")[sorted(broken)]
    unread = unread.with_columns(pl.Series("reasons", reasons, dtype=turned_away.schema["reasons"]))
    both = pl.concat([turned_away, unread], how="diagonal_relaxed").sort("rejected_row")
    return msgspec.structs.replace(found, rejected=both)


def _segment_name(body: bytes, serving: Serving) -> str:
    """What makes two batches the same: input, scope, and what answered it."""
    facts = {
        "input": hashlib.sha256(body).hexdigest(),
        "scope": serving.scope,
        "champion": serving.route.champion,
        "control": serving.route.control,
        "bundle": serving.bundle,
    }
    return f"batch-{hashlib.sha256(canonical(facts)).hexdigest()[:40]}"


def _bytes(source: Path) -> bytes:
    try:
        return source.read_bytes()
    except FileNotFoundError:
        raise InputError("the file is not there", place=str(source), mend="name an existing file") from None
    except OSError as error:
        raise OutsideError("cannot read the file", place=str(source), found=error.strerror or "") from error
