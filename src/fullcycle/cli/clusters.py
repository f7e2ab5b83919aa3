"""Clusters as a person looks at them: what is in each, beside all rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fullcycle.cli.output import aligned, number

if TYPE_CHECKING:
    from fullcycle.cli.session import Session
    from fullcycle.development.clusters.profiles import Difference, Frequent, Profile
    from fullcycle.kernel.record import Record

WIDE = 8  # profiles beside each other
TELLING = 2  # columns that are named of each as most telling


def clusters_of(session: Session, record: Record) -> tuple[Profile, ...]:
    """What is in the clusters of a model; nothing for another record, or one whose evaluation was erased."""
    from fullcycle.development.evaluation import evaluation_of
    from fullcycle.development.records import Model

    if not isinstance(record, Model) or record.task != "clustering" or not session.project.blobs.has(record.evaluation):
        return ()
    return evaluation_of(record, session.project.blobs).clusters


def cluster_lines(profiles: Sequence[Profile]) -> list[str]:
    """A table: a line for each column, first its mean or most frequent categories in all rows, then in each cluster.

    >>> from fullcycle.development.clusters.profiles import Profile
    >>> both = [Profile(cluster=it, rows=2, share=0.5, means={"age": 30.0 + it}) for it in (-1, 0)]
    >>> cluster_lines(both)[1:]
    ['cluster    all  0', 'rows       2    2', 'share      50%  50%', 'age, mean  29   30']
    """
    if not profiles:
        return []
    everything, *clusters = profiles
    tables = (clusters[start : start + WIDE] for start in range(0, len(clusters), WIDE))
    return [line for some in tables for line in ("", *_table([everything, *some]))]


def _table(profiles: Sequence[Profile]) -> list[str]:
    names = ("all" if it.cluster < 0 else str(it.cluster) for it in profiles)
    rows = [
        ("cluster", *names),
        ("rows", *(f"{it.rows:,}" for it in profiles)),
        ("share", *(f"{it.share:.0%}" for it in profiles)),
        *((f"{name}, mean", *(number(it.means.get(name)) for it in profiles)) for name in profiles[0].means),
        *((name, *(_frequent(it.frequent.get(name, ())) for it in profiles)) for name in profiles[0].frequent),
        *(
            [("apart by", *(_apart(it.differences) for it in profiles))]
            if any(it.differences for it in profiles)
            else []
        ),
    ]
    return aligned(rows)


def _apart(found: Sequence[Difference]) -> str:
    """The largest differences that are no chance, in standard deviations."""
    sure = [
        it for it in found if it.size.low is not None and it.size.high is not None and it.size.low * it.size.high > 0
    ]
    return ", ".join(f"{it.category or it.column} {it.size.point:+.1f}" for it in sure[:TELLING])


def _frequent(found: Sequence[Frequent]) -> str:
    return ", ".join(f"{one.category} {one.share:.0%}" for one in found)
