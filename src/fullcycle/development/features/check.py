"""Settings of features against the columns that there are, before anything is fitted."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fullcycle.data.records import Column
from fullcycle.development.features.user_defined import Expressions
from fullcycle.development.settings import Features, Knowledge
from fullcycle.kernel.errors import ColumnMissing, InputError

_PLACE = "cycle.toml, [development.features]"


def check_settings(
    settings: Features,
    columns: tuple[Column, ...],
    expressions: Expressions = (),
    *,
    knowledge: Knowledge | None = None,
    task: str = "",
) -> None:
    """Make sure that settings name columns known before the prediction, and that what they ask for goes together.

    Raises
    ------
    ColumnMissing
        A setting names no such column or feature.
    InputError
        A direction is declared of a column, and all features are to be replaced by components; features of a clustering
        are to be selected.

    Examples
    --------
    >>> columns = (Column(name="x", kind="float", known="before", feature=True),)
    >>> try:
    ...     check_settings(Features(ratios=(("x", "y"),)), columns)
    ... except ColumnMissing as error:
    ...     print(str(error).partition(": expected")[0])
    cycle.toml, [development.features]: column 'y' is missing, which ratios needs
    """
    names = {column.name for column in columns} | {name for name, _ in expressions}
    for setting, name in _named(settings):
        if name not in names:
            raise ColumnMissing(name, sorted(names), source=_PLACE, needed_by=setting)
    if settings.select != "none" and task == "clustering":
        raise InputError(
            "a clustering has no target that features could tell of",
            place=f"{_PLACE} select",
            found=settings.select,
            expected="none",
            mend="write select = 'none', and feature = false in columns.toml of what is not to divide the rows",
        )
    if settings.project != "none" and knowledge is not None and knowledge.monotone:
        raise InputError(
            "a direction of a column cannot be kept where features are replaced by components",
            place=f"{_PLACE} project",
            found=settings.project,
            mend="write project = 'none', or take the columns out of [development.knowledge] monotone",
        )


def _named(settings: Features) -> Iterator[tuple[str, str]]:
    pairs: dict[str, Collection[tuple[str, str]]] = {
        "ratios": settings.ratios,
        "differences": settings.differences,
        "days_between": settings.days_between,
        "aggregates": [(it.number, it.by) for it in settings.aggregates],
    }
    for setting, wanted in pairs.items():
        yield from ((setting, name) for pair in wanted for name in pair)
    yield from (("columns", name) for name in settings.columns)
