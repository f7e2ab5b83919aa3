"""Trouble with a database: what went wrong, told so that a person can mend it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Literal, TypeVar

from fullcycle.data.sources.databases.address import Address
from fullcycle.kernel.errors import FullcycleError, InputError, OutsideError

Kind = Literal["down", "silent", "refused", "database", "table", "column", "query", "writes", "rights"]
T = TypeVar("T")

_FACTS: dict[Kind, tuple[type[FullcycleError], str, str]] = {
    "down": (OutsideError, "the database does not answer", "start it, or mend host and port in 'from'"),
    "silent": (
        OutsideError,
        "the database gave no answer in time",
        "raise 'timeout' of the source, or ask for less (a filter, an index)",
    ),
    "refused": (
        InputError,
        "the database refuses user or password",
        "set the variables that 'from' names to a user who may read",
    ),
    "database": (InputError, "there is no such database", "mend the name of the database in 'from'"),
    "table": (InputError, "there is no such table", "mend the name of the table"),
    "column": (InputError, "there is no such column", "mend the name of the column in the query"),
    "query": (InputError, "the query fails", "mend the query; try it in a client of the database"),
    "writes": (
        InputError,
        "the query writes, or is none: a source only reads",
        "write a query that starts with SELECT or WITH",
    ),
    "rights": (InputError, "the user may not read this", "grant the user SELECT on it, or name another user"),
}


def trouble(kind: Kind, address: Address, message: str, *, near: str | None = None) -> FullcycleError:
    """The error for trouble of *kind*, with the database's own *message*, secrets taken out.

    >>> from fullcycle.data.sources.databases.address import located
    >>> from pathlib import Path
    >>> print(trouble("table", located("sqlite:///a.db", Path(".")), "no such table: ordres", near="orders"))
    sqlite:///a.db: there is no such table: found 'no such table: ordres'. To mend it: did you mean 'orders'?
    """
    type_, problem, mend = _FACTS[kind]
    mend = f"did you mean {near!r}?" if near else mend
    return type_(problem, place=address.place, found=address.told(message), mend=mend)


class Patience:
    """Within it, what takes longer than the address's timeout is cancelled, and told as an error.

    Raises
    ------
    OutsideError
        On leaving, where it was cancelled.
    """

    def __init__(self, address: Address, cancel: Callable[[], object]) -> None:
        self._address, self._cancel, self.over = address, cancel, False

    def __enter__(self) -> Patience:
        self._timer = threading.Timer(self._address.timeout, self._end)
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, type_: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._timer.cancel()
        if self.over:  # some drivers tell of a cancelled query only when its rows are fetched
            message = f"nothing within {self._address.timeout:g} s"
            raise trouble("silent", self._address, message) from None

    def _end(self) -> None:
        self.over = True
        self._cancel()


def patient(parts: Iterator[T], address: Address, cancel: Callable[[], object]) -> Iterator[T]:
    """*parts*, each waited for with :class:`Patience`; the time in which they are worked on does not count."""
    while True:
        with Patience(address, cancel):
            part = next(parts, None)
        if part is None:
            return
        yield part
