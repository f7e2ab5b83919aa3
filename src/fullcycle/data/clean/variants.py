"""Inconsistent categories: words that differ in blanks, case or accents only, and rare words near a common one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from fullcycle.data.clean.cells import Cells
from fullcycle.data.clean.proposal import Idea
from fullcycle.data.clean.spelling import distance, shortened
from fullcycle.data.clean.touched import SHOWN, example
from fullcycle.data.clean.words import spelling
from fullcycle.predictor.contract.spelling import Plain, plain

_WAYS: tuple[tuple[Plain, ...], ...] = (
    *(("strip",), ("lower",), ("strip", "lower")),
    *(("accents",), ("strip", "accents"), ("lower", "accents")),
)
_ALL: tuple[Plain, ...] = ("strip", "lower", "accents")
_WORDS = 5000  # distinct words, beyond which a column is hardly of categories
_SHORT, _LONG = 5, 10  # letters: under the first a near word is another word; from the second on two slips are allowed
_RATIO = 20  # how many times as often a word must come as its variant
_OFTEN = 10  # times that a word must come


def inconsistent(cells: Cells) -> Iterator[Idea]:
    """How to make words plain, where some differ in nothing else."""
    counts = _counts(cells)
    apart = {word: plain(word, cells.fact.normalise) for word in counts}
    fewest = len({plain(word, _ALL) for word in apart.values()})
    if not counts or fewest == len(set(apart.values())):
        return
    for way in (*_WAYS, _ALL):
        how = tuple(part for part in _ALL if part in way or part in cells.fact.normalise)
        if len({plain(word, how) for word in apart}) == fewest:
            break
    groups = defaultdict(list)
    for word in counts:  # commonest first
        groups[plain(word, how)].append(word)
    variants = [word for group in groups.values() if len(group) > 1 for word in group]
    changed = [(word, plain(word, how)) for word in variants if plain(word, how) != word]
    examples = tuple(example(word, stays, open=cells.open) for word, stays in changed[:SHOWN])
    become = sum(len(group) > 1 for group in groups.values())
    evidence = {"words": len(variants), "become": become, "cells": sum(counts[word] for word in variants)}
    yield Idea("words", cells.name, evidence, examples, fact={"normalise": how, **_kept(cells, counts, how)})


def _kept(cells: Cells, counts: Mapping[str, int], how: tuple[Plain, ...]) -> dict[str, tuple[str, ...]]:
    """Declared categories without those that are another one once made plain: the commonest stays."""
    if cells.fact.categories is None:
        return {}
    first: dict[str, str] = {}
    for word in sorted(cells.fact.categories, key=lambda word: -counts.get(word, 0)):
        first.setdefault(plain(word, how), word)
    return {"categories": tuple(word for word in cells.fact.categories if word in first.values())}


def misspelt(cells: Cells) -> Iterator[Idea]:
    """Rare words that are a slip or two from a common one, as aliases of it; proposed, never applied.

    Words with digits are codes, of which one is not a slip of the other; nor is any word of a column in which words of
    about the same count are as near.
    """
    spell = spelling(cells.name, cells.fact) or str
    counts: Counter[str] = Counter()
    for word, times in _counts(cells).items():
        counts[spell(word)] += times
    near, as_common = _near(counts)
    if (known := cells.fact.categories) is not None:
        near = {word: stays for word, stays in near.items() if stays in known and word not in known}
    if not near or as_common >= len(near):
        return
    examples = tuple(example(word, stays, open=cells.open) for word, stays in list(near.items())[:SHOWN])
    evidence = {"words": len(near), "cells": sum(counts[word] for word in near)}
    yield Idea("spelling", cells.name, evidence, examples, fact={"aliases": {**cells.fact.aliases, **near}}, cells=True)


def _near(counts: Mapping[str, int]) -> tuple[dict[str, str], int]:
    """Rare words with the common one that each is near, and how many pairs of near words are about as common."""
    words = [word for word in counts if len(word) >= _SHORT and not any(map(str.isdigit, word))]
    index: dict[str, list[str]] = defaultdict(list)
    for word in words:
        for part in shortened(word.lower(), _slips(word)):
            index[part].append(word)
    pairs = {
        (one, other)
        for alike in index.values()
        for one in alike
        for other in alike
        if (-counts[one], one) < (-counts[other], other)
    }
    near: dict[str, str] = {}
    as_common = 0
    for one, other in sorted(pairs, key=lambda pair: (-counts[pair[0]], pair)):
        slips = min(_slips(one), _slips(other))
        if distance(one.lower(), other.lower(), slips) > slips:
            continue
        if counts[one] >= max(_OFTEN, _RATIO * counts[other]):
            near.setdefault(other, one)
        elif other not in near:
            as_common += 1
    return {word: stays for word, stays in sorted(near.items()) if stays not in near}, as_common


def _slips(word: str) -> int:
    return 2 if len(word) >= _LONG else 1


def _counts(cells: Cells) -> dict[str, int]:
    if cells.fact.type != "category" or len(cells.words) > _WORDS:
        return {}
    return dict(cells.words.select("word", "count").iter_rows())
