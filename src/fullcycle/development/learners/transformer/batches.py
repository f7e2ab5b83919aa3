"""Batches of texts of about one length: little of a batch is padding, and few shapes have to be compiled."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fullcycle.predictor.encoder import TOKENS

Ints: TypeAlias = NDArray[np.int64]
BATCH = 32  # rows
LENGTHS = (16, 32, 64, 96, TOKENS)  # of what batches are padded to
_NEAR = 16  # batches whose rows are put in order of their length together


class Batch(NamedTuple):
    """A batch: (BATCH,) places of its rows, how many of them there are (the last one fills up), and its length."""

    rows: Ints
    size: int
    length: int


def in_order(lengths: Ints) -> list[Batch]:
    """Batches of all rows, the shortest first.

    >>> [(it.size, it.length) for it in in_order(np.array([3] * 33 + [40]))]
    [(32, 16), (2, 64)]
    """
    return _cut(np.argsort(lengths, kind="stable"), lengths)


def drawn(lengths: Ints, random: np.random.Generator) -> list[Batch]:
    """Batches of all rows by chance, each of rows that are about as long.

    >>> sorted(it.size for it in drawn(np.array([3] * 33 + [40]), np.random.default_rng(0)))
    [2, 32]
    """
    order = random.permutation(len(lengths))
    near = [order[start : start + BATCH * _NEAR] for start in range(0, len(order), BATCH * _NEAR)]
    sorted_ = np.concatenate([rows[np.argsort(lengths[rows], kind="stable")] for rows in near])
    found = _cut(sorted_, lengths)
    return [found[place] for place in random.permutation(len(found))]


def _cut(order: Ints, lengths: Ints) -> list[Batch]:
    found = []
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        longest = int(lengths[rows].max())
        full = np.append(rows, np.repeat(rows[-1:], BATCH - len(rows)))
        found.append(Batch(full, len(rows), next(it for it in LENGTHS if longest <= it)))
    return found
