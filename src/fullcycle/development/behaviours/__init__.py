"""Behavioural tests as data: what must come out for a row, what must change nothing, and which way a change must go.

They stand in ``[[development.behaviours]]`` and in files of the project's folder ``behaviours``; see docs/behaviours.md.
Ribeiro et al. 2020, *Beyond accuracy: behavioural testing of NLP models with CheckList*.
"""

from __future__ import annotations
