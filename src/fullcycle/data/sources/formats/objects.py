"""Objects: JSON records made rows of a table, whose columns have one type each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from types import NoneType
from typing import Any

import msgspec
import polars as pl

Kinds = dict[str, set[str]]
"""Which kinds of values each column holds, in the order in which columns were first seen."""

_TYPES: dict[frozenset[str], pl.DataType] = {
    frozenset(): pl.Null(),
    frozenset({"boolean"}): pl.Boolean(),
    frozenset({"integer"}): pl.Int64(),
    frozenset({"float"}): pl.Float64(),
    frozenset({"float", "integer"}): pl.Float64(),
}

_KINDS = {bool: "boolean", int: "integer", float: "float", str: "text"}
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


def flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """An object with the objects in it laid flat, their names joined by dots, and its lists as JSON text.

    >>> flat({"id": 1, "from": {"city": "Bonn", "geo": {"lat": 50.7}}, "tags": ["a"]})
    {'id': 1, 'from.city': 'Bonn', 'from.geo.lat': 50.7, 'tags': '["a"]'}
    """
    if not prefix and not any(type(value) in (dict, list) for value in record.values()):
        return dict(record)
    cells: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            cells.update(flat(value, f"{prefix}{name}."))
        else:
            cells[prefix + name] = _text(value) if isinstance(value, list) else value
    return cells


def note_kinds(kinds: Kinds, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add to *kinds* what the cells of *rows* are.

    >>> kinds: Kinds = {}
    >>> note_kinds(kinds, [{"a": 1, "b": None}, {"a": 2.5}])
    >>> kinds == {"a": {"integer", "float"}, "b": set()}
    True
    """
    for name in dict.fromkeys(chain.from_iterable(rows)):
        cells = [row.get(name) for row in rows]
        types = set(map(type, cells))
        seen = kinds.setdefault(name, set())
        seen.update(_KINDS[type_] for type_ in types - {NoneType})
        if int in types and not all(_LEAST <= cell <= _MOST for cell in cells if type(cell) is int):
            seen.add("text")  # no integer of a table is so large


def schema(kinds: Kinds) -> dict[str, pl.DataType]:
    """The type of each column: that of its values, a float for whole and broken numbers, text for any other mixture.

    >>> schema({"a": {"integer", "float"}, "b": {"integer", "text"}})
    {'a': Float64, 'b': String}
    """
    return {name: _TYPES.get(frozenset(seen), pl.String()) for name, seen in kinds.items()}


def frame(rows: Iterable[Mapping[str, Any]], types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Rows as a table of the columns *types*; a cell that a row lacks is null.

    >>> frame([{"a": 1}, {"b": True}], {"a": pl.Int64(), "b": pl.String()}).rows()
    [(1, None), (None, 'true')]
    """
    rows = list(rows)
    columns = []
    for name, type_ in types.items():
        cells = [row.get(name) for row in rows]
        if type_ == pl.String:
            cells = [cell if cell is None or isinstance(cell, str) else _text(cell) for cell in cells]
        columns.append(pl.Series(name, cells, type_, strict=False))
    return pl.DataFrame(columns)


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
