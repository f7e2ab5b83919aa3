"""Sketches: what a column looked like, small enough to keep in a record, and mergeable.

`ColumnSketch` is of rows without any reference: sketches of months merge into the sketch of a year, and those of any
cutting of the same rows into the same one. `NumberSketch` and `CategorySketch` count rows in cells that a reference
fixed; `reference` derives them from a merged `ColumnSketch`.
"""

from __future__ import annotations

from fullcycle.measure.sketches.cells import CategorySketch, NumberSketch, Sketch
from fullcycle.measure.sketches.column import ColumnSketch
from fullcycle.measure.sketches.reference import in_same_cells, reference

__all__ = ["CategorySketch", "ColumnSketch", "NumberSketch", "Sketch", "in_same_cells", "reference"]
