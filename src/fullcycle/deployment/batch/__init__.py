"""Batches: the same contract, route, control group, policy and log as the service, on any number of rows in memory that is the same.

Parts are read and answered by two threads, and logged and kept in their order: first the log has a part's decisions, then a piece
beside the target holds its answers, in the end all pieces become the target in one step. A batch that was killed goes on after its
last piece. Where actions are limited per day, all parts are answered before any limit is kept, since the best rows of a day may stand
anywhere.
"""

from __future__ import annotations

import hashlib
import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

import msgspec
import polars as pl

from fullcycle.deployment.answer import Answered, Answerer, within
from fullcycle.deployment.batch.parts import Part, Rows, open_rows
from fullcycle.deployment.batch.progress import Head, Piece, Progress, alone
from fullcycle.deployment.batch.targets import check_target, join_files, progress_folder, side_file, write_answers
from fullcycle.deployment.files import Broken
from fullcycle.deployment.limits import DailyLimits
from fullcycle.deployment.serving import Serving, load_answerer, traffic_folder
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.kernel.record import canonical
from fullcycle.kernel.scope import Scope
from fullcycle.kernel.state import Route
from fullcycle.predictor.bundle import Predictor
from fullcycle.predictor.contract import ColumnRule, Contract
from fullcycle.traffic.compact import add_decisions
from fullcycle.traffic.schema import micros

__all__ = ["Batch", "Rows", "open_rows", "predict_file", "predict_frame", "predict_rows"]

