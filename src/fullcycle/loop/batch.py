"""The rows of a batch, wherever they are: files as deployment reads them, tables of a database as a source of data does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from fullcycle.data.sources.location import resolved, scheme, shown
from fullcycle.data.sources.read import DATABASES
from fullcycle.data.sources.settings import Source
from fullcycle.deployment.batch.parts import Rows, frames, open_rows
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.contract import Contract


def rows_of(location: str, folder: Path) -> Callable[[Contract], Rows]:
    """What opens the rows at *location* for a batch.

    Parameters
    ----------
    location : as :func:`fullcycle.deployment.batch.open_rows` has it, or the address of a database with ``table=NAME`` or
        ``query=SQL`` among its parameters.
    folder : the project's, where what a database answers is kept while it is read.

    Raises
    ------
    InputError : the address names neither table nor query; and what reading raises, once it is opened.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.csv").write_text("x\\n1\\n")
    ...     rows_of(f"{folder}/a.csv", Path(folder))(Contract(())).shown.endswith("a.csv")
    True
    """
    if scheme(resolved(location)) not in DATABASES:
        return lambda contract: open_rows(location, contract)
    source = _source(location)
    return lambda contract: _database(source, folder)


def _source(location: str) -> Source:
    parts = urlsplit(location)
    options = parse_qsl(parts.query)
    named = {name: value for name, value in options if name in ("table", "query")}
    if len(named) != 1:
        mend = "add ?table=NAME, or ?query=SELECT… with its signs percent-encoded"
        raise InputError("the address names no table", place=shown(location), mend=mend)
    rest = urlencode([one for one in options if one[0] not in named], safe="${}")
    address = f"{location.partition('?')[0]}{'?' if rest else ''}{rest}"
    return Source(name="rows", location=address, table=named.get("table", ""), query=named.get("query", ""))


def _database(source: Source, folder: Path) -> Rows:
    """A table has no order that it promises, so that a batch of it that was killed begins anew, to the same decisions."""
    from fullcycle.data.sources.sql import read_sql

    reading = read_sql(source, folder)
    place = f"{shown(source.location)} {source.table or hashlib.sha256(source.query.encode()).hexdigest()[:12]}"
    return Rows(place, "", lambda: frames(reading.batches()))
