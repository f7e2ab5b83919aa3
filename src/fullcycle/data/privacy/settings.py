"""Settings of privacy: how well a person hides among others, how long rows are kept, and from when bias is named."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Privacy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Privacy and fairness of the rows."""

    k_at_least: Annotated[
        int, Meta(description="fewest rows that share the values of all columns marked 'quasi'", ge=1)
    ] = 5
    retention: Annotated[str | None, Meta(description="how long rows are kept, such as '730d'")] = None
    proxy_at_most: Annotated[
        float,
        Meta(
            description="how well the features may tell a protected attribute (ROC AUC) before it is named",
            ge=0.5,
            le=1,
        ),
    ] = 0.8
    label_ratio_at_least: Annotated[
        float,
        Meta(
            description="the outcome's rate in a group of a protected attribute and among the others, the smaller over the larger,"
            " under which it is named",
            ge=0,
            le=1,
        ),
    ] = 0.8
    population: Annotated[
        dict[str, dict[str, Annotated[float, Meta(ge=0, le=1)]]],
        Meta(description="by protected attribute, each group's share among the people that the decisions are about"),
    ] = {}
    reviewed: Annotated[tuple[str, ...], Meta(description="free-text columns that a person has looked through")] = ()
