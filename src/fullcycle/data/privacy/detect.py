"""Detection: which columns seem to hold personal data, told by name, by form with check digits, or by being free text.

A numeric table must not be called personal by chance. A random number passes a one-digit check one time in ten, so a
check alone counts where nearly all of many distinct values pass it, more than chance could bring about; where a name
hints at it, half of few suffice. Whether it *is* personal a person decides, in ``columns.toml``.

What is not looked for: keys such as ``customer_id`` (the entity is known to be about somebody, and is hashed in
traffic), and attributes such as age or sex, which say something about a person but not who it is (mark them ``protected``
or ``quasi``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Literal, NamedTuple

import polars as pl

from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.privacy import patterns
from fullcycle.data.privacy.given_names import COMMON
from fullcycle.data.privacy.hints import hints, is_thing, words
from fullcycle.data.privacy.identifiers import IDENTIFIERS, WEAK, Identifier, fits, plain

Sign = Literal["name", "form", "check digits", "words"]
LOOKED_AT = 1000
"""Distinct values of a column that are looked at."""
_FIRST = 40
"""Values after which a test that hardly any has passed is given up."""
_MANY = 20
"""Distinct values from which a check may count without a name hint."""
_MANY_FOR_WEAK = 50
"""The same for a check of one digit."""
_ALPHA = 1e-9
"""Chance, over all columns and checks, that random numbers count as identifiers."""


class Suspicion(NamedTuple):
    """A column that seems to hold personal data.

    Attributes
    ----------
    kind : such as ``email``, ``name``, or ``national_id es.dni``; ``free_text`` for texts that may say anything.
    sign : by which it was told: its name (and values that fit), the form of its values, their check digits, or words.
    share : of the distinct values looked at, those that fit.
    looked_at : distinct values looked at.
    rows : rows that have a value.
    """

    column: str
    kind: str
    sign: Sign
    share: float
    looked_at: int
    rows: int


class _Cells(NamedTuple):
    column: str
    texts: Sequence[str]
    rows: int
    distinct: int
    is_text: bool
    hinted: frozenset[str]


def detect(sample: pl.DataFrame, facts: Mapping[str, ColumnFact]) -> tuple[Suspicion, ...]:
    """The columns of a sample that seem to hold personal data, the surest sign of each.

    Parameters
    ----------
    sample : rows as read or as typed, before any treatment; at most some hundred thousand.
    facts : lines of ``columns.toml``; a column with a unit is a measurement, and is not looked at.

    Examples
    --------
    >>> rows = pl.DataFrame({"contact": ["ada@example.org", "bob@example.com"], "weight": [1.5, 2.5]})
    >>> [(found.column, found.kind, found.share) for found in detect(rows, {})]
    [('contact', 'email', 1.0)]
    """
    found = []
    for name in sample.columns:
        if (fact := facts.get(name)) is not None and fact.unit:
            continue
        if (suspicion := _suspect(sample[name], sample)) is not None:
            found.append(suspicion)
    return tuple(found)


def _suspect(values: pl.Series, sample: pl.DataFrame) -> Suspicion | None:
    hinted = hints(values.name)
    if values.dtype.is_temporal():
        return _birth_of_times(values, hinted)
    if (place := _coordinate(values, hinted, sample)) is not None:
        return place
    if (cells := _cells(values, hinted)) is None:
        return None
    tests = (_sure_forms, _checked, _identifiers, _telephones, _births, _people, _hinted_texts, _streets, _free_text)
    return next((found for test in tests if (found := test(cells)) is not None), None)


def _cells(values: pl.Series, hinted: frozenset[str]) -> _Cells | None:
    """The distinct values as text, spread evenly over the column; None for what cannot name anybody."""
    kept = values.drop_nulls()
    if kept.dtype.is_float():
        kept = kept.drop_nans()
        if not len(kept) or not ((kept == kept.floor()) & (kept.abs() < 2**53)).all():
            return None
        kept = kept.cast(pl.Int64)
    if not (kept.dtype.is_integer() or kept.dtype in (pl.String, pl.Categorical, pl.Enum)) or not len(kept):
        return None
    is_text = not kept.dtype.is_integer()
    distinct = kept.cast(pl.String).str.strip_chars().unique(maintain_order=True)
    distinct = distinct.filter(distinct != "")
    if not len(distinct):
        return None
    step = -(-len(distinct) // LOOKED_AT)
    return _Cells(values.name, distinct.gather_every(step).to_list(), len(kept), len(distinct), is_text, hinted)


def _share(texts: Sequence[str], test: Callable[[str], bool]) -> float:
    """Share of texts that pass; 0 as soon as hardly any of the first ones has."""
    first = sum(map(test, texts[:_FIRST]))
    if len(texts) <= _FIRST:
        return first / len(texts)
    if first < _FIRST // 10:
        return 0.0
    return (first + sum(map(test, texts[_FIRST:]))) / len(texts)


def _found(cells: _Cells, kind: str, sign: Sign, share: float) -> Suspicion:
    return Suspicion(cells.column, kind, sign, share, len(cells.texts), cells.rows)


_SURE: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("iban", patterns.is_iban),
    ("ip_address", patterns.is_ip),
    ("device", patterns.is_mac),
    ("national_id us.ssn", patterns.is_written_ssn),
)


def _sure_forms(cells: _Cells) -> Suspicion | None:
    """Forms that nothing else has: a column of which half has one holds it; of e-mail addresses one in a hundred does."""
    if not cells.is_text:
        return None
    emails = sum(map(patterns.has_email, cells.texts)) / len(cells.texts)
    if emails >= 0.01:
        return _found(cells, "email", "form", emails)
    for kind, test in _SURE:
        if (share := _share(cells.texts, test)) >= 0.5:
            return _found(cells, kind, "check digits" if kind == "iban" else "form", share)
    return None


def _checked(cells: _Cells) -> Suspicion | None:
    """Payment cards: a random number of 16 digits is one 3 times in 100."""
    share = _share(cells.texts, patterns.is_card)
    enough = 0.5 if "card" in cells.hinted else 0.8
    if share >= enough and _beyond_chance(cells, share, 0.03):
        return _found(cells, "card", "check digits", share)
    return None


def _identifiers(cells: _Cells) -> Suspicion | None:
    if (
        is_thing(cells.column)
        or "phone" in cells.hinted
        or not any(any(map(str.isdigit, text)) for text in cells.texts[:_FIRST])
    ):
        return None
    hinted = "national_id" in cells.hinted
    best: Suspicion | None = None
    for identifier in _possible(cells):
        share = _share(cells.texts, _passing(identifier, cells))
        counts = share >= _needed(identifier, cells, hinted=hinted)
        counts = counts and (hinted or _beyond_chance(cells, share, identifier.chance))
        if counts and (best is None or share > best.share):
            best = _found(cells, f"national_id {identifier.module}", "check digits", share)
    if best is None and hinted and _looks_numbered(cells):
        return _found(cells, "national_id", "name", 1.0)
    return best


def _possible(cells: _Cells) -> Iterator[Identifier]:
    """The identifiers that the first values are long enough for; the others need not be tried."""
    lengths = {len(plain(text)) for text in cells.texts[:_FIRST]}
    lost = 0 if cells.is_text else 2  # zeros that an integer may have lost
    for identifier in IDENTIFIERS:
        long_enough = any(least - lost <= length <= least for least in identifier.digits for length in lengths)
        if long_enough or (identifier.form and cells.is_text):
            yield identifier


def _passing(identifier: Identifier, cells: _Cells) -> Callable[[str], bool]:
    """The identifier's test; a number that was read as an integer gets back the zeros that it lost."""
    if cells.is_text or not identifier.digits:
        return lambda text: fits(identifier, text)
    least = min(identifier.digits)
    return lambda text: fits(identifier, text.zfill(least) if len(text) >= least - 2 else text)


