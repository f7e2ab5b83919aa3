"""A column's sketch: what its rows hold, in a few kilobytes; of months merged, the same as of the year.

Everything but the names past the two-hundredth is bit for bit the same, whatever the order of rows and however they
were cut into parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.measure.sketches.distinct import (
    Hashes,
    Registers,
    distinct,
    hash_texts,
    pack_registers,
    registers,
    unpack_registers,
)
from fullcycle.measure.sketches.names import LONGEST, MOST, Names
from fullcycle.measure.sketches.numbers import Numbers, number_registers, numbers_of

NAMED = ("category", "text")
_SLICE = 1 << 14
_FEW = 1 << 8
_BLOCK = 1 << 14


class ColumnSketch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a column's rows hold.

    Attributes
    ----------
    kind : ``float``, ``integer``, ``boolean``, ``time`` (microseconds since 1970), ``category`` or ``text``.
    n : rows, with and without a value.
    missing : rows without one; NaN is none.
    numbers : of numbers and times; of texts and categories, of their lengths in characters.
    names : of texts and categories, the commonest.
    registers : packed HyperLogLog registers; empty while different values are counted exactly.

    A column whose values may not be told has neither ``numbers`` of its values nor ``names``.

    Examples
    --------
    >>> winter = ColumnSketch.of(pl.Series([1.0, None, 3.0]), "float")
    >>> year = winter.merge(ColumnSketch.of(pl.Series([2.0]), "float"))
    >>> year.n, year.missing, year.distinct, year.numbers.sums.mean
    (4, 1, 3, 2.0)
    """

    kind: str
    n: int = 0
    missing: int = 0
    numbers: Numbers | None = None
    names: Names | None = None
    registers: str = ""

    @classmethod
    def of(cls, values: pl.Series, kind: str, *, told: bool = True) -> ColumnSketch:
        """The sketch of a typed column.

        Parameters
        ----------
        told : False for personal data, and for what nobody has decided about: no value enters the sketch.

        Raises
        ------
        InputError
            The values cannot be read as of that kind.
        """
        if kind in NAMED:
            return _of_names(values, kind, told)
        present = _floats(values, kind)
        numbers, found = numbers_of(present) if told else (None, number_registers(present))
        return cls(
            kind=kind,
            n=len(values),
            missing=len(values) - len(present),
            numbers=numbers,
            registers="" if found is None else pack_registers(found),
        )

    @classmethod
    def merged(cls, parts: Sequence[ColumnSketch]) -> ColumnSketch:
        """The sketch of all parts' rows, one at least: the same as merging them one by one, sooner.

        Raises
        ------
        InputError
            They are of different kinds, or some tell their values and others do not.

        Examples
        --------
        >>> ColumnSketch.merged([ColumnSketch.of(pl.Series([month]), "integer") for month in (1, 2, 3)]).distinct
        3
        """
        first = parts[0]
        for other in parts:
            if first.kind != other.kind or first.told != other.told:
                raise InputError(
                    "sketches of different columns do not merge",
                    found=(first.kind, first.told, other.kind, other.told),
                    expected="the same kind, and values told by both or by neither",
                )
        numbers = [part.numbers for part in parts if part.numbers is not None]
        names = [part.names for part in parts if part.names is not None]
        found = cls(
            kind=first.kind,
            n=sum(part.n for part in parts),
            missing=sum(part.missing for part in parts),
            numbers=Numbers.merged(numbers) if len(numbers) == len(parts) else None,
            names=reduce(Names.merge, names) if len(names) == len(parts) else None,
        )
        if found.exact:
            return found
        registers_of = [part._registers() for part in parts]
        return msgspec.structs.replace(found, registers=pack_registers(np.maximum.reduce(registers_of)))

    def merge(self, other: ColumnSketch) -> ColumnSketch:
        """The sketch of both columns' rows. Raises InputError where `merged` does."""
        return ColumnSketch.merged((self, other))

    @property
    def told(self) -> bool:
        """Whether values of the column are in the sketch."""
        return self.names is not None if self.kind in NAMED else self.numbers is not None

    @property
    def exact(self) -> bool:
        """Whether `distinct` is exact."""
        if self.registers or not self.told:
            return False
        if self.names is not None:
            return self.names.exact
        return self.numbers is not None and self.numbers.buckets.exact

    @property
    def distinct(self) -> int:
        """How many different values there are: exact where they are few, else within 2.3% (one standard error)."""
        if not self.exact:
            return min(round(distinct(unpack_registers(self.registers))), self.n - self.missing)
        if self.names is not None:
            return len(self.names.names)
        return self.numbers.distinct if self.numbers is not None else 0

    def _registers(self) -> Registers:
        if self.registers:
            return unpack_registers(self.registers)
        if self.names is not None:
            return registers(hash_texts(pl.Series(self.names.names, dtype=pl.String)))
        return self.numbers.registers() if self.numbers is not None else np.zeros(0, np.uint8)


