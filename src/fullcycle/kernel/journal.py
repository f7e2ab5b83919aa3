"""The journal: an append-only chain of entries. All operating state is a fold over it; only leases are mutable.

A backend is three methods. Every entry carries the hash of the one before, so that a changed, removed or reordered
entry is found and named.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from fullcycle.kernel.errors import Conflict, Corrupt, InputError, OutsideError, TooNew
from fullcycle.kernel.record import canonical, digest
from fullcycle.kernel.scope import Actor, Scope

FORMAT = 1
_NOW = "(julianday('now') - 2440587.5) * 86400.0"  # seconds since 1970 by the database's clock, one for all holders
START = "0" * 64  # what the first entry names as the one before
Verb = Literal["step", "reused", "observe", "intend", "act", "measure", "approve", "head", "route", "note"]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What happened, once and for ever.

    Attributes
    ----------
    topic : what a writer may compare on, such as ``head/late-flights/dev/live/model``.
    verb, step, key : which verb, of which step, under which key.
    inputs, outputs : ids of records, blobs and observations.
    facts : further small facts, by name.
    cost : measured figures: seconds, peak bytes.
    code, libraries : digest of the step's code and versions of the libraries that it declares.
    at : when, by the clock of its timeline.
    position, before, hash : its place in the chain; set by the journal.
    """

    scope: Scope
    actor: Actor
    verb: Verb
    at: datetime
    topic: str = ""
    step: str = ""
    key: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    facts: Mapping[str, Any] = {}
    cost: Mapping[str, float] = {}
    code: str = ""
    libraries: Mapping[str, str] = {}
    position: int = 0
    before: str = ""
    hash: str = ""


class Journal(Protocol):
    """What a backend must do; ``fullcycle.testing.journals`` holds the tests that it must pass."""

    def append(self, entries: Sequence[Entry], expect: tuple[str, int] | None = None) -> tuple[Entry, ...]:
        """Lock the head, chain the whole batch, commit. With ``expect=(topic, position)`` the batch is refused with
        :class:`Conflict` unless the last entry on *topic* is at *position* (0: none yet)."""
        ...

    def read(self, after: int = 0) -> Iterator[Entry]:
        """The entries whose position is greater than *after*, in order."""
        ...

    def lease(self, name: str, ttl: float) -> contextlib.AbstractContextManager[None]:
        """Hold *name* alone while the context lasts; waits until it is free. A holder that dies loses it: at once where
        its death can be seen, else after *ttl* seconds."""
        ...


def chain(entry: Entry, position: int, before: str) -> Entry:
    """*entry* at its place: its hash covers its content, its position and the hash before."""
    placed = msgspec.structs.replace(entry, position=position, before=before, hash="")
    return msgspec.structs.replace(placed, hash=digest(canonical(placed)))


def verify(entries: Iterable[Entry]) -> int:
    """Walk the chain and return its length.

    Raises
    ------
    Corrupt
        Names the first entry that does not follow from the one before.
    """
    position, before = 0, START
    for entry in entries:
        position += 1
        expected = _hash(entry, position, before)
        if not expected or (entry.position, entry.before, entry.hash) != (position, before, expected):
            raise Corrupt(
                f"the chain is broken at entry {position}",
                place=f"journal, entry {position} ({entry.verb} {entry.step or entry.topic})",
                found=f"hash {entry.hash[:12]} at position {entry.position}",
                expected=f"hash {expected[:12] or 'of canonical content'} at position {position}",
                mend="restore the journal from a backup; every entry before this one is intact",
            )
        before = entry.hash
    return position


def _hash(entry: Entry, position: int, before: str) -> str:
    try:
        return chain(entry, position, before).hash
    except ValueError:  # a changed entry can hold what no written one can, such as a time without a zone
        return ""


