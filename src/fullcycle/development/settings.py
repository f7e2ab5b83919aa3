"""The section ``[development]`` of ``cycle.toml``: the model."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct


class Features(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How columns become features."""

    calendar: Annotated[
        bool,
        Meta(
            description="parts of the date from time columns: minute of the day (linear models: the hour) and weekday"
        ),
    ] = True
    target_encode: Annotated[
        int, Meta(description="categories with more values than this are encoded by the target, out of fold", ge=1)
    ] = 20
    rare: Annotated[int, Meta(description="categories seen less often than this count as unknown", ge=1)] = 20


class Development(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model."""

    search_budget: Annotated[str, Meta(description="trials or time, such as '40 trials' or '5m'")] = "5m"
    learners: Annotated[Literal["auto"] | tuple[str, ...], Meta(description="auto, or a list of learners")] = "auto"
    search: Annotated[
        Literal["tpe", "random", "none"], Meta(description="how the search goes on after the portfolio")
    ] = "tpe"
    round: Annotated[
        int, Meta(description="trials asked for at once; the same model on any number of workers", ge=1)
    ] = 4
    seed: Annotated[int, Meta(description="seed of everything random", ge=0)] = 0
    features: Annotated[Features, Meta(description="how columns become features")] = Features()
