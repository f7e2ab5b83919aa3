"""Treatment: what was decided about personal data, done to a table before it is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.privacy.patterns import EMAIL, country_code
from fullcycle.kernel.errors import InputError
from fullcycle.traffic.schema import entity_hash

MASK = "•••"


def treat(frame: pl.DataFrame, facts: Mapping[str, ColumnFact], key: bytes) -> pl.DataFrame:
    """The table without what must not be stored; a missing value stays missing.

    ``drop`` takes the column away. ``hash`` leaves 32 hexadecimal digits, keyed BLAKE2b of the value as text: the same
    value has the same hash in every column and batch, and without the key nobody finds it by trying. ``mask`` leaves
    ``•••``, of an e-mail address the domain, of a telephone number the country's code.

    Parameters
    ----------
    frame : a segment, or a sample; columns that it lacks are passed over.
    key : 16 to 64 bytes, the key under which entities are hashed.

    Raises
    ------
    InputError
        A column is kept without a reason, or the key has a wrong length.

    Examples
    --------
    >>> facts = {"mail": ColumnFact(type="text", personal="mask"), "name": ColumnFact(type="text", personal="drop")}
    >>> treat(pl.DataFrame({"mail": ["ada@example.org", None], "name": ["Ada", "Bob"]}), facts, b"0" * 32).rows()
    [('•••@example.org',), (None,)]
    """
    treated = frame
    for name, fact in facts.items():
        if fact.personal == "keep" and not fact.because.strip():
            place = f"columns.toml, {name}"
            raise InputError(
                "personal data is kept without a reason", place=place, mend="add because = '…' to the line"
            )
        if name not in frame.columns:
            continue
        if fact.personal == "drop":
            treated = treated.drop(name)
        elif fact.personal == "hash":
            treated = treated.with_columns(_mapped(frame[name], lambda text: entity_hash(key, text)))
        elif fact.personal == "mask":
            treated = treated.with_columns(_mapped(frame[name], masked))
    return treated


def masked(text: str) -> str:
    """What is left of a value.

    >>> masked("ada@example.org"), masked("+49 30 901820"), masked("Ada Lovelace")
    ('•••@example.org', '+49 •••', '•••')
    """
    if EMAIL.fullmatch(text.strip()):
        return MASK + text.strip()[text.strip().rindex("@") :]
    code = country_code(text.strip())
    return f"{code} {MASK}" if code else MASK


def _mapped(values: pl.Series, function: Callable[[str], str]) -> pl.Series:
    """*function* of each distinct value; an integer that was read as a float is the same text as the integer."""
    if values.dtype.is_float() and bool(((values == values.floor()) & (values.abs() < 2**53)).drop_nulls().all()):
        values = values.cast(pl.Int64)
    texts = values.cast(pl.String)
    distinct = texts.drop_nulls().unique(maintain_order=True)
    changed = pl.Series([function(text) for text in distinct], dtype=pl.String)
    return texts.replace_strict(distinct, changed, default=None, return_dtype=pl.String).alias(values.name)
