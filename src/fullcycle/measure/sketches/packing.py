"""Packing: integers as short text, the same in every version: LEB128 in base 64."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fullcycle.kernel.errors import InputError

Ints = NDArray[np.int64]

_LONGEST = 10  # bytes of seven bits that 64 bits fill


def pack(numbers: Sequence[int] | Ints) -> str:
    """Integers of 64 bits as text; small ones, of either sign, take little.

    >>> pack([1, -2, 300])
    'AgPYBA=='
    """
    signed = np.asarray(numbers, dtype=np.int64)
    rest = ((signed << 1) ^ (signed >> 63)).view(np.uint64)  # zigzag: the sign is the lowest bit
    most = max(1, -(-int(rest.max(initial=0)).bit_length() // 7))
    septets = (rest[:, None] >> np.arange(0, 7 * most, 7, dtype=np.uint64)) & np.uint64(0x7F)
    used = np.maximum.accumulate((septets > 0)[:, ::-1], axis=1)[:, ::-1]
    used[:, 0] = True
    septets[:, :-1] |= used[:, 1:].astype(np.uint64) << np.uint64(7)  # one bit says that more follow
    return base64.b64encode(septets[used].astype(np.uint8).tobytes()).decode("ascii")


def unpack(text: str) -> Ints:
    """The integers of *text*. Raises InputError for a text that holds none.

    >>> unpack(pack([1, -2, 300])).tolist()
    [1, -2, 300]
    """
    body = np.frombuffer(raw(text), np.uint8)
    if not len(body):
        return np.empty(0, np.int64)
    last = body < 0x80
    starts = np.flatnonzero(np.r_[True, last[:-1]])
    place = np.arange(len(body)) - np.repeat(starts, np.diff(np.r_[starts, len(body)]))
    if not last[-1] or int(place.max()) >= _LONGEST:
        raise InputError("a sketch is damaged", expected="whole numbers of 64 bits")
    septets = (body & 0x7F).astype(np.uint64) << (7 * place).astype(np.uint64)
    rest = np.bitwise_or.reduceat(septets, starts)
    return (rest >> np.uint64(1)).view(np.int64) ^ -(rest & np.uint64(1)).view(np.int64)


def raw(text: str) -> bytes:
    """The bytes of a text in base 64.

    >>> raw("AgPYBA==")
    b'\\x02\\x03\\xd8\\x04'
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("a sketch is damaged", expected="base 64") from None
