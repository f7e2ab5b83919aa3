"""Numbers written as text: thousands, decimal comma, per cent, currency, parentheses for less than zero."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from fullcycle.kernel.errors import UnknownKey

NOTATIONS = ("decimal point", "decimal comma", "percent", "currency", "parentheses")
_CURRENCY = r"[$€£¥₹₩₽]|(?i:USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN)"
_BLANK = r"[\s\u00A0\u202F]"
_SIGN = "[-+\u2212]"


def _pattern(comma: bool) -> str:
    mark, group = (",", r"\.") if comma else (r"\.", ",")
    grouped = "|".join(rf"[0-9]{{1,3}}(?:{sign}[0-9]{{3}})+" for sign in (group, _BLANK, "['’]"))
    whole = rf"(?P<whole>{grouped}|[0-9]+)?(?:{mark}(?P<part>[0-9]+))?"
    before = rf"(?P<open>\()?(?P<outer>{_SIGN})?{_BLANK}?(?P<left>{_CURRENCY})?{_BLANK}?(?P<inner>{_SIGN})?"
    return rf"^{_BLANK}*{before}{whole}{_BLANK}?(?P<percent>%)?(?P<right>{_CURRENCY})?(?P<close>\))?{_BLANK}*$"


_PATTERNS = {comma: _pattern(comma) for comma in (False, True)}


def written(cells: pl.Series, notations: Sequence[str]) -> pl.Series:
    """Text cells as plain numbers, still text, digit by digit; null where they are not so written.

    A plain number cannot be misread in turn: a decimal comma yields an exponent (``1,5`` gives ``1.5e0``), which the
    notation does not know, and ``12 %`` yields ``12e-2``.

    >>> written(pl.Series(["1.234,50", "(3,5)", "12 %", "1,2,3"]), ["decimal comma", "percent", "parentheses"]).to_list()
    ['1234.50e0', '-3.5e0', '12e-2', None]
    """
    comma = "decimal comma" in notations
    found = cells.str.extract_groups(
        _PATTERNS[comma]
    ).struct.unnest()  # once: an expression would search for each group
    whole, part, outer, inner, open_, close, percent, left, right = (
        pl.col(name) for name in ("whole", "part", "outer", "inner", "open", "close", "percent", "left", "right")
    )
    fits = (whole.is_not_null() | part.is_not_null()) & (open_.is_null() == close.is_null())
    fits &= pl.sum_horizontal(sign.is_not_null() for sign in (outer, inner, open_)) <= 1
    fits &= pl.sum_horizontal(sign.is_not_null() for sign in (left, right, percent)) <= 1
    for notation, sign in (("percent", percent), ("currency", left), ("currency", right), ("parentheses", open_)):
        if notation not in notations:
            fits &= sign.is_null()
    negative = open_.is_not_null() | pl.coalesce(outer, inner).is_in(["-", "\u2212"]).fill_null(False)
    digits = whole.str.replace_all("[^0-9]", "").fill_null("0")
    fraction = (pl.lit(".") + part).fill_null("")
    mark = pl.when(part.is_not_null()).then(pl.lit("e0" if comma else "")).otherwise(pl.lit(""))
    exponent = pl.when(percent.is_not_null()).then(pl.lit("e-2")).otherwise(mark)
    minus = pl.when(negative).then(pl.lit("-")).otherwise(pl.lit(""))
    number = pl.concat_str(minus, digits, fraction, exponent)
    return found.select(pl.when(fits).then(number)).to_series().alias(cells.name)


def plain(series: pl.Series, notations: Sequence[str]) -> pl.Series:
    """A column of text with its numbers written plainly; a cell that is not so written stays, to be turned away later.

    A request brings numbers as JSON, never so written: the contract refuses text, and needs no counterpart.

    Raises
    ------
    UnknownKey
        A notation that nobody knows.

    >>> plain(pl.Series(["1,234.50", "n/a"]), ["decimal point"]).to_list()
    ['1234.50', 'n/a']
    """
    for notation in notations:
        if notation not in NOTATIONS:
            raise UnknownKey(
                notation, NOTATIONS, place=f"[data.clean] formats, column {series.name!r}", what="notation"
            )
    stays = r"^-?[0-9]+$" if "decimal comma" in notations else r"^-?[0-9]+(\.[0-9]+)?$"
    words = series.drop_nulls().unique()
    words = words.filter(~words.str.contains(stays))
    found = written(words, notations)
    known = found.is_not_null()
    return series.replace(words.filter(known), found.filter(known)) if known.any() else series