def _floats(values: pl.Series, kind: str) -> NDArray[np.float64]:
    """The values that are there, as floats: times as microseconds, truth as 0 and 1."""
    if kind == "time" and values.dtype != pl.Null:
        if not values.dtype.is_temporal():
            raise InputError("a column of times holds none", place=values.name, found=str(values.dtype))
        values = values.cast(pl.Datetime("us")).to_physical()
    try:
        numbers = values.cast(pl.Float64)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"a column of type {kind} holds no numbers", place=values.name, found=str(error)) from None
    rows = (numbers.drop_nulls() if numbers.null_count() else numbers).to_numpy()
    return rows[~np.isnan(rows)] if np.isnan(rows.min(initial=0.0)) else rows


def _of_names(values: pl.Series, kind: str, told: bool) -> ColumnSketch:
    """Everything follows from each name and how often it occurs."""
    table = _counted(values.cast(pl.String))
    names, times = table.to_series(0), table.to_series(1).cast(pl.Int64)
    if values.null_count():
        names, times = names.filter(names.is_not_null()), times.filter(names.is_not_null())
    counts = times.to_numpy()
    lengths, places = np.unique(names.str.len_chars().to_numpy(), return_inverse=True)
    by_length = np.zeros(len(lengths), np.int64)
    np.add.at(by_length, places, counts)
    labels = _labels(names, int(lengths.max(initial=0)))
    sketch = ColumnSketch(
        kind=kind,
        n=len(values),
        missing=values.null_count(),
        numbers=Numbers.of_counted(lengths.astype(np.float64), by_length),
        names=Names.of(_common(labels, counts)) if told else None,
    )
    if sketch.exact:
        return sketch
    return msgspec.structs.replace(sketch, registers=pack_registers(registers(hash_texts(labels))))


def _counted(values: pl.Series) -> pl.DataFrame:
    """Different values and how often each occurs; where they are few, by their hashes, which is sooner than by texts."""
    first = values.head(_SLICE).value_counts(name=" ")
    rest = values.slice(_SLICE)
    if not len(rest):
        return first
    word = _telling(first.to_series(0)) if len(first) <= _FEW else None
    if word is None:
        return values.value_counts(name=" ")
    times, others = _counted_by_hash(rest, first.to_series(0), word)
    first = first.with_columns((first.to_series(1).cast(pl.Int64) + times).alias(" "))
    if not len(others):
        return first
    found = others.value_counts(name=" ").cast({" ": pl.Int64})
    return pl.concat([first, found])


def _telling(names: pl.Series) -> int | None:
    """Which 16 bits of the names' hashes tell each name from the others; None where none do."""
    hashes = names.hash().to_numpy()
    return next((word for word in range(4) if len(np.unique(_bits(hashes, word))) == len(hashes)), None)


def _counted_by_hash(values: pl.Series, names: pl.Series, word: int) -> tuple[pl.Series, pl.Series]:
    """How often each of *names* occurs, and the values that are none of them.

    A value counts as the name whose hash of 64 bits it has. For a name that is not among the first rows to be taken for
    one that is, two hashes would have to be equal: of a thousand names, one chance in 10^13.
    """
    known = names.hash().to_numpy()
    places = _bits(known, word)
    expected = np.full(1 << 16, known[0], np.uint64)  # which fits in its own place alone
    expected[places] = known
    hashes, counts, others = values.hash().to_numpy(), np.zeros(1 << 16, np.int64), []
    for start in range(0, len(hashes), _BLOCK):
        block = hashes[start : start + _BLOCK]
        found = _bits(block, word)
        same = expected.take(found) == block
        if not same.all():
            others.append(np.flatnonzero(~same) + start)
            found = found[same]
        np.add.at(counts, found, 1)
    unknown = values.gather(np.concatenate(others)) if others else values.clear()
    return pl.Series(counts[places]), unknown


def _bits(hashes: Hashes, word: int) -> NDArray[np.int64]:
    return hashes.view(np.uint16).reshape(-1, 4)[:, word].astype(np.int64)


def _common(labels: pl.Series, times: NDArray[np.int64]) -> dict[str, int]:
    """The commonest names with their counts, one more than are kept: it tells how often the others occur at most.

    Of those that occur equally often, the first by name, as `Names` keeps them.
    """
    if len(labels) <= MOST + 1:
        return dict(zip(labels.to_list(), times.tolist(), strict=True))
    least = int(np.partition(times, len(times) - MOST - 1)[len(times) - MOST - 1])
    above = np.flatnonzero(times > least)
    ties = labels.gather(np.flatnonzero(times == least)).bottom_k(MOST + 1 - len(above))
    names = labels.gather(above).to_list()
    return {**dict(zip(names, times[above].tolist(), strict=True)), **dict.fromkeys(ties.to_list(), least)}


def _labels(names: pl.Series, longest: int) -> pl.Series:
    """Names, long ones as their beginning and the hash of all: longer than any that is kept whole."""
    if longest <= LONGEST:
        return names
    long = names.str.len_chars() > LONGEST
    hashes = [f"{number:016x}" for number in hash_texts(names.filter(long)).tolist()]
    short = names.filter(long).str.head(LONGEST - 16) + "…" + pl.Series(hashes, dtype=pl.String)
    return names.clone().scatter(long.arg_true(), short)
