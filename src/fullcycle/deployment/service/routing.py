"""Follows what serves: looks at one small file, loads the new beside the old, swaps one reference, and goes on answering meanwhile."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from fullcycle.deployment.answer import Answerer
from fullcycle.deployment.serving import Serving, load_answerer, parse_serving, read_serving
from fullcycle.kernel.errors import FullcycleError, InputError

EVERY = 0.5  # seconds between two looks
_FIXED = ("scope", "log", "traffic", "entity_key", "in_flight")  # what a running worker does not change
_log = logging.getLogger(__name__)


class Routing:
    """What serves now.

    Parameters
    ----------
    path : of the file that names it.

    Attributes
    ----------
    serving, answerer : what serves.
    problem : why a newer route is not followed, ``""`` while all is well.

    Raises
    ------
    FullcycleError : nothing can be served; see `load_answerer`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.serving: Serving = read_serving(path)
        self.answerer: Answerer = load_answerer(path, self.serving)
        self.problem = ""
        self._seen = b""

    async def follow(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(EVERY)
            await self.look()

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

    async def _follow(self, serving: Serving) -> bool:
        if serving == self.serving:
            self.problem = ""
            return False
        for name in _FIXED:
            if getattr(serving, name) != getattr(self.serving, name):
                raise InputError(f"{name} has changed", place=str(self.path), mend="restart the service")
        answerer = await asyncio.to_thread(load_answerer, self.path, serving)
        self.serving, self.answerer, self.problem = serving, answerer, ""
        _log.info("route %d serves", serving.route.generation)
        return True
