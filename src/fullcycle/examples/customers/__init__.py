"""69,659 purchases of 23,570 customers of a shop for music, from the package Lifetimes, which is read by path, never imported.

Everyone's first purchase lies in January to March 1997, and all purchases up to June 1998 are there. Source: CDNOW, as
published by Bruce Hardie and Peter Fader (https://www.brucehardie.com/datasets/), packed by Cameron Davidson-Pilon's
``Lifetimes``. Customers are numbers; nothing else is told of them.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import polars as pl

from fullcycle.kernel.errors import InputError

_FILE = Path("datasets") / "CDNOW_master.txt"
_COLUMNS = ("customer", "purchased", "disks", "amount")


def rows() -> pl.DataFrame:
    """Every purchase: ``customer``, ``purchased``, local time, ``disks`` and ``amount`` in dollars; ordered by time.

    Only the day of a purchase is known; it is set to noon of it.

    Raises
    ------
    InputError
        The package is not installed, or holds something else.

    >>> rows().row(0)
    ('00001', datetime.datetime(1997, 1, 1, 12, 0), 1, 11.77)
    """
    path = _package() / _FILE
    try:
        lines = path.read_text(encoding="ascii").splitlines()[1:]
        table = pl.DataFrame([line.split() for line in lines if line.strip()], orient="row", schema=_COLUMNS)
        found = table.select(
            "customer",
            pl.col("purchased").str.to_datetime("%Y%m%d", time_unit="us").dt.offset_by("12h"),
            pl.col("disks").cast(pl.Int64),
            pl.col("amount").cast(pl.Float64),
        )
    except (OSError, ValueError, TypeError, pl.exceptions.PolarsError) as error:
        raise InputError(
            "the purchases cannot be read",
            place=str(path),
            found=str(error).split("\n")[0],
            mend="pip install --force-reinstall --no-deps Lifetimes",
        ) from None
    return found.sort("purchased", "customer", "disks", "amount")


def _package() -> Path:
    spec = find_spec("lifetimes")
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            "the example's rows are not installed",
            found="no package Lifetimes",
            mend="pip install 'fullcycle[demo]'",
        )
    return Path(spec.submodule_search_locations[0])
