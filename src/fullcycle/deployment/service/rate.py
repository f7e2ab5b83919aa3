"""How often a token may ask: the generic cell rate algorithm, counted by all workers of a machine together.

It is the token bucket as one number: when the bucket would be full again (ITU-T I.371, annex A). The number lies in a file of eight
bytes that the workers map into memory. Two that write at once may let one request too many pass; nobody waits for a lock.
"""

from __future__ import annotations

import math
import mmap
import struct
from pathlib import Path

_NUMBER = struct.Struct("=d")


class Rate:
    """A limit of requests.

    Parameters
    ----------
    rate : requests a second.
    burst : requests that may come at once.
    path : of the file that workers share; where it cannot be written, this process counts for itself.

    Examples
    --------
    >>> limit = Rate(10.0, 2)
    >>> [round(limit.wait(now), 3) for now in (100.0, 100.0, 100.0, 100.2)]
    [0, 0, 0.1, 0]
    """

    def __init__(self, rate: float, burst: int, path: Path | None = None) -> None:
        self._every = 1.0 / rate
        self._slack = (max(burst, 1) - 1) * self._every
        self._full: bytearray | mmap.mmap = _shared(path) if path is not None else bytearray(_NUMBER.size)

    def wait(self, now: float) -> float:
        """Seconds until a request may come; 0 if it may now, and then it is counted.

        Parameters
        ----------
        now : of the machine's monotonic clock, which all processes share.
        """
        (full,) = _NUMBER.unpack_from(self._full)
        if not now < full <= now + self._slack + self._every:  # long ago, or of a clock of before the machine started
            full = now
        if full - now > self._slack + 1e-9:
            return float(full - now - self._slack)
        _NUMBER.pack_into(self._full, 0, full + self._every)
        return 0


def retry_after(seconds: float) -> int:
    """The header's whole seconds.

    >>> retry_after(0.05)
    1
    """
    return max(1, math.ceil(seconds))


def _shared(path: Path) -> bytearray | mmap.mmap:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            if file.seek(0, 2) < _NUMBER.size:
                file.truncate(_NUMBER.size)
            return mmap.mmap(file.fileno(), _NUMBER.size)
    except OSError:
        return bytearray(_NUMBER.size)
