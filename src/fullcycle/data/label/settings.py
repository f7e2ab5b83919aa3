"""Settings of labelling by people."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field


class Labels(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The queue of rows without an outcome, and what people said of them."""

    location: Annotated[
        str, Meta(description="what people said: a sheet (.csv) or Label Studio's export (.json), one or a glob")
    ] = field(name="from", default="")
    column: Annotated[
        str, Meta(description="the column that takes the label; by default the target, or what it is derived from")
    ] = ""
    control: Annotated[str, Meta(description="Label Studio's control, where there are several")] = ""
    batch: Annotated[int, Meta(description="rows handed out at a time", ge=1)] = 100
    random: Annotated[float, Meta(description="share of them that is picked at random", ge=0, le=1)] = 0.2
    annotators: Annotated[int, Meta(description="people who look at each row", ge=1)] = 1
    agreement: Annotated[float, Meta(description="least agreement (Krippendorff's alpha) before it is named", le=1)] = (
        0.67
    )
