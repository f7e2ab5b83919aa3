"""The section ``[monitoring]`` of ``cycle.toml``: watch."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Monitoring(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Watch."""

    window: Annotated[str, Meta(description="length of a window, such as '7d'")] = "7d"
    drift_level: Annotated[
        float, Meta(description="false discovery rate of drift (Benjamini–Hochberg)", gt=0, lt=1)
    ] = 0.01
    drift_effect: Annotated[
        float, Meta(description="smallest distance between distributions that counts as drift", gt=0)
    ] = 0.1
    rows_at_least: Annotated[int, Meta(description="fewest rows of a window for drift to be tested", ge=1)] = 300
    late_at_most: Annotated[
        float, Meta(description="largest share of outcomes still missing after the label delay", ge=0, le=1)
    ] = 0.05
