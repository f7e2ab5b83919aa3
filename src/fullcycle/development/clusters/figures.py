"""Figures of a clustering on the test rows, each with its interval; and what they say of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fullcycle.data.records import Column
from fullcycle.development.blocks import row_blocks
from fullcycle.development.clusters.reference import silhouettes_by_chance
from fullcycle.development.clusters.stability import stability
from fullcycle.development.fit import Final
from fullcycle.development.losses import sample
from fullcycle.development.records import Member
from fullcycle.development.table import Floats, Given, Rows, rows
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import Estimate, block_codes, jackknife, mean_interval
from fullcycle.measure.metrics import davies_bouldin, silhouettes
from fullcycle.predictor.plan import Input
from fullcycle.predictor.policy import nearest

Ints: TypeAlias = NDArray[np.int64]
Figures: TypeAlias = dict[str, Estimate]

ABOVE_CHANCE = "silhouette_minus_constant"
_GROUPS = 30  # blocks that are left out in turn for an interval, at most; more are put together


class Assigned(NamedTuple):
    """Rows with their clusters.

    Attributes
    ----------
    rows : n rows.
    matrix : (n, features) what the model reads of them.
    scores : (n, clusters) distances.
    codes : (n,) the nearest cluster.
    blocks : (n,) which rows hang together.
    """

    rows: Rows
    matrix: Floats
    scores: Floats
    codes: Ints
    blocks: Ints


def assigned(final: Final, given: Given, *parts: str) -> Assigned:
    """The rows of *parts* with the clusters to which the model says that they belong.

    Rows hang together by day, as everywhere; where they are divided by chance, since they stand alone, each does alone.
    """
    found = rows(given.dataset, given.charter.target, given.blobs, *parts)
    matrix = final.plan.matrix(found.frame)
    scores = final.model.scores(matrix)
    alone = given.dataset.division.by == "random"
    blocks = np.arange(len(matrix)) if alone else row_blocks(found.frame[given.charter.time], given.charter)
    return Assigned(found, matrix, scores, nearest(scores), blocks)


def cluster_figures(chosen: Member, final: Final, given: Given, known: Assigned, test: Assigned) -> Figures:
    """Every figure by name.

    =============================  ==================================================================================
    ``silhouette``                 mean over rows: how much nearer they are to their own cluster than to the next
    ``silhouette_minus_constant``  the same less what as many clusters reach in rows that have none; its interval spans
                                   from the largest to the least of those
    ``davies_bouldin``             how like its most like neighbour each cluster is; 0 is best
    ``stability``                  adjusted Rand index with refits on rows drawn anew
    ``cluster_stability_…``        Jaccard index of each cluster with the most alike one of those refits
    ``cluster_share_…``            share of the rows in each cluster
    =============================  ==================================================================================

    Those of distances are read from a sample of the test rows. With one cluster there are shares only.
    """
    confidence, seed, most = given.charter.confidence, given.settings.seed, given.settings.evaluation.sample
    shares = {
        f"cluster_share_{code}": mean_interval(
            (test.codes == code).astype(np.float64), test.blocks, confidence=confidence
        ).clipped(0.0, 1.0)
        for code in range(final.model.outputs)
    }
    at = sample(len(test.codes), most).to_numpy()
    points, codes, blocks = test.matrix[at], test.codes[at], test.blocks[at]
    if not 2 <= len(np.unique(codes)) < len(codes):
        return shares
    mean = mean_interval(silhouettes(points, codes), blocks, confidence=confidence).clipped(-1.0, 1.0)
    chance = silhouettes_by_chance(
        *(chosen.learner, chosen.parameters, known.matrix), read=len(at), confidence=confidence, seed=seed
    )
    refits = stability(
        *(chosen.learner, chosen.parameters, known.matrix, known.blocks, points, codes),
        confidence=confidence,
        seed=seed,
    )
    return {
        "silhouette": mean,
        ABOVE_CHANCE: _above(mean, chance),
        "davies_bouldin": _davies_bouldin(points, codes, blocks, confidence),
        **({"stability": refits.together.clipped(-1.0, 1.0)} if refits else {}),
        **{
            f"cluster_stability_{code}": found.clipped(0.0, 1.0)
            for code, found in enumerate(refits.clusters if refits else ())
            if found is not None
        },
        **shares,
    }


def structure(figures: Figures) -> tuple[Finding, ...]:
    """A warning where the clusters hold together no better than those of rows that have none.

    >>> structure({ABOVE_CHANCE: Estimate(point=0.01, low=-0.02, high=0.03)})[0].passed
    False
    """
    found = figures.get(ABOVE_CHANCE)
    return (
        Finding(
            check="clusters_beyond_chance",
            subject="test rows",
            value=found.point if found else None,
            low=found.low if found else None,
            high=found.high if found else None,
            limit=0.0,
            rule="more_than",
            passed=found is not None and found.low is not None and found.low > 0,
            severity="warn",
            unit="silhouette",
        ),
    )


def passed_by(columns: Sequence[Column], inputs: Sequence[Input]) -> tuple[Finding, ...]:
    """A note for each column of categories or truths that the clusters do not rest on, though they might have.

    >>> country = Column(name="country", kind="category", known="before", feature=True)
    >>> [note.subject for note in passed_by((country,), ())]
    ['country']
    """
    read = {it.name for it in inputs}
    return tuple(
        Finding(check="left_out", subject=it.name, severity="note", evidence={"kind": it.kind})
        for it in columns
        if it.feature and it.kind in ("category", "boolean") and it.name not in read
    )


def _above(mean: Estimate, chance: Floats) -> Estimate:
    """The silhouette less that of chance: the ends are those of both intervals."""
    least, most = float(chance[0]), float(chance[-1])
    return Estimate(
        point=mean.point - math.fsum(chance.tolist()) / len(chance),
        low=None if mean.low is None else mean.low - most,
        high=None if mean.high is None else mean.high - least,
        n=mean.n,
    )


def _davies_bouldin(points: Floats, codes: Ints, blocks: Ints, confidence: float) -> Estimate:
    labels, k = block_codes(blocks)

    def of(weights: Ints) -> float:
        kept = weights > 0
        try:
            return davies_bouldin(points[kept], codes[kept])
        except InputError:  # without that block there are no two clusters
            return math.nan

    groups = labels * min(k, _GROUPS) // k
    return jackknife(of, groups, confidence=confidence).clipped(0.0, math.inf)
