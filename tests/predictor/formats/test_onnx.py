"""ONNX graphs: one row and many give the same bits, and what is more than a graph of standard operators is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel.errors import Corrupt, InputError
from fullcycle.kernel.record import canonical
from fullcycle.predictor import archive
from fullcycle.predictor.formats import ModelFormat, load
from fullcycle.predictor.formats.onnx import BATCH, Facts, Feed, Onnx

onnx = pytest.importorskip("onnx", reason="pip install 'fullcycle[onnx]'")
NUMBER = st.floats(allow_nan=True, allow_infinity=True)


def graph(nodes: list[Any], *, inputs: Any = (("x", "DOUBLE", 3),), output: str = "y", weights: Any = ()) -> bytes:
    """A graph of (n, width) inputs with one output of doubles."""
    from onnx import TensorProto, helper, numpy_helper

    made = [helper.make_tensor_value_info(name, getattr(TensorProto, type_), [None, n]) for name, type_, n in inputs]
    out = helper.make_tensor_value_info(output, TensorProto.DOUBLE, None)
    held = [numpy_helper.from_array(array, name) for name, array in weights]
    found = helper.make_graph(nodes, "test", made, [out], held)
    model = helper.make_model(found, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return model.SerializeToString()


def dense(seed: int = 0, *, classes: int = 3) -> Onnx:
    """Softmax of a matrix product, which a batch may add up in another order than a row."""
    from onnx import helper

    random = np.random.default_rng(seed)
    weights = [("w", random.normal(size=(3, classes))), ("b", random.normal(size=classes))]
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["z"]), helper.make_node("Softmax", ["z"], ["y"], axis=1)]
    facts = Facts(feeds=(Feed(name="x", width=3),), output="y", places=tuple(range(classes)), probability=True)
    return Onnx(graph(nodes, weights=weights), facts)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.lists(NUMBER, min_size=3, max_size=3), max_size=9))
def test_one_row_and_many_agree_to_the_bit(rows: list[list[float]]) -> None:
    model = dense()
    many = model.scores(np.array(rows, dtype=np.float64).reshape(len(rows), 3))
    assert many.shape == (len(rows), 3)
    for row, scores in zip(rows, many, strict=True):
        np.testing.assert_array_equal(np.array(model.score(row)), scores)


def test_bytes_come_back_as_the_same_model() -> None:
    model = dense(7)
    again = load("onnx", model.to_bytes())
    assert isinstance(again, ModelFormat)
    assert again.to_bytes() == model.to_bytes()
    rows = np.random.default_rng(0).normal(size=(50, 3))
    assert again.scores(rows).tolist() == model.scores(rows).tolist()


def test_inputs_take_their_share_of_a_row_in_their_types() -> None:
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Cast", ["whole"], ["a"], to=TensorProto.DOUBLE),
        helper.make_node("Cast", ["single"], ["b"], to=TensorProto.DOUBLE),
        helper.make_node("Concat", ["a", "b"], ["y"], axis=1),
    ]
    inputs = (("single", "FLOAT", 1), ("whole", "INT64", 1))
    feeds = (Feed(name="whole", width=1, type="int64"), Feed(name="single", width=1, type="float32"))
    model = Onnx(graph(nodes, inputs=inputs), Facts(feeds=feeds, output="y", places=(0, 1)))
    assert model.score([2.0**53, 0.1]) == [2.0**53, float(np.float32(0.1))]
    assert np.isnan(model.score([float("nan"), 0.1])).all()
    assert np.isnan(model.score([float("inf"), 0.1])).all()


def test_a_class_that_it_does_not_know_scores_nought() -> None:
    known = dense(classes=2)
    wide = Onnx(known.body, msgspec.structs.replace(known.facts, places=(0, -1, 1)))
    assert wide.outputs == 3
    assert wide.score([0.0, 1.0, 2.0])[1] == 0.0


def test_it_is_served_from_a_bundle() -> None:
    from fullcycle.measure.value import ValueTable
    from fullcycle.predictor.bundle import Predictor, pack
    from fullcycle.predictor.contract import ColumnRule, Contract
    from fullcycle.predictor.plan import Input, Plan
    from fullcycle.predictor.policy import Policy

    names = ("a", "b", "c")
    values = ValueTable(task="multiclass", currency="EUR", classes=("p", "q", "r"))
    body = pack(
        plan=Plan(inputs=tuple(Input(name, "float") for name in names), operations=(), features=names),
        model=dense(),
        contract=Contract(tuple(ColumnRule(name=name, kind="float", nullable=False) for name in names)),
        policy=Policy(task="multiclass", actions=("p", "q", "r"), values=values, todays_rule={"always": "p"}),
        facts={},
    )
    answer: Any = Predictor.load(body).answer({"a": 1.0, "b": 2.0, "c": 3.0})
    assert answer.score == dense().score([1.0, 2.0, 3.0])


def _own_operator() -> bytes:
    from onnx import helper

    return graph([helper.make_node("Shell", ["x"], ["y"], domain="com.example")])


def _own_function() -> bytes:
    model = onnx.load_model_from_string(dense().body)
    model.functions.add(name="mine", domain="")
    return model.SerializeToString()


def _other_file() -> bytes:
    model = onnx.load_model_from_string(dense().body)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return model.SerializeToString()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (_own_operator, "an operator of its own"),
        (_own_function, "functions of its own"),
        (_other_file, "in another file"),
        (lambda: b"nothing", "not an ONNX graph"),
        (lambda: graph([onnx.helper.make_node("Nonsense", ["x"], ["y"])]), "refuses the graph"),
    ],
)
def test_what_is_more_than_a_graph_is_refused(make: Any, told: str) -> None:
    facts = dense().facts
    with pytest.raises(InputError, match=told):
        Onnx(make(), facts)
    kept = archive.pack({"model.onnx": make(), "facts.json": canonical(facts)})
    with pytest.raises(Corrupt, match="not an ONNX model"):
        Onnx.from_bytes(kept)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"feeds": (Feed(name="z", width=3),)}, "other inputs"),
        ({"feeds": (Feed(name="x", width=2),)}, "another shape"),
        ({"feeds": (Feed(name="x", width=3, type="float32"),)}, "another type"),
        ({"feeds": ()}, "lacks inputs"),
        ({"output": "probabilities"}, "lacks the output"),
        ({"places": (5,)}, "does not answer"),
    ],
)
def test_facts_of_another_graph_are_refused(changes: Any, told: str) -> None:
    model = dense()
    with pytest.raises(InputError, match=told):
        Onnx(model.body, msgspec.structs.replace(model.facts, **changes))


@pytest.mark.parametrize("body", [b"", b"PK", dense().to_bytes()[:-1], dense().to_bytes() + b"x"])
def test_junk_is_refused(body: bytes) -> None:
    with pytest.raises(Corrupt):
        load("onnx", body)


def test_another_width_is_refused() -> None:
    with pytest.raises(InputError, match="width"):
        dense().score([1.0])
    with pytest.raises(InputError, match="width"):
        dense().scores(np.zeros((2, 2)))


@pytest.mark.parametrize("rows", [0, 1, BATCH, 3 * BATCH + 5])
def test_batches_give_the_bits_of_single_rows(rows: int) -> None:
    model = dense()
    matrix = np.random.default_rng(1).normal(size=(rows, 3))
    assert model.scores(matrix).tolist() == [model.score(row) for row in matrix.tolist()]


def test_a_graph_that_mixes_rows_is_answered_one_at_a_time() -> None:
    from onnx import helper

    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1),
        helper.make_node("Sub", ["x", "m"], ["y"]),
    ]
    model = Onnx(graph(nodes), Facts(feeds=(Feed(name="x", width=3),), output="y", places=(0, 1, 2)))
    matrix = np.random.default_rng(1).normal(size=(2 * BATCH, 3))
    assert not model.scores(matrix).any()  # a row alone is its own mean


def test_rows_are_answered_together_where_that_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from onnx import helper

    model = Onnx(graph([helper.make_node("Neg", ["x"], ["y"])]), Facts(feeds=(Feed(name="x", width=3),), output="y"))
    matrix = np.random.default_rng(1).normal(size=(10 * BATCH, 3))
    model.scores(matrix[:BATCH])
    runs: list[int] = []
    alone = model._answered
    monkeypatch.setattr(model, "_answered", lambda row: runs.append(len(row)) or alone(row))
    assert model.scores(matrix).tolist() == (-matrix[:, 0]).tolist()
    assert len(runs) == 10  # one of each batch
    hostile = matrix[:BATCH].copy()
    hostile[5] = [np.nan, np.inf, 1e300]
    np.testing.assert_array_equal(model.scores(hostile), -hostile[:, 0])


def test_a_row_that_the_graph_cannot_answer_is_told_in_a_batch_too() -> None:
    from onnx import helper

    weights = [("table", np.arange(9.0).reshape(9, 1))]
    nodes = [
        helper.make_node("Gather", ["table", "i"], ["g"], axis=0),
        helper.make_node("Squeeze", ["g", "axes"], ["y"]),
    ]
    body = graph(nodes, inputs=(("i", "INT64", 1),), weights=[*weights, ("axes", np.array([2]))])
    model = Onnx(body, Facts(feeds=(Feed(name="i", width=1, type="int64"),), output="y"))
    matrix = np.arange(2.0 * BATCH).reshape(-1, 1) % 9
    assert model.scores(matrix).tolist() == matrix[:, 0].tolist()
    matrix[3] = np.nan
    assert np.isnan(model.scores(matrix)[3])
    matrix[3] = 70.0
    with pytest.raises(InputError, match="does not answer a row"):
        model.scores(matrix)
