"""How long boosted trees are grown, the same for every library."""

from __future__ import annotations

TREES = 500  # at most, where validation rows decide when to stop
PATIENCE = 30  # trees without gain after which it stops
UNTOLD = 100  # trees where neither validation rows nor a number tell
