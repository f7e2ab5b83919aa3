"""Fractions from keys: a number in [0, 1) that depends on a row's own key columns and on nothing else.

A row's part must not change when rows come, go or are ordered anew, nor with a new version of a library. So each
distinct key is hashed with BLAKE2b (RFC 7693), over a text whose form is fixed here, and several columns are combined by
the finaliser of SplitMix64 (Steele, Lea and Flood 2014, *Fast splittable pseudorandom number generators*).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Floats = NDArray[np.float64]

_MISSING = "\x00missing"


def fractions(frame: pl.DataFrame, columns: Sequence[str], *, seed: int = 0, salt: str = "split") -> Floats:
    """A fraction for each row, from the values of *columns* alone; multiples of 2⁻⁵³, so that comparing is exact.

    Parameters
    ----------
    frame : n rows.
    seed : which of the fractions that a key can have.
    salt : keeps fractions for different purposes independent of each other.

    Returns
    -------
    Shape (n,), in [0, 1). Rows with equal keys have equal fractions; a missing value is a key like any other.

    Examples
    --------
    >>> fractions(pl.DataFrame({"customer": ["a", "b", "a"]}), ["customer"]).round(3).tolist()
    [0.223, 0.482, 0.223]
    """
    words = np.zeros(len(frame), np.uint64)
    for name in columns:
        words = mixed(words ^ _words(frame[name], f"{salt}\x00{seed}\x00"))
    found: Floats = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return found


def key_text(value: object) -> str:
    """The text by which a key is hashed: 5, 5.0 and "5" are one key, whatever type a file gave the column.

    >>> key_text(5.0), key_text(True), key_text(None) == key_text("")
    ('5', 'true', False)
    """
    match value:
        case None:
            return _MISSING
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


def mixed(words: Words) -> Words:
    """Each word's bits spread over all of its bits; one to one.

    >>> mixed(np.array([0, 1], np.uint64)).tolist()
    [16294208416658607535, 10451216379200822465]
    """
    words = words + np.uint64(0x9E3779B97F4A7C15)  # wraps around, as meant
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _words(cells: pl.Series, prefix: str) -> Words:
    """64 bits for each cell. Times are hashed as numbers: they seldom repeat, and a number needs no text."""
    base = hashlib.blake2b(prefix.encode(), digest_size=8)
    if isinstance(cells.dtype, pl.Datetime):
        ticks = cells.dt.epoch("us").fill_null(np.iinfo(np.int64).min).to_numpy().view(np.uint64)
        return mixed(ticks ^ np.uint64(int.from_bytes(base.digest(), "little")))
    distinct = cells.unique(maintain_order=True)
    words = _digests(base, distinct)
    if len(distinct) == len(cells):
        return words
    return cells.replace_strict(distinct, pl.Series(words), return_dtype=pl.UInt64).to_numpy()


def _digests(base: hashlib.blake2b, keys: pl.Series) -> Words:
    texts = keys.fill_null(_MISSING).to_list() if keys.dtype == pl.String else map(key_text, keys.to_list())
    found = []
    for text in texts:
        word = base.copy()  # the prefix is hashed once
        word.update(text.encode())
        found.append(word.digest())
    return np.frombuffer(b"".join(found), "<u8").astype(np.uint64)
