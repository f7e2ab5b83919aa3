"""Locks between processes: the system lets go of them when their holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


def try_lock(fd: int) -> bool:
    """Take the exclusive lock of an open file, if nobody holds it.

    >>> import tempfile
    >>> with tempfile.TemporaryFile() as file:
    ...     try_lock(file.fileno())
    True
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_lock(fd: int) -> None:
    """Take the exclusive lock of an open file, waiting for it.

    >>> import tempfile
    >>> with tempfile.TemporaryFile() as file:
    ...     wait_lock(file.fileno())
    """
    fcntl.flock(fd, fcntl.LOCK_EX)


@contextlib.contextmanager
def lease(path: Path) -> Iterator[bool]:
    """Hold the lock file *path* for a while; yields whether it was to be had.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, lease(Path(folder, "lock")) as first:
    ...     with lease(Path(folder, "lock")) as second:
    ...         first, second
    (True, False)
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield try_lock(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def waited_lease(path: Path) -> Iterator[None]:
    """The same, after waiting for whoever holds it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, waited_lease(Path(folder, "lock")), lease(Path(folder, "lock")) as second:
    ...     second
    False
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        wait_lock(fd)
        yield
    finally:
        os.close(fd)


def sync_folder(folder: Path) -> None:
    """Put a folder's entries on disk, so that a rename or a new file outlives a power loss.

    >>> import tempfile
    >>> sync_folder(Path(tempfile.gettempdir()))
    """
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
