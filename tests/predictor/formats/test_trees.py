"""Trees: what NumPy says of the arrays is what one row and many are answered, and nothing that is no tree gets in."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel.errors import Corrupt, InputError
from fullcycle.predictor.formats import ModelFormat, arrays, load
from fullcycle.predictor.formats.linear import sigmoid, softmax
from fullcycle.predictor.formats.trees import Nodes, Trees, forest, tree

FEATURES = 3
LINKS = {"mean": 1, "identity": 1, "sigmoid": 1, "softmax": 3}
HOSTILE = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, -0.0, 0.5, 1.0, np.nan, np.inf, -np.inf])
)


def grown(seed: int, outputs: int, leaves: int) -> Nodes:
    """A tree split at random; some of its thresholds are those that hostile rows hit."""
    random = np.random.default_rng(seed)
    left, right = [0] * (leaves - 1), [0] * (leaves - 1)
    ends: list[tuple[list[int], int]] = []
    for node in range(leaves - 1):
        if node:
            side, place = ends.pop(int(random.integers(len(ends))))
            side[place] = node
        ends += [(left, node), (right, node)]
    for leaf, (side, place) in enumerate(ends):
        side[place] = -1 - leaf
    value = random.normal(size=(leaves, outputs))
    value[:, random.integers(outputs)] = 0.0  # as boosting for several classes leaves them
    threshold = random.choice([0.0, 0.5, 1.0, np.inf, *random.normal(size=4)], leaves - 1)
    return tree(
        random.integers(0, FEATURES, leaves - 1), threshold, left, right, random.random(leaves - 1) < 0.5, value
    )


def made(seed: int, link: Any, trees: int = 4) -> Trees:
    outputs = LINKS[link]
    nodes = forest([grown(seed + number, outputs, 1 + (seed + number) % 9) for number in range(trees)])
    return Trees(nodes, FEATURES, np.linspace(0, 1, outputs), link)


def by_numpy(model: Trees, row: Any) -> Any:
    """What the arrays say of one row, without any library."""
    nodes, total = model.nodes, np.zeros(model.outputs)
    for first, leaf, size in zip(nodes.first, nodes.first_leaf, np.diff(nodes.first), strict=False):
        node = 0 if size else -1
        while node >= 0:
            place = first + node
            number = row[nodes.feature[place]]
            number = 0.0 if abs(number) <= 1e-35 else number
            left = nodes.missing_left[place] if np.isnan(number) else number <= nodes.threshold[place]
            node = int(nodes.left[place] if left else nodes.right[place])
        total = total + nodes.value[leaf - 1 - node]
    total = total + model.intercept
    if model.link == "softmax":
        return softmax(total.tolist())
    found = float(total[0])
    return {"mean": found / model.trees, "identity": found, "sigmoid": sigmoid(found)}[model.link]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(list(LINKS)), st.lists(st.tuples(HOSTILE, HOSTILE, HOSTILE), max_size=6))
def test_one_row_many_rows_and_numpy_agree_to_the_bit(seed: int, link: str, rows: list[Any]) -> None:
    model = made(seed, link)
    many = model.scores(np.array(rows, dtype=np.float64).reshape(len(rows), FEATURES))
    assert many.tolist() == [model.score(row) for row in rows] == [by_numpy(model, row) for row in rows]


@pytest.mark.parametrize("link", LINKS)
def test_bytes_come_back_as_the_same_model_and_threads_change_nothing(link: str) -> None:
    model = made(3, link)
    again = load("trees", model.to_bytes())
    assert isinstance(again, Trees)
    assert isinstance(again, ModelFormat)
    assert again.to_bytes() == model.to_bytes()
    rows = np.random.default_rng(0).normal(size=(500, FEATURES))
    assert again.scores(rows, threads=4).tolist() == model.scores(rows).tolist()


def test_a_tree_that_never_splits_answers_its_value() -> None:
    model = Trees(forest([tree([], [], [], [], [], [[2.0]])] * 2), 1, [0.0], "mean")
    assert (model.score([5.0]), model.scores(np.zeros((2, 1))).tolist()) == (2.0, [2.0, 2.0])


def test_another_width_is_refused_and_a_closed_model_too() -> None:
    model = made(3, "mean")
    with pytest.raises(InputError, match="width"):
        model.score([1.0])
    with pytest.raises(InputError, match="width"):
        model.scores(np.zeros((2, 1)))
    model.close()
    with pytest.raises(InputError, match="closed"):
        model.score([1.0, 2.0, 3.0])


def stump(**changes: Any) -> Nodes:
    good = tree([0, 1], [0.5, 0.1], [1, -2], [-1, -3], [True, False], [[1.0], [2.0], [3.0]])
    return good._replace(**{name: np.array(value, dtype=getattr(good, name).dtype) for name, value in changes.items()})


@pytest.mark.parametrize(
    "changes",
    [
        {"feature": [0, FEATURES]},
        {"feature": [-1, 0]},
        {"feature": [0]},
        {"threshold": [np.nan, 0.0]},
        {"threshold": [np.inf, 0.0]},
        {"value": [[1.0], [np.inf], [2.0]]},
        {"value": [1.0, 2.0, 3.0]},
        {"value": [[1.0], [2.0]], "first_leaf": [0, 2]},
        {"value": [[1.0, 1.0]] * 3},
        {"left": [0, -2]},  # its own child: a walk that never ends
        {"left": [2, -2]},
        {"left": [1, -1]},
        {"left": [-4, -2]},
        {"right": [-1, 1]},
        {"right": [1, -3]},
        {"first": [0, 1]},
        {"first": [0, 2, 2]},
        {"first": [0, 3, 2], "first_leaf": [0, 2, 3]},
        {"first": [2], "first_leaf": [3]},
        {"first": [0, 0, 2], "first_leaf": [0, 0, 3]},
    ],
)
def test_what_is_no_tree_is_refused(changes: dict[str, Any]) -> None:
    assert Trees(stump(), FEATURES, [0.0], "identity").outputs == 1
    with pytest.raises(InputError):
        Trees(stump(**changes), FEATURES, [0.0], "identity")


@pytest.mark.parametrize(
    ("features", "intercept", "link"),
    [
        (0, [0.0], "mean"),
        (3, [0.0, 1.0], "mean"),
        (3, [0.0], "softmax"),
        (3, [np.nan], "mean"),
        (3, [0.0], "probit"),
    ],
)
def test_what_does_not_fit_the_trees_is_refused(features: int, intercept: Any, link: Any) -> None:
    with pytest.raises(InputError):
        Trees(stump(), features, intercept, link)


def test_junk_is_refused() -> None:
    body = made(1, "mean").to_bytes()
    parts: dict[str, Any] = {**stump()._asdict(), "intercept": np.zeros(1), "width": np.array(3, dtype=np.int32)}
    parts["missing_left"] = parts["missing_left"].astype(np.uint8)
    good = {**parts, "link": arrays.text("identity")}
    assert load("trees", arrays.pack(good)).score([0.0, 0.0, 0.0]) == 2.0
    junk = [
        {**good, "link": arrays.text("probit")},
        {**good, "missing_left": np.array([2, 0], dtype=np.uint8)},
        {**good, "width": np.array([3], dtype=np.int32)},
        {**good, "feature": np.array([0.0, 1.0])},
        {**good, "left": np.array([0, -2], dtype=np.int32)},
        {**good, "more": np.zeros(1)},
        {name: array for name, array in good.items() if name != "link"},
    ]
    bodies = [b"", pickle.dumps(good), body[:-1], body + b"x", *(arrays.pack(it) for it in junk)]
    for body in bodies:
        with pytest.raises(Corrupt):
            load("trees", body)
