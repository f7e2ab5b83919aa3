"""The section ``[business]`` of ``cycle.toml``: pay-off."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Business(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pay-off."""

    retrain: Annotated[str, Meta(description="never, drift, performance, worthwhile, or an age such as '30d'")] = (
        "worthwhile"
    )
    review: Annotated[str, Meta(description="how often the verdict is made: 'month', or a duration such as '30d'")] = (
        "30d"
    )
    retraining_days: Annotated[float, Meta(description="days of work that one retraining takes", ge=0)] = 0.5
