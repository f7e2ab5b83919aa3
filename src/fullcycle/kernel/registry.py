"""Names to things: our own learners, metrics, sources and channels register as a user's do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from fullcycle.kernel.errors import UnknownKey

T = TypeVar("T")


class Registry(Generic[T]):
    """Things of one sort by name. Third parties ship theirs under the entry point group ``fullcycle``.

    >>> colours: Registry[int] = Registry("colour")
    >>> colours.add("red", 1)
    1
    >>> colours["red"], list(colours)
    (1, ['red'])
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._things: dict[str, T] = {}

    def add(self, name: str, thing: T) -> T:
        """Register *thing*; a later one of the same name takes its place."""
        self._things[name] = thing
        return thing

    def register(self, name: str) -> Callable[[T], T]:
        """The same as a decorator."""
        return lambda thing: self.add(name, thing)

    def remove(self, name: str) -> T:
        """Take a thing out again."""
        return self._things.pop(name)

    def __getitem__(self, name: str) -> T:
        if name not in self._things:
            load_packages()
        if name not in self._things:
            raise UnknownKey(name, self._things, what=self.what)
        return self._things[name]

    def __contains__(self, name: str) -> bool:
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._things))


_LOADED: set[str] = set()


def load_packages() -> None:
    """Import the installed packages that extend fullcycle, once; each registers its things as it is imported."""
    for point in entry_points(group="fullcycle"):
        if point.value not in _LOADED:
            _LOADED.add(point.value)
            point.load()
