"""Taking over what a lost replica logged: its volume is found again, and its rows become part of the tables here, each once."""

from __future__ import annotations

from pathlib import Path

import msgspec
import polars as pl

from fullcycle.kernel.blobs import write_aside
from fullcycle.kernel.errors import Conflict, InputError
from fullcycle.traffic.compact import compact
from fullcycle.traffic.frames import whole_length
from fullcycle.traffic.lock import lease, waited_lease
from fullcycle.traffic.segments import OPEN, SEALED, log_folder, segments
from fullcycle.traffic.tables import KINDS, Kind, Table

_AT_ONCE = 64  # segments of a table that are taken over in one commit


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken over.

    Attributes
    ----------
    segments : of the lost log.
    decisions, outcomes : rows of the lost tables that were not here.

    Examples
    --------
    >>> Recovered(segments=2).decisions
    0
    """

    segments: int = 0
    decisions: int = 0
    outcomes: int = 0


def recover(lost: Path, folder: Path) -> Recovered:
    """Add to the scope in *folder* what the same scope of a lost replica holds in *lost*; again, it adds nothing.

    Segments keep their names, by which the tables know what they hold already. *lost* stays as it is; a kill at any moment is
    harmless: recovering again finishes it.

    Parameters
    ----------
    lost, folder : the same scope's folder in two places, see `scope_folder`.

    Raises
    ------
    InputError : nothing was logged in *lost*, or it is *folder* itself.
    Conflict : a segment there is still written to: the replica lives.
    Corrupt : a segment is damaged.
    OutsideError : the disk is full or does not let us read or write.

    Examples
    --------
    >>> import tempfile
    >>> from fullcycle.traffic.append import SegmentWriter
    >>> from fullcycle.traffic.schema import Outcome
    >>> row = Outcome(environment="dev", timeline="live", id="a1", status="known", at=7, received=9)
    >>> with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
    ...     _ = SegmentWriter(Path(one)).write_sealed("s1", [row])
    ...     recover(Path(one), Path(other)), recover(Path(one), Path(other))
    (Recovered(segments=1, decisions=0, outcomes=0), Recovered(segments=0, decisions=0, outcomes=0))
    """
    lost, folder = Path(lost), Path(folder)
    if not log_folder(lost).is_dir() or lost.resolve() == folder.resolve():
        expected = "the folder ENVIRONMENT/TIMELINE in the traffic folder of another replica"
        raise InputError("nothing was logged there that is not here", place=str(lost), expected=expected)
    log_folder(folder).mkdir(parents=True, exist_ok=True)
    with lease(log_folder(lost) / "compact.lock") as mine:
        if not mine:
            raise _lives(lost)
        # open ones first: where the replica lives, nothing is taken
        paths = sorted(segments(lost).values(), key=lambda path: path.suffix != OPEN)
        taken = sum(_segment(path, folder) for path in paths)
        rows = {kind: _rows(kind, lost, folder) for kind in KINDS}
    compact(folder)
    return Recovered(segments=taken, **rows)


def _segment(path: Path, folder: Path) -> int:
    """One segment of the lost log, as far as it is whole; 0 where it is here."""
    target = log_folder(folder) / f"{path.stem}{SEALED}"
    if target.exists() or all(Table(folder, kind).holds(path.stem) for kind in KINDS):
        return 0
    if path.suffix == OPEN:
        with lease(path) as mine:
            if not mine:
                raise _lives(path)
    body = path.read_bytes()
    whole = len(body) if path.suffix == SEALED else whole_length(body, place=str(path))
    if whole:
        write_aside(target, body[:whole])
    return int(whole > 0)


def _rows(kind: Kind, lost: Path, folder: Path) -> int:
    """The segments that the lost table holds and the one here does not."""
    theirs = Table(lost, kind)
    there = theirs.scan().select(pl.col("segment").unique()).collect()["segment"].sort().to_list()
    added = 0
    with waited_lease(log_folder(folder) / "compact.lock"):
        ours = Table(folder, kind)
        missing = [name for name in there if not ours.holds(name)]
        for start in range(0, len(missing), _AT_ONCE):
            names = missing[start : start + _AT_ONCE]
            frame = theirs.scan().filter(pl.col("segment").is_in(names)).collect()
            ours.append(frame, names)
            added += frame.height
    return added


def _lives(place: Path) -> Conflict:
    mend = "stop the replica first; a living one compacts its log itself"
    return Conflict("the log is still written to", place=str(place), mend=mend)
