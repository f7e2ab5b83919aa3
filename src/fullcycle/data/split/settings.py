"""Settings of the split: how rows are divided into those for training, validation and test."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

By = Literal["time", "group", "stratified", "random"]


class Split(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How rows are divided."""

    by: Annotated[
        By | None,
        Meta(
            description="time: the latest rows for the test, with an embargo between; group: whole groups; stratified: "
            "each class alike but for chance; random: rows alone; by default what the question calls for"
        ),
    ] = None
    group: Annotated[str, Meta(description="column whose values stay together; by default the entity")] = ""
    validation: Annotated[float | str, Meta(description="share of the days or rows, or a duration such as '30d'")] = 0.2
    test: Annotated[float | str, Meta(description="share of the days or rows, or a duration such as '30d'")] = 0.2
    embargo: Annotated[str | None, Meta(description="gap before validation and test; by default the label delay")] = (
        None
    )
    seed: Annotated[int, Meta(description="which of the random divisions")] = 0
