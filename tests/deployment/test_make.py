"""The stage: a bundle that proves itself, held against the champion."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

import served
from fullcycle import deployment
from fullcycle.data.records import Dataset
from fullcycle.data.split import Division, Part, Span
from fullcycle.data.table import Segment
from fullcycle.deployment.compare import verdicts
from fullcycle.deployment.records import Release
from fullcycle.deployment.settings import Deployment
from fullcycle.development.records import Model
from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding, may_go_on
from fullcycle.measure.value import ValueTable
from fullcycle.predictor.bundle import Predictor
from fullcycle.predictor.formats.centroids import Centroids
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.plan import Equals, Impute, Input, Plan, Standardise

ROWS = 3000
PLAN = Plan(
    inputs=(Input("distance", "float"),),
    operations=(
        Impute(output="known", input="distance", value=1000.0),
        Standardise(output="far", input="known", mean=1000.0, scale=200.0),
    ),
    features=("far",),
)


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path)


def dataset(blobs: FolderBlobs) -> Dataset:
    """Thirty days of flights, the longer the later."""
    rng = np.random.default_rng(7)
    distance = rng.normal(1000, 200, ROWS)
    late = rng.uniform(size=ROWS) < 1 / (1 + np.exp(0.9 - (distance - 1000) / 200))
    when = [served.START + timedelta(minutes=14 * number) for number in range(ROWS)]
    table = io.BytesIO()
    pl.DataFrame({"distance": distance, "when": when, "late": late}).write_parquet(table)
    part = Part(start=when[500], end=when[-1] + timedelta(days=1), rows=ROWS - 500)
    division = Division(by="time", columns=("when",), spans={"test": Span(start=part.start, end=part.end)})
    plain = served.dataset(served.flights(3, 30, seed=1))
    segment = Segment(period="", rows=ROWS, blob=blobs.put(table.getvalue()))
    return msgspec.structs.replace(plain, table=(segment,), division=division, parts={"test": part})


def model(blobs: FolderBlobs, weight: float, plan: Plan = PLAN, **over: Any) -> Model:
    plain = served.model(served.flights(5, 40, seed=1), "good")
    fitted = Linear([weight], -0.9, "sigmoid")
    stored = {"plan": blobs.put(plan.to_json()), "fitted": blobs.put(fitted.to_bytes()), "format": "linear"}
    return msgspec.structs.replace(plain, **stored, **over)


def made(blobs: FolderBlobs, of: Model, champion: Release | None = None, **settings: Any) -> Release:
    return deployment.make(
        charter=served.charter(),
        dataset=dataset(blobs),
        model=of,
        champion=champion,
        settings=Deployment(**settings),
        blobs=blobs,
    )


def test_a_first_release_holds_a_bundle_that_answers(blobs: FolderBlobs) -> None:
    of = model(blobs, 1.0)
    release = made(blobs, of, control=0.02)
    assert release.parents == (of.id, dataset(blobs).id, served.charter().id)
    assert (release.control, release.steps, release.replaces, release.findings) == (0.02, (1.0,), "", ())
    predictor = Predictor.load(blobs.get(release.bundle), digest=release.bundle)
    assert predictor.facts == {"model": of.id, "dataset": dataset(blobs).id, "charter": served.charter().id}
    assert made(blobs, of, control=0.02).id == release.id


def test_the_same_model_is_no_worse_and_noise_is(blobs: FolderBlobs) -> None:
    champion = made(blobs, model(blobs, 1.0))
    same = made(blobs, model(blobs, 1.0), champion, superiority="never")
    assert same.replaces == champion.id
    assert [(one.check, one.value, one.passed) for one in same.findings] == [("non_inferior", 0.0, True)]
    assert may_go_on(same.findings)
    worse = made(blobs, model(blobs, -1.0), champion)
    assert not may_go_on(worse.findings)
    found = worse.findings[0]
    assert found.value is not None
    assert found.low is not None
    assert found.limit == pytest.approx(0.01 * float(found.evidence["champion_loss"] or 0))
    assert found.low > found.limit
    assert found.evidence["rows"] == ROWS - 500
    assert int(found.evidence["blocks"] or 0) >= 24


def test_another_draw_of_the_same_rows_has_to_be_better_and_a_model_of_newer_rows_has_not(blobs: FolderBlobs) -> None:
    champion, same = made(blobs, model(blobs, 0.2)), model(blobs, 0.2)
    found = made(blobs, same, champion).findings
    assert [(one.check, one.passed) for one in found] == [("non_inferior", True), ("better", False)]
    assert not may_go_on(found)
    better = made(blobs, model(blobs, 1.0), champion).findings
    assert [(one.check, one.passed) for one in better] == [("non_inferior", True), ("better", True)]
    older = msgspec.structs.replace(champion, parents=(champion.parents[0], "ab" * 32, champion.parents[2]))
    assert [one.check for one in made(blobs, same, older).findings] == ["non_inferior"]
    assert not may_go_on(made(blobs, same, older, superiority="always").findings)


def test_the_oftener_the_same_rows_are_looked_at_the_surer_it_has_to_be(blobs: FolderBlobs) -> None:
    champion = made(blobs, model(blobs, 0.2))
    first, tenth = (made(blobs, model(blobs, 1.0, reading=it), champion).findings[1] for it in (1, 10))
    assert first.high is not None
    assert tenth.high is not None
    assert first.high < tenth.high
    assert tenth.evidence["confidence"] == pytest.approx(1 - 0.05 / 110)


@pytest.mark.parametrize("runs", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_an_identical_retrain_is_promoted_five_times_in_a_hundred_at_most(runs: int) -> None:
    """Two models that were trained alike; their losses differ by luck alone, of rows and of days."""
    random, promoted = np.random.default_rng(6), 0
    for _ in range(runs):
        days = np.repeat(np.arange(40), 25)
        shared, own = 0.05 * random.normal(size=(2, 40))[:, days], 0.1 * random.normal(size=(2, len(days)))
        new, old = 0.5 + shared + own
        promoted += may_go_on(verdicts(new, old, days, 0.1, confidence=0.95, better=True))
    assert promoted / runs <= 0.05


def test_the_margin_decides(blobs: FolderBlobs) -> None:
    champion = made(blobs, model(blobs, 1.0))
    slightly = model(blobs, 0.8)
    assert not may_go_on(made(blobs, slightly, champion, margin=0.0, superiority="never").findings)
    assert may_go_on(made(blobs, slightly, champion, margin=0.2, superiority="never").findings)


def test_failed_gates_of_the_model_stop_the_release(blobs: FolderBlobs) -> None:
    gate = Finding(check="roc_auc", subject="test rows", value=0.55, limit=0.6, rule="at_least", passed=False)
    fine = Finding(check="log_loss", subject="test rows", passed=True)
    release = made(blobs, model(blobs, 1.0, findings=(gate, fine)))
    assert release.findings == (gate,)
    assert not may_go_on(release.findings)


def test_a_champion_that_reads_other_columns_cannot_be_compared(blobs: FolderBlobs) -> None:
    equals = Equals(output="united", input="carrier", value="UA")  # the table has no carrier
    plan = Plan(inputs=(Input("carrier", "category"),), operations=(equals,), features=("united",))
    elsewhere = made(blobs, model(blobs, 1.0, plan))
    release = made(blobs, model(blobs, 1.0), elsewhere)
    assert [(one.check, one.passed, one.severity) for one in release.findings] == [("non_inferior", None, "note")]


def test_parts_that_do_not_fit_make_no_release(blobs: FolderBlobs) -> None:
    plan = msgspec.structs.replace(PLAN, features=("far", "known"))
    with pytest.raises(InputError, match="number of features"):
        made(blobs, model(blobs, 1.0, plan))


def test_clusterings_are_compared_by_how_far_they_agree(blobs: FolderBlobs) -> None:
    """No outcome says which of two is better: a note, with the adjusted Rand index."""
    asked = msgspec.structs.replace(served.charter(), task="clustering", target="")
    rule = {"values": ValueTable(task="clustering", currency=""), "actions": (), "todays_rule": {"always": 0.0}}
    kept = {**rule, "task": "clustering", "limits": {}}

    def clustering(middles: list[float]) -> Model:
        plain = model(blobs, 1.0)
        body = blobs.put(Centroids([[it] for it in middles]).to_bytes())
        policy = msgspec.structs.replace(plain.policy, **kept)
        return msgspec.structs.replace(plain, task="clustering", format="centroids", fitted=body, policy=policy)

    def release(of: Model, champion: Release | None = None, **settings: Any) -> Release:
        given = {"dataset": dataset(blobs), "settings": Deployment(**settings), "blobs": blobs}
        return deployment.make(charter=asked, model=of, champion=champion, **given)

    first = release(clustering([-1.0, 1.0]))
    same, other = (release(clustering(middles), first).findings for middles in ([1.0, -1.0], [-2.0, 0.0, 2.0]))
    assert [(it.check, it.severity, it.value) for it in same] == [("agreement", "note", 1.0)]
    assert other[0].value is not None
    assert 0 < other[0].value < 0.5
    with pytest.raises(InputError, match="no control group"):
        release(clustering([0.0, 1.0]), control=0.1)