class SQLiteJournal:
    """The embedded journal: one SQLite file in WAL mode, several processes at once.

    Raises
    ------
    TooNew
        The file was written by a newer fullcycle.
    OutsideError
        The file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._create(self._connection())

    def append(self, entries: Sequence[Entry], expect: tuple[str, int] | None = None) -> tuple[Entry, ...]:
        """See :meth:`Journal.append`."""
        with self._translated(), self._locked() as connection:
            if expect is not None:
                self._compare(connection, *expect)
            placed = self._place(connection, entries)
            connection.executemany(
                "INSERT INTO entries (position, topic, body) VALUES (?, ?, ?)",
                [(entry.position, entry.topic, canonical(entry)) for entry in placed],
            )
        return placed

    def read(self, after: int = 0) -> Iterator[Entry]:
        """See :meth:`Journal.read`."""
        with self._translated():
            rows = self._connection().execute(
                "SELECT position, body FROM entries WHERE position > ? ORDER BY position", (after,)
            )
            for position, body in rows.fetchall():
                yield _decode(body, position, self.path)

    @contextlib.contextmanager
    def lease(self, name: str, ttl: float = 15.0) -> Iterator[None]:
        """See :meth:`Journal.lease`. Renewed in the background for as long as the context lasts."""
        holder = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}:{time.monotonic_ns()}"
        while not self._take(name, holder, ttl):
            time.sleep(0.05)
        done = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(name, holder, ttl, done), daemon=True)
        renewing.start()
        try:
            yield
        finally:
            done.set()
            renewing.join()
            with self._translated(), self._locked() as connection:
                connection.execute("DELETE FROM leases WHERE name = ? AND holder = ?", (name, holder))

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None or self._local.pid != os.getpid():
            connection = sqlite3.connect(self.path, timeout=60, isolation_level=None)
            _write_ahead(connection)
            connection.execute("PRAGMA synchronous=FULL")
            self._local.connection, self._local.pid = connection, os.getpid()
        return connection

    def _create(self, connection: sqlite3.Connection) -> None:
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > FORMAT:
            raise TooNew("this journal", found, FORMAT, place=str(self.path))
        if found == FORMAT:
            return
        with self._locked():
            connection.execute(
                "CREATE TABLE IF NOT EXISTS entries (position INTEGER PRIMARY KEY, topic TEXT NOT NULL, body BLOB NOT NULL)"
            )
            connection.execute("CREATE INDEX IF NOT EXISTS entries_by_topic ON entries (topic, position)")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires REAL NOT NULL)"
            )
            connection.execute(f"PRAGMA user_version={FORMAT}")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # on a full disk SQLite itself has gone back already
                connection.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, OutsideError):
                raise
            raise OutsideError(
                "the journal could not be read or written",
                place=str(self.path),
                found=str(error),
                mend="free some disk or mend the permissions, then run again; what was acknowledged is kept",
            ) from error

    def _compare(self, connection: sqlite3.Connection, topic: str, position: int) -> None:
        found = connection.execute(
            "SELECT COALESCE(MAX(position), 0) FROM entries WHERE topic = ?", (topic,)
        ).fetchone()[0]
        if found != position:
            raise Conflict(
                f"somebody else wrote to {topic} first",
                place=str(self.path),
                found=found,
                expected=str(position),
                mend="run again",
            )

    def _place(self, connection: sqlite3.Connection, entries: Sequence[Entry]) -> tuple[Entry, ...]:
        last = connection.execute("SELECT position, body FROM entries ORDER BY position DESC LIMIT 1").fetchone()
        position, before = (last[0], _decode(last[1], last[0], self.path).hash) if last else (0, START)
        placed = []
        for entry in entries:
            position += 1
            placed.append(chain(entry, position, before))
            before = placed[-1].hash
        return tuple(placed)

    def _take(self, name: str, holder: str, ttl: float) -> bool:
        with self._translated(), self._locked() as connection:
            now = connection.execute(f"SELECT {_NOW}").fetchone()[0]
            row = connection.execute("SELECT holder, expires FROM leases WHERE name = ?", (name,)).fetchone()
            if row and row[1] > now and not _dead(row[0]):
                return False
            connection.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?)", (name, holder, now + ttl))
            return True

    def _renew(self, name: str, holder: str, ttl: float, done: threading.Event) -> None:
        while not done.wait(ttl / 3):
            with self._translated(), self._locked() as connection:
                connection.execute(
                    f"UPDATE leases SET expires = {_NOW} + ? WHERE name = ? AND holder = ?", (ttl, name, holder)
                )
        self.close()


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite itself does not wait where two processes switch a new file at once."""
    deadline = time.monotonic() + 60
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _decode(body: bytes, position: int, path: Path) -> Entry:
    try:
        entry = msgspec.json.decode(body, type=Entry)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Corrupt(f"entry {position} cannot be read", place=str(path), found=str(error)) from None
    return msgspec.structs.replace(entry, facts=_floats(entry.facts)) if entry.facts else entry


def _floats(value: Any) -> Any:
    """Numbers beyond the exact integers were floats when written: canonical JSON writes 1e16 without an exponent."""
    match value:
        case dict():
            return {key: _floats(item) for key, item in value.items()}
        case list():
            return [_floats(item) for item in value]
        case int() if abs(value) >= 2**53:
            return float(value)
    return value


def _dead(holder: str) -> bool:
    """Whether the holder was a process of this machine that is gone."""
    host, pid, *_ = holder.split(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def open_journal(url: str, folder: Path) -> Journal:
    """The journal at *url*: ``sqlite:///file`` beside *folder*'s other state, ``sqlite:////file`` from the root.

    Raises
    ------
    InputError
        No backend reads such an address.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/"):
        return SQLiteJournal(folder / rest[1:])
    raise InputError("no journal backend reads this address", found=url, expected="sqlite:///file")
