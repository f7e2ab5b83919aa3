"""Archives: the same files are the same bytes, and none is trusted."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel.errors import Corrupt
from fullcycle.predictor import archive

NAMES = ("a", "b/c", "é")


@given(st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=50)))
def test_files_come_back(files: dict[str, bytes]) -> None:
    body = archive.pack(files)
    assert archive.unpack(body, dict.fromkeys(NAMES, 50), place="test") == files
    assert archive.pack(dict(reversed(files.items()))) == body


def test_every_bit_counts() -> None:
    body = archive.pack({"a": b"one", "b/c": b"two"})
    for position in range(len(body)):
        for bit in range(8):
            changed = bytearray(body)
            changed[position] ^= 1 << bit
            with pytest.raises(Corrupt):
                archive.unpack(bytes(changed), dict.fromkeys(NAMES, 50), place="test")


def test_archives_are_not_trusted() -> None:
    def zipped(*members: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", compression) as file:
            for name, content in members:
                file.writestr(zipfile.ZipInfo(name, archive.EPOCH), content, compression)
        return out.getvalue()

    sizes = {"a": 100}
    assert archive.unpack(archive.pack({"a": b"1"}), sizes, place="test") == {"a": b"1"}
    with pytest.raises(Corrupt, match="compressed"):
        archive.unpack(zipped(("a", bytes(10**6)), compression=zipfile.ZIP_DEFLATED), sizes, place="test")
    with pytest.raises(Corrupt, match="too large"):
        archive.unpack(archive.pack({"a": bytes(101)}), sizes, place="test")
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped(("a", b"1"), ("a", b"2"))
    with pytest.raises(Corrupt, match="unexpected"):
        archive.unpack(twice, sizes, place="test")
    with pytest.raises(Corrupt, match="more than its files"):
        archive.unpack(archive.pack({"a": b"1"}).replace(b"\x00\x00!\x00", b"\x01\x00!\x00"), sizes, place="test")
