"""What every blob store must do, as tests to inherit."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import RecordUnknown
from fullcycle.kernel.record import digest


class BlobsContract:
    """Inherit it and give a fixture ``blobs`` that opens your store, new and empty for each test.

    Examples
    --------
    >>> from fullcycle.kernel.blobs import FolderBlobs
    >>> class TestFolder(BlobsContract):
    ...     @pytest.fixture
    ...     def blobs(self, tmp_path):
    ...         return FolderBlobs(tmp_path)
    """

    @pytest.fixture
    def blobs(self) -> Blobs:
        """The store under test."""
        raise NotImplementedError("give a fixture 'blobs' that opens your store")

    @pytest.mark.parametrize(
        "body", [b"", b"\0", b"hello", os.urandom(3_000_000)], ids=["empty", "nul", "text", "large"]
    )
    def test_bytes_come_back_under_their_digest(self, blobs: Blobs, body: bytes) -> None:
        """Whatever they are."""
        name = blobs.put(body)
        assert name == digest(body)
        assert blobs.get(name) == body
        assert blobs.has(name)

    def test_the_same_bytes_are_kept_once(self, blobs: Blobs) -> None:
        """Putting again changes nothing."""
        assert blobs.put(b"hello") == blobs.put(b"hello")
        assert list(blobs.names()) == [digest(b"hello")]

    def test_what_is_not_kept_is_unknown(self, blobs: Blobs) -> None:
        """By has, and by get, which names it."""
        blobs.put(b"hello")
        absent = digest(b"absent")
        assert not blobs.has(absent)
        with pytest.raises(RecordUnknown, match=absent):
            blobs.get(absent)

    def test_names_are_all_and_sorted(self, blobs: Blobs) -> None:
        """A new store has none."""
        assert list(blobs.names()) == []
        names = [blobs.put(str(number).encode()) for number in range(20)]
        assert list(blobs.names()) == sorted(names)

    def test_many_threads_may_put_the_same(self, blobs: Blobs) -> None:
        """Nobody sees a part, nobody fails."""
        bodies = [bytes([number]) * 100_000 for number in range(3)] * 4
        with ThreadPoolExecutor(4) as pool:
            names = list(pool.map(blobs.put, bodies))
        assert [blobs.get(name) for name in names] == bodies
        assert len(list(blobs.names())) == 3
