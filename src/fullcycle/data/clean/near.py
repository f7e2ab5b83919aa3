"""Near duplicates: texts that share almost all their parts, found without comparing each with each."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import Literal

import polars as pl

from fullcycle.data.clean.settings import Near

Parts = frozenset[Hashable]
_WORD = re.compile(r"\w+")


def repeats(rows: pl.DataFrame, near: Near) -> list[int | None]:
    """For each row the earlier one that it almost repeats, None for those that stay.

    A row is compared with rows that stay only, so that done twice it finds no more than once.

    >>> rows = pl.DataFrame({"text": ["A very good shirt", "Very good: a shirt!", "bad"]})
    >>> repeats(rows, Near(columns=("text",)))
    [None, 0, None]
    """
    texts = [parts(cells, near.parts) for cells in rows.select(near.columns).iter_rows()]
    groups = list(rows.select(near.same).iter_rows()) if near.same else [()] * len(rows)
    return similar(texts, groups, near.similarity)


def parts(cells: Sequence[object], of: Literal["words", "trigrams"]) -> Parts:
    """What the texts of a row are made of, without case, accents, order and punctuation; a part that comes twice counts twice.

    >>> sorted(parts(["Très très bon"], "words"))
    [(0, 'bon', 1), (0, 'tres', 1), (0, 'tres', 2)]
    """
    found: list[Hashable] = []
    for place, cell in enumerate(cells):
        letters = unicodedata.normalize("NFKD", "" if cell is None else str(cell)).casefold()
        words = _WORD.findall("".join(sign for sign in letters if not unicodedata.combining(sign)))
        if of == "trigrams" and words:
            padded = f"  {' '.join(words)} "
            words = [padded[at : at + 3] for at in range(len(padded) - 2)]
        times: Counter[str] = Counter()
        for word in words:
            times[word] += 1
            found.append((place, word, times[word]))
    return frozenset(found)


def similar(texts: Sequence[Parts], groups: Sequence[Hashable], least: float) -> list[int | None]:
    """For each text the first earlier one that stays, of its group, and shares *least* of their parts (Jaccard).

    Exact: two texts so similar must share one of their few rarest parts, by which alone they are looked up.

    Source: Bayardo, Ma and Srikant 2007, *Scaling up all pairs similarity search* (prefix filter).

    >>> similar([frozenset("abcd"), frozenset("abce"), frozenset("abcd")], [0, 0, 0], 0.6)
    [None, 0, 0]
    """
    often = Counter(part for text in texts for part in text)
    index: dict[tuple[Hashable, Hashable], list[tuple[int, int, int]]] = defaultdict(list)
    same: dict[tuple[Hashable, Parts], int] = {}
    found: list[int | None] = []
    common = least / (1 + least)  # of the parts of two texts together, the share that so similar ones have in common
    for place, (text, group) in enumerate(zip(texts, groups, strict=True)):
        first = same.get((group, text)) if text else None
        if first is None and text:
            size = len(text)
            rarest = sorted(text, key=lambda part: (often[part], str(part)))
            keys = [(group, part) for part in rarest[: size - math.ceil(least * size - 1e-9) + 1]]
            earlier = {
                other
                for at, key in enumerate(keys)
                for other, where, length in index.get(key, ())
                # what can be in common from here on must suffice (Xiao et al. 2008: positional filter)
                if min(size - at, length - where) >= common * (size + length) - 1e-9
            }
            first = next((other for other in sorted(earlier) if _share(text, texts[other]) >= least - 1e-12), None)
            if first is None:
                same[group, text] = place
                for at, key in enumerate(keys):
                    index[key].append((place, at, size))
        found.append(first)
    return found


def _share(one: Parts, other: Parts) -> float:
    shorter, longer = sorted((len(one), len(other)))
    if 2 * shorter < longer:  # cannot share half
        return 0.0
    both = len(one & other)
    return both / (shorter + longer - both)
