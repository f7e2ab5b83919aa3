"""The section ``[deployment]`` of ``cycle.toml``: production."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field


class Outcomes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where outcomes come from; POST and file add to it. ``${NAME}`` in any text is read from the environment when it is used."""

    location: Annotated[
        str | None,
        Meta(
            description="a file or glob beside cycle.toml, or an address, as a source has it; by default the training sources, read again"
        ),
    ] = field(name="from", default=None)
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
    since: Annotated[
        str, Meta(description="column that only grows: only rows from its largest value on are asked for")
    ] = ""


class Deployment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Production."""

    strategy: Annotated[Literal["direct"], Meta(description="direct: the new release takes all traffic at once")] = (
        "direct"
    )
    control: Annotated[float, Meta(description="share of entities that keeps today's rule", ge=0, lt=1)] = 0.0
    log: Annotated[
        Literal["durable", "process", "buffered"],
        Meta(
            description="durable: on disk before the answer leaves; process: survives a killed process; buffered: in memory for a while"
        ),
    ] = "durable"
    margin: Annotated[
        float, Meta(description="by which share of the champion's loss a challenger may be worse", ge=0)
    ] = 0.01
    outcomes: Annotated[Outcomes, Meta(description="where outcomes come from")] = Outcomes()
