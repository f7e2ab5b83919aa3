"""Keys compared across types."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from fullcycle.data.assemble.keys import comparable, places
from fullcycle.kernel.errors import InputError


def met(ours: list[object], theirs: list[object], kind: object = None, other: object = None) -> list[int]:
    left, right = pl.Series("a", ours, dtype=kind), pl.Series("b", theirs, dtype=other)
    return places(left.to_frame(), right.to_frame(), place="here").tolist()


def test_text_meets_whole_numbers():
    assert met(["1", "2", "01", None], [2, 1]) == [1, 0, -1, -1]
    assert met([1.0, 2.0, None], ["2", "1"]) == [1, 0, -1]
    assert met([1, 2], [1, 2], pl.Int32, pl.UInt8) == [0, 1]
    assert met(["2013-01-01"], [date(2013, 1, 1)]) == [0]
    assert met(["a"], ["a"], pl.Categorical) == [0]


def test_missing_meets_nothing_not_even_missing():
    assert met([None, "a"], [None, "a"]) == [-1, 1]
    assert met([float("nan"), 1.5], [float("nan"), 1.5]) == [-1, 1]


@pytest.mark.parametrize("cells", [[1.5], [True], [datetime(2013, 1, 1)]])
def test_what_has_no_one_text_is_refused(cells):
    with pytest.raises(InputError, match="of different types") as caught:
        comparable(pl.Series("id", cells), pl.Series("key", ["x"]), place="cycle.toml, [[data.joins]] planes")
    assert "key of String" in str(caught.value)
    assert "planes" in str(caught.value)


def test_keys_of_two_columns_meet_in_both():
    ours = pl.DataFrame({"a": ["1", "1", None], "b": ["x", "y", "x"]})
    theirs = pl.DataFrame({"p": [1, 2], "q": ["y", "x"]})
    assert places(ours, theirs, place="").tolist() == [-1, 0, -1]
