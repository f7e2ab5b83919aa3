"""Which workers of a service follow a route: each says so in a file of its own beside the route, for as long as it lives.

A file is locked by its worker, so that nobody waits for a worker that was killed: the system lets go of the lock. A service needs none
of it to answer; where the folder cannot be written, as in a read-only image, nobody is told.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
import uuid
from pathlib import Path

import msgspec

from fullcycle.kernel.errors import Waiting
from fullcycle.kernel.record import digest
from fullcycle.traffic.lock import try_lock, wait_lock

PATIENCE = 60.0  # seconds that a deployment waits for the workers
_AGAIN = 0.02  # seconds between two looks
_log = logging.getLogger(__name__)


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker says of itself.

    Attributes
    ----------
    worker : its process id.
    route : digest of the route file that it read last, ``""`` before the first.
    generation : of the route that it follows.
    problem : why it does not follow what it read last, ``""`` where it does.

    Examples
    --------
    >>> Acknowledgement(worker=7).route
    ''
    """

    worker: int
    route: str = ""
    generation: int = 0
    problem: str = ""


class Acknowledging:
    """A worker's own file; made before it reads the route, so that no deployment is complete without it.

    Parameters
    ----------
    path : of the route file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     route = Path(folder, "route.json")
    ...     mine = Acknowledging(route)
    ...     mine.tell(route="ab", generation=3)
    ...     [one.generation for one in acknowledgements(route)]
    ...     mine.close()
    ...     acknowledgements(route)
    [3]
    []
    """

    def __init__(self, path: Path) -> None:
        self._fd = -1
        try:
            self._fd, self._file = _locked(_folder(path))
        except OSError as error:
            _log.warning("cannot tell what this worker follows: %s: %s", _folder(path), error.strerror)
            return
        self.tell()

    def tell(self, *, route: str = "", generation: int = 0, problem: str = "") -> None:
        """Say what this worker follows; see :class:`Acknowledgement`."""
        if self._fd < 0:
            return
        said = Acknowledgement(worker=os.getpid(), route=route, generation=generation, problem=problem)
        body = msgspec.json.encode(said)
        try:
            os.pwrite(self._fd, body, 0)
            os.ftruncate(self._fd, len(body))
        except OSError as error:  # a full disk: whoever deploys waits in vain and says for whom
            _log.warning("cannot tell what this worker follows: %s", error.strerror)

    def close(self) -> None:
        """Take the file away: this worker answers no more."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                self._file.unlink()
            os.close(self._fd)
            self._fd = -1


def acknowledgements(path: Path) -> list[Acknowledgement]:
    """What the living workers that follow the route file at *path* say, by process id; files of dead ones are taken away."""
    found = []
    for file in sorted(_folder(path).glob("*.json")):
        with contextlib.suppress(OSError):  # it went meanwhile, or is another user's
            said = _read(file)
            found += [] if said is None else [said]
    return sorted(found, key=lambda one: one.worker)


def wait_for_workers(path: Path, seconds: float = PATIENCE) -> list[Acknowledgement]:
    """Return when every living worker follows what the route file says now; at once where no service runs.

    Raises
    ------
    Waiting : one does not within *seconds*, or says that it cannot; it is named, with its problem.
    """
    wanted, end = digest(path.read_bytes()), time.monotonic() + seconds
    while True:
        found = acknowledgements(path)
        behind = [one for one in found if one.route != wanted or one.problem]
        if not behind:
            return found
        stuck = next((one for one in behind if one.route == wanted), behind[0])
        if stuck.route == wanted or time.monotonic() > end:
            raise Waiting(
                f"the route is set, but {len(behind)} of {len(found)} workers do not follow it",
                place=f"worker {stuck.worker}",
                found=stuck.problem or f"generation {stuck.generation}, after {seconds:g} s",
                mend="see the service's log; what it served before goes on serving",
            )
        time.sleep(_AGAIN)


def _folder(path: Path) -> Path:
    return path.parent / "workers"


def _locked(folder: Path) -> tuple[int, Path]:
    """A new file of its own name, locked."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        file = folder / f"{uuid.uuid4().hex}.json"
        fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        wait_lock(fd)
        if file.exists():
            return fd, file
        os.close(fd)  # a reader took it for a dead worker's, before it was locked


def _read(file: Path) -> Acknowledgement | None:
    fd = os.open(file, os.O_RDONLY)
    try:
        if try_lock(fd):  # its worker is dead
            file.unlink()
            return None
        return msgspec.json.decode(os.pread(fd, 1 << 16, 0), type=Acknowledgement)
    except msgspec.DecodeError:  # while it is written
        return Acknowledgement(worker=0)
    finally:
        os.close(fd)
