"""The section ``[data]`` of ``cycle.toml``, and ``columns.toml``: one line a column."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

ColumnType = Literal["float", "integer", "boolean", "category", "text", "time"]


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where rows come from."""

    name: Annotated[str, Meta(description="what the source is called")]
    location: Annotated[str, Meta(description="a CSV or Parquet file, beside cycle.toml or with its whole path")] = (
        field(name="from")
    )
    owner: Annotated[str, Meta(description="who answers for it")] = ""
    licence: Annotated[str, Meta(description="under which licence")] = ""
    purpose: Annotated[str, Meta(description="for which purpose it was collected")] = ""


class Split(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How rows are divided: by time, the latest for the test."""

    by: Annotated[
        Literal["time"], Meta(description="time: train, then validation, then test rows, with an embargo between")
    ] = "time"
    validation: Annotated[float | str, Meta(description="share of the days, or a duration such as '30d'")] = 0.2
    test: Annotated[float | str, Meta(description="share of the days, or a duration such as '30d'")] = 0.2
    embargo: Annotated[str | None, Meta(description="gap before validation and test; by default the label delay")] = (
        None
    )


class Clean(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Declared cleaning; what it takes out is kept in quarantine with its reason."""

    duplicates: Annotated[
        Literal["quarantine", "keep"], Meta(description="rows that repeat an earlier row's entity and time")
    ] = "quarantine"


class Rules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules about the table."""

    rows_at_least: Annotated[int, Meta(description="fewest rows with a known outcome", ge=1)] = 100
    missing_at_most: Annotated[
        float, Meta(description="largest share of missing values in a column before it is named", ge=0, le=1)
    ] = 0.5
    quarantine_at_most: Annotated[float, Meta(description="largest share of rows in quarantine", ge=0, le=1)] = 0.05


class Data(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data."""

    sources: Annotated[tuple[Source, ...], Meta(description="where rows come from", min_length=1, max_length=1)]
    derive: Annotated[dict[str, str], Meta(description="columns computed within a row, by expressions")] = {}
    rules: Annotated[Rules, Meta(description="rules about the table")] = Rules()
    clean: Annotated[Clean, Meta(description="declared cleaning")] = Clean()
    split: Annotated[Split, Meta(description="how rows are divided")] = Split()
    undeclared: Annotated[
        Literal["leave out", "error"], Meta(description="what to do with columns that columns.toml lacks")
    ] = "leave out"


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
    unit: Annotated[str, Meta(description="unit of its values")] = ""
    personal: Annotated[
        Literal["no", "drop", "keep"], Meta(description="personal data: no, leave out, or keep with a reason")
    ] = "no"
    because: Annotated[str, Meta(description="why personal data is kept")] = ""
