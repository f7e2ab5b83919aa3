"""The contract: what a row and a table must look like, from the column facts.

``rule`` makes the rule of a column, ``violations`` holds a segment of the table against all of them, ``tally`` adds up over
segments, ``findings`` says what came out; ``infer`` proposes the facts, ``odcs``, ``json_schema`` and ``pandera`` carry them
in and out.
"""

from __future__ import annotations

from fullcycle.data.contract.rule import rule_of

__all__ = ["rule_of"]
