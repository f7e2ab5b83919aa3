"""How a category becomes numbers: the encoding that is set for it, or that its recipe would choose."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fullcycle.development.features.draft import Draft
from fullcycle.development.features.frequency import by_frequency
from fullcycle.development.features.hashing import hashed
from fullcycle.development.features.one_hot import one_hot
from fullcycle.development.features.ordinal import by_order
from fullcycle.development.features.scaling import as_it_is, scaled
from fullcycle.development.features.target import by_target
from fullcycle.predictor.plan import Missing


def category_for_linear(draft: Draft, name: str) -> None:
    """A category for a linear model: by default one-hot, with a column that says where it is missing."""
    fill, encoding = _fill(draft, name), _encoding(draft, name)
    by_columns = encoding in ("auto", "one_hot", "hash")  # what is one number goes the way of numbers, its gaps too
    if by_columns if fill is None else draft.settings.missing_flags:
        draft.use(draft.add(Missing, f"{name} is missing", input=name))
    _encode(draft, name, (encoding,), fill, gap=0.0, use=scaled)


def category_for_trees(draft: Draft, name: str) -> None:
    """A category for trees: one-hot where it has few values, else by the target and by how frequent it is."""
    fill, encoding = _fill(draft, name), _encoding(draft, name)
    if fill is not None and draft.settings.missing_flags:
        draft.use(draft.add(Missing, f"{name} is missing", input=name))
    encodings: tuple[str, ...] = (encoding,)
    if encoding == "auto" and len(draft.coded(name)[0]) > draft.settings.target_encode:
        encodings = ("target", "frequency")
    _encode(draft, name, encodings, fill, gap=None, use=as_it_is)


def _encode(
    draft: Draft,
    name: str,
    encodings: tuple[str, ...],
    fill: str | None,
    *,
    gap: float | None,
    use: Callable[[Draft, str], None],
) -> None:
    if not draft.coded(name)[0]:
        draft.drop(name, "empty")
        return
    slots: list[str] = []
    for encoding in encodings:
        if encoding == "hash":
            hashed(draft, name, fill=fill)
        elif encoding == "ordinal":
            slots.append(by_order(draft, name, fill))
        elif encoding == "frequency":
            slots.append(by_frequency(draft, name, fill))
        elif encoding == "target":
            slots += by_target(draft, name, fill)
        else:
            one_hot(draft, name, missing=gap, fill=fill)
    for slot in slots:
        use(draft, slot)


def _encoding(draft: Draft, name: str) -> str:
    own = draft.of(name).encode
    return draft.settings.encode if own == "auto" else own


def _fill(draft: Draft, name: str) -> str | None:
    """The most frequent category, the first in order of text of several, where that stands for a missing one."""
    own = draft.of(name).impute
    if (draft.settings.impute if own == "auto" else own) != "most_frequent":
        return None
    categories, codes = draft.coded(name)
    return categories[int(np.argmax(np.bincount(codes[codes >= 0])))] if categories else None