def _needed(identifier: Identifier, cells: _Cells, *, hinted: bool) -> float:
    """The share from which values count: more where the check is weak, and none where it says nothing (2)."""
    if hinted:
        return 0.5 if identifier.chance < 0.5 else 0.8
    if identifier.chance > 0.5:
        return 2.0
    if identifier.form or identifier.chance < WEAK:
        return 0.8
    return 0.98 if len(cells.texts) >= _MANY_FOR_WEAK else 2.0


def _beyond_chance(cells: _Cells, share: float, chance: float) -> bool:
    """Whether so many values pass that chance cannot have done it (binomial tail); never so for few distinct values."""
    n = len(cells.texts)
    if n < _MANY:
        return "card" in cells.hinted and n >= 3
    from scipy.special import bdtrc

    return float(bdtrc(round(share * n) - 1, n, chance)) < _ALPHA


def _looks_numbered(cells: _Cells) -> bool:
    """Whether values are long codes with digits, each row another."""
    coded = _share(cells.texts, lambda text: 6 <= len(plain(text)) <= 20 and sum(map(str.isdigit, text)) >= 4)
    return coded >= 0.8 and _many_sorts(cells)


def _many_sorts(cells: _Cells) -> bool:
    """Whether values tell rows apart: at least ten, and no handful repeated over the table."""
    return cells.distinct >= max(10, 0.01 * cells.rows) or cells.distinct == cells.rows


def _telephones(cells: _Cells) -> Suspicion | None:
    hinted = "phone" in cells.hinted
    if not hinted and (not cells.is_text or cells.distinct < _MANY):
        return None
    texts = cells.texts[:200]
    for region in patterns.REGIONS:
        share = _share(texts, partial(patterns.is_telephone, region=region, written=not hinted))
        if share >= (0.3 if hinted else 0.8):
            return _found(cells, "phone", "form", share)
    if hinted and _many_sorts(cells) and (share := _share(texts, _telephone_like)) >= 0.8:
        return _found(cells, "phone", "name", share)
    return None


