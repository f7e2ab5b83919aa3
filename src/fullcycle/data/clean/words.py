"""Words made plain, and other spellings made one, as the column's fact says.

The contract does the same to a request, by the same function.
"""

from __future__ import annotations

import polars as pl

from fullcycle.data.contract.settings import ColumnFact
from fullcycle.predictor.contract.spelling import Speller, speller


def spelling(name: str, fact: ColumnFact) -> Speller | None:
    """What gives each word of a column the spelling that stays; None where every word stays as it is.

    Raises
    ------
    InputError
        Spellings that stay contradict each other.

    >>> spell = spelling("city", ColumnFact(type="category", normalise=("strip", "lower"), aliases={"nyc": "New York"}))
    >>> spell(" NYC"), spell("new york"), spell("Oslo")
    ('New York', 'New York', 'oslo')
    """
    return speller(fact.normalise, fact.aliases, fact.categories, place=f"column {name!r}")


def respelt(series: pl.Series, fact: ColumnFact) -> pl.Series:
    """A column of text with every word spelt as its fact says; each distinct word is looked at once.

    >>> respelt(pl.Series(["A ", None]), ColumnFact(type="category", normalise=("strip",))).to_list()
    ['A', None]
    """
    spell = spelling(series.name, fact)
    if spell is None or series.dtype != pl.String:
        return series
    words = series.drop_nulls().unique()
    spelt = pl.Series([spell(word) for word in words.to_list()], dtype=pl.String)
    changed = words != spelt
    return series.replace(words.filter(changed), spelt.filter(changed)) if changed.any() else series
