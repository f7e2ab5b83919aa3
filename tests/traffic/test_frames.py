"""Frames survive every cut and betray every flipped bit."""

from __future__ import annotations

import zlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel.errors import Corrupt
from fullcycle.traffic.frames import decode, encode, whole_length
from fullcycle.traffic.schema import Decision, Outcome

from .rows import decision, outcome

texts = st.text(max_size=20)
floats = st.none() | st.floats(allow_nan=False)
times = st.integers(0, 2**53)
answers = st.builds(decision, entity=texts, time=times, action=texts, score=floats, row=texts, variant=texts)
facts = st.builds(outcome, id=texts, time=st.none() | times, status=texts, reason=texts, actual=floats, row=texts)


@given(st.lists(answers | facts, max_size=5))
@settings(max_examples=40, deadline=None)
def test_what_is_encoded_comes_back(rows: list[Decision | Outcome]) -> None:
    data = b"".join(encode(row) for row in rows)
    assert [row for row, _ in decode(data, sealed=True)] == rows
    assert whole_length(data) == len(data)


def test_torn_at_every_byte_keeps_every_whole_row() -> None:
    rows = [decision(f"N{i}") for i in range(3)]
    data = b"".join(map(encode, rows))
    ends = [end for _, end in decode(data)]
    for length in range(len(data)):
        kept = [row for row, _ in decode(data[:length])]
        assert kept == rows[: sum(end <= length for end in ends)]
        assert whole_length(data[:length]) == max([0, *(end for end in ends if end <= length)])


def test_zeros_that_a_power_loss_leaves_are_no_rows() -> None:
    data = encode(decision()) + bytes(4096)
    assert len(list(decode(data))) == 1


@pytest.mark.parametrize("place", ["length", "length made huge", "checksum", "payload"])
def test_damage_in_the_middle_names_file_and_offset(place: str) -> None:
    frames = [encode(decision(f"N{i}")) for i in range(3)]
    data = bytearray(b"".join(frames))
    start = len(frames[0])
    data[start + {"length": 0, "length made huge": 3, "checksum": 5, "payload": 40}[place]] ^= 0x40
    with pytest.raises(Corrupt, match=rf"log/a1\.open.*offset {start}"):
        list(decode(bytes(data), place="log/a1.open"))
    with pytest.raises(Corrupt):
        whole_length(bytes(data))


def test_a_torn_end_is_damage_once_sealed() -> None:
    data = encode(decision())[:-1]
    with pytest.raises(Corrupt):
        list(decode(data, sealed=True))


def test_a_row_of_an_unknown_kind_is_refused() -> None:
    payload = msgspec.msgpack.encode(["wish", 1])
    data = len(payload).to_bytes(4, "little") + zlib.crc32(payload).to_bytes(4, "little") + payload
    with pytest.raises(Corrupt):
        list(decode(data))
