"""Erasing: decisions and outcomes of an entity, or of before a time, leave the log, the tables, and the tables' own logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from fullcycle.kernel.blobs import write_aside
from fullcycle.kernel.errors import Conflict, OutsideError
from fullcycle.traffic.compact import compact
from fullcycle.traffic.lock import lease, sync_folder
from fullcycle.traffic.schema import Decision
from fullcycle.traffic.segments import log_folder, read_segment, segments
from fullcycle.traffic.tables import KINDS, Kind, Table

_TOLD = ("stats", "stats_parsed")
_AT_ONCE = 500  # ids in one predicate


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that have to go, or went.

    Attributes
    ----------
    decisions, outcomes : rows in the tables.
    held : rows in segments that a living writer still writes to.

    Examples
    --------
    >>> Gone(decisions=2, outcomes=1).rows
    3
    """

    decisions: int = 0
    outcomes: int = 0
    held: int = 0

    @property
    def rows(self) -> int:
        """All of them."""
        return self.decisions + self.outcomes + self.held


def scopes(root: Path) -> list[Path]:
    """The folders of every environment and timeline that have traffic.

    >>> scopes(Path("nowhere"))
    []
    """
    return sorted(path.parent for path in root.glob("*/*/log"))


def look(folder: Path, *, entities: frozenset[str] = frozenset(), before: int | None = None) -> Gone:
    """How many rows have to go from the scope in *folder*, after what can be moved from the log has been.

    Parameters
    ----------
    entities : keyed hashes of the entities to forget.
    before : decisions of before this time go, in µs UTC, with their outcomes; None keeps them.

    Examples
    --------
    >>> look(Path("nowhere"), entities=frozenset(["00ff"])).rows
    0
    """
    compact(folder)
    doomed = _Doomed(folder, entities, before)
    return Gone(
        decisions=doomed.count("decisions"),
        outcomes=doomed.count("outcomes"),
        held=sum(doomed.held(path) for path in segments(folder).values()),
    )


def erase(folder: Path, *, entities: frozenset[str] = frozenset(), before: int | None = None) -> Gone:
    """Remove the rows that `look` counts, with every byte that tells of them; rows that a living writer holds stay.

    The tables get new versions; of earlier ones what is left can still be read. A kill at any moment is harmless:
    erasing again finishes it.

    Raises
    ------
    Conflict : another process is compacting.
    OutsideError : a table cannot be written.

    Examples
    --------
    >>> erase(Path("nowhere"), entities=frozenset(["00ff"])).rows
    0
    """
    compact(folder)
    if not log_folder(folder).is_dir():
        return Gone()
    with lease(log_folder(folder) / "compact.lock") as mine:
        if not mine:
            raise Conflict("another process is compacting", place=str(folder), mend="run again")
        doomed = _Doomed(folder, entities, before)
        # Outcomes first: some are told only by the id of their decision.
        removed = {kind: _remove(folder, kind, doomed) for kind in reversed(KINDS)}
    held = sum(doomed.held(path) for path in segments(folder).values())
    return Gone(decisions=removed["decisions"], outcomes=removed["outcomes"], held=held)


class _Doomed:
    """Which rows have to go from the tables and segments in *folder*."""

    def __init__(self, folder: Path, entities: frozenset[str], before: int | None) -> None:
        self._folder, self._entities, self._before = folder, entities, before
        # by id alone, never by the decision: an id may be anything that a client made up
        gone = Table(folder, "decisions").scan().filter(self._named).select("id").unique()
        asked = Table(folder, "outcomes").scan().filter(~self._named.fill_null(False)).select("id").unique()
        self.ids: list[str] = asked.join(gone, on="id", how="semi").collect()["id"].sort().to_list()

    @property
    def _named(self) -> pl.Expr:
        named = pl.col("entity").is_in(sorted(self._entities))
        return named if self._before is None else named | (pl.col("time") < self._before)

    def count(self, kind: Kind) -> int:
        """Rows of a table."""
        by_id = pl.col("id").is_in(self.ids) if kind == "outcomes" else pl.lit(False)
        rows = Table(self._folder, kind).scan().filter(self._named.fill_null(False) | by_id)
        return int(rows.select(pl.len()).collect().item())

    def held(self, path: Path) -> int:
        """Rows of a segment that still lies in the log."""
        try:
            rows = read_segment(path)
        except FileNotFoundError:  # sealed or compacted since it was listed
            return 0
        return sum(
            row.entity in self._entities
            or (self._before is not None and row.time is not None and row.time < self._before)
            or (not isinstance(row, Decision) and row.id in self.ids)
            for row in rows
        )

    def predicates(self, kind: Kind) -> Iterator[str]:
        """The same for Delta Lake, a few at a time."""
        if self._entities:
            yield f"entity IN ({_quoted(sorted(self._entities))})"
        if self._before is not None:
            yield f"time < {self._before}"
        if kind == "outcomes":
            for start in range(0, len(self.ids), _AT_ONCE):
                yield f"id IN ({_quoted(self.ids[start : start + _AT_ONCE])})"


def _quoted(texts: list[str]) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)


def _remove(folder: Path, kind: Kind, doomed: _Doomed) -> int:
    """Delete rows of a table, the files that held them, and what its log tells of them."""
    from deltalake import DeltaTable, PostCommitHookProperties
    from deltalake.exceptions import DeltaError

    table = Table(folder, kind)
    if table.version < 0:
        return 0
    hooks = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
    removed = doomed.count(kind)
    try:
        delta = DeltaTable(table.path)
        for predicate in doomed.predicates(kind) if removed else ():
            delta.delete(predicate, post_commithook_properties=hooks)
        delta.vacuum(
            retention_hours=0,
            dry_run=False,
            enforce_retention_duration=False,
            post_commithook_properties=hooks,
            full=True,
        )
        _scrub(table.path / "_delta_log")
        _checkpoint(table.path)
    except (DeltaError, OSError) as error:
        if isinstance(error, OutsideError):
            raise
        mend = "free space on the disk or check its permissions, and run again"
        raise OutsideError(f"cannot erase: {error}", place=str(table.path), mend=mend) from error
    Table(folder, kind).sync()
    return removed


def _scrub(log: Path) -> None:
    """Least and greatest values, and predicates, tell of rows that are gone; no reader needs them."""
    for path in sorted(log.glob("*.json")):
        before = path.read_text()
        actions = [json.loads(line) for line in before.splitlines() if line]
        for action in actions:
            _forget(action)
        after = "\n".join(json.dumps(action, separators=(",", ":"), ensure_ascii=False) for action in actions)
        if after != before:
            write_aside(path, after.encode())


def _forget(action: dict[str, Any]) -> None:
    for kind in ("add", "remove"):
        for name in _TOLD:
            action.get(kind, {}).pop(name, None)
    action.get("commitInfo", {}).get("operationParameters", {}).pop("predicate", None)


def _checkpoint(path: Path) -> None:
    """One checkpoint anew, of the log as it is now; those before go, since each entry of the log is there still."""
    from deltalake import DeltaTable

    log = path / "_delta_log"
    old = set(log.glob("*.checkpoint*.parquet"))
    if all((log / f"{version:020}.json").exists() for version in range(DeltaTable(path).version() + 1)):
        for checkpoint in (log / "_last_checkpoint", *old):
            checkpoint.unlink(missing_ok=True)
    DeltaTable(path).create_checkpoint()
    sync_folder(log)
