"""Settings of labelling by people."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Labels(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The queue of rows without an outcome."""

    batch: Annotated[int, Meta(description="rows handed out at a time", ge=1)] = 100
    random: Annotated[float, Meta(description="share of them that is picked at random", ge=0, le=1)] = 0.2
    annotators: Annotated[int, Meta(description="people who look at each row", ge=1)] = 1
    agreement: Annotated[float, Meta(description="least agreement (Krippendorff's alpha) before it is named", le=1)] = (
        0.67
    )
