"""The fine-tuned transformer as an ONNX graph of one row: what serves has neither JAX nor the weights' package.

The same encoder as :mod:`fullcycle.development.learners.transformer.network`, its weights as initialisers, and the head behind it.
A row has no padding (its pieces are cut where they end), so that a short text is answered in little time.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullcycle.development.learners.transformer.weights import HEADS, LAYERS, TINY, WIDTH, Weights
from fullcycle.predictor.encoder import TOKENS

OPSET, IR = 17, 8  # the first with layer normalisation
_LINKS = {"binary": "Sigmoid", "multiclass": "Softmax", "regression": "Identity"}


def graph(weights: Weights, others: int, task: str) -> bytes:
    """The graph: ``numbers`` (1, others), where there are any, and ``pieces`` (1, TOKENS) in, ``scores`` (1, outputs) out.

    Parameters
    ----------
    weights : of the encoder and, as ``head.weight`` and ``head.bias``, of the head.
    """
    from onnx import TensorProto, helper

    nodes = _Nodes(weights)
    inner = nodes.add("Concat", [nodes.embedded("pieces"), *(["numbers"] if others else [])], axis=1)
    logits = nodes.add("Add", [nodes.add("MatMul", [inner, "head.weight"]), "head.bias"])
    nodes.last(_LINKS[task], logits, "scores")
    inputs = [helper.make_tensor_value_info("numbers", TensorProto.FLOAT, [1, others])] if others else []
    made = helper.make_graph(
        nodes.nodes,
        "transformer",
        [*inputs, helper.make_tensor_value_info("pieces", TensorProto.INT64, [1, TOKENS])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, len(weights["head.bias"])])],
        initializer=nodes.initialisers(),
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    body: bytes = model.SerializeToString(deterministic=True)
    return body


class _Nodes:
    """Nodes of a graph while it is written."""

    def __init__(self, weights: Weights) -> None:
        self.nodes: list[Any] = []
        self._weights: dict[str, NDArray[Any]] = dict(weights)

    def add(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        """Add an operator; the name of what it gives."""
        name = f"{operator}.{len(self.nodes)}"
        self.last(operator, inputs[0] if len(inputs) == 1 else inputs, name, **attributes)
        return name

    def last(self, operator: str, inputs: str | list[str], name: str, **attributes: Any) -> None:
        """Add an operator whose output is called *name*."""
        from onnx import helper

        read = [inputs] if isinstance(inputs, str) else inputs
        self.nodes.append(helper.make_node(operator, read, [name], name=name, **attributes))

    def initialisers(self) -> list[Any]:
        """Weights and constants in order of their names."""
        from onnx import numpy_helper

        read = {name for node in self.nodes for name in node.input}
        return [numpy_helper.from_array(it, name) for name, it in sorted(self._weights.items()) if name in read]

    def embedded(self, pieces: str) -> str:
        """The embedding of a row's texts, (1, WIDTH)."""
        ids = self._read(pieces)
        length = self.add("Shape", [ids])
        at = self._slice("embeddings.position_embeddings.weight", length)
        kind = self._constant("kind", self._weights["embeddings.token_type_embeddings.weight"][0])
        words = self.add("Gather", ["embeddings.word_embeddings.weight", ids])
        states = self._normal("embeddings.LayerNorm", self._sum(self._sum(words, at), kind))
        for number in range(LAYERS):
            states = self._layer(f"encoder.layer.{number}", states)
        mean = self.add("ReduceMean", [states], axes=[0], keepdims=1)
        size = self.add("ReduceL2", [mean], axes=[1], keepdims=1)
        return self._times(self.add("Div", [mean, size]), "variance", math.sqrt(WIDTH))

    def _read(self, pieces: str) -> str:
        """The numbers of a row's pieces without padding, (length,); one of them at least."""
        flat = self.add("Reshape", [pieces, self._constant("flat", np.array([-1]))])
        known = self.add("Cast", [self.add("Cast", [flat], to=9)], to=7)  # true where not zero, as a whole number
        count = self.add("ReduceSum", [known, self._constant("axis", np.array([0]))], keepdims=1)
        return self._slice(flat, self.add("Max", [count, self._constant("one", np.array([1]))]))

    def _slice(self, what: str, end: str) -> str:
        return self.add("Slice", [what, self._constant("start", np.array([0])), end])

    def _layer(self, name: str, states: str) -> str:
        joined = self._attended(f"{name}.attention.self", states)
        summed = self._sum(states, self._dense(f"{name}.attention.output.dense", joined))
        states = self._normal(f"{name}.attention.output.LayerNorm", summed)
        inner = self._gelu(self._dense(f"{name}.intermediate.dense", states))
        return self._normal(f"{name}.output.LayerNorm", self._sum(states, self._dense(f"{name}.output.dense", inner)))

    def _attended(self, name: str, states: str) -> str:
        split = self._constant("heads", np.array([-1, HEADS, WIDTH // HEADS]))
        parts = [
            self.add("Transpose", [self.add("Reshape", [self._dense(f"{name}.{part}", states), split])], perm=order)
            for part, order in (("query", [1, 0, 2]), ("key", [1, 2, 0]), ("value", [1, 0, 2]))
        ]
        scores = self._times(self.add("MatMul", parts[:2]), "attention", 1 / math.sqrt(WIDTH // HEADS))
        joined = self.add("MatMul", [self.add("Softmax", [scores], axis=-1), parts[2]])
        together = self.add("Transpose", [joined], perm=[1, 0, 2])
        return self.add("Reshape", [together, self._constant("joined", np.array([-1, WIDTH]))])

    def _gelu(self, inputs: str) -> str:
        grown = self.add("Erf", [self._times(inputs, "gelu", math.sqrt(0.5))])
        inner = self._sum(grown, self._constant("unit", np.array(1.0, dtype=np.float32)))
        return self._times(self.add("Mul", [inputs, inner]), "half", 0.5)

    def _normal(self, name: str, inputs: str) -> str:
        scale = [inputs, f"{name}.weight", f"{name}.bias"]
        return self.add("LayerNormalization", scale, axis=-1, epsilon=TINY)

    def _dense(self, name: str, inputs: str) -> str:
        return self._sum(self.add("MatMul", [inputs, f"{name}.weight"]), f"{name}.bias")

    def _sum(self, one: str, other: str) -> str:
        return self.add("Add", [one, other])

    def _times(self, inputs: str, name: str, number: float) -> str:
        return self.add("Mul", [inputs, self._constant(name, np.array(number, dtype=np.float32))])

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        self._weights[f"constant.{name}"] = value
        return f"constant.{name}"
