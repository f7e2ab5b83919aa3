"""Open Data Contract Standard v3.1 (Bitol, Linux Foundation): a contract as YAML, and back.

What the standard has a field for stands there: logical types, ``required``, ``unique``, bounds and patterns as
``logicalTypeOptions``, categories, shares of missing values, row counts and keys as quality metrics, freshness as the SLA
``latency``. What is only ours stands in ``customProperties`` whose names begin with ``fullcycle.``, so that nothing is lost on
the way out and back. Source: https://bitol-io.github.io/open-data-contract-standard/v3.1.0/
"""

from __future__ import annotations

from fullcycle.data.contract.odcs.read import Imported, from_odcs
from fullcycle.data.contract.odcs.write import to_odcs

__all__ = ["Imported", "from_odcs", "to_odcs"]
