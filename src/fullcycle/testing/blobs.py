"""What every blob store must do, as tests to inherit."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import InputError, RecordUnknown
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

    def test_an_erased_name_gives_what_is_left(self, blobs: Blobs) -> None:
        """The old bytes are gone, the name holds, and so again when what is left is erased."""
        name, other = blobs.put(b"ada and bob"), blobs.put(b"other")
        assert blobs.erased(name) is None
        for left in (b"ada", b""):
            assert blobs.erase(name, left) == digest(left)
            assert blobs.get(name) == left
            assert blobs.has(name)
            assert list(blobs.names()) == sorted([digest(left), other])
        assert blobs.erased(name) == digest(b"ada")
        assert blobs.erased(digest(b"ada")) == digest(b"")
        assert blobs.get(other) == b"other"

    def test_erasing_again_changes_nothing(self, blobs: Blobs) -> None:
        """What is left may be given again, or be what was there from the start."""
        name = blobs.put(b"ada and bob")
        assert blobs.erase(name, b"ada and bob") == name
        assert blobs.erased(name) is None
        assert blobs.erase(name, b"ada") == blobs.erase(name, b"ada")
        assert blobs.get(name) == b"ada"

    def test_two_names_may_leave_the_same(self, blobs: Blobs) -> None:
        """Also one that was there before."""
        names = [blobs.put(body) for body in (b"ada and bob", b"ada and eve", b"ada")]
        for name in names[:2]:
            blobs.erase(name, b"ada")
        assert [blobs.get(name) for name in names] == [b"ada"] * 3
        assert list(blobs.names()) == names[2:]

    def test_erased_bytes_do_not_come_back(self, blobs: Blobs) -> None:
        """Neither by putting them, nor as what is left of others or of themselves."""
        name, other = blobs.put(b"ada and bob"), blobs.put(b"ada, bob and eve")
        blobs.erase(name, b"ada")
        assert blobs.put(b"ada and bob") == name
        assert blobs.get(name) == b"ada"
        assert blobs.erase(other, b"ada and bob") == digest(b"ada")
        assert blobs.get(other) == b"ada"
        with pytest.raises(InputError, match="erased itself"):
            blobs.erase(name, b"ada and bob")
        assert list(blobs.names()) == [digest(b"ada")]

    def test_what_is_not_kept_cannot_be_erased(self, blobs: Blobs) -> None:
        """It is named, and nothing is put."""
        with pytest.raises(RecordUnknown, match=digest(b"absent")):
            blobs.erase(digest(b"absent"), b"")
        assert list(blobs.names()) == []
