"""The model card of a project's model: its facts, gathered from records and the journal, and its pictures."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from fullcycle.data.records import Dataset
from fullcycle.development.records import Model
from fullcycle.kernel.blobs import get_record
from fullcycle.project.folder import Project
from fullcycle.project.measured import made, measured, rebuilt, seconds
from fullcycle.scoping.records import Charter

if TYPE_CHECKING:
    from fullcycle.development.card import Facts

_DRAWN_BY = ("altair", "vl_convert")


def facts(project: Project, model: Model) -> Facts:
    """What the card of *model* is made from.

    Raises
    ------
    RecordUnknown
        An ancestor of it is not kept here.
    """
    from fullcycle.development.board import leaderboard
    from fullcycle.development.card import Facts
    from fullcycle.development.evaluation import evaluation_of
    from fullcycle.predictor.plan import Plan

    entries = tuple(project.journal.read())
    dataset, charter = (get_record(project.blobs, id) for id in model.parents)
    entry = made(entries, model.id)
    return Facts(
        charter=cast(Charter, charter),
        dataset=cast(Dataset, dataset),
        model=model,
        evaluation=evaluation_of(model, project.blobs),
        inputs=tuple(it.name for it in Plan.from_json(project.blobs.get(model.plan)).inputs),
        leaderboard=leaderboard(model, project.blobs, seconds(entries)),
        measured=measured(entries, model.id),
        seconds=entry.cost.get("seconds") if entry is not None else None,
        rebuilt=rebuilt(entries, model.id),
    )


def pictures(found: Facts) -> dict[str, str]:
    """Its pictures as SVG by name; none where the extra ``pictures`` is not installed."""
    if any(find_spec(name) is None for name in _DRAWN_BY):
        return {}
    from fullcycle.data.pictures import svg
    from fullcycle.development.pictures import charts

    drawn = charts(found.evaluation, classes=found.dataset.classes, hidden=found.personal)
    return {name: svg(chart) for name, chart in drawn}
