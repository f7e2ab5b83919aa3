"""Limits of a call: how long it may run and how much memory it may take, and what is left where it went beyond them."""

from __future__ import annotations

from typing import NamedTuple


class Limit(NamedTuple):
    """What each call of a batch may use.

    Attributes
    ----------
    seconds : of one call; None for no limit.
    until : seconds after which nothing of the batch runs any more; None for no limit.
    memory : bytes of one call; None leaves it to the engine.

    Examples
    --------
    >>> Limit(seconds=30.0).until is None
    True
    """

    seconds: float | None = None
    until: float | None = None
    memory: int | None = None


class Stopped(NamedTuple):
    """A call that was stopped: it came to nothing here, which says nothing of another machine.

    Attributes
    ----------
    reason : as a person reads it.
    late : it did nothing wrong itself, the batch's time was over.

    Examples
    --------
    >>> Stopped("out of memory").late
    False
    """

    reason: str
    late: bool = False
