"""Settings of a source: where rows come from, how they are read, and who answers for them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field


class Pages(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a paged JSON API is read."""

    rows: Annotated[
        str, Meta(description="dotted path to the list of rows in an answer; empty: the answer is the list")
    ] = ""
    next: Annotated[str, Meta(description="dotted path to the address of the next page")] = ""
    cursor: Annotated[str, Meta(description="dotted path to the cursor that the next request brings")] = ""
    parameter: Annotated[str, Meta(description="query parameter that holds the cursor or the page number")] = ""
    first: Annotated[int, Meta(description="number of the first page, where pages are numbered")] = 1
    rate: Annotated[Annotated[float, Meta(gt=0)] | None, Meta(description="requests a second at most")] = None


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where rows come from. ``${NAME}`` in any text is read from the environment when it is used, and never kept."""

    name: Annotated[str, Meta(description="what the source is called")]
    location: Annotated[
        str,
        Meta(
            description="a file or glob beside cycle.toml, or an address: https://, s3://, gs://, az://, postgresql://, "
            "mysql://, sqlite:///, duckdb:///, kafka://, nats://, python:function, traffic"
        ),
    ] = field(name="from")
    format: Annotated[
        Literal["csv", "tsv", "json", "jsonl", "parquet", "arrow", "xlsx", "delta"] | None,
        Meta(description="the kind of file; by default what its suffix says"),
    ] = None
    query: Annotated[str, Meta(description="SQL, or a file ending in .sql that holds it")] = ""
    table: Annotated[str, Meta(description="table of a database, instead of a query")] = ""
    sheet: Annotated[str, Meta(description="sheet of a workbook; by default the first")] = ""
    delimiter: Annotated[str | None, Meta(description="delimiter of separated values; by default detected")] = None
    encoding: Annotated[str | None, Meta(description="encoding of text; by default detected")] = None
    timeout: Annotated[str, Meta(description="how long to wait for an answer of a server")] = "30s"
    token: Annotated[str, Meta(description="bearer token, such as '${API_TOKEN}'")] = ""
    pages: Annotated[Pages | None, Meta(description="how a paged JSON API is read")] = None
    snapshot: Annotated[
        str,
        Meta(
            description="the date on which a table was taken whose rows have no time of their own, such as '2026-01-31': "
            "adds a column 'snapshot' that holds it"
        ),
    ] = ""
    row_number: Annotated[
        bool, Meta(description="adds a column 'row_number', for rows that nothing names; they must keep their order")
    ] = False
    extends: Annotated[
        str, Meta(description="the source to whose rows these are added, such as a mended quarantine")
    ] = ""
    time: Annotated[
        str, Meta(description="column that says when an event happened; needed where events are joined by time")
    ] = ""
    available: Annotated[
        str, Meta(description="column that says when an event could be known, or a delay such as '2h' after its time")
    ] = ""
    updated_at: Annotated[str, Meta(description="column that says when a row was last changed")] = ""
    since: Annotated[
        str,
        Meta(
            description="column that only grows, such as the moment a row was written or its number: of a function or a "
            "database only rows from its largest value on are read, and added to those that were landed"
        ),
    ] = ""
    owner: Annotated[str, Meta(description="who answers for it")] = ""
    licence: Annotated[str, Meta(description="under which licence")] = ""
    purpose: Annotated[str, Meta(description="for which purpose it was collected")] = ""
    basis: Annotated[str, Meta(description="lawful basis of processing, where it holds personal data")] = ""
    collected: Annotated[str, Meta(description="how it was collected")] = ""
