"""Libraries that only some learners use: their versions belong to the key of a step that tries such a learner."""

from __future__ import annotations

from collections.abc import Iterable

from fullcycle.development.learners.learner import LEARNERS


def libraries(names: Iterable[str]) -> tuple[str, ...]:
    """What the learners of these *names* declare as ``libraries``, as packages are called; of all learners for ``auto``.

    A learner that nobody registered has none here: the search will say what is wrong with its name.

    >>> libraries(["xgboost", "linear"]), libraries("auto") >= ("catboost",)
    (('xgboost', 'xgboost-cpu'), True)
    """
    tried = LEARNERS if names == "auto" else [name for name in names if name in LEARNERS]
    return tuple(sorted({it for name in tried for it in getattr(LEARNERS[name], "libraries", ())}))
