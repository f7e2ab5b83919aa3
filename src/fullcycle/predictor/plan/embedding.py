"""Embeddings of sentences as an operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import numpy as np

from fullcycle.kernel.errors import InputError
from fullcycle.predictor import encoder
from fullcycle.predictor.plan.operation import Unary, register
from fullcycle.predictor.plan.sparse import Sparse
from fullcycle.predictor.plan.values import RowStep, Slots, Sort


@register
class Embedding(Unary, frozen=True, kw_only=True, tag="embedding"):
    """The embedding of a text by the encoder of sentences; all zero for a text without a word, or a missing one.

    A block operation: the same encoder embeds each row by itself, on columns and alone.

    Attributes
    ----------
    weights : SHA-256 of the encoder's weights; another encoder is refused.

    References
    ----------
    See :mod:`fullcycle.predictor.encoder`.

    Examples
    --------
    >>> Embedding(output="b", input="a").width()
    384
    """

    tolerance: ClassVar[float] = 0.05  # CPUs multiply numbers of eight bits with more or less care
    weights: str = encoder.DIGEST

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weights != encoder.DIGEST:
            raise InputError(
                "an embedding by other weights than this version has",
                place=self.place,
                found=self.weights[:12],
                expected=encoder.DIGEST[:12],
                mend="use the version that fitted the plan, or fit it again",
            )

    def width(self) -> int:
        return encoder.WIDTH

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        self.expect(sorts, "string")
        return "vector"

    def columns(self, slots: Slots) -> Sparse:
        texts = slots.strings(self.input).to_list()
        embed = _embed()
        dense = np.array([embed(text) for text in texts], dtype=np.float64).reshape(len(texts), self.width())
        rows, places = np.nonzero(dense)
        return Sparse(len(texts), self.width(), rows, places, dense[rows, places])

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, embed = places[self.input], _embed()
        return lambda s: {place: number for place, number in enumerate(embed(s[i]).tolist()) if number}


def _embed() -> Callable[[str | None], encoder.Embedding]:
    found, nothing = encoder.encoder(), np.zeros(encoder.WIDTH, dtype=np.float32)
    return lambda text: nothing if text is None else found.embed(text)
