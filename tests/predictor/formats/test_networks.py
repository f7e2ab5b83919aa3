"""Kernel models and perceptrons: one row and many give the same bits, and junk is refused."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel.errors import Corrupt, InputError
from fullcycle.predictor.formats import ModelFormat, arrays, load
from fullcycle.predictor.formats.kernel import Kernel
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.formats.perceptron import Perceptron

LINKS = ("identity", "sigmoid", "softmax")
NUMBER = st.one_of(st.floats(-5, 5), st.floats(allow_nan=True, allow_infinity=True))


def head(random: Any, features: int, link: Any) -> Linear:
    if link == "softmax":
        return Linear(random.normal(size=(3, features)), random.normal(size=3), link)
    return Linear(random.normal(size=features), float(random.normal()), link)


def kernel(seed: int, link: str) -> Kernel:
    random = np.random.default_rng(seed)
    count, features = random.integers(1, 40), random.integers(1, 6)
    return Kernel(random.normal(size=(count, features)), float(random.uniform(0.1, 2)), head(random, int(count), link))


def perceptron(seed: int, link: str) -> Perceptron:
    random = np.random.default_rng(seed)
    widths = random.integers(1, 20, random.integers(2, 5)).tolist()
    layers = [(random.normal(size=(a, b)), random.normal(size=b)) for a, b in itertools.pairwise(widths)]
    return Perceptron(layers, head(random, widths[-1], link))


MAKERS: dict[str, Any] = {"kernel": kernel, "perceptron": perceptron}


@pytest.mark.parametrize("name", MAKERS)
@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), link=st.sampled_from(LINKS), data=st.data())
def test_one_row_and_many_agree_to_the_bit(name: str, seed: int, link: str, data: st.DataObject) -> None:
    model = MAKERS[name](seed, link)
    row = st.lists(NUMBER, min_size=model.features, max_size=model.features)
    rows = data.draw(st.lists(row, max_size=9))
    many = model.scores(np.array(rows, dtype=np.float64).reshape(len(rows), model.features))
    assert many.shape == ((len(rows),) if model.outputs == 1 else (len(rows), model.outputs))
    for features, scores in zip(rows, many, strict=True):
        np.testing.assert_array_equal(np.asarray(model.score(features)), scores)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("link", LINKS)
def test_bytes_come_back_as_the_same_model(name: str, link: str) -> None:
    model = MAKERS[name](7, link)
    again = load(name, model.to_bytes())
    assert isinstance(again, ModelFormat)
    assert again.to_bytes() == model.to_bytes()
    rows = np.random.default_rng(0).normal(size=(300, model.features))
    assert again.scores(rows).tolist() == model.scores(rows).tolist()


def test_they_are_what_scikit_learn_computes() -> None:
    from sklearn.metrics.pairwise import rbf_kernel
    from sklearn.neural_network import MLPClassifier

    random = np.random.default_rng(0)
    X = random.normal(size=(200, 3))
    model = kernel(7, "identity")
    rows = random.normal(size=(50, model.features))
    expected = rbf_kernel(rows, model.landmarks, gamma=model.width) @ model.head.weights + model.head.intercept
    np.testing.assert_allclose(model.scores(rows), expected, rtol=1e-9)
    theirs = MLPClassifier((8, 4), solver="lbfgs", random_state=0).fit(X, X[:, 0] > 0)
    weights = [np.asarray(array, dtype=np.float64) for array in theirs.coefs_]
    ours = Perceptron(
        list(zip(weights[:-1], theirs.intercepts_[:-1], strict=True)),
        Linear(weights[-1][:, 0], theirs.intercepts_[-1][0], "sigmoid"),
    )
    np.testing.assert_allclose(ours.scores(X), theirs.predict_proba(X)[:, 1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Kernel([[0.0]], 1.0, Linear([1.0, 1.0], 0.0)),
        lambda: Kernel([[np.nan]], 1.0, Linear([1.0], 0.0)),
        lambda: Kernel([[0.0]], 0.0, Linear([1.0], 0.0)),
        lambda: Kernel([[0.0]], np.inf, Linear([1.0], 0.0)),
        lambda: Kernel([], 1.0, Linear([], 0.0)),
        lambda: Perceptron([], Linear([1.0], 0.0)),
        lambda: Perceptron([([[1.0]], [0.0, 0.0])], Linear([1.0], 0.0)),
        lambda: Perceptron([([[1.0]], [0.0])], Linear([1.0, 1.0], 0.0)),
        lambda: Perceptron([([[np.inf]], [0.0])], Linear([1.0], 0.0)),
        lambda: Kernel([[0.0]], 1.0, Linear([1.0], 0.0)).score([1.0, 2.0]),
        lambda: Kernel([[0.0]], 1.0, Linear([1.0], 0.0)).scores(np.zeros((1, 2))),
        lambda: Perceptron([([[1.0]], [0.0])], Linear([1.0], 0.0)).score([1.0, 2.0]),
        lambda: Perceptron([([[1.0]], [0.0])], Linear([1.0], 0.0)).scores(np.zeros((1, 2))),
    ],
)
def test_what_does_not_fit_is_refused(make: Any) -> None:
    with pytest.raises(InputError):
        make()


def test_junk_is_refused() -> None:
    linear = {"weights": np.ones(1), "intercept": np.array(0.0), "link": arrays.text("identity")}
    near = {**linear, "landmarks": np.zeros((1, 1)), "width": np.array(1.0)}
    layers = {**linear, "widths": np.array([1, 1], dtype=np.int32), "hidden": np.ones(2)}
    assert load("kernel", arrays.pack(near)).score([0.0]) == 1.0
    assert load("perceptron", arrays.pack(layers)).score([1.0]) == 2.0
    junk: list[tuple[str, Any]] = [
        ("kernel", {**near, "link": arrays.text("probit")}),
        ("kernel", {**near, "width": np.ones(1)}),
        ("kernel", {**near, "landmarks": np.zeros((2, 1))}),
        ("kernel", linear),
        ("perceptron", {**layers, "link": arrays.text("probit")}),
        ("perceptron", {**layers, "widths": np.array([1, -1], dtype=np.int32)}),
        ("perceptron", {**layers, "widths": np.array([[1]], dtype=np.int32)}),
        ("perceptron", {**layers, "hidden": np.ones(1)}),
        ("perceptron", {**layers, "hidden": np.ones(3)}),
        ("perceptron", {**layers, "weights": np.ones(2)}),
    ]
    for name, parts in junk:
        with pytest.raises(Corrupt):
            load(name, arrays.pack(parts))
    for name, parts in (("kernel", near), ("perceptron", layers)):
        for body in (b"", pickle.dumps(parts), arrays.pack(parts)[:-1]):
            with pytest.raises(Corrupt):
                load(name, body)
