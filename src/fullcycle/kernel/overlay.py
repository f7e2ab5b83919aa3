"""Blobs over others: everything below can be read, and what is put lies above, so that trying something changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import InputError


class OverlayBlobs:
    """Reads *above*, then *below*; writes above alone.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from fullcycle.kernel.blobs import FolderBlobs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     below, above = FolderBlobs(Path(folder) / "below"), FolderBlobs(Path(folder) / "above")
    ...     old = below.put(b"old")
    ...     both = OverlayBlobs(below, above)
    ...     new = both.put(b"new")
    ...     both.get(old), both.get(new), below.has(new)
    (b'old', b'new', False)
    """

    def __init__(self, below: Blobs, above: Blobs) -> None:
        self._below, self._above = below, above

    def put(self, body: bytes) -> str:
        """Keep *body* above, though it may lie below."""
        return self._above.put(body)

    def get(self, name: str) -> bytes:
        """The bytes kept as *name*; errors as those of :class:`~fullcycle.kernel.blobs.FolderBlobs`."""
        return (self._above if self._above.has(name) else self._below).get(name)

    def has(self, name: str) -> bool:
        """Whether something is kept as *name*."""
        return self._above.has(name) or self._below.has(name)

    def names(self) -> Iterator[str]:
        """Every name, sorted."""
        yield from sorted({*self._above.names(), *self._below.names()})

    def erase(self, name: str, body: bytes) -> str:
        """Raises InputError: what lies below stays as it is."""
        raise InputError("nothing is erased through an overlay", place=name)

    def erased(self, name: str) -> str | None:
        """What is left under the tombstone of *name* below; None where it was never erased."""
        return self._below.erased(name)
