"""Rows that repeat others, exactly or almost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from fullcycle.data.clean.cells import Cells
from fullcycle.data.clean.near import parts, similar
from fullcycle.data.clean.proposal import Idea
from fullcycle.data.clean.settings import Near
from fullcycle.data.clean.touched import SHOWN, example

_WORDS = 6  # words that a text must have on average: short ones are alike by chance
_ROWS = 20_000
_SIMILAR = 0.9


def identical(sample: pl.DataFrame) -> Iterator[Idea]:
    """Rows that repeat an earlier one in every column."""
    again = (
        len(sample) - int(sample.select(pl.struct(pl.all()).is_first_distinct().sum()).item()) if sample.width else 0
    )
    if again:
        yield Idea("identical", "*", {"rows": again, "of": len(sample)}, setting={"identical": "quarantine"})


def near(columns: Sequence[Cells]) -> Iterator[Idea]:
    """Texts that say almost the same as an earlier one, but not quite: those of one column a proposal."""
    for cells in columns:
        if cells.fact.type != "text":
            continue
        texts = cells.series.drop_nulls().unique(maintain_order=True).head(_ROWS)
        made = [parts((text,), "words") for text in texts]
        if not made or sum(map(len, made)) < _WORDS * len(made):
            continue
        first = similar(made, [()] * len(made), _SIMILAR)
        pairs = [
            (place, other) for place, other in enumerate(first) if other is not None and len(made[place]) >= _WORDS
        ]
        if pairs:
            shown = tuple(example(texts[place], texts[other], open=cells.open) for place, other in pairs[:SHOWN])
            setting = {"near": Near(columns=(cells.name,), similarity=_SIMILAR)}
            yield Idea("near", cells.name, {"texts": len(pairs), "of": len(made)}, shown, setting=setting)
            return  # one set of columns can be declared
