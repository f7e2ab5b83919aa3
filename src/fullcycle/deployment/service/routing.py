"""Follows what serves: looks at one small file, loads the new beside the old, swaps one reference, and goes on answering meanwhile."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import msgspec

from fullcycle.deployment.acknowledge import Acknowledging
from fullcycle.deployment.answer import Answerer
from fullcycle.deployment.serving import Serving, load_answerer, parse_serving, read_serving
from fullcycle.kernel.errors import FullcycleError, InputError
from fullcycle.kernel.record import digest

EVERY = 0.05  # seconds between two looks at the file's mark
READ = 20  # looks after which the file is read whatever its mark: clocks of file systems are coarse
WARM = 16  # rows that a new release answers before it serves
_FIXED = ("scope", "log", "traffic", "entity_key", "in_flight")  # what a running worker does not change
_log = logging.getLogger(__name__)


class Routing:
    """What serves now.

    Parameters
    ----------
    path : of the file that names it.

    Attributes
    ----------
    serving, answerer : what serves. A request takes the answerer once and answers all its rows with it, so that a swap is one
        assignment; the old one's memory is given back with its last request.
    problem : why a newer route is not followed, ``""`` while all is well.

    Raises
    ------
    FullcycleError : nothing can be served; see `load_answerer`.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.problem = path, ""
        self._told = Acknowledging(path)
        self._seen = b""
        self.serving: Serving = read_serving(path)
        self.answerer: Answerer = _warmed(path, self.serving)
        self._before: tuple[Serving, Answerer] | None = None  # loaded yet: a rollback need not wait

    async def follow(self) -> None:
        """Look for ever, and say each time to who deploys what is followed."""
        mark: object = None
        looks = 0
        while True:
            now = _mark(self.path)
            if now != mark or not looks % READ:
                await self.look()
                mark = now
            looks += 1
            await asyncio.sleep(EVERY)

    async def look(self) -> bool:
        """Follow the file if it says something new; a route that cannot be loaded leaves the old one serving.

        Returns
        -------
        Whether another route serves now.
        """
        try:
            body = await asyncio.to_thread(self.path.read_bytes)
        except OSError as error:
            self.problem = f"cannot read what serves: {error.strerror}"
            return False
        if body == self._seen:
            return False
        self._seen = body
        try:
            return await self._follow(parse_serving(body, place=str(self.path)))
        except FullcycleError as error:
            self.problem = str(error)
            _log.error("the new route is not followed: %s", error)
            return False
        finally:
            self._told.tell(route=digest(body), generation=self.serving.route.generation, problem=self.problem)

    def close(self) -> None:
        """Follow no more; whoever deploys need not wait for this worker."""
        self._told.close()

    async def _follow(self, serving: Serving) -> bool:
        if serving == self.serving:
            self.problem = ""
            return False
        for name in _FIXED:
            if getattr(serving, name) != getattr(self.serving, name):
                raise InputError(f"{name} has changed", place=str(self.path), mend="restart the service")
        answerer = self._kept(serving)
        if answerer is None:
            answerer = await asyncio.to_thread(_warmed, self.path, serving)
        self._before = self.serving, self.answerer
        self.serving, self.answerer, self.problem = serving, answerer, ""
        _log.info("route %d serves", serving.route.generation)
        return True

    def _kept(self, serving: Serving) -> Answerer | None:
        """What answered before, if *serving* asks for the same."""
        if self._before is not None and _unnumbered(self._before[0]) == _unnumbered(serving):
            return self._before[1]
        return None


def _unnumbered(serving: Serving) -> Serving:
    """All that matters to an answer."""
    return msgspec.structs.replace(serving, route=msgspec.structs.replace(serving.route, generation=0, reason=""))


def _warmed(path: Path, serving: Serving) -> Answerer:
    """What answers under *serving*, loaded, verified by its golden rows, and no stranger to rows any more."""
    answerer = load_answerer(path, serving)
    for row in answerer.contract.golden_rows(WARM):
        answerer.row({**row, serving.entity: "warm"}, 0)
    return answerer


def _mark(path: Path) -> object:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
