"""Texts as pieces of words, for a model that reads them itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np

from fullcycle.kernel.errors import InputError
from fullcycle.predictor import tokens
from fullcycle.predictor.encoder import TOKENISER, TOKENS
from fullcycle.predictor.plan.operation import Operation, register
from fullcycle.predictor.plan.sparse import Sparse
from fullcycle.predictor.plan.values import RowStep, Slots, Sort


@register
class TokenIds(Operation, frozen=True, kw_only=True, tag="token_ids"):
    """The numbers of the pieces of words of one text or several, as one sequence; zero (padding) behind its end.

    Attributes
    ----------
    inputs : the texts, in their order.
    tokeniser : SHA-256 of the tokeniser; another one is refused.

    References
    ----------
    See :mod:`fullcycle.predictor.tokens`.

    Examples
    --------
    >>> TokenIds(output="b", inputs=("title", "text")).width()
    128
    """

    tolerance: ClassVar[float] = 0.0
    inputs: tuple[str, ...]
    tokeniser: str = TOKENISER

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tokeniser != TOKENISER:
            raise InputError(
                "pieces of words by another tokeniser than this version has",
                place=self.place,
                found=self.tokeniser[:12],
                expected=TOKENISER[:12],
                mend="use the version that fitted the plan, or fit it again",
            )
        if not 1 <= len(self.inputs) <= tokens.TEXTS:
            raise InputError(
                "one sequence holds so many texts only",
                place=self.place,
                found=len(self.inputs),
                expected=f"1 to {tokens.TEXTS}",
                mend='write text = "none" for some of them in [development.features.columns]',
            )

    def reads(self) -> tuple[str, ...]:
        return self.inputs

    def width(self) -> int:
        return TOKENS

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        self.expect(sorts, "string")
        return "vector"

    def columns(self, slots: Slots) -> Sparse:
        ids = _ids()
        texts = zip(*(slots.strings(name).to_list() for name in self.inputs), strict=True)
        found = [ids(row) for row in texts]
        rows = np.repeat(np.arange(len(found)), [len(row) for row in found])
        places = np.fromiter((place for row in found for place in range(len(row))), dtype=np.int64)
        values = np.fromiter(_each(found), dtype=np.float64)
        return Sparse(len(found), TOKENS, rows, places, values)

    def row(self, places: Mapping[str, int]) -> RowStep:
        at, ids = tuple(places[name] for name in self.inputs), _ids()
        return lambda s: {place: float(number) for place, number in enumerate(ids([s[i] for i in at]))}


def _ids() -> Callable[[Sequence[str | None]], list[int]]:
    return tokens.tokens().ids


def _each(rows: Sequence[Sequence[int]]) -> Iterator[int]:
    for row in rows:
        yield from row
