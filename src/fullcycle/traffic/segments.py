"""Where a segment is in its life: ``NAME.open`` is written, ``NAME.sealed`` is whole, then it is part of the tables."""

from __future__ import annotations

import os
from pathlib import Path

from fullcycle.kernel.blobs import write_aside
from fullcycle.traffic.frames import decode, whole_length
from fullcycle.traffic.schema import Row

OPEN, SEALED, ASIDE = ".open", ".sealed", ".aside"
_ASKED = "seal"


def log_folder(folder: Path) -> Path:
    """The folder of the segments, inside that of the scope.

    >>> log_folder(Path("dev/live")).as_posix()
    'dev/live/log'
    """
    return folder / "log"


def ask_to_seal(folder: Path) -> None:
    """Ask whoever writes to the scope in *folder* to seal what is open and go on in another segment.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ask_to_seal(Path(folder))
    ...     asked_to_seal(Path(folder)) > 0
    True
    """
    log_folder(folder).mkdir(parents=True, exist_ok=True)
    write_aside(log_folder(folder) / _ASKED, b"")


def asked_to_seal(folder: Path) -> int:
    """When that was asked for last, a number that grows; 0 if never.

    >>> asked_to_seal(Path("nowhere"))
    0
    """
    try:
        return (log_folder(folder) / _ASKED).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def segments(folder: Path) -> dict[str, Path]:
    """Segments that lie in the log now, by name, in order of name.

    >>> segments(Path("nowhere"))
    {}
    """
    # A listing can miss a file that is renamed meanwhile. A segment with rows is renamed once in its life, so that
    # two equal listings in a row have missed nothing.
    before, now = None, _listing(folder)
    while before != now:
        before, now = now, _listing(folder)
    found = {name.removesuffix(OPEN): name for name in now if name.endswith(OPEN)}
    found |= {name.removesuffix(SEALED): name for name in now if name.endswith(SEALED)}
    return {stem: log_folder(folder) / found[stem] for stem in sorted(found)}


def _listing(folder: Path) -> list[str]:
    try:
        names = os.listdir(log_folder(folder))
    except FileNotFoundError:
        return []
    return sorted(name for name in names if name.endswith((OPEN, SEALED)))


def segment_bytes(folder: Path, name: str) -> tuple[bytes, Path] | None:
    """What the segment holds now, and where; ``None`` when it has left the log.

    >>> segment_bytes(Path("nowhere"), "a1") is None
    True
    """
    for suffix in (OPEN, SEALED):  # in the order of its life: a move between two looks is seen by the second
        path = log_folder(folder) / f"{name}{suffix}"
        try:
            return path.read_bytes(), path
        except FileNotFoundError:
            continue
    return None


def segment_length(folder: Path, name: str) -> int | None:
    """Bytes of whole frames in the segment now; ``None`` when it has left the log.

    >>> segment_length(Path("nowhere"), "a1") is None
    True
    """
    found = segment_bytes(folder, name)
    return None if found is None else whole_length(found[0], place=str(found[1]))


def read_segment(path: Path) -> list[Row]:
    """The rows of one segment, in the order in which they were logged.

    Raises
    ------
    Corrupt : a row does not match its checksum; a torn end is none unless the segment was sealed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torn = Path(folder, "a1.open")
    ...     _ = torn.write_bytes(b"torn")
    ...     read_segment(torn)
    []
    """
    return [row for row, _ in decode(path.read_bytes(), place=str(path), sealed=path.suffix == SEALED)]
