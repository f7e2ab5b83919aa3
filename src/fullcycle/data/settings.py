"""The section ``[data]`` of ``cycle.toml``; ``columns.toml`` holds a :class:`ColumnFact` a line."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fullcycle.data.assemble.settings import Examples, Join, Label, Window
from fullcycle.data.clean.settings import Clean
from fullcycle.data.contract.settings import ColumnFact, ColumnType, Rules
from fullcycle.data.label.settings import Labels
from fullcycle.data.privacy.settings import Privacy
from fullcycle.data.sources.settings import Pages, Source
from fullcycle.data.split.settings import Split

__all__ = [
    "Clean",
    "ColumnFact",
    "ColumnType",
    "Data",
    "Examples",
    "Join",
    "Label",
    "Labels",
    "Pages",
    "Privacy",
    "Rules",
    "Source",
    "Split",
    "Window",
]


class Data(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data."""

    sources: Annotated[
        tuple[Source, ...], Meta(description="where rows come from; the first holds the rows", min_length=1)
    ]
    joins: Annotated[tuple[Join, ...], Meta(description="sources joined to the rows")] = ()
    examples: Annotated[Examples | None, Meta(description="rows made from events")] = None
    windows: Annotated[tuple[Window, ...], Meta(description="features from the events before a row's time")] = ()
    derive: Annotated[dict[str, str], Meta(description="columns computed within a row, by expressions")] = {}
    rules: Annotated[Rules, Meta(description="rules about the table")] = Rules()
    clean: Annotated[Clean, Meta(description="declared cleaning")] = Clean()
    privacy: Annotated[Privacy, Meta(description="privacy of the rows")] = Privacy()
    split: Annotated[Split, Meta(description="how rows are divided")] = Split()
    labels: Annotated[Labels, Meta(description="labelling by people")] = Labels()
    undeclared: Annotated[
        Literal["leave out", "error"], Meta(description="what to do with columns that columns.toml lacks")
    ] = "leave out"
