"""Settings of the contract: one line a column, and rules about the table."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

ColumnType = Literal["float", "integer", "boolean", "category", "text", "time"]
Severity = Literal["reject", "quarantine", "count"]


class ColumnFact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of ``columns.toml``."""

    type: Annotated[ColumnType, Meta(description="what its values are")]
    known: Annotated[
        str, Meta(description="before the prediction, after it (with the outcome), or a delay such as '2h'")
    ] = "before"
    serve: Annotated[Literal["request"], Meta(description="who brings it when serving: the request")] = "request"
    feature: Annotated[
        bool, Meta(description="whether the model may use it; false for keys and the rule's own columns")
    ] = True
    required: Annotated[bool, Meta(description="whether a row without a value is turned away")] = False
    low: Annotated[float | None, Meta(description="smallest value that is possible")] = None
    high: Annotated[float | None, Meta(description="largest value that is possible")] = None
    categories: Annotated[tuple[str, ...] | None, Meta(description="the values that are possible")] = None
    pattern: Annotated[str, Meta(description="regular expression that a whole text or category must match")] = ""
    normalise: Annotated[
        tuple[Literal["strip", "lower", "accents"], ...],
        Meta(description="how a text or category is made plain before it is compared: blanks, case, accents"),
    ] = ()
    aliases: Annotated[
        dict[str, str], Meta(description="other spellings of a category, each with the one that stays")
    ] = {}
    outside: Annotated[
        Literal["turn away", "missing"],
        Meta(description="what becomes of a value outside its range, categories or pattern"),
    ] = "turn away"
    format: Annotated[
        str, Meta(description="how a time or number is written, such as '%d/%m/%Y' or 'decimal comma'")
    ] = ""
    zone: Annotated[str, Meta(description="time zone of its naive times; by default the project's")] = ""
    severity: Annotated[
        Severity, Meta(description="what a broken rule does: reject the batch, quarantine the row, or count")
    ] = "quarantine"
    unique: Annotated[bool, Meta(description="whether no value may occur twice")] = False
    missing_at_most: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None, Meta(description="largest share of missing values")
    ] = None
    unit: Annotated[str, Meta(description="unit of its values")] = ""
    personal: Annotated[
        Literal["no", "drop", "hash", "mask", "keep"] | None,
        Meta(description="personal data: no, leave out, keyed hash, mask, or keep with a reason; by default undecided"),
    ] = None
    because: Annotated[str, Meta(description="why personal data is kept")] = ""
    protected: Annotated[bool, Meta(description="whether it is a protected attribute, watched for bias")] = False
    quasi: Annotated[bool, Meta(description="whether it narrows down who a person is, together with others")] = False


class Check(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule across columns."""

    holds: Annotated[str, Meta(description="expression that must be true; a row for which it is unknown passes")]
    severity: Annotated[
        Severity,
        Meta(description="what a row for which it is false does: reject the batch, quarantine the row, or count"),
    ] = "quarantine"


class Rules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules about the table."""

    unique: Annotated[
        tuple[tuple[str, ...], ...], Meta(description="keys, each a list of columns whose values occur once together")
    ] = ()
    freshness: Annotated[str | None, Meta(description="largest age of the newest row, such as '2d'")] = None
    rows_at_least: Annotated[int, Meta(description="fewest rows with a known outcome", ge=1)] = 100
    rows_at_most: Annotated[Annotated[int, Meta(ge=1)] | None, Meta(description="most rows")] = None
    missing_at_most: Annotated[
        float, Meta(description="largest share of missing values in a column before it is named", ge=0, le=1)
    ] = 0.5
    quarantine_at_most: Annotated[float, Meta(description="largest share of rows in quarantine", ge=0, le=1)] = 0.05
    check: Annotated[
        dict[str, str | Check],
        Meta(description="rules across columns by name: an expression that must be true, or a table with its severity"),
    ] = {}
    severity: Annotated[
        dict[Literal["unique", "freshness", "rows"], Severity],
        Meta(
            description="what a broken rule of the table does, by rule; by default a repeated key is quarantined, the others reject"
        ),
    ] = {}
