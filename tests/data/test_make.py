"""The Dataset: nothing lost, nothing seen ahead, the same bytes whatever the machine does."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from fullcycle.data import require_fit
from fullcycle.data.records import Dataset
from fullcycle.data.settings import ColumnFact, Source
from fullcycle.data.sources.read import read
from fullcycle.data.sources.reading import whole
from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.errors import InputError, Refused
from fullcycle.kernel.finding import may_go_on
from fullcycle.measure.sketches import CategorySketch, NumberSketch
from parcels import DAY, FACTS, changed, charter, dataset, history, local, parcels, settings, store

AS_OF = local(29, 6)
LAX = {"rows_at_least": 10, "quarantine_at_most": 0.5}


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return store(tmp_path)


def table(blobs: FolderBlobs, name: str) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(blobs.get(name)))


def dirty() -> pl.DataFrame:
    raw = changed(changed(parcels(), 3, weight="x"), 7, sent="soon")
    raw = changed(changed(raw, 11, delay="late", weight="-4"), 12, id=None)
    raw = changed(raw, len(raw) - 1, weight="x")  # too late to be seen
    return pl.concat([raw, changed(raw, 20, weight="7.5")[20:21], raw[21:22]])  # two that repeat


def test_every_row_of_the_source_is_somewhere(blobs: FolderBlobs) -> None:
    raw = dirty()
    past = history(raw)
    made = dataset(past, blobs, as_of=AS_OF, given=settings(rules=LAX))
    rows, quarantine = made.rows(blobs), table(blobs, made.quarantine)
    known = past.known(AS_OF, before=AS_OF)
    due = sum(judged.tally.rows for _, judged in past.judged(AS_OF))
    not_due = len(past.rows.all()) - due + len(past.turned_away) - len(past.quarantine(AS_OF))
    assert known.void
    assert not_due
    assert len(rows) + len(quarantine) + known.void + not_due == len(raw)
    balance = next(found for found in made.findings if found.check == "rows_balance")
    assert (balance.passed, balance.evidence["kept"]) == (True, len(rows))
    assert made.turned_away == {
        "duplicate": 2,
        "id: missing": 1,
        "sent: not of type time": 1,
        "weight: not of type float": 1,
        "delay: not of type float": 1,
    }
    assert sum(made.turned_away.values()) == len(quarantine)
    by_reason = {row["reasons"]: row for row in quarantine.to_dicts()}
    assert by_reason["delay: not of type float"]["delay"] == "late"
    assert by_reason["sent: not of type time"]["sent"] == "soon"


def test_of_repeats_one_stays(blobs: FolderBlobs) -> None:
    made = dataset(history(dirty()), blobs, as_of=AS_OF, given=settings(rules=LAX))
    assert not made.rows(blobs).select("id", "sent").is_duplicated().any()
    kept = dataset(history(dirty()), blobs, as_of=AS_OF, given=settings(rules=LAX, clean={"duplicates": "keep"}))
    assert "duplicate" not in kept.turned_away
    assert len(kept.rows(blobs)) == len(made.rows(blobs)) + 2


def test_a_clean_source_has_no_quarantine(blobs: FolderBlobs) -> None:
    made = dataset(history(parcels()), blobs)
    assert (made.quarantine, made.turned_away) == ("", {})
    assert may_go_on(made.findings)
    require_fit(made)


def test_what_the_record_says(blobs: FolderBlobs) -> None:
    made = dataset(history(parcels()), blobs)
    assert made.parents == (charter().id,)
    assert [(origin.name, origin.location) for origin in made.sources] == [("parcels", "parcels.csv")]
    assert made.left_out == ("colour",)
    assert made.classes == ("false", "true")
    assert made.embargo == DAY // timedelta(microseconds=1)
    facts = {column.name: (column.kind, column.known, column.feature) for column in made.columns}
    assert facts == {
        "id": ("category", "before", False),
        "sent": ("time", "before", False),
        "weight": ("float", "before", True),
        "city": ("category", "before", True),
        "first_scan": ("float", str(2 * 3600 * 10**6), False),
        "delay": ("float", "after", False),
        "late": ("boolean", "after", False),
        "heavy_late": ("boolean", "after", False),
    }


def test_parts_follow_each_other_with_an_embargo_between(blobs: FolderBlobs) -> None:
    made = dataset(history(parcels()), blobs)
    rows = made.rows(blobs)
    assert rows["sent"].is_sorted()
    assert rows["late"].null_count() == 0
    for name in ("train", "validation", "test"):
        part = made.parts[name]
        times = made.rows(blobs, name)["sent"]
        assert len(times) == part.rows
        assert part.start <= times.min() <= times.max() < part.end  # type: ignore[operator]
    validation = made.parts["validation"]
    assert made.rows(blobs, "train")["sent"].max() + DAY < validation.start  # type: ignore[operator]


def test_the_contract_asks_for_what_is_known_beforehand(blobs: FolderBlobs) -> None:
    facts = {**FACTS, "city": ColumnFact(type="category", categories=("Bonn", "Kiel", "Ulm"), required=True)}
    rules = {rule.name: rule for rule in dataset(history(parcels(), facts), blobs).contract.columns}
    assert list(rules) == ["id", "sent", "weight", "city"]
    assert [name for name, rule in rules.items() if not rule.nullable] == ["id", "sent", "city"]
    assert rules["weight"].low == 0
    assert rules["city"].categories == ("Bonn", "Kiel", "Ulm")


def test_the_profile_is_that_of_the_training_rows(blobs: FolderBlobs) -> None:
    raw = parcels().with_columns(
        city=pl.when(pl.int_range(pl.len()) % 10 == 0).then(None).otherwise("city"),
        weight=pl.when(pl.int_range(pl.len()) % 5 == 0).then(None).otherwise("weight"),
    )
    made = dataset(history(raw), blobs)
    train = made.rows(blobs, "train")
    assert sorted(made.profile) == ["city", "weight"]
    for name, profile in made.profile.items():
        assert profile.missing == train[name].null_count() / len(train) > 0
    city, weight = made.profile["city"].sketch, made.profile["weight"].sketch
    assert isinstance(city, CategorySketch)
    assert isinstance(weight, NumberSketch)
    assert (weight.n, city.n) == (len(train), len(train))
    assert weight.maximum == train["weight"].max()


def test_a_column_that_is_missing_throughout_is_named_and_no_obstacle(blobs: FolderBlobs) -> None:
    made = dataset(history(parcels().with_columns(weight=pl.lit(None, dtype=pl.String))), blobs)
    warned = {(finding.check, finding.subject) for finding in made.findings if finding.passed is False}
    assert ("missing", "weight") in warned
    assert may_go_on(made.findings)


@pytest.mark.parametrize(
    ("as_of", "given", "words"),
    [
        (local(1), {}, "no row has a known outcome"),
        (local(4), {"split": {"by": "time"}}, "too short|has no rows"),
        (local(40), {"split": {"test": "40d"}}, "too short"),
        (local(40), {"split": {"embargo": "1h"}}, "shorter than the label delay"),
    ],
)
def test_what_cannot_be_split_is_refused(
    blobs: FolderBlobs, as_of: object, given: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        dataset(history(parcels()), blobs, as_of=as_of, given=settings(**given))  # type: ignore[arg-type]


def test_unfit_data_stops(blobs: FolderBlobs) -> None:
    made = dataset(history(dirty()), blobs, as_of=local(40), given=settings(rules={"quarantine_at_most": 0.01}))
    with pytest.raises(Refused, match=r"failed: quarantine of table 0\.0\d+, at most 0\.01"):
        require_fit(made)


def test_a_leaked_column_stops_and_is_named(blobs: FolderBlobs) -> None:
    facts = {**FACTS, "delay": ColumnFact(type="float")}
    past = history(parcels(), facts, target="answer", derived={"answer": "delay > 30 or first_scan < -1"})
    made = dataset(past, blobs, asked=charter(target="answer"))
    with pytest.raises(Refused, match="single_feature_too_good of delay"):
        require_fit(made)


CHILD = """
import sys
from pathlib import Path
from parcels import dataset, history, store
from fullcycle.data.settings import Source
from fullcycle.data.sources.read import read
from fullcycle.data.sources.reading import whole
raw = whole(read(Source(name="rows", location=sys.argv[1]), Path()))
print(dataset(history(raw), store(Path(sys.argv[2]))).id)
"""


def id_in_a_process(source: Path, folder: Path, threads: int) -> str:
    environ = {**os.environ, "POLARS_MAX_THREADS": str(threads), "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", CHILD, str(source), str(folder)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.strip()


def test_the_id_depends_on_content_alone(tmp_path: Path) -> None:
    raw = parcels(days=60, per_day=20)
    raw.write_csv(tmp_path / "rows.csv")
    raw.select(
        "id", pl.col("sent").str.to_datetime(), pl.col("weight", "first_scan", "delay").cast(pl.Float64), "city"
    ).write_parquet(tmp_path / "rows.parquet")
    ids = {id_in_a_process(tmp_path / "rows.csv", tmp_path / str(threads), threads) for threads in (1, 4)}
    for name in ("rows.csv", "rows.parquet"):
        ids.add(dataset(history(whole(read(Source(name="rows", location=name), tmp_path))), store(tmp_path)).id)
    assert len(ids) == 1


def test_the_record_comes_back(blobs: FolderBlobs) -> None:
    from fullcycle.kernel.blobs import get_record

    made = dataset(history(dirty()), blobs)
    found = get_record(blobs, blobs.put(made.canonical))
    assert isinstance(found, Dataset)
    assert found == made


def test_a_clustering_keeps_every_row_and_asks_for_no_target(blobs: FolderBlobs) -> None:
    """Nothing is void, nobody is waited for; what needs a target is left out, and that is said."""
    raw = parcels()
    past = history(raw, task="clustering", target="", derived={})
    asked = charter(task="clustering", target="")
    made = dataset(past, blobs, as_of=AS_OF, asked=asked, given=settings(derive={}, rules=LAX))
    kept = made.rows(blobs)
    assert len(kept) == sum(judged.tally.rows for _, judged in past.judged(AS_OF))
    assert made.classes == ()
    assert "leakage_of_target" in {finding.check for finding in made.findings}
    assert next(it for it in made.findings if it.check == "rows_balance").passed
    assert past.outcomes(local(1), local(40)).is_empty()
    with pytest.raises(InputError, match="no classes to keep alike"):
        dataset(past, blobs, as_of=AS_OF, asked=asked, given=settings(derive={}, split={"by": "stratified"}))
