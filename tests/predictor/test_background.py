"""Background rows follow the columns that they were drawn from, and are nobody's."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from fullcycle.kernel.errors import Corrupt
from fullcycle.measure.sketches import CategorySketch, NumberSketch
from fullcycle.predictor.background import ROWS, drawn, from_json, to_json
from fullcycle.predictor.plan import Input

INPUTS = (
    Input("distance", "float"),
    Input("seats", "integer"),
    Input("wet", "boolean"),
    Input("carrier", "category"),
    Input("at", "time"),
    Input("note", "text"),
)


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    chance = np.random.default_rng(1)
    start = datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1e6
    sketches = {
        "distance": NumberSketch.fit(np.where(chance.random(5000) < 0.2, np.nan, chance.normal(1000, 300, 5000))),
        "seats": NumberSketch.fit(chance.integers(100, 200, 5000)),
        "wet": NumberSketch.fit(chance.random(5000) < 0.05),
        "carrier": CategorySketch.fit(chance.choice(["UA", "AA", "B6"], 5000, p=[0.6, 0.3, 0.1]).tolist()),
        "at": NumberSketch.fit(start + chance.random(5000) * 86_400e6),
    }
    return drawn(INPUTS, sketches)


def test_rows_follow_each_column(frame: pl.DataFrame) -> None:
    assert frame.height == ROWS
    assert frame["distance"].mean() == pytest.approx(1000, abs=120)
    assert 5 <= frame["distance"].null_count() <= 40
    assert frame["seats"].to_list() == [int(it) for it in frame["seats"]]
    assert 0 < frame["wet"].sum() < 20
    assert (frame["carrier"] == "UA").sum() > (frame["carrier"] == "AA").sum() > (frame["carrier"] == "B6").sum()
    assert set(frame["at"].dt.date().cast(pl.String)) == {"2024-01-01"}
    assert frame["note"].null_count() == ROWS  # nothing is known of it


def test_rows_come_back_as_they_were_kept(frame: pl.DataFrame) -> None:
    assert from_json(to_json(frame, INPUTS), INPUTS).equals(frame)


@pytest.mark.parametrize(
    "body",
    [b"[]", b"\xff", b"{}", b'{"x":[1],"y":[2]}', b'{"x":[]}', b'{"x":["a"]}'],
)
def test_what_is_no_background_is_refused(body: bytes) -> None:
    with pytest.raises(Corrupt):
        from_json(body, [Input("x", "float")])
