"""Numbers stored as text: which notation to declare."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from fullcycle.data.clean.cells import Cells, is_marker, total
from fullcycle.data.clean.numerals import NOTATIONS, plain, written
from fullcycle.data.clean.proposal import Idea
from fullcycle.data.clean.touched import SHOWN, example

_HALF = 0.5  # share of the cells that are no plain numbers which a notation must read


def notations(cells: Cells) -> Iterator[Idea]:
    """Notations to declare for a column of numbers.

    The evidence counts cells that only a decimal ``point`` explains, only a decimal ``comma``, or ``either``.
    """
    if not cells.number or not len(cells.words):
        return
    word = pl.col("word")
    words = cells.words.filter(~is_marker(word, "float"))
    words = words.with_columns(
        bare=word.cast(pl.Float64, strict=False).is_not_null(),
        point=written(words["word"], ["decimal point", *NOTATIONS[2:]]).is_not_null(),
        comma=written(words["word"], ["decimal comma", *NOTATIONS[2:]]).is_not_null(),
    )
    bare, point, comma = pl.col("bare"), pl.col("point"), pl.col("comma")
    others = total(words, ~bare)
    counts = {
        "point": total(words, point & ~comma & (~bare | word.str.contains(".", literal=True))),
        "comma": total(words, comma & ~point),
        "either": total(words, point & comma & ~bare),
    }
    mark = "decimal comma" if counts["comma"] > counts["point"] else "decimal point"
    noted = words.filter(~bare & (comma if mark == "decimal comma" else point))
    if not len(noted) or noted["count"].sum() < _HALF * others:
        return
    signs = {"percent": "%", "currency": r"[^0-9\s.,'’()+%\u{2212}\u{00A0}\u{202F}-]", "parentheses": r"\("}
    used = {notation: total(noted, word.str.contains(sign)) for notation, sign in signs.items()}
    chosen = (mark, *(notation for notation, times in used.items() if times))
    found = noted["word"].head(SHOWN)
    examples = tuple(example(old, new, open=cells.open) for old, new in zip(found, plain(found, chosen), strict=True))
    evidence = {
        "cells": int(noted["count"].sum()),
        "of": cells.n,
        **counts,
        **{name: n for name, n in used.items() if n},
    }
    yield Idea("formats", cells.name, evidence, examples, setting={"formats": chosen})
