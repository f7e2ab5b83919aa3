"""Examples that ship with the package: each a folder with ``cycle.toml``, ``columns.toml`` and ``rows()``."""

from __future__ import annotations

from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from fullcycle.kernel.errors import UnknownKey

if TYPE_CHECKING:
    import polars as pl

EXAMPLES = {"customers": "purchases.parquet", "flights": "flights.parquet", "reviews": "reviews.parquet"}
"""Each example, and the file that its rows are written to."""


class Example(NamedTuple):
    """What makes the folder of an example.

    Attributes
    ----------
    data : name of the file that ``cycle.toml`` reads.
    texts : the other files, by name.
    """

    name: str
    data: str
    texts: dict[str, str]

    def rows(self) -> pl.DataFrame:
        """The rows of the example; see the example's own module."""
        frame: pl.DataFrame = import_module(f"{__name__}.{self.name}").rows()
        return frame


def example(name: str) -> Example:
    """The example *name*.

    Raises
    ------
    UnknownKey
        There is none of that name; names the nearest.

    >>> sorted(example("flights").texts)
    ['columns.toml', 'cycle.toml']
    """
    if name not in EXAMPLES:
        raise UnknownKey(name, EXAMPLES, what="example")
    folder = files(__name__) / name
    texts = {file: (folder / file).read_text(encoding="utf-8") for file in ("cycle.toml", "columns.toml")}
    return Example(name, EXAMPLES[name], texts)
