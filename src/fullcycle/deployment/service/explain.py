"""Reasons for one decision: what each column adds to its score, in the charter's column names, the most first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fullcycle.deployment.answer import Answerer
from fullcycle.deployment.service.problem import Problem
from fullcycle.predictor.contributions import Explanation, needs_background

MOST_EXPLAINED = 100  # rows of a request


class Adds(msgspec.Struct, frozen=True):
    """What a column adds: a number, or one per class or cluster."""

    column: str
    adds: float | list[float]


class Reasons(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a row got its score: ``base`` and all that is added make it.

    Attributes
    ----------
    base : what is expected of any row.
    contributions : of each column, the most telling first.
    method : ``tree_shap`` and ``linear`` are exact; ``sampling`` is not.
    scale : of base and contributions: ``score``, or what the model's link makes a score of, such as ``log_odds``.
    calibrated : False where they make the score before it is calibrated.
    seed : of a sampling.
    """

    base: float | list[float]
    contributions: list[Adds]
    method: str
    scale: str
    calibrated: bool = True
    seed: int | None = None


def check_explainable(rows: int, answerer: Answerer) -> None:
    """Refuse what would not be explained, before anything is logged.

    Raises
    ------
    Problem : 413 too many rows, 422 a release without what explanations are told against.
    """
    if rows > MOST_EXPLAINED:
        raise Problem(
            413, f"The request has {rows} rows; send at most {MOST_EXPLAINED} at a time to have them explained."
        )
    predictor = answerer.predictor
    if needs_background(predictor.model) and predictor.background is None:
        raise Problem(422, "This release came without what reasons are told against; deploy it again to have them.")


def explain_rows(rows: Mapping[str, tuple[object, Any, str]], answerer: Answerer) -> dict[str, Reasons]:
    """The reasons for rows that were answered, by id; none for the control group, whose score is not told either.

    Parameters
    ----------
    rows : the score that was told, the row, and the release that answered it, by id.
    """
    checks = {release: answerer.contract_of(release).compile() for _, _, release in rows.values()}
    return {
        id: reasons_of(answerer.predictor_of(release).explain(checks[release](row)[0]))
        for id, (score, row, release) in rows.items()
        if score is not None
    }


def reasons_of(found: Explanation) -> Reasons:
    """An explanation as the client sees it.

    >>> from fullcycle.predictor.contributions import Contribution
    >>> part = Contribution(column="distance", adds=(0.5,))
    >>> reasons_of(Explanation(expected=(1.0,), contributions=(part,), method="linear", scale="score")).contributions
    [Adds(column='distance', adds=0.5)]
    """
    return Reasons(
        base=_one(found.expected),
        contributions=[Adds(it.column, _one(it.adds)) for it in found.contributions],
        method=found.method,
        scale=found.scale,
        calibrated=found.calibrated,
        seed=found.seed,
    )


def _one(values: tuple[float, ...]) -> float | list[float]:
    return values[0] if len(values) == 1 else list(values)
