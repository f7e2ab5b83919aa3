"""Clusterings as a whole: planted clusters are found, none are found in noise, and what cannot be done is said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.development.clusters.differences import cohens_d
from fullcycle.development.clusters.stability import jaccard
from fullcycle.development.evaluation import evaluation_of
from fullcycle.development.learners import LEARNERS
from fullcycle.development.records import Model
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import may_go_on
from fullcycle.measure.metrics import adjusted_rand
from fullcycle.predictor.formats import load
from fullcycle.predictor.plan import Plan
from fullcycle.predictor.policy import Policy, nearest
from fullcycle.predictor.scoring import Scorer
from fullcycle.scoping.records import Gate

from ..conftest import START, World

GATES = (
    Gate(figure="silhouette", rule="better_than_constant"),
    Gate(figure="stability", rule="at_least", limit=0.8),
)


def rows(numbers: np.ndarray, **others: Any) -> pl.DataFrame:
    """Rows over sixty days, a column for each number."""
    n = len(numbers)
    at = [START + timedelta(minutes=60 * 24 * 60 * row // n) for row in range(n)]
    columns = {f"x{place}": column for place, column in enumerate(numbers.T)}
    times = pl.Series(at, dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame({"id": [f"r{row}" for row in range(n)], "at": times, **columns, **others})


def planted(n: int = 600, *, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    """Three clusters of unlike size and scale in two numbers and, less surely, a category."""
    random = np.random.default_rng(seed)
    code = random.choice(3, n, p=[0.5, 0.3, 0.2])
    middles = np.array([[20.0, 1000.0], [50.0, 9000.0], [80.0, 2000.0]])
    kind = np.where(random.random(n) < 0.9, np.array(["a", "b", "a"])[code], "c")
    return rows(middles[code] + random.normal(size=(n, 2)) * [3, 400], kind=kind), code


def developed(world: World, frame: pl.DataFrame, **settings: Any) -> Model:
    gates = settings.pop("gates", GATES)
    dataset = world.dataset(frame, target="", after=())
    return world.develop(
        world.charter("clustering", gates=gates), dataset, **{"search_budget": "20 trials", **settings}
    )


def codes_of(world: World, model: Model, frame: pl.DataFrame) -> np.ndarray:
    plan = Plan.from_json(world.blobs.get(model.plan))
    return nearest(load(model.format, world.blobs.get(model.fitted)).scores(plan.matrix(frame)))


@pytest.mark.parametrize("learner", ["kmeans", "gaussian_mixture"])
def test_planted_clusters_are_found_counted_and_described(world: World, learner: str) -> None:
    frame, truth = planted()
    model = developed(world, frame, learners=(learner,), clusters=(2, 5))
    assert (model.learner, model.parameters["clusters"]) == (learner, 3)
    assert adjusted_rand(codes_of(world, model, frame), truth) > 0.95
    assert may_go_on(model.findings)
    assert {line.learner for line in model.leaderboard} == {learner, "constant"}
    everything, *each = evaluation_of(model, world.blobs).clusters
    assert everything.rows == sum(one.rows for one in each) == model.trained_rows == 480
    assert [one.rows for one in each] == sorted((one.rows for one in each), reverse=True)
    assert [round(one.means["x0"], -1) for one in each] == [20, 50, 80]
    assert [one.frequent["kind"][0].category for one in each] == ["a", "b", "a"]
    shares = [model.figures[f"cluster_share_{code}"].point for code in range(3)]
    assert sum(shares) == pytest.approx(1)
    unread = {finding.subject for finding in model.findings if finding.check == "left_out"}
    assert unread == ({"kind"} if learner == "gaussian_mixture" else set())


def test_the_same_rows_give_the_same_clustering(world: World, other_world: Any) -> None:
    frame, _ = planted(300)
    made = [developed(place, frame, clusters=3) for place in (world, other_world())]
    assert made[0].id == made[1].id


def test_a_budget_ends_the_range(world: World) -> None:
    """One cluster counts, and one number of clusters is tried whatever the budget."""
    frame, _ = planted(200)
    for budget, lines in (("3 trials", 3), ("1 trials", 2)):
        model = developed(world, frame, clusters=(2, 9), search_budget=budget, gates=())
        assert len(model.leaderboard) == lines
        assert model.learner == "kmeans"


def test_even_noise_has_no_clusters(world: World) -> None:
    """k-means cuts it up all the same, and steadily: what fails is the silhouette held against chance."""
    noise = rows(np.random.default_rng(5).uniform(size=(500, 2)))
    model = developed(world, noise, clusters=(2, 4))
    told = {finding.check: finding.passed for finding in model.findings}
    assert not told["silhouette_minus_constant"]
    assert not told["clusters_beyond_chance"]
    assert not may_go_on(model.findings)
    assert may_go_on(developed(world, noise, clusters=(2, 4), gates=()).findings)  # a warning, where nobody set a gate


def test_one_cluster_is_no_answer(world: World) -> None:
    frame, _ = planted(200)
    model = developed(world, frame, learners=("constant",))
    assert list(model.figures) == ["cluster_share_0"]
    assert {finding.check: finding.passed for finding in model.findings} == {
        "silhouette_minus_constant": False,
        "stability": False,
        "clusters_beyond_chance": False,
        "left_out": None,
    }


def test_one_row_and_many_are_answered_alike(world: World) -> None:
    frame, _ = planted(200)
    dataset = world.dataset(frame, target="", after=())
    model = world.develop(world.charter("clustering"), dataset, clusters=3)
    policy: Policy = model.policy
    plan, fitted = Plan.from_json(world.blobs.get(model.plan)), load(model.format, world.blobs.get(model.fitted))
    scorer = Scorer(plan=plan, model=fitted, contract=dataset.contract, policy=policy)
    table = scorer.predict(frame)
    assert table.columns == ["cluster", "distance"]
    for row, cluster, distance in zip(frame.head(20).to_dicts(), table["cluster"], table["distance"], strict=False):
        answer = scorer.answer({**row, "at": row["at"].isoformat()})
        assert not isinstance(answer, list)
        assert (int(answer.decision), min(answer.score)) == (cluster, distance)  # type: ignore[type-var]
    assert scorer.predict(frame.head(0)).columns == ["cluster", "distance"]


@pytest.mark.parametrize(
    ("numbers", "settings", "words"),
    [
        (np.arange(40.0).reshape(20, 2), {"clusters": 12}, "fewer rows than it takes .* found '12 clusters of 12"),
        (np.arange(400.0).reshape(200, 2), {"learners": ("kmeans", "gaussian_mixture")}, "cannot be ranked"),
        (np.arange(400.0).reshape(200, 2), {"learners": ("lightgbm",)}, "does no clustering"),
        (np.arange(400.0).reshape(200, 2), {"gates": (Gate(figure="roc_auc", rule="at_least", limit=0.6),)}, "not for"),
        (
            np.arange(400.0).reshape(200, 2),
            {"gates": (Gate(figure="stability", rule="better_than_constant"),), "clusters": 2},
            "no constant to beat",
        ),
    ],
)
def test_what_cannot_be_clustered(world: World, numbers: np.ndarray, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        developed(world, rows(numbers), **settings)


@pytest.mark.parametrize("value", [1.0, np.nan])
def test_columns_that_never_vary_leave_one_cluster_which_no_gate_passes(world: World, value: float) -> None:
    model = developed(world, rows(np.full((200, 2), value)))
    assert model.learner == "constant"
    (failed,) = (it for it in model.findings if it.check == "trial_failed")
    assert "no column is left to learn from" in failed.evidence["reason"]
    assert [it.passed for it in model.findings if it.check == "silhouette_minus_constant"] == [False]


def test_a_figure_of_clusters_is_no_gate_of_another_task(world: World) -> None:
    charter = world.charter(gates=(Gate(figure="silhouette", rule="at_least", limit=0.5),))
    with pytest.raises(InputError, match="silhouette is not for this task"):
        world.develop(charter, world.dataset(world.frame(300)), learners=("linear",), search="none")


def test_fewer_distinct_rows_than_clusters_give_fewer_clusters(world: World) -> None:
    few = rows(np.repeat([[0.0, 0.0], [1.0, 1.0]], 100, axis=0)[np.random.default_rng(0).permutation(200)])
    model = developed(world, few, clusters=5, gates=())
    assert load(model.format, world.blobs.get(model.fitted)).outputs == 2
    assert LEARNERS[model.learner].name == "kmeans"


def test_each_cluster_says_what_sets_it_apart_and_whether_it_comes_back(world: World) -> None:
    frame, _ = planted()
    model = developed(world, frame, clusters=3)
    everything, *clusters = evaluation_of(model, world.blobs).clusters
    assert everything.differences == ()
    middles = {"x0": everything.means["x0"], "x1": everything.means["x1"]}
    for it in clusters:
        sizes = [abs(one.size.point) for one in it.differences]
        assert sizes == sorted(sizes, reverse=True)
        assert {"x0", "x1"} <= {one.column for one in it.differences}
        for one in it.differences:
            low, high = one.size.low, one.size.high
            assert low is not None
            assert high is not None
            assert low <= one.size.point <= high
            if not one.category:
                assert (one.size.point > 0) == (it.means[one.column] > middles[one.column])
        assert model.figures[f"cluster_stability_{it.cluster}"].point > 0.9
    second = clusters[1]  # three in ten, the only one that is mostly b
    assert next(one.size.point for one in second.differences if one.category == "b") > 1


def test_a_cluster_that_is_half_of_another_does_not_come_back_whole() -> None:
    inside = np.array([True, True, False, False, False])
    assert jaccard(inside, np.array([0, 0, 0, 0, 1])) == 0.5
    assert np.isnan(jaccard(np.zeros(5, dtype=bool), np.array([0, 0, 0, 0, 1])))


def test_a_difference_is_that_of_scipy_and_undefined_where_nothing_varies() -> None:
    from scipy.stats import ttest_ind

    random = np.random.default_rng(0)
    values, inside = random.normal(size=80), random.random(80) < 0.4
    values[3] = np.nan
    one, other = values[inside & ~np.isnan(values)], values[~inside & ~np.isnan(values)]
    expected = ttest_ind(one, other).statistic * np.sqrt(1 / len(one) + 1 / len(other))
    assert cohens_d(values, inside) == pytest.approx(expected)
    assert np.isnan(cohens_d(np.ones(80), inside))
    assert np.isnan(cohens_d(values, np.zeros(80, dtype=bool)))
