"""Statistics: a column's figures as a person reads them, from its sketch alone."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from fullcycle.data.profile.sample import instant
from fullcycle.measure.sketches import ColumnSketch

SHARES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
TOP = 10


class Statistics(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column's figures.

    Of texts and categories, ``mean`` to ``quantiles`` are of their lengths in characters. What a column does not have
    is None or empty.

    Attributes
    ----------
    distinct : different values; within 2.3% (one standard error) unless *exact*.
    deviation : standard deviation of a sample.
    quantiles : value by share, ``0`` and ``1`` the smallest and largest; within a bucket (see the sketch) unless few
        values are different.
    zeros, negatives, infinite : how many are.
    whole : share of the finite numbers without a fraction.
    top : commonest names, with how often each occurred at least.
    first, last : of a column of times.
    """

    n: int
    missing: int
    distinct: int
    exact: bool
    mean: float | None = None
    deviation: float | None = None
    quantiles: dict[str, float] = {}
    zeros: int = 0
    negatives: int = 0
    infinite: int = 0
    whole: float | None = None
    top: tuple[tuple[str, int], ...] = ()
    first: datetime | None = None
    last: datetime | None = None


def statistics(sketch: ColumnSketch) -> Statistics:
    """The figures of a column.

    >>> import polars as pl
    >>> found = statistics(ColumnSketch.of(pl.Series([1.0, 2.0, 6.0, None]), "float"))
    >>> found.mean, found.quantiles["0.5"], found.whole
    (3.0, 2.0, 1.0)
    """
    top: tuple[tuple[str, int], ...] = ()
    if sketch.names is not None:
        top = tuple(zip(sketch.names.names[:TOP], sketch.names.counts[:TOP], strict=True))
    found = Statistics(n=sketch.n, missing=sketch.missing, distinct=sketch.distinct, exact=sketch.exact, top=top)
    numbers = sketch.numbers
    if numbers is None or numbers.minimum is None or numbers.maximum is None:
        return found
    if sketch.kind == "time":
        return replace(found, first=instant(numbers.minimum), last=instant(numbers.maximum))
    return replace(
        found,
        mean=numbers.sums.mean,
        deviation=numbers.sums.deviation,
        quantiles={f"{share:g}": value for share, value in zip(SHARES, numbers.quantiles(SHARES), strict=True)},
        zeros=numbers.zeros,
        negatives=numbers.negatives,
        infinite=numbers.below + numbers.above,
        whole=numbers.whole / numbers.sums.n,
    )
