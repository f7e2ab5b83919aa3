"""How the times of a column are written: formats, day first or month first, with and without a zone."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from fullcycle.data.clean.cells import Cells, counted, is_marker, total
from fullcycle.data.clean.dates import ISO, STYLES, likely, read
from fullcycle.data.clean.proposal import Evidence, Idea
from fullcycle.data.clean.touched import SHOWN, example

_LOOKED_AT = 2000  # distinct texts, evenly spread
_MOST = 4  # formats of one column
_RARE = 0.005  # share of cells under which a format is rather a mistake


def styles(cells: Cells, zone: str) -> Iterator[Idea]:
    """Formats to declare for a column of times, and times with a zone beside times without.

    Where day and month cannot be told apart in every cell, the evidence counts the cells that say ``day_first``,
    ``month_first``, and those that may be either, ``ambiguous``.
    """
    if cells.fact.type != "time" or cells.series.dtype.is_temporal():
        return
    word = pl.col("word")
    words = counted(cells.series.cast(pl.String)).filter(~is_marker(word, "time"))
    iso = word.str.contains(ISO)
    zoned = total(words, iso & word.str.contains(r":[0-9.]+(Z|[+-][0-9]{2}:?[0-9]{2})\s*$"))
    naive = total(words, iso) - zoned
    if zoned and naive and not cells.fact.zone:
        yield Idea("zones", cells.name, {"zoned": zoned, "naive": naive}, fact={"zone": zone})
    rest = words.filter(~iso)
    chosen, evidence = _cover(rest.gather_every(max(1, len(rest) // _LOOKED_AT)))
    if chosen:
        found = rest["word"].head(SHOWN)
        pairs = zip(found, read(found, chosen, zone), strict=True)
        examples = tuple(example(old, new, open=cells.open) for old, new in pairs)
        evidence = {"formats": " | ".join(chosen), **evidence, "iso": naive + zoned}
        yield Idea("formats", cells.name, evidence, examples, setting={"formats": chosen})


def _cover(words: pl.DataFrame) -> tuple[tuple[str, ...], Evidence]:
    """The fewest formats that read the texts, commonest first, and what speaks for the first one's order."""
    n, rest, chosen = int(words["count"].sum()), words, list[str]()
    while len(rest) and len(chosen) < _MOST:
        fits = rest.select(pl.col("count").filter(likely(pl.col("word"), style)).sum().alias(style) for style in STYLES)
        counts = dict(zip(STYLES, fits.row(0), strict=True))
        best = max(STYLES, key=lambda style: counts[style])  # of equals the first: day before month
        if counts[best] <= _RARE * n:
            break
        chosen.append(best)
        rest = rest.filter(~likely(pl.col("word"), best))
    return tuple(chosen), _order(words, chosen[0]) if chosen else {}


def _order(words: pl.DataFrame, style: str) -> Evidence:
    """How many texts can only be read day first, only month first, or either way."""
    other = style.translate(str.maketrans("dm", "md"))
    if other == style or other not in STYLES or "%b" in style or style.startswith("%Y"):
        return {}
    day, month = (style, other) if style.startswith("%d") else (other, style)
    word = pl.col("word")
    first, second = likely(word, day), likely(word, month)
    return {
        "day_first": total(words, first & ~second),
        "month_first": total(words, second & ~first),
        "ambiguous": total(words, first & second),
    }
