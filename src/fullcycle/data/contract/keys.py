"""Unique keys over a table that is never in memory at once: each part's keys as hashes of eight bytes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.contract.settings import ColumnFact, Rules
from fullcycle.kernel.errors import ColumnMissing, InputError

Key = tuple[str, ...]
Hashes = NDArray[np.uint64]
_SEED = 7


def unique_keys(rules: Rules, facts: Mapping[str, ColumnFact]) -> tuple[Key, ...]:
    """Every key that must be unique: those of ``[data.rules]``, and columns that are by themselves.

    Raises
    ------
    InputError
        A key is without columns.

    >>> unique_keys(Rules(unique=(("id", "at"),)), {"code": ColumnFact(type="category", unique=True)})
    (('id', 'at'), ('code',))
    """
    if not all(rules.unique):
        raise InputError(
            "a key has no column",
            place="cycle.toml, [data.rules] unique",
            found="an empty list",
            mend='name its columns, such as unique = [["order_id"]], or leave the key out',
        )
    single = tuple((name,) for name, fact in facts.items() if fact.unique)
    return tuple(dict.fromkeys((*rules.unique, *single)))


class Keys:
    """The keys of the parts seen so far.

    Within a part keys are compared as they are, between parts by 64-bit hashes: among 30 million keys two that differ share
    one with a chance of 1 in 40,000. A key with a missing part is not compared, as in SQL. Eight bytes a row and key.

    Examples
    --------
    >>> keys = Keys((("id",),))
    >>> first, second = pl.DataFrame({"id": ["a", "b", "a"]}), pl.DataFrame({"id": ["b", None, "c"]})
    >>> keys.repeated(first)[("id",)].to_list(), keys.repeated(second)[("id",)].to_list()
    ([False, False, True], [True, False, False])
    """

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._seen: dict[Key, list[Hashes]] = {key: [] for key in keys}

    def repeated(self, part: pl.DataFrame) -> dict[Key, pl.Series]:
        """By key, the rows of *part* whose key came before, in it or in a part before; the part is remembered.

        Raises
        ------
        ColumnMissing
            A column of a key is not in the table.
        """
        return {key: self._repeated(part, key) for key in self._seen}

    def remember(self, key: Key, hashes: Hashes) -> None:
        """Take note of a part by the hashes that :func:`key_hashes` once gave, under the same version of Polars."""
        self._seen[key].append(np.unique(hashes))

    def _repeated(self, part: pl.DataFrame, key: Key) -> pl.Series:
        for name in key:
            if name not in part.columns:
                raise ColumnMissing(name, part.columns, needed_by="a key of [data.rules] unique")
        whole = part.select(pl.all_horizontal(pl.col(name).is_not_null() for name in key)).to_series()
        within = ~part.select(pl.struct(key).is_first_distinct()).to_series() & whole
        hashes = _hashed(part, key)
        before = np.zeros(part.height, dtype=np.bool_)
        for seen in self._seen[key]:
            places = np.minimum(np.searchsorted(seen, hashes), max(0, len(seen) - 1))
            before |= seen[places] == hashes if len(seen) else False
        self.remember(key, hashes[whole.to_numpy()])
        return (within | (pl.Series(before, dtype=pl.Boolean) & whole)).alias("repeated")


def key_hashes(part: pl.DataFrame, key: Key) -> Hashes:
    """The hash of each row's key, without rows where a part of it is missing; shape (m,).

    >>> len(key_hashes(pl.DataFrame({"id": ["a", None]}), ("id",)))
    1
    """
    return _hashed(part.drop_nulls(list(key)), key)


def _hashed(part: pl.DataFrame, key: Key) -> Hashes:
    return part.select(key).hash_rows(seed=_SEED).to_numpy()
