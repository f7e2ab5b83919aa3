"""The analyser: from a text to its terms, which are words, runs of words, or runs of characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from itertools import chain, pairwise
from typing import Literal

import msgspec

from fullcycle.kernel.errors import InputError

LONGEST = (
    20_000  # characters of a text that are read: beyond them a text says little new, and an answer has to be quick
)
_EMOJI = "\U0001f000-\U0001faff\u2600-\u27bf"
_WORD = re.compile(rf"\w\w+|[{_EMOJI}]")


class Analyser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a text is taken apart.

    Attributes
    ----------
    unit : ``word``: words of two letters or digits and more, and each emoji; ``character``: runs within a word and the
        blank on either side of it (``char_wb`` of scikit-learn).
    low, high : shortest and longest run.
    longest : characters of the text that are read.

    Examples
    --------
    >>> Analyser("word", 1, 2).terms("Ｌoved it, LOVED it!")
    ['loved', 'it', 'loved', 'it', 'loved it', 'it loved', 'loved it']
    >>> Analyser("character", 3, 4).terms("Ok so")
    [' ok', 'ok ', ' ok ', ' so', 'so ', ' so ']
    """

    unit: Literal["word", "character"]
    low: int = 1
    high: int = 1
    longest: int = LONGEST

    def check(self, place: str) -> None:
        """Raise InputError where the runs have no length.

        >>> Analyser("word", 1, 2).check("here")
        """
        if not 1 <= self.low <= self.high or self.longest < 1:
            found = f"{self.low} to {self.high}, of {self.longest} characters"
            raise InputError("runs of terms have no length", place=place, found=found, expected="1 or more")

    def terms(self, text: str) -> list[str]:
        """Every term of the text, as often as it occurs."""
        return [term for part in self.parts(text) for term in self.split(part)]

    def parts(self, text: str) -> list[str]:
        """What is split by itself: the text, normalised, for words; each of its words with blanks for characters.

        >>> Analyser("character").parts("Ab  c")
        [' ab ', ' c ']
        """
        plain = normalised(text[: self.longest])
        return [plain] if self.unit == "word" else [f" {word} " for word in plain.split()]

    def split(self, part: str) -> list[str]:
        """The terms of a part.

        >>> Analyser("word").split("it is it")
        ['it', 'is', 'it']
        """
        return self._words(part) if self.unit == "word" else self._characters(part)

    def _words(self, plain: str) -> list[str]:
        words = _WORD.findall(plain)
        if (self.low, self.high) == (1, 1):
            return words
        if (self.low, self.high) == (1, 2):
            return words + [f"{one} {other}" for one, other in pairwise(words)]
        lengths = range(self.low, self.high + 1)
        return [" ".join(words[i : i + n]) for n in lengths for i in range(len(words) - n + 1)]

    def _characters(self, word: str) -> list[str]:
        """Runs of one word, blanks at its ends; a word that is shorter than a run is one run, once."""
        found: list[str] = []
        for n in range(self.low, self.high + 1):
            found += [word[i : i + n] for i in range(max(1, len(word) - n + 1))]
            if len(word) <= n:
                break
        return found


def normalised(text: str) -> str:
    """The text in lower case and in Unicode's form NFKC, in which letters of other widths and ligatures are plain ones.

    >>> normalised("ﬁne Ａ")
    'fine a'
    """
    return unicodedata.normalize("NFKC", text).lower()


def indexer(analyser: Analyser, index: Callable[[str], int | None], memory: int = 0) -> Callable[[str], list[int]]:
    """A function from a text to the numbers of its terms, less those that *index* does not know.

    Parameters
    ----------
    memory : how many words are remembered, for runs of characters: the same words come again and again.

    >>> indexer(Analyser("word"), {"good": 0}.get)("good, not bad; good")
    [0, 0]
    """

    def known(part: str) -> list[int]:
        return [number for term in analyser.split(part) if (number := index(term)) is not None]

    if analyser.unit == "word":
        return lambda text: known(analyser.parts(text)[0])
    split = lru_cache(memory)(known) if memory else known
    return lambda text: list(chain.from_iterable(map(split, analyser.parts(text))))
