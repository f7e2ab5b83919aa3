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


class Guardrails(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a challenger may not do; each is tested such that it may be looked at all the time."""

    errors: Annotated[
        float, Meta(description="share of rows on which the challenger may fail where the champion answers", gt=0, lt=1)
    ] = 0.001
    rejected_rows: Annotated[
        float, Meta(description="share of rows that the challenger may refuse where the champion answers", gt=0, lt=1)
    ] = 0.001
    latency_p99: Annotated[
        str | None,
        Meta(
            description="what one row in a hundred may take longer than, beside the champion; by default that of [scoping.limits]"
        ),
    ] = None
    value: Annotated[
        float,
        Meta(
            description="with promote = no_worse: money per 1000 decisions (or loss) by which it may be worth less",
            ge=0,
        ),
    ] = 0.0


class Deployment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Production."""

    strategy: Annotated[
        Literal["direct", "shadow", "canary", "ab"],
        Meta(
            description="direct: a new release takes all traffic at once; shadow: it answers unheard; canary: in steps; ab: one share"
        ),
    ] = "direct"
    steps: Annotated[
        tuple[float, ...],
        Meta(description="shares by which a release advances, growing to 1; by default those of the strategy"),
    ] = ()
    promote: Annotated[
        Literal["better", "no_worse"],
        Meta(description="what must be shown of a challenger's value before it takes all traffic"),
    ] = "better"
    step_rows: Annotated[int, Meta(description="rows that a challenger answers in a step at least", ge=1)] = 300
    step_time: Annotated[str, Meta(description="how long a step lasts at least")] = "1d"
    least_time: Annotated[str, Meta(description="how long a rollout lasts at least")] = "7d"
    undecided: Annotated[str, Meta(description="after how long people are told that a rollout does not end")] = "60d"
    guardrails: Annotated[Guardrails, Meta(description="what rolls a challenger back")] = Guardrails()
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
    superiority: Annotated[
        Literal["same_rows", "always", "never"],
        Meta(
            description="when a challenger that takes all traffic at once has to be better on the test rows, not only no worse; "
            "same_rows: where it has learnt from the champion's rows for the same question, and so is only another draw"
        ),
    ] = "same_rows"
    outcomes: Annotated[Outcomes, Meta(description="where outcomes come from")] = Outcomes()
