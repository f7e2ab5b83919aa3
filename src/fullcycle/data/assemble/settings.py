"""Settings of how several sources become one table of rows."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field


class Join(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source joined to the rows."""

    source: Annotated[str, Meta(description="name of the source that is joined")]
    on: Annotated[
        tuple[str, ...] | dict[str, str], Meta(description='columns of the same name in both, or { ours = "theirs" }')
    ]
    expect: Annotated[Literal["n:1", "1:1"], Meta(description="how many rows may meet: many to one, or one to one")] = (
        "n:1"
    )
    as_of: Annotated[
        bool, Meta(description="take the latest event that had happened, and was available, by the row's time")
    ] = False
    within: Annotated[str | None, Meta(description="how old such an event may be at most, such as '3h'")] = None
    columns: Annotated[tuple[str, ...] | None, Meta(description="columns to take; by default all")] = None
    prefix: Annotated[str, Meta(description="put before the names of the joined columns")] = ""


class Label(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked of the events after a row's time. Exactly one of any, count, sum, mean."""

    origin: Annotated[str, Meta(description="name of the source of events")] = field(name="from")
    within: Annotated[str, Meta(description="how long after the row's time is looked, such as '90d'")]
    any: Annotated[bool, Meta(description="whether there is any event")] = False
    count: Annotated[bool, Meta(description="how many events there are")] = False
    sum: Annotated[str, Meta(description="column to sum")] = ""
    mean: Annotated[str, Meta(description="column to average")] = ""
    where: Annotated[str, Meta(description="expression over an event's columns that it must fulfil")] = ""


class Examples(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows made from events: one for each entity that is active, at regular times."""

    entity: Annotated[str, Meta(description="column of the events that names what a row is about")]
    origin: Annotated[str, Meta(description="name of the source whose events make an entity active")] = field(
        name="from"
    )
    every: Annotated[
        str,
        Meta(
            description="distance between the times at which rows are made, such as '7d', or 'month' for the first of each"
        ),
    ]
    label: Annotated[Label, Meta(description="the outcome of a row")]
    active_within: Annotated[str | None, Meta(description="an entity without an event for this long gets no row")] = (
        None
    )
    start: Annotated[
        str, Meta(description="first time at which rows are made; by default the day of the first event")
    ] = ""


class Window(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Features from the events before a row's time, as far as they had happened and were available by then."""

    origin: Annotated[str, Meta(description="name of the source of events")] = field(name="from")
    by: Annotated[tuple[str, ...] | str, Meta(description="columns by which events belong to a row")]
    over: Annotated[
        tuple[str, ...], Meta(description="lengths of the windows, such as ['30d', '365d']; none: all the past")
    ] = ()
    count: Annotated[bool, Meta(description="number of events")] = False
    sum: Annotated[tuple[str, ...], Meta(description="columns to sum")] = ()
    mean: Annotated[tuple[str, ...], Meta(description="columns to average")] = ()
    last: Annotated[tuple[str, ...], Meta(description="columns whose latest value is taken")] = ()
    days_since: Annotated[bool, Meta(description="days since the latest event")] = False
    lags: Annotated[
        dict[str, tuple[int, ...]],
        Meta(description="by column, how many events back, 1 being the latest, such as { amount = [1, 2] }"),
    ] = {}
    where: Annotated[str, Meta(description="expression over an event's columns that it must fulfil")] = ""
    prefix: Annotated[
        str | None, Meta(description="put before the names; by default the source's name and an underscore")
    ] = None
