"""Divisions by group, class and chance: a row's part is a function of its own columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.data.split import Division, Part, Thresholds, divide, fractions, part_of, parts_of
from fullcycle.data.split.settings import By, Split
from fullcycle.kernel.errors import InputError

START = datetime(2024, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
BYS: tuple[By, ...] = ("group", "stratified", "random")


def rows(n: int = 400, *, seed: int = 0, entities: int = 60) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "id": [f"c{number}" for number in chance.integers(0, entities, n)],
            "at": [START + int(hour) * HOUR for hour in np.sort(chance.integers(0, 24 * 60, n))],
            "late": chance.random(n) < 0.15,
            "number": np.arange(n),
        }
    )


def divided(by: By, asked: Split | None = None, **over: Any) -> Division:
    told: dict[str, Any] = {
        "entity": "id",
        "time": "at",
        "target": "late",
        "first": START,
        "last": START + 60 * 24 * HOUR,
        "label_delay": 24 * HOUR,
        "zone": "UTC",
    }
    return divide(asked or Split(), by, **{**told, **over})


def parted(division: Division, frame: pl.DataFrame) -> dict[int, str | None]:
    return dict(zip(frame["number"].to_list(), part_of(division, frame).to_list(), strict=True))


@settings(max_examples=30, deadline=None)  # other work on the machine is no failure
@given(st.integers(0, 2**32), st.sampled_from(BYS), st.randoms(use_true_random=False))
def test_every_row_has_one_part_whatever_the_order_or_the_pieces(seed: int, by: By, chance: Any) -> None:
    frame = rows(200, seed=seed)
    order = list(range(len(frame)))
    chance.shuffle(order)
    mixed = frame[order]
    cut = chance.randrange(1, len(frame))
    division = divided(by)
    whole = parted(division, frame)
    assert None not in whole.values()
    assert {**parted(division, mixed[:cut]), **parted(division, mixed[cut:])} == whole


@settings(max_examples=30, deadline=None)  # other work on the machine is no failure
@given(st.integers(0, 2**32), st.sampled_from(BYS), st.integers(-500, 500))
def test_no_row_moves_when_a_batch_comes(seed: int, by: By, chance: int) -> None:
    old = rows(150, seed=seed)
    batch = rows(150, seed=seed + 1).with_columns(number=pl.col("number") + 150, at=pl.col("at") + chance * HOUR)
    new = pl.concat([old, batch]) if chance > 0 else pl.concat([batch, old])
    last = max(new["at"].to_list())
    assert parted(divided(by), old).items() <= parted(divided(by, last=last), new).items()


@settings(max_examples=30, deadline=None)  # other work on the machine is no failure
@given(st.integers(0, 2**32))
def test_groups_never_straddle(seed: int) -> None:
    frame = rows(200, seed=seed)
    division = divided("group")
    assert frame.select("id", part=part_of(division, frame)).n_unique() == frame["id"].n_unique()


@pytest.mark.parametrize(("validation", "test"), [(0.2, 0.2), (0.05, 0.4)])
def test_each_class_is_divided_as_declared_but_for_chance(validation: float, test: float) -> None:
    frame = rows(20_000, entities=20_000)
    division = divided("stratified", Split(validation=validation, test=test))
    for (_,), group in frame.with_columns(part=part_of(division, frame)).group_by("late"):
        for part, share in (("validation", validation), ("test", test)):
            spread = (share * (1 - share) * len(group)) ** 0.5
            assert abs((group["part"] == part).sum() - share * len(group)) <= 4 * spread


@pytest.mark.parametrize("by", ["group", "random"])
def test_shares_hold_but_for_chance(by: By) -> None:
    frame = rows(20_000, entities=20_000)
    division = divided(by, Split(validation=0.1, test=0.3))
    counts = {name: part.rows for name, part in parts_of(division, [frame], "at").items()}
    assert sum(counts.values()) == 20_000
    assert counts["test"] == pytest.approx(6_000, abs=300)
    assert counts["validation"] == pytest.approx(2_000, abs=200)


def test_another_seed_is_another_division() -> None:
    frame = rows()
    one, two = (divided("random", Split(seed=seed)) for seed in (0, 1))
    assert 0.2 < (part_of(one, frame) != part_of(two, frame)).mean() < 0.8


def test_records_with_thresholds_by_class_still_divide_as_they_did() -> None:
    old = Division(
        by="stratified",
        columns=("id", "at", "late"),
        thresholds={"common": Thresholds(test=0.0, validation=0.0), "": Thresholds(test=1.0, validation=1.0)},
    )
    frame = pl.DataFrame({"id": [1, 2, 3], "at": [START] * 3, "late": ["common", "rare", None]})
    assert part_of(old, frame).to_list() == ["train", "test", "test"]


def test_fractions_are_the_same_for_ever() -> None:
    frame = pl.DataFrame(
        {
            "text": ["a", "Zürich", None, "5"],
            "whole": [5, -1, None, 2**62],
            "number": [5.0, 0.1, None, -0.0],
            "yes": [True, False, None, True],
            "at": [START, START + timedelta(microseconds=1), None, datetime(1969, 1, 1, tzinfo=UTC)],
        }
    )
    found = {name: [round(one, 9) for one in fractions(frame, [name])] for name in frame.columns}
    assert found == FRACTIONS
    assert fractions(frame, frame.columns, seed=7).round(9).tolist() == TOGETHER


FRACTIONS = {
    "text": [0.222808222, 0.999389862, 0.967423382, 0.451336667],
    "whole": [0.451336667, 0.953028966, 0.967423382, 0.448346675],
    "number": [0.451336667, 0.625503774, 0.967423382, 0.526978462],
    "yes": [0.250348653, 0.43825676, 0.967423382, 0.250348653],
    "at": [0.590582296, 0.925910516, 0.892310144, 0.923637348],
}
TOGETHER = [0.714962053, 0.07989396, 0.443618593, 0.95791051]


def test_a_key_is_the_same_whatever_type_a_file_gave_it() -> None:
    keys = [pl.Series("k", [5, 17]), pl.Series("k", [5.0, 17.0]), pl.Series("k", ["5", "17"])]
    first, *others = (fractions(key.to_frame(), ["k"]).tolist() for key in keys)
    assert all(other == first for other in others)
    times = pl.Series("k", [START]).cast(pl.Datetime("us", "UTC"))
    assert fractions(times.to_frame(), ["k"]) == fractions(times.dt.cast_time_unit("ms").to_frame(), ["k"])


def test_fractions_are_even() -> None:
    counts = np.histogram(fractions(pl.DataFrame({"k": range(50_000)}), ["k"]), bins=20, range=(0, 1))[0]
    assert ((counts - 2500) ** 2 / 2500).sum() < 44  # chi-square, 19 degrees, 1 in 1000
    pairs = pl.DataFrame({"k": ["one"] * 50_000, "at": pl.Series(range(50_000)).cast(pl.Datetime("us", "UTC"))})
    counts = np.histogram(fractions(pairs, ["k", "at"]), bins=20, range=(0, 1))[0]
    assert ((counts - 2500) ** 2 / 2500).sum() < 44


def test_a_division_is_kept_in_a_record() -> None:
    division = divided("stratified")
    assert msgspec.json.decode(msgspec.json.encode(division), type=Division) == division


def test_parts_by_chance_tell_their_times() -> None:
    frame = rows()
    found = parts_of(divided("random"), [frame[:100], frame[100:]], "at")
    here = frame.filter(part_of(divided("random"), frame) == "test")["at"]
    assert found["test"] == Part(start=here[0], end=here[-1] + timedelta(microseconds=1), rows=len(here))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Split(test="30d"), "a duration divides rows by time only: found '30d'"),
        (Split(test=1.0), "a share lies between 0 and 1"),
        (Split(test=0.6, validation=0.4), "no rows are left to learn from"),
    ],
)
def test_senseless_shares(asked: Split, words: str) -> None:
    with pytest.raises(InputError, match=words):
        divided("random", asked)


def test_a_part_without_rows_is_named() -> None:
    division = Division(by="random", columns=("id",), thresholds={"": Thresholds(test=0.0, validation=0.5)})
    with pytest.raises(InputError, match="the test part has no rows: found 'divided by random'"):
        parts_of(division, [rows()], "at")
