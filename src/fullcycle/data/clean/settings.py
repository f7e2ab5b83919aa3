"""Settings of cleaning: declared steps, each of which says what it touched."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fullcycle.kernel.errors import InputError

Fate = Literal["quarantine", "keep"]


class Near(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows whose texts say almost the same: the first stays."""

    columns: Annotated[tuple[str, ...], Meta(description="columns whose texts are compared, as one", min_length=1)]
    similarity: Annotated[
        float,
        Meta(
            description="share of the parts of two texts that both have (Jaccard), from which they count as one",
            ge=0.5,
            le=1,
        ),
    ] = 0.9
    parts: Annotated[
        Literal["words", "trigrams"], Meta(description="what texts are made of: words, or for names three letters each")
    ] = "words"
    same: Annotated[tuple[str, ...], Meta(description="columns that must be equal for two rows to be compared")] = ()


class Unit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values of another unit, known by their size: each becomes (value - offset) / factor if that lies in the range."""

    factor: Annotated[float, Meta(description="what a value of the other unit is divided by", gt=0)]
    offset: Annotated[float, Meta(description="what is taken off first, such as 32 for degrees Fahrenheit")] = 0.0
    above: Annotated[float | None, Meta(description="a value over this is of the other unit")] = None
    below: Annotated[float | None, Meta(description="a value under this is of the other unit")] = None

    def __post_init__(self) -> None:
        if self.above is None and self.below is None:
            raise InputError("values of another unit need a sign to know them by", mend="give above or below")
        if self.above is not None and self.below is not None and self.below >= self.above:
            raise InputError("no value lies between below and above", found=f"{self.below:g} and {self.above:g}")


class Outlier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of values far from the others; how far is learnt from rows before the test period."""

    then: Annotated[
        Literal["quarantine", "missing", "keep"], Meta(description="what becomes of the row, or of the value")
    ] = "quarantine"
    rule: Annotated[
        Literal["modified z", "adjusted boxplot"],
        Meta(description="distance from the median in robust deviations, or a boxplot adjusted to skew"),
    ] = "modified z"
    limit: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="deviations, or lengths of the box; by default 3.5 of the former, 1.5 of the latter"),
    ] = None
    scale: Annotated[
        Literal["plain", "log"],
        Meta(description="whether values, or their logarithms, are measured; log is for values over 0"),
    ] = "plain"


class Clean(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Declared cleaning; what it takes out is kept in quarantine with its reason."""

    duplicates: Annotated[Fate, Meta(description="rows that repeat an earlier row's entity and time")] = "quarantine"
    identical: Annotated[Fate, Meta(description="rows that repeat an earlier row in every column")] = "keep"
    near: Annotated[Near | None, Meta(description="rows that almost repeat an earlier row of the same month")] = None
    missing: Annotated[
        tuple[str, ...] | dict[str, tuple[str, ...]],
        Meta(description="what stands for a missing value, such as ['N/A', '-999'], in all columns or by column"),
    ] = ()
    formats: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="by column, how its times are written, tried in order ('%d/%m/%Y', 'epoch seconds', 'epoch milliseconds'),"
            " or its numbers ('decimal point' or 'decimal comma'; 'percent', 'currency', 'parentheses')"
        ),
    ] = {}
    units: Annotated[dict[str, Unit], Meta(description="by column, values that slipped into another unit")] = {}
    outliers: Annotated[dict[str, Outlier], Meta(description="by column, values far from the others")] = {}
