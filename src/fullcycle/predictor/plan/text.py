"""Operations that read texts. Each makes a slot of vectors, of which
:class:`Element` and :class:`Dot` make numbers.

A text is taken apart by one analyser on columns and on one row, counts are whole, and sums run in the order of the terms,
so that both give the same bits. A missing text is an empty one: its vector is zero.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan.analyser import Analyser, indexer
from fullcycle.predictor.plan.operation import Unary, register
from fullcycle.predictor.plan.sparse import Sparse
from fullcycle.predictor.plan.values import Numbers, RowStep, Slots, Sort

_MEMORY = 100_000  # words whose runs of characters are remembered while a table is read
_MOST = 1 << 20  # buckets


class Counts(Unary, frozen=True, kw_only=True):
    """How often terms occur in a text. Base of the operations here.

    Attributes
    ----------
    analyser : how the text is taken apart.
    """

    analyser: Analyser

    def __post_init__(self) -> None:
        super().__post_init__()
        self.analyser.check(self.place)

    def index(self) -> Callable[[str], int | None]:
        """The number of a term; None for one that is not counted."""
        raise NotImplementedError(type(self).__name__)

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        self.expect(sorts, "string")
        return "vector"

    def columns(self, slots: Slots) -> Sparse:
        number = indexer(self.analyser, self.index(), _MEMORY)
        return Sparse.count([[] if it is None else number(it) for it in slots.strings(self.input)], self.width())

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, number = places[self.input], indexer(self.analyser, self.index())
        return lambda s: {} if s[i] is None else _counted(number(s[i]))


def _counted(numbers: list[int]) -> dict[int, float]:
    return {number: float(count) for number, count in sorted(Counter(numbers).items())}


class Known(Counts, frozen=True, kw_only=True):
    """Counts of the terms of a vocabulary; others are passed over."""

    vocabulary: tuple[str, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.vocabulary:
            raise InputError("a vocabulary is empty", place=self.place, expected="a term")
        if len(set(self.vocabulary)) != len(self.vocabulary):
            twice = next(term for term, count in Counter(self.vocabulary).items() if count > 1)
            raise InputError("a vocabulary names a term twice", place=self.place, found=twice)

    def width(self) -> int:
        return len(self.vocabulary)

    def index(self) -> Callable[[str], int | None]:
        return {term: number for number, term in enumerate(self.vocabulary)}.get


@register
class BagOfWords(Known, frozen=True, kw_only=True, tag="bag_of_words"):
    """How often each term of a vocabulary occurs.

    >>> step = BagOfWords(output="b", input="a", analyser=Analyser("word"), vocabulary=("bad", "good")).row({"a": 0})
    >>> step(["Good, really good!"]), step([None])
    ({1: 2.0}, {})
    """


@register
class TfIdf(Known, frozen=True, kw_only=True, tag="tf_idf"):
    """How often each term of a vocabulary occurs, times how rare it is, divided by the length of the vector.

    Attributes
    ----------
    idf : by term, its inverse document frequency; above zero.

    References
    ----------
    Spärck Jones 1972, *A statistical interpretation of term specificity*; Salton and Buckley 1988, *Term-weighting
    approaches in automatic text retrieval*.

    Examples
    --------
    >>> step = TfIdf(
    ...     output="b", input="a", analyser=Analyser("word"), vocabulary=("bad", "good"), idf=(4.0, 1.5)
    ... ).row({"a": 0})
    >>> step(["good, good, bad"])
    {0: 0.8, 1: 0.6}
    """

    idf: tuple[float, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.idf) != self.width() or min(self.idf, default=1.0) <= 0:
            expected = f"{self.width()} numbers above zero"
            raise InputError(
                "a frequency for each term is needed", place=self.place, found=len(self.idf), expected=expected
            )

    def columns(self, slots: Slots) -> Sparse:
        counts = super().columns(slots)
        weighted = counts.values * np.array(self.idf)[counts.places]
        lengths = np.sqrt(counts.sums(weighted * weighted))
        return counts.with_values(weighted / lengths[counts.rows])

    def row(self, places: Mapping[str, int]) -> RowStep:
        count, idf = super().row(places), self.idf

        def weigh(s: list[str | None]) -> dict[int, float]:
            weighted = {term: number * idf[term] for term, number in count(s).items()}
            length = math.sqrt(_ordered_sum(it * it for it in weighted.values()))
            return {term: number / length for term, number in weighted.items()}

        return weigh


@register
class TermHash(Counts, frozen=True, kw_only=True, tag="term_hash"):
    """How often terms occur, by the hash of each (BLAKE2b) modulo *buckets*: no vocabulary, but terms share buckets.

    References
    ----------
    Weinberger et al. 2009, *Feature hashing for large scale multitask learning*, without their signs.

    Examples
    --------
    >>> TermHash(output="b", input="a", analyser=Analyser("word"), buckets=9).row({"a": 0})(["good, good, bad"])
    {3: 1.0, 7: 2.0}
    """

    buckets: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.buckets <= _MOST:
            expected = f"1 to {_MOST}"
            raise InputError("there must be a bucket", place=self.place, found=self.buckets, expected=expected)

    def width(self) -> int:
        return self.buckets

    def index(self) -> Callable[[str], int | None]:
        buckets = self.buckets

        def number(term: str) -> int:
            digest = hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            return int.from_bytes(digest, "little") % buckets

        return number


@register
class Element(Unary, frozen=True, kw_only=True, tag="element"):
    """One number of a vector: a column of a bag of words, say.

    >>> Element(output="b", input="a", at=2).row({"a": 0})([{2: 0.5}])
    0.5
    """

    at: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.at < 0:
            raise InputError("a vector has no such place", place=self.place, found=self.at, expected="0 or more")

    def check_widths(self, widths: Sequence[int]) -> None:
        if widths[0] <= self.at:
            expected = f"a vector of more than {self.at} numbers"
            raise InputError(f"slot {self.input!r} does not fit", place=self.place, found=widths[0], expected=expected)

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        self.expect(sorts, "vector")
        return "number"

    def columns(self, slots: Slots) -> Numbers:
        return slots.vectors(self.input).column(self.at)

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, place = places[self.input], self.at
        return lambda s: s[i].get(place, 0.0)


@register
class Dot(Unary, frozen=True, kw_only=True, tag="dot"):
    """The sum of a vector's numbers, each times its weight: the score of a linear model on a text.

    >>> Dot(output="b", input="a", weights=(1.0, 10.0)).row({"a": 0})([{0: 0.5, 1: 0.25}])
    3.0
    """

    weights: tuple[float, ...]

    def check_widths(self, widths: Sequence[int]) -> None:
        if widths[0] != len(self.weights):
            expected = f"a vector of {len(self.weights)} numbers"
            raise InputError(f"slot {self.input!r} does not fit", place=self.place, found=widths[0], expected=expected)

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        self.expect(sorts, "vector")
        return "number"

    def columns(self, slots: Slots) -> Numbers:
        return slots.vectors(self.input).dot(np.array(self.weights, dtype=np.float64))

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, weights = places[self.input], self.weights
        return lambda s: _ordered_sum(number * weights[place] for place, number in s[i].items())


def _ordered_sum(numbers: Iterable[float]) -> float:
    """One after the other, as on columns; Python's own ``sum`` adds more exactly from 3.12 on."""
    total = 0.0
    for number in numbers:
        total += number
    return total
