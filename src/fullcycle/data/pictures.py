"""Pictures of a dataset, drawn from what its record holds: sketches and figures, never rows.

Each function gives an Altair chart, which shows itself in a notebook; :func:`svg` makes it one self-contained file
without scripts or network.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fullcycle.data.profile.correlations import Correlation
from fullcycle.data.profile.sample import OTHERS, instant
from fullcycle.data.profile.target import Rate, Relation
from fullcycle.data.sources.extra import require
from fullcycle.kernel.errors import InputError
from fullcycle.measure.intervals import Estimate
from fullcycle.measure.sketches import CategorySketch, ColumnSketch, reference
from fullcycle.measure.sketches.buckets import Buckets, edges
from fullcycle.measure.sketches.numbers import Numbers

if TYPE_CHECKING:
    import altair

EXTRA = "pictures"
_BARS = 40
_NAMES = 20
_BLUE, _GREY = "#33658a", "#9aa5b1"
_WIDTH = 420
_LABEL, _LETTER = 230, 8
"""Pixels of a label beyond which it is cut with dots, and those that a letter of a title takes at most."""
_PADDING = {"left": 44, "right": 28, "top": 10, "bottom": 30}
"""Pixels around a picture: a browser's letters are up to a sixth wider than those that it was measured with."""


def distribution(name: str, sketch: ColumnSketch) -> altair.Chart:
    """A histogram of a column's numbers between its 0.5% and 99.5% quantiles, or bars of its commonest names.

    Raises
    ------
    InputError
        The sketch tells no values, or the extra ``pictures`` is not installed.

    Examples
    --------
    >>> import polars as pl
    >>> chart = distribution("city", ColumnSketch.of(pl.Series(["Ulm", "Bonn", "Ulm"]), "category"))
    >>> chart.to_dict()["mark"]["type"]
    'bar'
    """
    cells = reference(sketch, top=_NAMES)
    if isinstance(cells, CategorySketch):
        rows = [
            {"name": label, "rows": times}
            for label, times in zip((*cells.categories, OTHERS), cells.counts, strict=True)
            if times or label != OTHERS
        ]
        return _bars(name, rows, "rows")
    if sketch.numbers is None or cells is None:
        raise InputError("a column whose values may not be told has no picture", place=name)
    return _histogram(name, sketch.kind, sketch.numbers)


def missing(sketches: Mapping[str, ColumnSketch]) -> altair.Chart:
    """The share of missing values of each column, the largest first."""
    rows = [{"name": name, "share": sketch.missing / max(1, sketch.n)} for name, sketch in sketches.items()]
    return _bars("missing values", sorted(rows, key=lambda row: (-float(str(row["share"])), str(row["name"]))), "share")


def correlation_map(correlations: Sequence[Correlation]) -> altair.Chart:
    """How far each two columns tell each other, as a square of colours."""
    alt = require("altair", EXTRA)
    rows = [
        {"column": a, "other": b, "value": round(one.value, 4), "measure": one.measure}
        for one in correlations
        for a, b in ((one.first, one.second), (one.second, one.first))
    ]
    names = sorted({str(row["column"]) for row in rows})
    scale = alt.Scale(domain=[-1, 1], scheme="redblue")
    side = max(160, min(640, 26 * len(names)))
    labels = alt.Axis(labelLimit=_LABEL, labelAngle=-40)
    chart = alt.Chart(alt.Data(values=rows), title=_title("correlations", side)).mark_rect()
    return _of(
        chart.encode(
            x=alt.X("column:N", sort=names, title=None, axis=labels),
            y=alt.Y("other:N", sort=names, title=None, axis=alt.Axis(labelLimit=_LABEL)),
            color=alt.Color("value:Q", scale=scale),
            tooltip=["column:N", "other:N", "measure:N", "value:Q"],
        ).properties(width=side, height=side)
    )


def relation(found: Relation) -> altair.LayerChart:
    """The outcome in each cell of a column, with its interval."""
    rows = [{"cell": cell.label, "rows": cell.rows, **_ends(cell.outcome)} for cell in found.cells]
    return _intervals(rows, "cell:N", [cell.label for cell in found.cells], found.column, found.of)


def rates(found: Sequence[Rate], of: str = "share of true") -> altair.LayerChart:
    """The outcome over time, with its interval."""
    rows = [{"start": rate.start.isoformat(), "rows": rate.outcome.n, **_ends(rate.outcome)} for rate in found]
    return _intervals(rows, "start:T", None, "outcome over time", of)


def svg(chart: Any) -> str:
    """A chart as one self-contained SVG file.

    Raises
    ------
    InputError
        The extra ``pictures`` is not installed.
    """
    converter = require("vl_convert", EXTRA)
    text: str = converter.vegalite_to_svg(chart.to_json(), allowed_base_urls=[])
    return text


