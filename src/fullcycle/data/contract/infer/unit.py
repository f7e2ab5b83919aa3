"""The unit that a column's name tells."""

from __future__ import annotations

import re

_SURE = {
    **dict.fromkeys(
        ("km", "kg", "kwh", "mwh", "kw", "mm", "cm", "ms", "mph", "kmh", "mb", "gb", "kb", "hz", "ml", "mg"), ""
    ),
    **{code: code.upper() for code in ("usd", "eur", "gbp", "chf", "jpy", "cny", "inr", "cad", "aud")},
    **dict.fromkeys(("pct", "percent", "percentage"), "%"),
    "celsius": "°C",
    "fahrenheit": "°F",
    **{
        f"{unit}{ending}": unit
        for unit in ("second", "minute", "hour", "day", "week", "year", "mile")
        for ending in ("", "s")
    },
}
_UNSURE = {"m": "metre or minute", "min": "minute or least", "s": "second", "sec": "second", "h": "hour", "t": "tonne", "g": "gram",
           "c": "°C", "f": "°F", "b": "byte", "k": "thousand", "deg": "degree", "rate": "a share", "ratio": "a share"}  # fmt: skip


def unit(name: str) -> tuple[str, str]:
    """The unit in the last word of a name, and a question where it is not sure; empty where there is none.

    >>> unit("distance_km"), unit("tripMinutes"), unit("height_m"), unit("carrier")
    (('km', ''), ('minute', ''), ('', 'unit: metre or minute?'), ('', ''))
    """
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+", name)
    last = words[-1].lower() if len(words) > 1 else ""
    if last in _SURE:
        return _SURE[last] or last, ""
    return "", f"unit: {_UNSURE[last]}?" if last in _UNSURE else ""
