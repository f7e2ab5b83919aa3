"""The fields of an Arrow schema that a driver hands over in C, read without importing it into a library.

Polars ends with a panic on types that it does not have (intervals); the format strings tell before it is asked.
See https://arrow.apache.org/docs/format/CDataInterface.html.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import NamedTuple


class Field(NamedTuple):
    """A column: its name and its format, such as ``l`` for 64-bit integers."""

    name: str
    format: str

    @property
    def known(self) -> bool:
        """Whether Polars has the type.

        >>> Field("a", "l").known, Field("a", "tin").known
        (True, False)
        """
        return not self.format.startswith("ti")


class _Schema(ctypes.Structure):
    """``struct ArrowSchema``."""


_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]


def fields(address: int) -> tuple[Field, ...]:
    """The columns of the ``struct ArrowSchema`` at *address*, which its owner must keep alive meanwhile."""
    return tuple(_fields(_Schema.from_address(address)))


def _fields(schema: _Schema) -> Iterator[Field]:
    for place in range(schema.n_children):
        child = schema.children[place].contents
        yield Field((child.name or b"").decode(), child.format.decode())
