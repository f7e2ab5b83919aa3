"""The feature plan that a learner's recipe asks for, fitted on rows of the dataset."""

from __future__ import annotations

from fullcycle.development.features import FittedFeatures, fit_features
from fullcycle.development.table import Given, Rows
from fullcycle.development.weights import columns_of


def planned(recipe: str, given: Given, known: Rows) -> FittedFeatures:
    """The plan of *recipe*, fitted on *known* rows as settings and charter say.

    Raises
    ------
    InputError
        No column is left to learn from.
    """
    return fit_features(
        *known,
        recipe=recipe,
        columns=columns_of(given),
        settings=given.settings.features,
        zone=given.charter.timezone,
        task=given.charter.task,
        expressions=given.expressions,
    )