def _telephone_like(text: str) -> bool:
    return 7 <= sum(map(str.isdigit, text)) <= 15 and not any(map(str.isalpha, text))


def _births(cells: _Cells) -> Suspicion | None:
    if "birth" not in cells.hinted:
        return None
    dates = pl.Series(cells.texts).str.contains(
        r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2,4})([T ].*)?$"
    )
    years = pl.Series(cells.texts).str.contains(r"^(19\d\d|20[0-3]\d)$")
    if (share := int((dates | years).sum()) / len(cells.texts)) >= 0.8:
        return _found(cells, "birth_date", "name", share)
    return None


def _birth_of_times(values: pl.Series, hinted: frozenset[str]) -> Suspicion | None:
    rows = len(values) - values.null_count()
    if "birth" not in hinted or not rows:
        return None
    return Suspicion(values.name, "birth_date", "name", 1.0, values.drop_nulls().n_unique(), rows)


def _people(cells: _Cells) -> Suspicion | None:
    """Names: by the column's name and letters only; or by common given names among capitalised words."""
    if not cells.is_text or cells.distinct < 3 or any(map(str.isdigit, "".join(cells.texts[:3]))):
        return None
    shaped = _share(cells.texts, _name_like)
    known = _share(cells.texts, _has_given_name)
    if "name" in cells.hinted and shaped >= 0.6:
        return _found(cells, "name", "name", shaped)
    if shaped >= 0.8 and known >= (0.2 if "possible_name" in cells.hinted else 0.5) and cells.distinct >= 10:
        return _found(cells, "name", "words", known)
    return None


def _name_like(text: str) -> bool:
    """One to five words of letters, as a name has."""
    parts = text.replace("-", " ").replace("'", "").replace("’", "").replace(".", "").replace(",", "").split()
    return 1 <= len(parts) <= 5 and all(part.isalpha() for part in parts) and len(text) <= 60


def _has_given_name(text: str) -> bool:
    return any(word in COMMON for word in words(text)) if text[:1].isupper() else False


_BY_NAME: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("address", lambda text: any(map(str.isalpha, text)) and len(text) >= 4),
    ("user_name", lambda text: " " not in text and any(map(str.isalpha, text))),
    ("vehicle", lambda text: any(map(str.isdigit, text)) and any(map(str.isalpha, text)) and len(text) <= 20),
    ("device", lambda text: len(text) >= 8 and any(map(str.isdigit, text))),
    ("ip_address", lambda text: any(map(str.isdigit, text)) and len(text) >= 7),
    ("account", lambda text: sum(map(str.isdigit, text)) >= 6),
    ("card", lambda text: sum(map(str.isdigit, text)) >= 12),
    ("email", lambda text: len(text) >= 6),
)


def _hinted_texts(cells: _Cells) -> Suspicion | None:
    """A name that hints, and values that tell rows apart and could be what it says."""
    for kind, test in _BY_NAME:
        if kind not in cells.hinted or not (cells.is_text or kind in ("account", "card", "device")):
            continue
        if _many_sorts(cells) and (share := _share(cells.texts, test)) >= 0.8:
            return _found(cells, kind, "name", share)
    return None


def _streets(cells: _Cells) -> Suspicion | None:
    if not cells.is_text or cells.distinct < 10:
        return None
    share = _share(cells.texts, patterns.is_street)
    return _found(cells, "address", "form", share) if share >= 0.5 else None


def _free_text(cells: _Cells) -> Suspicion | None:
    """Texts of several words, hardly one like another: they may hold anything."""
    if not cells.is_text or cells.distinct < 10 or cells.distinct < 0.2 * cells.rows:
        return None
    long = sum(len(text) >= 30 and text.count(" ") >= 4 for text in cells.texts) / len(cells.texts)
    return _found(cells, "free_text", "words", long) if long >= 0.4 else None


def _coordinate(values: pl.Series, hinted: frozenset[str], sample: pl.DataFrame) -> Suspicion | None:
    """A latitude or longitude to a hundred metres, beside its other half, of many places."""
    other = {"latitude": "longitude", "longitude": "latitude"}
    kind = next((kind for kind in sorted(other) if kind in hinted), None)
    if kind is None or not any(other[kind] in hints(name) for name in sample.columns):
        return None
    if values.dtype == pl.String:
        values = values.cast(pl.Float64, strict=False)
    kept = values.drop_nulls()
    if not kept.dtype.is_float() or kept.n_unique() < 10:
        return None
    limit = 90 if kind == "latitude" else 180
    fine = int(((kept.abs() <= limit) & ((kept - kept.round(2)).abs() > 1e-9)).sum()) / len(kept)
    if fine < 0.5:
        return None
    return Suspicion(values.name, "coordinates", "name", fine, kept.n_unique(), len(kept))
