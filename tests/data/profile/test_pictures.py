"""Pictures: drawn from sketches alone, one self-contained file each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from fullcycle.data import pictures
from fullcycle.data.profile import correlations, label_rate, profile, target_relation
from fullcycle.data.records import Column
from fullcycle.kernel.errors import InputError

pytest.importorskip("altair", reason="pip install 'fullcycle[pictures]'")

N = 3000
FACTS = [
    Column(name=name, kind=kind, known="before", feature=True)
    for name, kind in (("at", "time"), ("x", "float"), ("few", "integer"), ("city", "category"), ("atom", "float"))
]


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "at": [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(N)],
            "x": rng.normal(size=N),
            "few": rng.integers(0, 5, N),
            "city": rng.choice(["Ulm", "Bonn"], N),
            "atom": np.where(rng.random(N) < 0.5, 0.0, rng.random(N)),
        }
    )


def bars(chart: object) -> list[dict]:
    return chart.to_dict()["data"]["values"]  # type: ignore[attr-defined]


def test_every_column_has_a_distribution(rows: pl.DataFrame) -> None:
    drawn = {name: bars(pictures.distribution(name, sketch)) for name, sketch in profile(rows, FACTS).items()}
    for name in ("x", "at", "atom"):
        assert sum(bar["rows"] for bar in drawn[name]) == pytest.approx(N, rel=0.02)
        assert all(first["to"] == second["from"] for first, second in pairwise(drawn[name]))
    heights = [bar["rows"] for bar in drawn["x"]]
    assert np.argmax(heights) in range(15, 25)
    assert drawn["atom"][0]["rows"] > 0.45 * N
    assert [bar["name"] for bar in drawn["few"]] == ["0", "1", "2", "3", "4"]
    assert {bar["name"]: bar["rows"] for bar in drawn["city"]}["Ulm"] == (rows["city"] == "Ulm").sum()


def test_what_may_not_be_told_has_no_picture(rows: pl.DataFrame) -> None:
    hidden = profile(rows, FACTS, untold=["x"])["x"]
    with pytest.raises(InputError, match="no picture"):
        pictures.distribution("x", hidden)


def test_pictures_are_self_contained_files(rows: pl.DataFrame) -> None:
    pytest.importorskip("vl_convert", reason="pip install 'fullcycle[pictures]'")
    outcome = rows["x"] > 0
    sketches = profile(rows, FACTS)
    charts = [
        *(pictures.distribution(name, sketch) for name, sketch in sketches.items()),
        pictures.missing(sketches),
        pictures.correlation_map(correlations(rows, FACTS)),
        pictures.relation(target_relation(rows, outcome, FACTS)[0]),
        pictures.rates(label_rate(rows, "at", outcome)),
    ]
    for chart in charts:
        text = pictures.svg(chart)
        assert text.startswith("<svg")
        assert "<script" not in text
        assert text.count("http") == text.count("http://www.w3.org/")


def test_long_names_are_wrapped_and_cut_and_have_room_in_any_browser(rows: pl.DataFrame) -> None:
    long = "the department in which the customer was served the last time before today, of twelve departments"
    named = rows.rename({"city": long})
    facts = [
        Column(name=name, kind=fact.kind, known="before", feature=True)
        for name, fact in zip(named.columns, FACTS, strict=True)
    ]
    sketches = profile(named, facts)
    drawn = pictures.distribution(long, sketches[long]).to_dict()
    assert " ".join(drawn["title"]["text"]) == long
    assert max(map(len, drawn["title"]["text"])) <= 52
    figures = [
        drawn,
        pictures.missing(sketches).to_dict(),
        pictures.correlation_map(correlations(named, facts)).to_dict(),
        pictures.relation(target_relation(named, named["x"] > 0, facts)[0]).to_dict(),
    ]
    for figure in figures:  # a browser's letters are wider than those a picture is measured with
        assert figure["padding"]["left"] >= 230 / 6
        assert figure["padding"]["bottom"] >= 230 * 0.65 / 6
    assert figures[1]["encoding"]["y"]["axis"]["labelLimit"] == 230
    assert figures[2]["encoding"]["x"]["axis"]["labelAngle"] == -40