THREADS = 2  # parts that are answered at a time; more would only hold more memory where there are two cores
SLICE = 2**14  # rows that are answered at a time: what Python holds of them as objects stays small
_MOMENT = pl.Datetime("us", "UTC")
_LATEST = "latest.json"
T = TypeVar("T")
R = TypeVar("R")


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What one batch came to.

    Attributes
    ----------
    answered, rejected : rows.
    logged : whether traffic was logged now; false where the same batch was logged before.
    side : file with the rejected rows and their reasons, ``""`` if there are none.
    resumed : parts that an earlier run, which was killed, had done.
    """

    answered: int
    rejected: int
    logged: bool
    side: str
    resumed: int = 0


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
    """Answer the rows of a file into another: :func:`predict_rows` for files."""
    if source.resolve() == target.resolve():
        raise InputError(
            "the answers would replace the rows", place=str(target), mend="name another file for the answers"
        )
    return predict_rows(path, serving, lambda contract: open_rows(str(source), contract), str(target), at=at)


def predict_rows(
    path: Path,
    serving: Serving,
    source: Callable[[Contract], Rows],
    target: str,
    *,
    at: datetime,
    since: datetime | str | None = None,
    progress: Callable[[int], object] = lambda rows: None,
) -> Batch:
    """Answer rows into *target*; the same rows again change nothing.

    Rows that cannot be answered go to ``NAME.rejected.jsonl`` beside the target. What is in the target has been logged, whenever the
    process dies. Killed and started again with the same rows, it goes on where it was, to the same answers.

    Parameters
    ----------
    path : of the file that *serving* was read from.
    source : opens the rows, see `open_rows`.
    target : a file of any kind that is read too, ``-`` for JSON lines on standard output, a folder ``NAME.delta``, or
        ``postgresql://…?table=NAME`` or ``sqlite:///FILE?table=NAME``. It gets entity, time, id, decision, score, variant.
    at : when it is answered.
    since : answer only rows of a later time than this; ``"last"``: than the latest that was answered from the same rows' place.
    progress : told how many rows are done.

    Raises
    ------
    InputError : a suffix is unknown, a file is no table of its kind, or a column is missing.
    Conflict : another process writes the same target now.
    OutsideError : something cannot be read or written; the target is then as it was.
    """
    check_target(target)
    answerer = load_answerer(path, serving)
    rows = source(answerer.contract)
    latest = _Latest(path.parent / "batches" / _LATEST)
    after = latest.of(rows.shown) if since == "last" else micros(since) if isinstance(since, datetime) else None
    folder = progress_folder(target)
    head = Head(input=rows.identity, asked=_digest([_facts(serving), target, after]), at=micros(at))
    with alone(folder):
        kept = Progress(folder, head)
        batch = _Batch(answerer, serving, traffic_folder(path, serving), kept, after, progress)
        pieces, resumed = batch.answer(rows)
        write_answers([kept.path(number) for number in range(len(pieces))], target)
        side = side_file(target)
        rejected = sum(piece.rejected for piece in pieces)
        if rejected:
            join_files(kept.rejected(), side, folder)
        else:
            side.unlink(missing_ok=True)
        latest.set(rows.shown, max((piece.latest for piece in pieces if piece.latest is not None), default=after))
        kept.remove()
    return Batch(
        answered=sum(piece.answered for piece in pieces),
        rejected=rejected,
        logged=any(piece.logged for piece in pieces),
        side=str(side) if rejected else "",
        resumed=resumed,
    )


class _Batch:
    """One run over the parts of a batch."""

    def __init__(
        self,
        answerer: Answerer,
        serving: Serving,
        traffic: Path,
        kept: Progress,
        after: int | None,
        progress: Callable[[int], object],
    ) -> None:
        self._answerer, self._serving, self._traffic = answerer, serving, traffic
        self._kept, self._after, self._progress = kept, after, progress
        self._facts = _digest(_facts(serving))
        self._limits = DailyLimits(answerer.limits)
        self._limited = bool(answerer.limits)
        self._contest: list[tuple[int, int, bytes]] = []  # part, its first row, and what was turned away there

    def answer(self, rows: Rows) -> tuple[list[Piece], int]:
        """All parts, each logged and kept; how many of them had been."""
        resumed = 0
        pieces: list[Piece | None] = []
        for number, start, found in _in_order(self._parts(rows), self._found):
            if found is None:
                resumed += 1
                pieces.append(self._kept.done(number))
            elif self._limited and found[1].held is not None:
                self._hold(number, start, *found)
                pieces.append(None)  # settled below, when all parts are known
            else:
                pieces.append(self._keep(number, *found))
            self._progress(start)
        for number, start, rejected in self._contest:
            pieces[number] = self._settle(number, start, rejected)
        return [piece for piece in pieces if piece is not None], resumed

    def _parts(self, rows: Rows) -> Iterator[tuple[int, int, Part | None]]:
        """Number, first row, and the part, ``None`` if it is done; where limits hold they need all parts again."""
        start = 0
        for number, part in enumerate(rows.parts()):
            done = self._kept.done(number) is not None and not self._limited
            yield number, start, None if done else part
            start += part.height

    def _found(self, start: int, part: Part) -> tuple[pl.DataFrame, Answered]:
        """The answers of a part, before limits."""
        frame, broken = part.read()
        self._check(frame)
        if self._after is not None and frame.height:
            frame, broken = self._later(frame, broken)
        found = _answered(self._answerer, frame, broken, self._kept.at)
        places = set(found.rejected["rejected_row"].to_list())
        good = frame[[place for place in range(frame.height) if place not in places]] if places else frame
        rejected = found.rejected.with_columns(pl.col("rejected_row").cast(pl.Int64) + start)
        return _output(good, self._serving, found), msgspec.structs.replace(found, rejected=rejected)

    def _keep(self, number: int, answers: pl.DataFrame, found: Answered) -> Piece:
        return self._write(number, answers, _to_log(found), _json_lines(found.rejected), found.rejected.height)

    def _write(self, number: int, answers: pl.DataFrame, logged: pl.DataFrame, rejected: bytes, lost: int) -> Piece:
        """Log first, then keep: what is in the answers has been logged."""
        new = bool(logged.height) and add_decisions(self._traffic, _segment(self._facts, logged), logged)
        latest = logged["time"].max()
        piece = Piece(
            answered=answers.height, rejected=lost, logged=new, latest=latest if isinstance(latest, int) else None
        )
        self._kept.write(number, answers, rejected, piece)
        return piece

    def _hold(self, number: int, start: int, answers: pl.DataFrame, found: Answered) -> None:
        """Limits are kept when all parts are known; until then the part waits on the disk."""
        held = found.held if found.held is not None else pl.DataFrame()
        self._limits.see(held, start)
        for what, frame in (("output", answers), ("logged", found.logged), ("held", held), ("shadows", found.shadows)):
            if frame is not None:
                self._kept.keep(number, what, frame)
        self._contest.append((number, start, _json_lines(found.rejected)))

    def _settle(self, number: int, start: int, rejected: bytes) -> Piece:
        before = self._kept.done(number)
        if before is not None:
            return before
        answers, logged, held, shadows = (
            self._kept.load(number, what) for what in ("output", "logged", "held", "shadows")
        )
        if answers is None or logged is None:
            raise InputError("a piece of the batch is gone", place=str(self._kept.folder), mend="run again")
        found = within(Answered(answers, logged, pl.DataFrame(), held, shadows), self._limits, start)
        return self._write(number, found.answers, _to_log(found), rejected, rejected.count(b"\n"))

    def _check(self, frame: pl.DataFrame) -> None:
        rules = self._answerer.contract.columns
        lacking = [rule.name for rule in rules if rule.required and rule.name not in frame.columns]
        if self._serving.entity not in frame.columns:
            lacking.append(self._serving.entity)
        if lacking and frame.height:
            raise ColumnMissing(lacking[0], frame.columns, needed_by="the contract")

    def _later(self, frame: pl.DataFrame, broken: Broken) -> tuple[pl.DataFrame, Broken]:
        """The rows of a later time, and those whose time cannot be read, which are told of."""
        rule = ColumnRule(name=self._serving.time, kind="time", nullable=False)
        numbered = frame.select(self._serving.time).with_row_index("place")
        good, _ = Contract((rule,), self._serving.zone).filter(numbered)
        early = good.filter(good[self._serving.time].cast(_MOMENT).to_physical() <= self._after)["place"]
        left = numbered["place"].filter(~numbered["place"].is_in(early.implode()))
        places = {old: new for new, old in enumerate(left.to_list())}
        return frame[left], {places[old]: failures for old, failures in broken.items() if old in places}


class _Latest:
    """The latest time that was answered, by place of the rows."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, place: str) -> int | None:
        return self._all().get(place)

    def set(self, place: str, latest: int | None) -> None:
        from fullcycle.kernel.blobs import write_aside

        if latest is not None:
            write_aside(self._path, canonical({**self._all(), place: max(latest, self.of(place) or latest)}))

    def _all(self) -> dict[str, int]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, int])
        except FileNotFoundError:
            return {}


