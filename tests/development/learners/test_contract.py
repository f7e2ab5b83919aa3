"""Every registered learner keeps the same promises."""

from __future__ import annotations

from typing import Any

import pytest

from fullcycle.development.learners import BUILT_IN, LEARNERS
from fullcycle.testing.learners import LearnerContract

QUICK: dict[str, dict[str, Any]] = {
    "random_forest": {"trees": 15},
    "extra_trees": {"trees": 15},
    "rbf_svm": {"landmarks": 40},
    "multilayer_perceptron": {"units": 24, "layers": 1, "learning_rate": 0.01},
    "lightgbm": {"learning_rate": 0.2},
    "xgboost": {"learning_rate": 0.3},
    "catboost": {"learning_rate": 0.3, "depth": 4},
}


def test_all_learners_are_here() -> None:
    assert len(BUILT_IN) == 15
    assert sorted(BUILT_IN) == list(LEARNERS)
    assert [name for name in LEARNERS if LEARNERS[name].keeps_rows] == ["rbf_svm"]


class TestLearners(LearnerContract):
    @pytest.fixture(params=sorted(BUILT_IN), autouse=True)
    def name(self, request: pytest.FixtureRequest) -> str:
        self.learns = request.param != "constant"
        return str(request.param)

    @pytest.fixture
    def learner(self, name: str) -> Any:
        return LEARNERS[name]

    @pytest.fixture
    def quick(self, name: str) -> dict[str, Any]:
        return QUICK.get(name, {})
