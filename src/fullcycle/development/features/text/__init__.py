"""Free text as features: a score of its own linear model, words as columns, hashes of words, or sentence embeddings."""

from __future__ import annotations

from fullcycle.development.features.text.encode import as_text

__all__ = ["as_text"]
