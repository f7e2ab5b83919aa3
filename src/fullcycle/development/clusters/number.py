"""The number of clusters: declared, or each of a range tried in turn."""

from __future__ import annotations

from collections.abc import Sequence

from fullcycle.development.learners import LEARNERS, Learner, Parameters
from fullcycle.development.learners.gaussian_mixture import COVARIANCES
from fullcycle.development.table import Given
from fullcycle.kernel.errors import InputError


def counts(given: Given, names: Sequence[str]) -> list[tuple[str, Parameters]]:
    """The learner with every candidate, in order.

    Parameters
    ----------
    names : of the learners, the constant among them.

    Raises
    ------
    InputError
        Two learners are to be compared, or there are fewer rows than clusters.
    """
    return [(name, parameters) for name in _one(names) for parameters in candidates(LEARNERS[name], given)]


def candidates(learner: Learner, given: Given) -> list[Parameters]:
    """The parameters to try: every number of clusters that the settings name, of a mixture each with every covariance.

    A range ends where there are as many clusters as training rows.

    Raises
    ------
    InputError
        Even the least of them is as many as there are training rows.
    """
    default = learner.default()
    if "clusters" not in default:
        return [default]
    least, most = _range(given.settings.clusters)
    rows = given.dataset.parts["train"].rows
    if least >= rows:
        raise InputError(
            "there are fewer rows than it takes to tell so many clusters apart",
            place="cycle.toml, [development] clusters",
            found=f"{least} clusters of {rows} training rows",
            mend="ask for fewer clusters, or bring more rows",
        )
    kinds = COVARIANCES if "covariance" in default else (None,)
    return [
        {**default, "clusters": count, **({"covariance": kind} if kind else {})}
        for count in range(least, min(most, rows - 1) + 1)
        for kind in kinds
    ]


def _range(clusters: int | tuple[int, ...]) -> tuple[int, int]:
    return (clusters, clusters) if isinstance(clusters, int) else (min(clusters), max(clusters))


def _one(names: Sequence[str]) -> list[str]:
    real = [name for name in names if name != "constant"]
    if len(real) > 1:
        raise InputError(
            "learners of clusters cannot be ranked against each other",
            place="cycle.toml, [development] learners",
            found=", ".join(real),
            expected="one of them",
            mend="each has its own figure for the number of clusters: develop with one, then with the other",
        )
    return real
