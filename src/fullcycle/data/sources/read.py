"""Reading any source: the one place that knows which location is read by what."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import polars as pl

from fullcycle.data.kept import Kept
from fullcycle.data.sources import SOURCES
from fullcycle.data.sources.completed import completed
from fullcycle.data.sources.download import HTTP
from fullcycle.data.sources.files import parquet, read_files
from fullcycle.data.sources.increments import Forget, all_of, read_increments
from fullcycle.data.sources.location import resolved, scheme, shown
from fullcycle.data.sources.reading import Reading, of_frame
from fullcycle.data.sources.remote import STORES
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import InputError

DATABASES = ("postgresql", "postgres", "mysql", "mariadb", "sqlite", "duckdb", "adbc")
BROKERS = ("kafka", "nats")
STATE = ".fullcycle"


def read(source: Source, folder: Path, *, forget: Forget = all_of, kept: Kept | None = None) -> Reading:
    """The rows of *source*; paths are taken from *folder*. Production traffic is read by ``production.read_traffic``.

    Parameters
    ----------
    forget : takes rows out that may not be landed, where the source is read by increments.
    kept : where what was found out about files is kept, so that those that were not written since are not read for it again.

    Raises
    ------
    InputError
        The location is of no known kind, or what is there is wrong.
    OutsideError
        A server does not answer.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "rows.csv").write_text("a;b\\n1;2\\n")
    ...     read(Source(name="rows", location="rows.csv"), Path(folder)).columns
    ('a', 'b')
    """
    return completed(_read(source, folder, forget, kept), source)


def _read(source: Source, folder: Path, forget: Forget, kept: Kept | None) -> Reading:
    kind = scheme(resolved(source.location))
    if source.since and kind not in ("python", *DATABASES):
        raise InputError(
            "only functions and databases are read by increments",
            place=f"source {source.name!r}",
            found=f"since = {source.since!r}",
            mend="take 'since' away: files are read whole, and topics are always read by increments",
        )
    if kind == "python":
        name = source.location.removeprefix("python:")
        if source.since:
            return read_increments(
                source.name, source.since, folder / STATE, lambda since: _frame(name, since), forget=forget
            )
        frame = _frame(name, None)
        return of_frame(frame, hashlib.sha256(parquet(frame)).hexdigest())
    if kind in DATABASES:
        from fullcycle.data.sources.sql import Growing, read_sql

        if source.since:
            growing = Growing(source, folder)
            return read_increments(
                source.name, source.since, folder / STATE, growing.rows, marks=growing.mark, forget=forget
            )
        return read_sql(source, folder)
    if kind in BROKERS:
        from fullcycle.data.sources.broker import read_topic

        return read_topic(source, folder)
    if kind in HTTP and source.pages is not None:
        from fullcycle.data.sources.api import read_api

        return read_api(source, folder)
    if kind in ("", "file", *HTTP, *STORES):
        return read_files(source, folder, kept)
    raise InputError(
        "sources of this kind are not read",
        place=shown(source.location),
        found=f"{kind}:",
        expected=f"a path, python:, {'://, '.join(('file', *HTTP, *STORES, *DATABASES, *BROKERS))}://",
        mend="mend 'from' in [[data.sources]] of cycle.toml",
    )


def _frame(name: str, since: Any) -> pl.DataFrame:
    """What a function registered with ``@source`` gives, told up to where its rows were landed."""
    rows = SOURCES[name](since)
    try:
        return pl.DataFrame(rows)
    except TypeError:
        found = type(rows).__name__
        raise InputError(
            f"the source {name!r} gives no table", place="cycle.py", found=found, expected="a frame, or columns by name"
        ) from None
