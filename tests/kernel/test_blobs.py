"""Blobs: a name shows the whole thing or nothing, whatever happens to the process or the disk."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from fullcycle.kernel.blobs import FolderBlobs, find_id, get_record, write_aside
from fullcycle.kernel.errors import Corrupt, InputError, OutsideError, RecordUnknown
from fullcycle.kernel.record import Record, digest, kind
from fullcycle.testing.blobs import BlobsContract


@kind("blobs_thing")
class Thing(Record, frozen=True, kw_only=True):
    name: str


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


class TestFolderBlobs(BlobsContract):
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> FolderBlobs:
        return FolderBlobs(tmp_path / "blobs")


@pytest.mark.parametrize("damage", [b"", b"hell", b"hellO", b"hello\0"])
def test_damaged_bytes_are_corrupt(blobs: FolderBlobs, damage: bytes) -> None:
    name = blobs.put(b"hello")
    blobs.path(name).write_bytes(damage)
    with pytest.raises(Corrupt, match="do not match their digest"):
        blobs.get(name)


def test_a_kill_at_any_moment_leaves_no_half_blob(tmp_path: Path, child: Any) -> None:
    chance, blobs, acknowledged = random.Random(5), FolderBlobs(tmp_path), []
    for _ in range(10):
        process = child.start("put", tmp_path, 0)
        process.stdout.readline()
        time.sleep(chance.random() * 0.05)
        process.kill()
        acknowledged += child.finish(process)
    kept = list(blobs.names())
    assert set(acknowledged) <= set(kept)
    for name in kept:
        assert digest(blobs.get(name)) == name


def test_the_bytes_of_an_erased_name_are_on_the_disk_no_more(blobs: FolderBlobs, tmp_path: Path) -> None:
    name = blobs.put(b"ada and bob")
    blobs.erase(name, b"ada")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"bob" in path.read_bytes() for path in files)
    assert blobs.path(name).read_bytes() == b"ada"


@pytest.mark.parametrize("done", ["put", "tombstone", "removed"])
def test_an_erasure_cut_off_anywhere_shows_the_old_or_the_new_and_can_be_finished(
    blobs: FolderBlobs, done: str
) -> None:
    name = blobs.put(b"ada and bob")
    if done == "put":
        blobs.put(b"ada")
    else:
        blobs.erase(name, b"ada")
    if done == "tombstone":
        blobs._file(name).write_bytes(b"ada and bob")
    assert blobs.get(name) == (b"ada and bob" if done == "put" else b"ada")
    assert (name in list(blobs.names())) == (done == "put")
    blobs.erase(name, b"ada")
    assert not blobs._file(name).exists()
    assert blobs.get(name) == b"ada"


def test_what_was_left_and_is_gone_is_corrupt(blobs: FolderBlobs) -> None:
    name = blobs.put(b"ada and bob")
    blobs.path(blobs.erase(name, b"ada")).unlink()
    assert not blobs.has(name)
    with pytest.raises(Corrupt, match="what was left of an erased blob is missing"):
        blobs.get(name)


def test_a_full_disk_erases_nothing(small_disk: Path) -> None:
    blobs = FolderBlobs(small_disk / "blobs")
    name = blobs.put(b"x" * 700_000)
    with pytest.raises(OutsideError, match="No space left"):
        blobs.erase(name, b"y" * 600_000)
    assert blobs.get(name) == b"x" * 700_000
    assert _leftovers(small_disk) == []


def _leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and len(path.name) != 64]


def test_a_file_too_large_leaves_nothing(tmp_path: Path, child: Any) -> None:
    lines = child.finish(child.start("put", tmp_path, 500_000))
    assert lines[-1] == "3"
    assert sorted(lines[:-1]) == list(FolderBlobs(tmp_path).names())
    assert _leftovers(tmp_path) == []


def test_a_full_disk_leaves_nothing(small_disk: Path) -> None:
    blobs = FolderBlobs(small_disk / "blobs")
    first = blobs.put(b"x" * 700_000)
    with pytest.raises(OutsideError, match="No space left") as caught:
        blobs.put(b"y" * 700_000)
    assert caught.value.exit_code == 3
    assert list(blobs.names()) == [first]
    assert _leftovers(small_disk) == []
    blobs.put(b"z" * 100_000)


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutsideError, match="could not write"):
        FolderBlobs(tmp_path / "file").put(b"hello")


def test_write_aside_replaces_whole_and_sets_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_aside(path, b"old")
    write_aside(path, b"new", mode=0o600)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_record_is_a_blob(blobs: FolderBlobs) -> None:
    thing = Thing(name="é")
    assert blobs.put(thing.canonical) == thing.id
    assert get_record(blobs, thing.id) == thing
    with pytest.raises(RecordUnknown):
        get_record(blobs, "0" * 64)


def test_find_id() -> None:
    names = ["abcd", "abff", "cd"]
    assert find_id(names, "abc") == "abcd"
    assert find_id(iter(names), "cd") == "cd"
    with pytest.raises(RecordUnknown, match="xy"):
        find_id(names, "xy")
    with pytest.raises(InputError, match="'ab' names 2 records"):
        find_id(names, "ab")


def test_received_blobs_keep_what_was_erased_of_them(tmp_path: Path) -> None:
    one, other = FolderBlobs(tmp_path / "one"), FolderBlobs(tmp_path / "other")
    name = one.put(b"ada and bob")
    assert other.receive(one, name)
    assert not other.receive(one, name)
    one.erase(name, b"ada")
    assert other.receive(one, name)
    assert not other.receive(one, name)
    assert other.get(name) == b"ada"
    assert not any(b"bob" in path.read_bytes() for path in (tmp_path / "other").rglob("*") if path.is_file())
    assert not one.receive(other, name)
    other.erase(name, b"")
    assert one.receive(other, name)
    assert one.get(name) == b""


def test_damage_is_not_received(tmp_path: Path) -> None:
    one, other = FolderBlobs(tmp_path / "one"), FolderBlobs(tmp_path / "other")
    name = one.put(b"hello")
    one.path(name).write_bytes(b"hellO")
    with pytest.raises(Corrupt):
        other.receive(one, name)
    assert not other.has(name)
