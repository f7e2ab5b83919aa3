"""The two tables of a scope, in Delta Lake: each knows by its transactions which segments it holds already."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

import polars as pl

from fullcycle.kernel.errors import OutsideError
from fullcycle.traffic.lock import sync_folder
from fullcycle.traffic.schema import DECISIONS, OUTCOMES, Decision, Row

if TYPE_CHECKING:
    from deltalake import DeltaTable

Kind = Literal["decisions", "outcomes"]
KINDS: tuple[Kind, Kind] = ("decisions", "outcomes")
_DIFFERENT = ("id", "decision", "entity", "row", "digest", "score", "offset", "sequence")
SCHEMAS: dict[Kind, pl.Schema] = {"decisions": DECISIONS, "outcomes": OUTCOMES}


class Table:
    """One table of the scope in *folder*, at one version; at version -1 it is not there yet.

    Examples
    --------
    >>> Table(Path("nowhere"), "decisions").version
    -1
    """

    def __init__(self, folder: Path, kind: Kind, version: int | None = None) -> None:
        self.path, self.kind, self.schema = folder / kind, kind, SCHEMAS[kind]
        self._delta = None if version == -1 else _open(self.path, version)
        self.version = -1 if self._delta is None else self._delta.version()

    def latest(self) -> bool:
        """Whether no later version is there by now.

        >>> Table(Path("nowhere"), "outcomes").latest()
        True
        """
        return not (self.path / "_delta_log" / f"{self.version + 1:020}.json").exists()

    def holds(self, segment: str) -> bool:
        """Whether the segment's rows are in the table at this version.

        >>> Table(Path("nowhere"), "outcomes").holds("a1")
        False
        """
        return self._delta is not None and self._delta.transaction_version(segment) is not None

    def scan(self) -> pl.LazyFrame:
        """The rows at this version; where some have been erased since, those that are left.

        >>> Table(Path("nowhere"), "outcomes").scan().collect().shape
        (0, 14)
        """
        if self._delta is None:
            return pl.LazyFrame(schema=self.schema)
        if not self._whole(self._delta):
            return self._left()
        return _completed(pl.scan_delta(self._delta), self.schema)

    def _whole(self, delta: DeltaTable) -> bool:
        return self.latest() or all((self.path / unquote(name)).exists() for name in _files(delta))

    def _left(self) -> pl.LazyFrame:
        """Rows of this version's segments that the latest still has."""
        now = Table(self.path.parent, self.kind).scan()
        there = now.select(pl.col("segment").unique()).collect()["segment"]
        return now.filter(pl.col("segment").is_in([name for name in there if self.holds(name)]))

    def append(self, frame: pl.DataFrame, names: Sequence[str]) -> None:
        """Add the rows of the segments *names* in one commit, and put it on disk.

        Raises
        ------
        OutsideError : the commit failed; nothing of it can be read.
        """
        from deltalake import (
            ColumnProperties,
            CommitProperties,
            PostCommitHookProperties,
            Transaction,
            WriterProperties,
            write_deltalake,
        )
        from deltalake.exceptions import DeltaError

        self.path.mkdir(parents=True, exist_ok=True)
        counted = CommitProperties(app_transactions=[Transaction(app_id=name, version=1) for name in names])
        # Expired log entries stay, since a cut names a version for as long as a record names the cut.
        hooks = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
        # A dictionary of texts that are nearly all different takes half of the time and gives nothing.
        plain = ColumnProperties(dictionary_enabled=False)
        properties = WriterProperties(
            compression="LZ4_RAW", column_properties={name: plain for name in self.schema if name in _DIFFERENT}
        )
        try:
            write_deltalake(
                self.path,
                frame,
                mode="append",
                schema_mode="merge",  # a table that an earlier version began lacks the newest columns
                commit_properties=counted,
                post_commithook_properties=hooks,
                writer_properties=properties,
            )
        except (DeltaError, OSError) as error:
            mend = "free space on the disk or check its permissions, and compact again"
            raise OutsideError(f"cannot write: {error}", place=str(self.path), mend=mend) from error
        before, self._delta = self.version, _open(self.path, None)
        self.version = -1 if self._delta is None else self._delta.version()
        self._sync(range(before + 1, self.version + 1))

    def sync(self) -> None:
        """Put all of the table on disk: a commit may have been cut off between being visible and being safe."""
        if self._delta is not None:
            self._sync(range(self.version + 1))

    def _sync(self, versions: Iterable[int]) -> None:
        # Delta's local store does not call fsync, and the segments are deleted on the strength of this commit.
        log = self.path / "_delta_log"
        for version in versions:
            entry = log / f"{version:020}.json"
            for path in (*_added(entry, self.path), entry):
                _sync_file(path)
        for folder in (self.path, log, self.path.parent):
            sync_folder(folder)


def _completed(rows: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """The columns of *schema*; those that came after the rows were written are empty."""
    there = rows.collect_schema().names()
    lacking = [pl.lit(None, dtype=kind).alias(name) for name, kind in schema.items() if name not in there]
    found = rows.with_columns(lacking).select(schema.names())
    return found.with_columns(pl.col("failed").fill_null("")) if "failed" in schema else found


def _files(delta: DeltaTable) -> list[str]:
    return [str(name) for name in pl.DataFrame(delta.get_add_actions())["path"]]


def rows_frame(kind: Kind, rows: Sequence[tuple[Row, int]], segment: str) -> pl.DataFrame:
    """Decisions or outcomes among the rows of a segment, as a table.

    Parameters
    ----------
    rows : each with the offset at which its frame ends.

    Examples
    --------
    >>> rows_frame("outcomes", [], "a1").shape
    (0, 14)
    """
    schema = SCHEMAS[kind]
    picked = [(row, end) for row, end in rows if isinstance(row, Decision) == (kind == "decisions")]
    data: dict[str, list[object]] = {name: [getattr(row, name) for row, _ in picked] for name in schema.names()[:-2]}
    data |= {"segment": [segment] * len(picked), "offset": [end for _, end in picked]}
    return pl.DataFrame(data, schema=schema)


def _open(path: Path, version: int | None) -> DeltaTable | None:
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    if version is None and not (path / "_delta_log").is_dir():
        return None
    try:
        return DeltaTable(path, version=version)
    except TableNotFoundError:
        if version is None:  # its first commit is on the way
            return None
        mend = "restore the traffic folder from a backup, or read a new cut"
        raise OutsideError("the table is gone", place=str(path), expected=f"version {version}", mend=mend) from None
    except DeltaError as error:
        mend = "restore the table from a backup"
        raise OutsideError(f"cannot read the table: {error}", place=str(path), mend=mend) from error


def _added(entry: Path, table: Path) -> list[Path]:
    """Data files that a log entry adds."""
    try:
        lines = entry.read_text().splitlines()
    except FileNotFoundError:
        return []
    actions = [json.loads(line) for line in lines]
    return [table / unquote(action["add"]["path"]) for action in actions if "add" in action]


def _sync_file(path: Path) -> None:
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:  # rewritten since by an erasure
        return
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
