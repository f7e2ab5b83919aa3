"""Spelling: how a text is made plain before it is compared, and which spelling stays.

One implementation serves requests and tables, since languages disagree about case and blanks beyond ASCII.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal, TypeAlias

from fullcycle.kernel.errors import InputError

Plain: TypeAlias = Literal["strip", "lower", "accents"]
Speller: TypeAlias = Callable[[str], str]

BLANKS = (
    "\t\n\x0b\x0c\r \x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
"""What counts as blank: Unicode's White_Space, the separators that Python adds, and three that have no width."""

_RUNS = re.compile(f"[{BLANKS}]+")


def plain(text: str, steps: Collection[Plain]) -> str:
    """A text without what *steps* name: ``lower`` case, ``accents``, ``strip`` blanks (those within become one space).

    The steps are taken in that order, whatever theirs; a second time changes nothing.

    >>> plain("  Crème\\u00a0 Brûlée ", ("strip", "lower", "accents"))
    'creme brulee'
    """
    if "lower" in steps:
        text = text.lower()
    if "accents" in steps and not text.isascii():
        marked = unicodedata.normalize("NFD", text)
        text = unicodedata.normalize("NFC", "".join(one for one in marked if unicodedata.category(one) != "Mn"))
    if "strip" in steps:
        text = _RUNS.sub(" ", text).strip(" ")
    return text


def speller(
    steps: Sequence[Plain], aliases: Mapping[str, str], categories: Sequence[str] | None, *, place: str = ""
) -> Speller | None:
    """What gives each text the spelling that stays; None where every text stays as it is.

    A text is made plain, then looked up among the plain forms of categories and aliases: found, it becomes the category
    as declared, else it stays plain.

    Raises
    ------
    InputError
        Two categories or aliases have one plain form but different spellings that stay.

    >>> spell = speller(("strip", "lower"), {"united": "UA"}, ("UA", "AA"))
    >>> spell(" ua "), spell("United"), spell("Zz")
    ('UA', 'UA', 'zz')
    """
    if not steps and not aliases:
        return None
    table: dict[str, str] = {}
    stays = [(word, word) for word in (*(categories or ()), *aliases.values())]
    for spelling, word in (*stays, *aliases.items()):
        form = plain(spelling, steps)
        if table.setdefault(form, word) != word:
            raise InputError(
                "two spellings that stay are one when made plain",
                place=place,
                found=f"{table[form]!r} and {word!r}",
                mend="keep one of them, or normalise less",
            )
    get = table.get
    if not steps:
        return lambda text: get(text, text)

    def spell(text: str) -> str:
        form = plain(text, steps)
        return get(form, form)

    return spell
