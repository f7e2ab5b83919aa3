"""Splits: rows for training, validation and test, so divided that the test is as hard as the future.

By time: train, then validation, then test rows, with an embargo of the label delay between. By group, stratified, or
random: each row by a hash of its own key, so that no row changes its part when others come.
"""

from __future__ import annotations

from fullcycle.data.split.boundaries import Boundaries, boundaries, embargo
from fullcycle.data.split.choose import Choice, choice_findings, choose, spans_time
from fullcycle.data.split.divide import divide, parts_of
from fullcycle.data.split.division import PARTS, Division, Part, Span, Thresholds, part_of
from fullcycle.data.split.hashing import fractions

__all__ = [
    "PARTS",
    "Boundaries",
    "Choice",
    "Division",
    "Part",
    "Span",
    "Thresholds",
    "boundaries",
    "choice_findings",
    "choose",
    "divide",
    "embargo",
    "fractions",
    "part_of",
    "parts_of",
    "spans_time",
]
