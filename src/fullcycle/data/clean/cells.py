"""A column of a sample as those see it who propose: its distinct words, and what it seems to be."""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from fullcycle.data.clean.dates import EPOCHS, ISO, STYLES, likely
from fullcycle.data.clean.numerals import NOTATIONS, written
from fullcycle.data.contract.settings import ColumnFact, ColumnType

ENOUGH = 0.95
"""Share of cells that must agree before a column is taken for what they are."""
_EMPTY = {
    "",
    "-",
    "--",
    "---",
    ".",
    "?",
    "??",
    "n/a",
    "#n/a",
    "na",
    "n.a.",
    "null",
    "(null)",
    "none",
    "nil",
    "nan",
    "<na>",
}
_SAID = {
    "unknown",
    "missing",
    "undefined",
    "not available",
    "not applicable",
    "not known",
    "unbekannt",
    "inconnu",
    "tbd",
}
_NAMES = {"na", "none", "nil", "."}  # may be categories: Namibia, none of these
_FEW = 1000
_LOOKED_AT = 1000  # distinct words from which the kind is guessed, at most twice as many


_TIMELY = {"time", "date", "at", "on", "ts", "timestamp", "datetime", "when"}


class Cells(NamedTuple):
    """A column of a sample.

    Attributes
    ----------
    words : its distinct texts and their counts, commonest first, then in the order of letters; (words,).
    open : whether its cells may be shown.
    """

    name: str
    fact: ColumnFact
    series: pl.Series
    words: pl.DataFrame
    open: bool

    @property
    def n(self) -> int:
        """Cells that are not missing."""
        return len(self.series) - self.series.null_count()

    @property
    def number(self) -> bool:
        """Whether it is of numbers."""
        return self.fact.type in ("float", "integer")


def cells(series: pl.Series, fact: ColumnFact) -> Cells:
    """A column as it is declared.

    >>> cells(pl.Series("city", ["Oslo", "Bonn", "Oslo"]), ColumnFact(type="category")).words["word"].to_list()
    ['Oslo', 'Bonn']
    """
    return Cells(series.name, fact, series, counted(series), fact.personal == "no")


def guessed(series: pl.Series) -> ColumnFact:
    """A column nobody declared, as it seems to be.

    >>> guessed(pl.Series("at", ["2024-01-01", "n/a"])).type
    'time'
    """
    return ColumnFact(type=_guess(series, counted(series)))


def counted(series: pl.Series) -> pl.DataFrame:
    """Distinct texts of a column (``word``) and how often each comes (``count``); empty for other types than text."""
    if series.dtype != pl.String:
        return pl.DataFrame(schema={"word": pl.String, "count": pl.UInt32})
    counts = series.drop_nulls().alias("word").value_counts()
    return counts.sort("count", "word", descending=[True, False])


def name_parts(name: str) -> set[str]:
    """The words that a column's name is made of.

    >>> sorted(name_parts("bornAt")), sorted(name_parts("paid_on"))
    (['at', 'born'], ['on', 'paid'])
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return {part for part in re.split(r"[^a-z0-9]+", parted) if part}


def is_marker(word: pl.Expr, kind: ColumnType) -> pl.Expr:
    """Whether a text says that a value is missing; stricter where it could be a category.

    >>> pl.DataFrame({"w": ["N/A ", "none", "Oslo"]}).select(is_marker(pl.col("w"), "category"))["w"].to_list()
    [True, False, False]
    """
    known = _EMPTY | _SAID
    if kind in ("category", "text"):
        known = known - _NAMES
    return word.str.strip_chars().str.to_lowercase().is_in(sorted(known))


def total(words: pl.DataFrame, where: pl.Expr) -> int:
    """Cells whose word fulfils *where*."""
    return int(words.filter(where)["count"].sum())


def _guess(series: pl.Series, words: pl.DataFrame) -> ColumnType:
    if series.dtype == pl.Boolean:
        return "boolean"
    if series.dtype.is_temporal():
        return "time"
    if series.dtype.is_numeric():
        if name_parts(series.name) & _TIMELY and _epochs(series):
            return "time"
        return "integer" if series.dtype.is_integer() else "float"
    distinct = len(words)
    words = words.filter(~is_marker(pl.col("word"), "float"))
    words = words.gather_every(max(1, len(words) // _LOOKED_AT))
    n = total(words, pl.lit(True))
    word = pl.col("word")
    number = pl.lit(_numbers(words["word"]))
    code = word.str.contains(r"^\s*0[0-9]+\s*$")  # 00123 is a code, which a number would cut short
    if n and total(words, number & ~code) >= ENOUGH * n and not total(words, code):
        timely = name_parts(series.name) & _TIMELY
        epoch = pl.any_horizontal(likely(word, form) for form in EPOCHS)
        return "time" if timely and total(words, epoch) >= ENOUGH * n else "float"
    few = words.gather_every(max(1, len(words) // 100))
    dated = few.filter(word.str.contains(r"[0-9].*[-/. ,]"))  # eight digits alone may be a number
    if n and len(dated) >= ENOUGH * len(few):
        known = word.str.contains(ISO) | pl.any_horizontal(likely(word, style) for style in STYLES)
        if total(dated, known) >= ENOUGH * total(few, pl.lit(True)):
            return "time"
    return "category" if distinct <= min(_FEW, max(20, 0.2 * len(series))) else "text"


def _epochs(series: pl.Series) -> bool:
    """Whether numbers look like times since 1970."""
    cell = series.drop_nulls().cast(pl.String).to_frame("cell")
    found = cell.select(pl.any_horizontal(likely(pl.col("cell"), form) for form in EPOCHS)).to_series()
    return len(found) > 0 and int(found.sum()) >= ENOUGH * len(found)


def _numbers(words: pl.Series) -> pl.Series:
    """Which words are numbers, in whatever notation."""
    found = words.cast(pl.Float64, strict=False).is_not_null()
    for mark in NOTATIONS[:2]:
        found = found | written(words, [mark, *NOTATIONS[2:]]).is_not_null()
    return found
