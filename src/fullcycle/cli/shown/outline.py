"""Any record as an outline: a line a field, what lies within it by its path, numbers rounded, long lists cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fullcycle.cli.output import aligned, number

if TYPE_CHECKING:
    from fullcycle.kernel.record import Record

_BESIDE = ("kind", "version", "parents", "findings")  # told elsewhere
_MOST = 12  # entries of a list or a table that are told
_ESTIMATE = {"point", "low", "high", "unit"}


def outline(record: Record) -> list[str]:
    """The fields of a record that say something, one a line."""
    fields = {name: value for name, value in json.loads(record.canonical).items() if name not in _BESIDE}
    return aligned(list(told(fields)))


def told(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Path and text of everything within *value*; what is empty is left out.

    >>> list(told({"a": {"b": 0.123456, "c": ""}, "d": ["x", "y"]}))
    [('a.b', '0.1235'), ('d', 'x, y')]
    >>> list(told({"gain": {"point": 2, "low": 1, "high": 3, "unit": "USD", "n": 9, "blocks": 3}}))
    [('gain', '2 [1, 3] USD')]
    """
    if value in (None, "", [], {}):
        return
    match value:
        case dict() if set(value) >= _ESTIMATE:
            interval = "" if value["low"] is None else f" [{number(value['low'])}, {number(value['high'])}]"
            yield path, f"{number(value['point'])}{interval} {value['unit']}".rstrip()
        case dict():
            for name, inner in list(value.items())[:_MOST] if path else value.items():
                yield from told(inner, f"{path}.{name}" if path else name)
            if path and len(value) > _MOST:
                yield path, f"… and {len(value) - _MOST} more"
        case list() if all(not isinstance(inner, dict | list) for inner in value):
            more = f" and {len(value) - _MOST} more" if len(value) > _MOST else ""
            yield path, ", ".join(map(_plain, value[:_MOST])) + more
        case list():
            for place, inner in enumerate(value[:_MOST]):
                yield from told(inner, f"{path}[{place}]")
            if len(value) > _MOST:
                yield path, f"… and {len(value) - _MOST} more"
        case _:
            yield path, _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return number(value)
    return str(value)
