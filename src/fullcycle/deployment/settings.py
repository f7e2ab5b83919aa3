"""The section ``[deployment]`` of ``cycle.toml``: production."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field


class Outcomes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where outcomes come from; POST and file add to it."""

    location: Annotated[str | None, Meta(description="a file; by default the training sources, read again")] = field(
        name="from", default=None
    )


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
    promote: Annotated[
        Literal["newer_rows", "better", "non_inferior"],
        Meta(
            description="what a challenger that is no worse needs to take the champion's place: better: to be better on the "
            "test rows; non_inferior: nothing more; newer_rows: to be better unless it has learnt from other rows"
        ),
    ] = "newer_rows"
    outcomes: Annotated[Outcomes, Meta(description="where outcomes come from")] = Outcomes()
