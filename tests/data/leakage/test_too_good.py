"""One column that tells: by its value, by its category, by its being missing, in every kind of question."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from fullcycle.data.leakage import leakage
from fullcycle.data.leakage.telling import class_means, told
from fullcycle.data.records import Column

N = 400
RNG = np.random.default_rng(4)
OUTCOME = (RNG.random(N) < 0.3).astype(float)
NOISE = RNG.normal(0, 0.1, N)
CLASSES = RNG.integers(0, 3, N).astype(float)
MONEY = RNG.normal(size=N)


def leaks(cells: object, kind: str = "float", *, task: str = "binary") -> list[str]:
    rows = pl.DataFrame({"x": cells}, nan_to_null=True)
    facts = (Column(name="x", kind=kind, known="before", feature=True),)
    target = {"binary": OUTCOME, "multiclass": CLASSES, "regression": MONEY}[task]
    found = leakage(rows, target, facts, task)
    assert all(finding.passed is False and finding.subject == "x" for finding in found)
    return [finding.check for finding in found if finding.severity == "reject"]


def test_a_feature_that_knows_the_outcome() -> None:
    assert leaks(OUTCOME + NOISE) == ["single_feature_too_good"]
    assert leaks(-OUTCOME + NOISE) == ["single_feature_too_good"]
    assert leaks(OUTCOME == 1, "boolean") == ["single_feature_too_good"]
    assert leaks(OUTCOME + 10 * NOISE) == []


def test_a_feature_that_is_there_only_with_the_outcome() -> None:
    assert leaks(np.where(OUTCOME == 1, MONEY, np.nan)) == ["missing_tells"]
    assert leaks(np.where(OUTCOME == 0, MONEY, np.nan)) == ["missing_tells"]
    assert leaks(["a" if one else None for one in OUTCOME], "category") == ["missing_tells"]
    assert leaks(np.where(RNG.random(N) < 0.5, MONEY, np.nan)) == []
    assert leaks(np.where(MONEY > 1, MONEY, np.nan).astype(bool), "boolean", task="regression") == []
    assert leaks(np.where(MONEY > 1, NOISE, np.nan), task="regression") == ["missing_tells"]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (CLASSES, "integer"),
        (2 * CLASSES % 3, "integer"),  # classes in another order: only a table tells
        ([f"class {one}" for one in CLASSES], "category"),
        ([f"class {one} {number % 3}" for number, one in enumerate(CLASSES)], "text"),
    ],
)
def test_a_feature_that_knows_the_class(cells: object, kind: str) -> None:
    assert leaks(cells, kind, task="multiclass") == ["single_feature_too_good"]


def test_a_feature_that_knows_one_class_of_three_is_let_pass() -> None:
    assert leaks((CLASSES == 1).astype(int), "integer", task="multiclass") == []


def test_a_feature_that_knows_the_number() -> None:
    assert leaks(np.exp(MONEY), task="regression") == ["single_feature_too_good"]
    assert leaks(-MONEY + 0.1 * NOISE, task="regression") == ["single_feature_too_good"]
    assert leaks(MONEY + 5 * NOISE, task="regression") == []


def test_many_categories_tell_nothing_of_rows_that_they_were_not_counted_on() -> None:
    assert leaks([f"c{number}" for number in range(N)], "category") == []
    assert leaks([f"c{number // 2}" for number in range(N)], "category") == []
    assert leaks([f"c{number // 2}" for number in range(N)], "category", task="regression") == []


def blocks() -> NDArray[np.int64]:
    return np.arange(N) % 20


def test_areas_and_correlations_agree_with_others() -> None:
    score = MONEY.round(1) + OUTCOME
    binary = told(score, OUTCOME, "binary", blocks(), above=0.0)
    assert binary is not None
    assert binary.point == pytest.approx(roc_auc_score(OUTCOME, score), abs=1e-12)
    ranked = told(-score, NOISE + score, "regression", blocks(), above=0.0)
    assert ranked is not None
    assert ranked.point == pytest.approx(-spearmanr(-score, NOISE + score).statistic, abs=1e-12)
    assert ranked.low is not None
    assert ranked.low < ranked.point
    shares = class_means(CLASSES.astype(np.int64), CLASSES, "multiclass", blocks())
    many = told(shares + 0.5 * RNG.random(shares.shape), CLASSES, "multiclass", blocks(), above=0.9)
    assert many is not None
    assert many.point == pytest.approx(1.0)


def test_a_category_is_counted_on_other_blocks_alone() -> None:
    cells, target = np.array([0, 0, 0, 1, 1, 1]), np.array([1.0, 0, 0, 1, 1, 1])
    found = class_means(cells, target, "binary", np.array([0, 1, 2, 0, 1, 2]))
    # the first row's block is left out: rows 1, 2 say 0 of 2, all of 1, 2, 4, 5 say 2 of 4
    assert found[0] == pytest.approx((0 + 2 * 0.5) / (2 + 2))