def _in_order(
    parts: Iterable[tuple[int, int, T | None]], work: Callable[[int, T], R]
) -> Iterator[tuple[int, int, R | None]]:
    """The work on each part, done by a few threads ahead of whoever asks, given in the order of the parts."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="batch") as threads:
        waiting: deque[tuple[int, int, Future[R] | None]] = deque()
        try:
            for number, start, part in parts:
                waiting.append((number, start, None if part is None else threads.submit(work, start, part)))
                if len(waiting) == THREADS:  # one more is answered while the caller keeps this one
                    number, start, future = waiting.popleft()
                    yield number, start, None if future is None else future.result()
            while waiting:
                number, start, future = waiting.popleft()
                yield number, start, None if future is None else future.result()
        finally:
            for _, _, future in waiting:
                if future is not None:
                    future.cancel()


def _output(frame: pl.DataFrame, serving: Serving, found: Answered) -> pl.DataFrame:
    """Entity and time, which is the same in every format, before the answers; a column of the answers is not there twice."""
    entity = frame[serving.entity] if serving.entity in frame.columns else pl.Series(serving.entity, [], pl.String)
    times = found.logged["time"].cast(_MOMENT).alias(serving.time)
    named = [one for one in (entity, times) if one.name not in found.answers.columns]
    return pl.DataFrame([*named, *found.answers.get_columns()])


def _answered(answerer: Answerer, frame: pl.DataFrame, broken: Broken, at: int) -> Answered:
    """The answers to the rows whose cells could be read; the others are rejected with those that the contract rejects."""
    if not frame.height:
        frame = _with_columns(frame, answerer)
    if not broken:
        return _joined(
            [answerer.uncapped(part, at) for part in frame.iter_slices(SLICE)] or [answerer.uncapped(frame, at)]
        )
    places = [position for position in range(frame.height) if position not in broken]
    found = _answered(answerer, frame[places], {}, at)
    turned_away = found.rejected.with_columns(
        pl.Series("rejected_row", [places[position] for position in found.rejected["rejected_row"]], dtype=pl.UInt32)
    )
    reasons = [[msgspec.structs.asdict(failure) for failure in broken[position]] for position in sorted(broken)]
    unread = frame.with_row_index("rejected_row")[sorted(broken)]
    unread = unread.with_columns(pl.Series("reasons", reasons, dtype=turned_away.schema["reasons"]))
    both = pl.concat([turned_away, unread], how="diagonal_relaxed").sort("rejected_row")
    return msgspec.structs.replace(found, rejected=both)


def _joined(parts: Sequence[Answered]) -> Answered:
    """The answers of slices as those of the whole."""
    if len(parts) == 1:
        return parts[0]
    starts = [number * SLICE for number in range(len(parts))]
    firsts = accumulate((part.answers.height for part in parts), initial=0)
    rejected = [
        part.rejected.with_columns((pl.col("rejected_row") + start).cast(pl.UInt32))
        for part, start in zip(parts, starts, strict=True)
    ]
    held = [
        part.held.with_columns(pl.col("place") + first)
        for part, first in zip(parts, firsts, strict=False)
        if part.held is not None
    ]
    return Answered(
        pl.concat([part.answers for part in parts]),
        pl.concat([part.logged for part in parts]),
        pl.concat(rejected, how="diagonal_relaxed"),
        pl.concat(held) if held else None,
        pl.concat([part.shadows for part in parts if part.shadows is not None])
        if parts[0].shadows is not None
        else None,
    )


def _to_log(found: Answered) -> pl.DataFrame:
    """What was answered, and after it what a shadow would have said."""
    return found.logged if found.shadows is None else pl.concat([found.logged, found.shadows])


def _with_columns(frame: pl.DataFrame, answerer: Answerer) -> pl.DataFrame:
    """No rows, but every column that is asked for."""
    names = [name for name in answerer.needs if name not in frame.columns]
    return frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in names)


def _json_lines(rejected: pl.DataFrame) -> bytes:
    if rejected.is_empty():
        return b""
    lines = io.BytesIO()
    rejected.write_ndjson(lines)
    return lines.getvalue()


def _facts(serving: Serving) -> dict[str, object]:
    """What answers, and where it counts."""
    route = serving.route
    return {
        "scope": serving.scope,
        "shares": msgspec.to_builtins(route.shares),
        "control": route.control,
        "shadow": route.shadow,
        "bundles": serving.bundles,
    }


def _segment(facts: str, logged: pl.DataFrame) -> str:
    """What makes two parts the same: the rows' content, what was decided, and what answered it."""
    rows = logged.select(pl.concat_str("id", "decision", "digest", "action").str.join("\n")).item()
    return f"batch-{hashlib.sha256(f'{facts}{rows}'.encode()).hexdigest()[:40]}"


def _digest(facts: object) -> str:
    return hashlib.sha256(canonical(facts)).hexdigest()