def _histogram(name: str, kind: str, numbers: Numbers) -> altair.Chart:
    """Few different numbers stand as bars of their own; many are cut into bars of equal width."""
    alt = require("altair", EXTRA)
    time = kind == "time"
    if numbers.buckets.exact and len(values := numbers.buckets.values().tolist()) <= _NAMES and not time:
        counts = numbers.buckets.counts().tolist()
        rows = [{"name": f"{value:.6g}", "rows": times} for value, times in zip(values, counts, strict=True)]
        return _bars(name, rows, "rows")
    low, high = numbers.quantiles((0.005, 0.995)) or (0.0, 0.0)
    heights = _even(numbers.buckets, low, high)
    step = (high - low) / _BARS
    bars = [
        {"from": _shown(low + place * step, time), "to": _shown(low + (place + 1) * step, time), "rows": height}
        for place, height in enumerate(heights)
    ]
    kind_of_axis = "T" if time else "Q"
    return _of(
        alt.Chart(alt.Data(values=bars), title=_title(name))
        .mark_bar(color=_BLUE)
        .encode(
            x=alt.X(f"from:{kind_of_axis}", title=None, bin=None if time else "binned"),
            x2="to",
            y=alt.Y("rows:Q", title="rows"),
            y2=alt.datum(0),
            tooltip=[f"from:{kind_of_axis}", f"to:{kind_of_axis}", "rows:Q"],
        )
        .properties(width=_WIDTH, height=180)
    )


def _even(buckets: Buckets, low: float, high: float) -> list[float]:
    """Rows in bars of equal width, each bucket's spread evenly over it; what lies outside is left out."""
    found, times = buckets.at(buckets.level)
    heights = [0.0] * _BARS
    step = (high - low) / _BARS or 1.0
    ends = zip(edges(found, buckets.level).tolist(), edges(found + 1, buckets.level).tolist(), strict=True)
    for (start, end), held in zip(ends, times.tolist(), strict=True):
        first, last = (start - low) / step, (end - low) / step
        if last - first < 1e-3 or high == low:  # all in one bar; the last bar holds its upper end
            if -1e-3 <= first <= _BARS + 1e-3:
                heights[max(0, min(int(first), _BARS - 1))] += held
            continue
        for place in range(max(0, int(first)), min(_BARS, int(last) + 1)):
            within = min(last, place + 1) - max(first, place)
            heights[place] += held * max(0.0, within) / (last - first)
    return [round(height, 1) for height in heights]


def _bars(title: str, rows: Sequence[Mapping[str, object]], figure: str) -> altair.Chart:
    alt = require("altair", EXTRA)
    axis = alt.Axis(format="%", tickCount=6) if figure == "share" else alt.Axis(tickCount=6)
    return _of(
        alt.Chart(alt.Data(values=list(rows)), title=_title(title))
        .mark_bar(color=_BLUE)
        .encode(
            x=alt.X(f"{figure}:Q", title=figure, axis=axis),
            y=alt.Y(
                "name:N",
                sort=[str(row["name"]) for row in rows],
                title=None,
                axis=alt.Axis(labelLimit=_LABEL),
            ),
            tooltip=["name:N", f"{figure}:Q"],
        )
        .properties(width=_WIDTH)
    )


def _intervals(
    rows: Sequence[Mapping[str, object]], by: str, order: list[str] | None, title: str, figure: str
) -> altair.LayerChart:
    alt = require("altair", EXTRA)
    axis = alt.Axis(labelLimit=_LABEL, labelAngle=-40)
    x = alt.X(by, title=None) if order is None else alt.X(by, sort=order, title=None, axis=axis)
    base = alt.Chart(alt.Data(values=list(rows)), title=_title(title)).encode(x=x)
    ends = base.mark_rule(color=_GREY, strokeWidth=2).encode(
        y=alt.Y("low:Q", title=figure, scale=alt.Scale(zero=False)), y2="high"
    )
    points = base.mark_circle(color=_BLUE, size=60).encode(
        y=alt.Y("point:Q", title=figure), tooltip=["rows:Q", "point:Q", "low:Q", "high:Q"]
    )
    chart: altair.LayerChart = alt.layer(ends, points).properties(width=_WIDTH, height=220, padding=_PADDING)
    return chart


def _ends(outcome: Estimate) -> dict[str, float]:
    low, high = (outcome.point if end is None else end for end in (outcome.low, outcome.high))
    return {"point": outcome.point, "low": low, "high": high}


def _shown(value: float, time: bool) -> float | str:
    return instant(value).isoformat() if time else value


def _title(text: str, width: int = _WIDTH) -> Any:
    """A title in as many lines as it needs, above the axis."""
    alt = require("altair", EXTRA)
    lines = textwrap.wrap(text, max(16, width // _LETTER)) or [""]
    return alt.TitleParams(text=lines, anchor="start", frame="group")


def _of(chart: Any) -> altair.Chart:
    typed: altair.Chart = chart.properties(padding=_PADDING)
    return typed
