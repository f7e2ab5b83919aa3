"""What every learner must do, as tests to inherit."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from fullcycle.development.learners import LEARNERS, Constraints, Fitted, Learner, Parameters, Training
from fullcycle.kernel.errors import OutsideError
from fullcycle.measure.metrics import adjusted_rand, log_loss, rmse
from fullcycle.predictor.formats import load
from fullcycle.predictor.policy import nearest

Floats = NDArray[np.float64]
TASKS = {"binary": 2, "multiclass": 3, "regression": 0, "clustering": 0}
ENOUGH = 0.85  # of a constant's loss, which a learner of made rows must come below
AGREEMENT = 0.95  # adjusted Rand index with the made clusters, which a learner of clusters must reach


class LearnerContract:
    """Inherit it and give a fixture ``learner``; skipped where its library is not installed, with how to install it.

    Examples
    --------
    >>> class TestLinear(LearnerContract):
    ...     @pytest.fixture
    ...     def learner(self):
    ...         return LEARNERS["linear"]
    """

    rows = 300
    learns = True
    """False for one that uses no feature."""

    @pytest.fixture
    def learner(self) -> Learner:
        """The learner under test."""
        raise NotImplementedError("give a fixture 'learner'")

    @pytest.fixture
    def quick(self) -> Parameters:
        """Parameters that make its fits quick, in place of some of its own."""
        return {}

    @pytest.mark.parametrize("task", TASKS)
    def test_it_learns_the_same_twice_and_its_bytes_load(self, learner: Learner, quick: Parameters, task: str) -> None:
        """On one thread and on eight, with validation rows and, told how many iterations they chose, without."""
        from threadpoolctl import threadpool_limits

        if task not in learner.tasks:
            pytest.skip(f"it does no {task}")
        first = fit(learner, made(task), quick)
        with threadpool_limits(limits=8):
            again = fit(learner, made(task), quick)
        body = first.model.to_bytes()
        assert (body, first.iterations) == (again.model.to_bytes(), again.iterations)
        told = fit(learner, made(task)._replace(validation=None, iterations=first.iterations), quick)
        assert told.model.to_bytes() == body
        new = made(task, seed=2)
        scores = load(first.model.name, body).scores(new.X)
        assert scores.tolist() == first.model.scores(new.X).tolist()
        assert self._learnt(scores, new)

    @pytest.mark.parametrize("task", TASKS)
    def test_one_row_and_many_agree_to_the_bit(self, learner: Learner, quick: Parameters, task: str) -> None:
        """On hostile rows too: missing, endless, huge and tiny numbers."""
        if task not in learner.tasks:
            pytest.skip(f"it does no {task}")
        model = fit(learner, made(task)._replace(validation=None, iterations=5), quick).model
        rows = np.vstack([hostile(), made(task, seed=3).X])
        many = model.scores(rows)
        for row, scores in zip(rows.tolist(), many, strict=True):
            np.testing.assert_array_equal(np.asarray(model.score(row)), scores)
        for size in (1, 2, 7):
            np.testing.assert_array_equal(model.scores(rows[:size]), many[:size])

    def test_what_the_search_suggests_can_be_fitted(self, learner: Learner, quick: Parameters) -> None:
        """With the same parameters as by default, after a way through JSON too."""
        import optuna

        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        rows = made(learner.tasks[0])
        for _ in range(3):
            parameters = learner.suggest(study.ask())
            assert parameters.keys() == learner.default().keys()
            assert np.isfinite(fit(learner, rows, {**parameters, **quick}).model.scores(rows.X)).all()
        whole = {name: _as_json_writes(it) for name, it in learner.default().items()}
        assert json.loads(json.dumps(whole)) == learner.default()
        same = [fit(learner, rows, {**parameters, **quick}) for parameters in (whole, learner.default())]
        assert same[0].model.to_bytes() == same[1].model.to_bytes()

    @pytest.mark.parametrize("task", TASKS)
    def test_a_row_counts_its_weight(self, learner: Learner, quick: Parameters, task: str) -> None:
        """Rows that tell the opposite change little where they weigh little."""
        if task not in learner.tasks or task == "clustering":
            pytest.skip(f"it does no {task}, or there is no opposite to tell")
        rows, n = made(task), self.rows
        opposite = {"binary": 1 - rows.y, "multiclass": 2 - rows.y, "regression": -rows.y}[task]
        both = rows._replace(
            X=np.vstack([rows.X, rows.X]),
            y=np.append(rows.y, opposite),
            weights=np.repeat([1.0, 0.01], n),
        )
        new = made(task, seed=2)
        assert self._learnt(fit(learner, both, quick).model.scores(new.X), new)

    def test_a_class_without_a_training_row_is_unlikely(self, learner: Learner, quick: Parameters) -> None:
        """And everything stays finite."""
        if "multiclass" not in learner.tasks:
            pytest.skip("it does no multiclass")
        rows = made("multiclass")
        rows = rows._replace(y=np.where(rows.y == 1, 0, rows.y), validation=None)
        scores = fit(learner, rows, quick).model.scores(rows.X)
        assert scores.shape == (len(rows.y), 3)
        assert (scores[:, 1] < 0.05).all()
        assert scores.sum(axis=1) == pytest.approx(np.ones(len(rows.y)))

    def test_rows_with_missing_numbers_can_be_learnt_if_its_recipe_leaves_them(
        self, learner: Learner, quick: Parameters
    ) -> None:
        """The recipe ``trees`` hands on what is missing, and infinite numbers."""
        if learner.recipe != "trees":
            pytest.skip("its recipe fills in what is missing")
        rows = made(learner.tasks[0])
        X = rows.X.copy()
        X[::5, 0], X[1::7, 1], X[2], X[3] = np.nan, np.nan, np.inf, -1e300
        assert np.isfinite(fit(learner, rows._replace(X=X), quick).model.scores(X)).all()

    @pytest.mark.parametrize("direction", [1, -1])
    def test_a_declared_direction_is_kept(self, learner: Learner, quick: Parameters, direction: int) -> None:
        """Though the rows go up and down."""
        if "monotone" not in learner.honours:
            pytest.skip("it honours no direction")
        rows = made("regression")
        y = np.sin(3 * rows.X[:, 0]) + direction * rows.X[:, 0] + rows.X[:, 1]
        bent = rows._replace(y=y, validation=None, constraints=Constraints(monotone=(direction, 0, 0, 0)))
        model = fit(learner, bent, quick).model
        grid = np.linspace(-3, 3, 200)
        for row in rows.X[:20]:
            line = np.tile(row, (len(grid), 1))
            line[:, 0] = grid
            assert (direction * np.diff(model.scores(line)) >= -1e-12).all()

    def test_features_that_never_go_together_add_up(self, learner: Learner, quick: Parameters) -> None:
        """So that what one of them changes does not depend on the other."""
        if "never_together" not in learner.honours:
            pytest.skip("it honours no sets of features")
        rows = made("regression")
        y = rows.X[:, 0] * rows.X[:, 1] + rows.X[:, 2]
        apart = Constraints(together=((0, 2, 3), (1, 2, 3)))
        model = fit(learner, rows._replace(y=y, validation=None, constraints=apart), quick).model
        for row in rows.X[:30]:
            corners = np.tile(row, (4, 1))
            corners[:, 0], corners[:, 1] = (-1, -1, 1, 1), (-1, 1, -1, 1)
            low, right, left, high = model.scores(corners).tolist()
            assert low + high == pytest.approx(right + left, abs=1e-5)

    def _learnt(self, scores: Floats, rows: Training) -> bool:
        if rows.task == "clustering":
            agreed = adjusted_rand(rows.y, nearest(scores))
            return not self.learns or bool(np.isfinite(scores).all() and agreed > AGREEMENT)
        loss = rmse if rows.task == "regression" else log_loss
        flat = LEARNERS["constant"].fit(made(rows.task)).model.scores(rows.X)
        assert np.isfinite(scores).all()
        return not self.learns or loss(rows.y, scores) < ENOUGH * loss(rows.y, flat)


def _as_json_writes(value: float | int | str | bool) -> float | int | str | bool:
    return int(value) if isinstance(value, float) and value == int(value) else value


def fit(learner: Learner, rows: Training, parameters: Parameters) -> Fitted:
    """The learner's own parameters but for *parameters*; the test is skipped where a library lacks.

    >>> fit(LEARNERS["constant"], made("binary"), {}).iterations
    0
    """
    try:
        return learner.fit(rows._replace(parameters={**learner.default(), **parameters}))
    except OutsideError as error:
        pytest.skip(str(error))


def made(task: str, *, seed: int = 0, n: int = LearnerContract.rows) -> Training:
    """Rows of four features, of which two tell of the target, with validation rows as many; or of three clusters, whose
    codes stand as a target that no learner may read.

    >>> made("multiclass").X.shape
    (300, 4)
    """
    X, y = _made(task, seed, n)
    return Training(X, y, task, TASKS[task], {}, 0, _made(task, seed + 100, n))


def _made(task: str, seed: int, n: int) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, 4))
    if task == "clustering":
        codes = random.integers(0, 3, n)
        return X + 8 * np.eye(4)[codes], codes.astype(np.float64)
    z = 2 * X[:, 0] - X[:, 1] + 0.5 * random.normal(size=n)
    if task == "regression":
        return X, z
    return X, (z > 0).astype(np.float64) if task == "binary" else np.digitize(z, [-1, 1]).astype(np.float64)


def hostile() -> Floats:
    """Rows of four numbers that no table should hold.

    >>> hostile().shape[1]
    4
    """
    numbers = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e300, -1e300, 1e-320, 2.0**53, 1e-36, 3.5e38]
    return np.array([[one, other, 0.5, -one] for one in numbers for other in numbers])
