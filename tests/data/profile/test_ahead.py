"""Reading ahead: the same items in the same order, two in memory at most, and what reading raises is raised."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from fullcycle.data.profile.ahead import ahead


class Frame:
    """Something that can be watched."""


def test_the_next_item_is_begun_while_one_is_in_use() -> None:
    begun = [threading.Event() for _ in range(3)]

    def read() -> Iterator[int]:
        for place, event in enumerate(begun):
            event.set()
            yield place

    items = ahead(read())
    assert next(items) == 0
    assert begun[1].wait(10)
    assert list(items) == [1, 2]


def test_two_items_are_held_at_a_time() -> None:
    alive: weakref.WeakSet[Frame] = weakref.WeakSet()

    def read() -> Iterator[Frame]:
        for _ in range(20):
            frame = Frame()
            alive.add(frame)
            yield frame
            del frame

    most = 0
    for frame in ahead(read()):
        del frame
        gc.collect()
        most = max(most, len(alive))
    assert most <= 3  # the one in use, the one that waits, and the one that is being made


def test_what_reading_raises_comes_after_what_was_read() -> None:
    def read() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    items = ahead(read())
    assert next(items) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(items)
