"""Annotations: what people said of rows, in one shape whatever tool they said it in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import polars as pl

from fullcycle.kernel.errors import InputError

COLUMNS = {
    "entity": pl.String(),
    "time": pl.String(),
    "annotator": pl.String(),
    "label": pl.String(),
    "at": pl.Datetime("us", "UTC"),
    "truth": pl.Boolean(),
    "selection": pl.Float64(),
    "place": pl.String(),
}
"""Columns of annotations: the row by entity and time, who said what and when, whether it is known to be true (``ground_truth``),
the probability with which the row was picked, and where in which file it stands."""


class Annotations(NamedTuple):
    """What a file of annotations holds.

    Attributes
    ----------
    given : columns of :data:`COLUMNS`, one row for each annotator and row; who spoke twice counts with the last word.
    skipped : by annotator, how often one passed, or said nothing.
    unlabelled : how many rows nobody has looked at.
    """

    given: pl.DataFrame
    skipped: dict[str, int]
    unlabelled: int


class Given(NamedTuple):
    """One annotation; without a label it is a pass."""

    entity: str
    time: str
    annotator: str
    label: str | None
    at: datetime | None
    truth: bool = False
    selection: float | None = None
    place: str = ""


def collected(annotations: list[Given], unlabelled: int) -> Annotations:
    """Annotations in their shape, in the order of rows and annotators.

    >>> found = collected([Given("a", "1", "ana", "yes", None), Given("a", "1", "ben", None, None)], 0)
    >>> found.given["label"].to_list(), found.skipped
    (['yes'], {'ben': 1})
    """
    given = [one for one in annotations if one.label is not None]
    skipped: dict[str, int] = {}
    for one in sorted(annotations, key=lambda one: one.annotator):
        if one.label is None:
            skipped[one.annotator] = skipped.get(one.annotator, 0) + 1
    return Annotations(_last_words(pl.DataFrame(given, schema=COLUMNS, orient="row")), skipped, unlabelled)


def together(files: Sequence[Annotations]) -> Annotations:
    """What several files hold; who spoke in two of them counts with the last word.

    >>> one = collected([Given("a", "1", "ana", "yes", None)], 0)
    >>> two = collected([Given("a", "1", "ana", "no", None)], 2)
    >>> found = together([one, two])
    >>> found.given["label"].to_list(), found.unlabelled
    (['no'], 2)
    """
    skipped: dict[str, int] = {}
    for file in files:
        for name, times in file.skipped.items():
            skipped[name] = skipped.get(name, 0) + times
    given = pl.concat([pl.DataFrame(schema=COLUMNS), *(file.given for file in files)])
    return Annotations(_last_words(given), dict(sorted(skipped.items())), sum(file.unlabelled for file in files))


def _last_words(given: pl.DataFrame) -> pl.DataFrame:
    ordered = given.sort("at", nulls_last=False, maintain_order=True)
    last = ordered.unique(subset=["entity", "time", "annotator"], keep="last", maintain_order=True)
    return last.sort("entity", "time", "annotator")


def moment(text: str, place: str) -> datetime | None:
    """A time as tools write it; in UTC where it names no zone, None where it is empty.

    Raises
    ------
    InputError
        It is none.

    >>> moment("2024-05-01T12:00:00Z", "").isoformat(), moment("", "")
    ('2024-05-01T12:00:00+00:00', None)
    """
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            "not a time", place=place, found=text[:40], expected="ISO 8601, such as 2024-05-01T12:00Z"
        ) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def written(value: object) -> str:
    """A cell of entity or time as text, the same when it comes back.

    >>> written(datetime(2024, 5, 1, 12, tzinfo=UTC)), written(7)
    ('2024-05-01T12:00:00+00:00', '7')
    """
    return value.isoformat() if isinstance(value, datetime) else str(value)
