"""Reading ahead: the next frame is read while the last one is looked at, so that no core waits for the disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """*items* in their order, each begun while the one before it is in use, so that two are in memory at a time.

    What *items* raises is raised here, after those that came before it.

    >>> list(ahead(iter([1, 2, 3])))
    [1, 2, 3]
    """
    boxed = zip(items)  # one of them
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, boxed, None)
        while (box := coming.result()) is not None:
            coming = reader.submit(next, boxed, None)
            yield box[0]
            del box
