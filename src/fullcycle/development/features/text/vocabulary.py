"""The vocabulary: which terms of a column of texts are kept, and in how many rows each occurs."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from fullcycle.predictor.plan import Analyser

WORDS = Analyser("word", 1, 2)
CHARACTERS = Analyser("character", 3, 5)
_NUMBER = re.compile(r"\d{5}")  # the like of it is a telephone number or a key, not a word
_MEMORY = 100_000  # words whose runs of characters are remembered


class Vocabulary(NamedTuple):
    """Terms in order of the alphabet, and by each the number of rows in which it occurs."""

    terms: tuple[str, ...]
    rows: tuple[int, ...]


def vocabulary(texts: pl.Series, analyser: Analyser, *, rare: int, most: int, common: float = 1.0) -> Vocabulary:
    """The *most* frequent terms of *texts*.

    What only a few rows hold may name somebody, and says little: it is never kept, nor is a term with five digits in a
    row.

    Parameters
    ----------
    rare : rows in which a term has to occur.
    common : share of the rows in which it may occur.

    Examples
    --------
    >>> vocabulary(pl.Series(["so good", "good", "bad", None]), Analyser("word"), rare=2, most=10)
    Vocabulary(terms=('good',), rows=(2,))
    """
    counts: Counter[str] = Counter()
    split = lru_cache(_MEMORY)(analyser.split) if analyser.unit == "character" else analyser.split
    for text in texts.drop_nulls():
        counts.update(set().union(*(split(part) for part in analyser.parts(text))))
    ceiling = common * len(texts)
    kept = [term for term, rows in counts.items() if rare <= rows <= ceiling and not _NUMBER.search(term)]
    kept = sorted(sorted(kept, key=lambda term: (-counts[term], term))[:most])
    return Vocabulary(tuple(kept), tuple(counts[term] for term in kept))
