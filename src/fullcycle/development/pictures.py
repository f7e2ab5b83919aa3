"""Pictures of a model, drawn from its evaluation: figures of test rows, never rows.

Each is an Altair chart, which shows itself in a notebook; the extra ``pictures`` installs Altair.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fullcycle.development.evaluation import Evaluation
from fullcycle.development.partial_dependence import Dependence
from fullcycle.measure.intervals import Estimate
from fullcycle.measure.metrics import Calibration

if TYPE_CHECKING:
    import altair

_BLUE, _GREY = "#33658a", "#9aa5b1"
_WIDTH, _HEIGHT = 520, 240
Rows = Sequence[Mapping[str, object]]


def charts(found: Evaluation, *, classes: Sequence[str] = (), hidden: Iterable[str] = ()) -> Iterator[tuple[str, Any]]:
    """Each picture by name.

    Parameters
    ----------
    classes : names of the scores of several classes, in order.
    hidden : columns whose values are not told.

    Examples
    --------
    >>> curve = Calibration(scores=(0.2, 0.8), rates=(0.25, 0.7), counts=(50, 50))
    >>> [name for name, _ in charts(Evaluation(reliability=curve))]
    ['calibration']
    """
    if found.profit:
        rows = [{"at": it.share, **_ends(it.worth)} for it in found.profit]
        yield "profit", _band(rows, "share of rows acted on", found.profit[0].worth.unit, percent=True)
    if found.reliability is not None:
        yield "calibration", _reliability(found.reliability)
    if found.importances:
        yield "importance", _bars([{"name": it.column, **_ends(it.loss)} for it in found.importances], "loss grows by")
    hiding = frozenset(hidden)
    for one in found.dependences:
        if one.column not in hiding:
            yield f"dependence on {one.column}", _dependence(one, classes)
    if found.learning is not None and len(found.learning.points) > 1:
        rows = [{"at": it.rows, **_ends(it.loss)} for it in found.learning.points]
        yield "learning curve", _band(rows, "rows of training", f"loss, {found.learning.points[0].loss.unit}")


def _band(rows: Rows, x: str, y: str, *, percent: bool = False) -> altair.LayerChart:
    """A line with its interval."""
    alt = _altair()

    axis = alt.X("at:Q", title=x, axis=alt.Axis(format="%" if percent else "~s"), scale=alt.Scale(zero=percent))
    base = alt.Chart(alt.Data(values=list(rows))).encode(x=axis)
    scale = alt.Scale(zero=False)
    area = base.mark_area(color=_BLUE, opacity=0.2).encode(y=alt.Y("low:Q", title=y, scale=scale), y2="high")
    line = base.mark_line(color=_BLUE, point=True).encode(y=alt.Y("point:Q", title=y))
    return _sized(alt.layer(area, line))


def _bars(rows: Rows, figure: str) -> altair.LayerChart:
    """Names with a point and its interval."""
    alt = _altair()

    order = [str(row["name"]) for row in rows]
    base = alt.Chart(alt.Data(values=list(rows))).encode(y=alt.Y("name:N", sort=order, title=None))
    ends = base.mark_rule(color=_GREY, strokeWidth=3).encode(x=alt.X("low:Q", title=figure), x2="high")
    points = base.mark_circle(color=_BLUE, size=70, opacity=1).encode(x=alt.X("point:Q", title=figure))
    chart: altair.LayerChart = alt.layer(ends, points).properties(width=_WIDTH)
    return chart


def _reliability(found: Calibration) -> altair.LayerChart:
    """What was said against what came true; on the grey line scores mean what they say."""
    alt = _altair()

    rows = [{"said": s, "came": r, "rows": n} for s, r, n in zip(found.scores, found.rates, found.counts, strict=True)]
    most = max((*found.scores, *found.rates, 0.01))
    ideal = [{"said": end, "came": end} for end in (0.0, most)]
    x, y = alt.X("said:Q", title="mean score"), alt.Y("came:Q", title="share that came true")
    diagonal = alt.Chart(alt.Data(values=ideal)).mark_line(color=_GREY, strokeDash=[4, 4]).encode(x=x, y=y)
    line = alt.Chart(alt.Data(values=rows)).mark_line(color=_BLUE, point=True).encode(x=x, y=y)
    chart: altair.LayerChart = alt.layer(diagonal, line).properties(width=320, height=320)
    return chart


def _dependence(found: Dependence, classes: Sequence[str]) -> altair.LayerChart:
    """The mean score by value: a line over numbers, bars over names."""
    alt = _altair()

    several = len(found.scores[0]) > 1 if found.scores else False
    names = classes if several and len(classes) == len(found.scores[0]) else ["score"]
    rows = [
        {"at": at, "score": score, "class": name}
        for at, scores in zip(found.at, found.scores, strict=True)
        for name, score in zip(names, scores, strict=False)
    ]
    base = alt.Chart(alt.Data(values=rows))
    y = alt.Y("score:Q", title="mean score", scale=alt.Scale(zero=False))
    colour = alt.Color("class:N", title=None) if several else alt.value(_BLUE)
    if any(isinstance(at, str) for at in found.at):
        x = alt.X("at:N", sort=[str(at) for at in found.at], title=found.column)
        return _sized(alt.layer(base.mark_circle(size=80, opacity=1).encode(x=x, y=y, color=colour)))
    x = alt.X("at:Q", title=found.column, scale=alt.Scale(zero=False))
    return _sized(alt.layer(base.mark_line(point=True).encode(x=x, y=y, color=colour)))


def _ends(found: Estimate) -> dict[str, float]:
    low, high = (found.point if end is None else end for end in (found.low, found.high))
    return {"point": found.point, "low": low, "high": high}


def _sized(chart: Any) -> altair.LayerChart:
    sized: altair.LayerChart = chart.properties(width=_WIDTH, height=_HEIGHT)
    return sized


def _altair() -> Any:
    """The library, untyped: it builds its classes from a schema."""
    return import_module("altair")
