"""Where the answers of a batch go: a file that appears in one step, standard output, a Delta table or a table of a database."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from fullcycle.deployment.files import ISO, flat
from fullcycle.kernel.errors import InputError, OutsideError, UnknownKey

Write = Callable[[Sequence[Path]], None]
STDOUT = "-"
_ROWS = 2**17  # of a row group, and of what is merged at a time


def check_target(target: str) -> None:
    """Refuse a target whose name says no kind that we write.

    Raises
    ------
    UnknownKey : the suffix or scheme is unknown.
    InputError : the address of a database names no table.

    >>> check_target("out.parquet")
    """
    if "://" in target:
        from fullcycle.deployment.batch.database import table_of

        table_of(target)
    elif target != STDOUT and not _is_delta(target) and Path(target).suffix.lower() not in WRITERS:
        known = [*WRITERS, ".delta"]
        raise UnknownKey(Path(target).suffix, known, place=target, what="kind of file")


def progress_folder(target: str) -> Path:
    """Where progress is kept: beside a file; beside one that is called as the table, where the target is no file.

    >>> progress_folder("out/a.csv").as_posix(), progress_folder("sqlite:///db/a.db?table=night").as_posix()
    ('out/.a.csv.progress', 'db/.night.progress')
    """
    place = _place(target)
    return place.with_name(f".{place.name}.progress")


def side_file(target: str) -> Path:
    """The file for rows that are rejected.

    >>> side_file("out/a.csv").as_posix(), side_file("-").as_posix()
    ('out/a.rejected.jsonl', 'answers.rejected.jsonl')
    """
    place = _place(target)
    return place.with_name(f"{place.stem}.rejected.jsonl")


def _place(target: str) -> Path:
    if "://" in target:
        from fullcycle.deployment.batch.database import table_of

        address = table_of(target)
        name = address.table.replace(".", "-")
        return Path(address.url).with_name(name) if address.scheme == "sqlite" else Path(name)
    return Path("answers") if target == STDOUT else Path(target)


def write_answers(pieces: Sequence[Path], target: str) -> None:
    """Write the answers that lie in *pieces* to *target*, in their order.

    A file appears in one step. Rows of a table are told by their ``id``: those that are there and say the same stay as they are, those
    that say something else are replaced, the others are added. A database takes all of them in one transaction.

    Raises
    ------
    InputError : a table there does not fit.
    OutsideError : the disk is full, or the database does not take them; a file or a database is then as it was.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     piece, out = Path(folder, "a.arrow"), Path(folder, "a.csv")
    ...     pl.DataFrame({"id": ["a"], "score": [0.5]}).write_ipc(piece)
    ...     write_answers([piece], str(out))
    ...     out.read_text()
    'id,score\\na,0.5\\n'
    """
    if "://" in target:
        from fullcycle.deployment.batch.database import upsert

        upsert(pieces, target)
    elif target == STDOUT:
        for piece in pieces:
            pl.read_ipc(piece).write_ndjson(sys.stdout.buffer)
        sys.stdout.buffer.flush()
    elif _is_delta(target):
        _merge(pieces, Path(target))
    else:
        path = Path(target)
        _aside(lambda aside: WRITERS[path.suffix.lower()](_table(pieces), aside), path, pieces[0].parent)


def join_files(bodies: Iterable[bytes], target: Path, folder: Path) -> None:
    """Write *bodies* one after the other, aside in *folder*, and let them appear in one step; errors as :func:`write_answers`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     join_files([b"a", b"b"], Path(folder, "c"), Path(folder))
    ...     Path(folder, "c").read_bytes()
    b'ab'
    """

    def write(path: Path) -> None:
        with path.open("wb") as file:
            for body in bodies:
                file.write(body)

    _aside(write, target, folder)


def _table(pieces: Sequence[Path]) -> pl.LazyFrame:
    return pl.concat([pl.scan_ipc(piece) for piece in pieces], how="vertical_relaxed")


def _aside(write: Callable[[Path], None], target: Path, folder: Path) -> None:
    """Written in *folder*, which goes with the progress, so that a kill leaves nothing beside the target."""
    aside = folder / f"whole{target.suffix}"
    try:
        write(aside)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(target)
    except OSError as error:
        if isinstance(error, OutsideError):
            raise
        mend = "free some disk or mend the permissions, then run again"
        found = error.strerror or str(error)
        raise OutsideError("could not write", place=str(target), found=found, mend=mend) from error


def _is_delta(target: str) -> bool:
    path = Path(target)
    return path.suffix.lower() == ".delta" or (path / "_delta_log").is_dir()


def _merge(pieces: Sequence[Path], target: Path) -> None:
    """Each piece in one commit; what is there already and says the same is left alone, so that twice is once."""
    from deltalake import DeltaTable, write_deltalake
    from deltalake.exceptions import DeltaError

    try:
        for piece in pieces:
            frame = pl.read_ipc(piece).unique("id", keep="last", maintain_order=True)
            if not (target / "_delta_log").is_dir():
                target.parent.mkdir(parents=True, exist_ok=True)
                write_deltalake(target, frame)
                continue
            table = DeltaTable(target)
            _check_columns(table, frame, target)
            there = _there(pl.scan_delta(table), frame)
            new = frame.join(there, on="id", how="anti")
            if new.height:
                write_deltalake(table, new, mode="append")
            other = frame.join(new, on="id", how="anti").join(there, on=frame.columns, how="anti", nulls_equal=True)
            if other.height:
                merged = table.merge(other, "old.id = new.id", source_alias="new", target_alias="old")
                merged.when_matched_update_all().execute()
    except (DeltaError, OSError) as error:
        if isinstance(error, OutsideError):
            raise
        mend = "free some disk or mend the permissions, then run again"
        raise OutsideError("could not write", place=str(target), found=str(error)[:200], mend=mend) from error


def _check_columns(table: Any, frame: pl.DataFrame, target: Path) -> None:
    found = pl.scan_delta(table).collect_schema()
    if lacking := sorted(set(frame.columns) - set(found)):
        raise InputError(
            "the table has other columns than the answers",
            place=str(target),
            found=", ".join(found),
            expected=", ".join(frame.columns),
            mend=f"name another table, or add {lacking[0]!r} to this one",
        )


def _there(table: pl.LazyFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of the table that have an id of *frame*."""
    same = table.join(frame.lazy().select("id"), on="id", how="semi").select(frame.columns)
    return same.cast(frame.schema).collect(engine="streaming")


def _parquet(table: pl.LazyFrame, path: Path) -> None:
    table.sink_parquet(path, row_group_size=_ROWS, engine="streaming")


def _csv(table: pl.LazyFrame, path: Path) -> None:
    flat(table).sink_csv(path, datetime_format=ISO, engine="streaming")


def _tsv(table: pl.LazyFrame, path: Path) -> None:
    flat(table).sink_csv(path, separator="\t", datetime_format=ISO, engine="streaming", check_extension=False)


def _json_lines(table: pl.LazyFrame, path: Path) -> None:
    table.sink_ndjson(path, engine="streaming")


def _arrow(table: pl.LazyFrame, path: Path) -> None:
    table.sink_ipc(path, record_batch_size=_ROWS, engine="streaming")


WRITERS: dict[str, Callable[[pl.LazyFrame, Path], None]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".arrow": _arrow,
    ".feather": _arrow,
    ".ipc": _arrow,
}
"""What writes a file of each kind."""
