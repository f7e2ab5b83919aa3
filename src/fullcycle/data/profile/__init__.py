"""Profile: what each column holds, as mergeable sketches, and how columns hang together.

A segment is sketched once; the sketches of all segments merge into those of the table, so that a new month costs a
month. Monitoring's reference is derived from the merged sketches of the training rows. What costs more than a pass,
correlations and the relation to the outcome, is measured on a sample.
"""

from __future__ import annotations

from fullcycle.data.profile.columns import merged, packed, profile, references, unpacked
from fullcycle.data.profile.correlations import Correlation, correlations
from fullcycle.data.profile.statistics import Statistics, statistics
from fullcycle.data.profile.target import Cell, Rate, Relation, label_rate, target_relation

__all__ = [
    "Cell",
    "Correlation",
    "Rate",
    "Relation",
    "Statistics",
    "correlations",
    "label_rate",
    "merged",
    "packed",
    "profile",
    "references",
    "statistics",
    "target_relation",
    "unpacked",
]
