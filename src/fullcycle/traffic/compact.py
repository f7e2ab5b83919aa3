"""Move segments into the tables: one process at a time, each segment once, a kill at any moment harmless."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl

from fullcycle.traffic.frames import decode
from fullcycle.traffic.lock import lease, sync_folder, try_lock, waited_lease
from fullcycle.traffic.schema import DECISIONS, Row
from fullcycle.traffic.segments import ASIDE, SEALED, log_folder, segments
from fullcycle.traffic.tables import KINDS, Kind, Table, rows_frame

GROUP_BYTES = 256 * 2**20  # of segments in one commit: bounds the memory that a long backlog takes


class Compacted(msgspec.Struct, frozen=True, kw_only=True):
    """What one compaction did.

    Attributes
    ----------
    segments : segments that left the log.
    decisions, outcomes : rows added to the tables.

    Examples
    --------
    >>> Compacted(segments=1, decisions=10, outcomes=0).decisions
    10
    """

    segments: int
    decisions: int
    outcomes: int


def compact(folder: Path, *, group_bytes: int = GROUP_BYTES) -> Compacted | None:
    """Move sealed segments, and those whose writer is dead, into the tables of the scope in *folder*.

    Parameters
    ----------
    folder : the scope's, see `scope_folder`.
    group_bytes : bytes of segments that one commit takes.

    Returns
    -------
    What was moved; ``None`` when another process is compacting.

    Raises
    ------
    Corrupt : a segment is damaged; it stays where it is.
    OutsideError : a table cannot be written; the segments stay where they are.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     compact(Path(folder))
    Compacted(segments=0, decisions=0, outcomes=0)
    """
    folder = Path(folder)
    if not log_folder(folder).is_dir():
        return Compacted(segments=0, decisions=0, outcomes=0)
    with lease(log_folder(folder) / "compact.lock") as mine:
        if not mine:
            return None
        _sweep(folder)
        with contextlib.ExitStack() as locks:
            ready = [path for path in segments(folder).values() if _ready(path, locks)]
            moved = [_move(folder, group) for group in _groups(ready, group_bytes)]
    return Compacted(
        segments=len(ready),
        decisions=sum(rows["decisions"] for rows in moved),
        outcomes=sum(rows["outcomes"] for rows in moved),
    )


def add_decisions(folder: Path, name: str, frame: pl.DataFrame) -> bool:
    """Put a whole segment of decisions into the table without the way through the log; the same name again adds nothing.

    What a batch answers is known to be whole, and as columns; it is on disk for good when this returns.

    Parameters
    ----------
    folder : the scope's, see `scope_folder`.
    name : of the segment.
    frame : columns of a `Decision`; ``sequence`` is counted here.

    Returns
    -------
    Whether it was added: ``False`` when the table holds a segment of that name.

    Raises
    ------
    OutsideError : the table cannot be written; nothing of it can be read.

    Examples
    --------
    >>> import tempfile
    >>> from fullcycle.traffic.schema import DECISIONS
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [add_decisions(Path(folder), "night", pl.DataFrame(schema=DECISIONS).drop("segment", "offset")) for _ in "ab"]
    [True, False]
    """
    log = log_folder(Path(folder))
    log.mkdir(parents=True, exist_ok=True)
    if Table(folder, "decisions").holds(name):
        return False
    place = pl.int_range(pl.len())
    lacking = [pl.lit(None, dtype).alias(column) for column, dtype in DECISIONS.items() if column not in frame.columns]
    rows = frame.with_columns(lacking).with_columns(sequence=place, segment=pl.lit(name), offset=place + 1)
    with waited_lease(log / "compact.lock"):  # an erasure takes away files that no commit names yet
        table = Table(folder, "decisions")
        if table.holds(name):
            return False
        table.append(rows.select(table.schema.names()), [name])
    return True


def _ready(path: Path, locks: contextlib.ExitStack) -> bool:
    """Whether nobody writes to the segment any more; one left by a dead writer stays locked until *locks* close."""
    if path.suffix == SEALED:
        return True
    try:
        file = path.open("rb")
    except FileNotFoundError:  # sealed since it was listed
        return False
    if try_lock(file.fileno()) and path.exists():
        locks.enter_context(file)
        return True
    file.close()
    return False


def _groups(paths: list[Path], limit: int) -> Iterator[list[Path]]:
    group: list[Path] = []
    size = 0
    for path in paths:
        length = path.stat().st_size
        if group and size + length > limit:
            yield group
            group, size = [], 0
        group.append(path)
        size += length
    if group:
        yield group


def _move(folder: Path, paths: list[Path]) -> dict[Kind, int]:
    # Both tables before any deletion, and each segment is marked in both, even where it has rows for one only: what a
    # kill leaves half-done is then told from what is still to do by asking each table.
    tables = {kind: Table(folder, kind) for kind in KINDS}
    missing = {kind: [path.stem for path in paths if not table.holds(path.stem)] for kind, table in tables.items()}
    needed = {name for names in missing.values() for name in names}
    rows = {path.stem: _rows(path) for path in paths if path.stem in needed}
    added = {kind: _append(table, {name: rows[name] for name in missing[kind]}) for kind, table in tables.items()}
    for kind, table in tables.items():
        if len(missing[kind]) < len(paths):
            table.sync()
    for path in paths:
        path.unlink()
    sync_folder(log_folder(folder))
    return added


def _append(table: Table, rows: dict[str, list[tuple[Row, int]]]) -> int:
    if not rows:
        return 0
    frame = pl.concat([rows_frame(table.kind, kept, name) for name, kept in rows.items()])
    table.append(frame, list(rows))
    return frame.height


def _rows(path: Path) -> list[tuple[Row, int]]:
    return list(decode(path.read_bytes(), place=str(path), sealed=path.suffix == SEALED))


def _sweep(folder: Path) -> None:
    """Remove what writers killed before their segment appeared have left."""
    for path in log_folder(folder).glob(f"*{ASIDE}"):
        with contextlib.suppress(FileNotFoundError):
            fd = os.open(path, os.O_RDONLY)
            try:
                if try_lock(fd):
                    path.unlink(missing_ok=True)
            finally:
                os.close(fd)
