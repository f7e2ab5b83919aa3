"""ONNX models: a graph of standard operators, answered by ONNX Runtime on one thread.

Kept as an archive of the graph as it is (``model.onnx``) and of what it is fed and what of its output is the score
(``facts.json``). Operators that are not in the standard, functions of the file's own and weights in other files are
refused: a graph computes, and runs nobody's code. A graph may add up a batch in another order than a row. So many rows are
answered in batches only while these give the bits of single rows: all of the first batch are answered both ways, and one
row of each that follows; where a bit differs, or the graph takes one row only, rows are answered one at a time.

The standard: https://onnx.ai/onnx/
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fullcycle.kernel.errors import Corrupt, InputError, OutsideError
from fullcycle.kernel.record import canonical
from fullcycle.predictor import archive
from fullcycle.predictor.formats.width import check_matrix, check_row

Floats = NDArray[np.float64]

MEND = "pip install 'fullcycle[onnx]'"
_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")  # what the standard defines
_SIZES = {"model.onnx": 2**31 - 1, "facts.json": 1 << 20}  # protobuf itself holds no more than 2 GiB
_TYPES = {"tensor(double)": "float64", "tensor(float)": "float32", "tensor(int64)": "int64"}
_MOST = 1_000_000  # features of one input
BATCH = 64  # rows


class Feed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An input of the graph: its *name*, how many of a row's features it takes, and the type that they become.

    >>> Feed(name="features", width=3).type
    'float64'
    """

    name: str
    width: int
    type: Literal["float64", "float32", "int64"] = "float64"


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a graph is fed with and what it gives.

    Attributes
    ----------
    feeds : the inputs, each (1, width), in the order in which they take a row's features.
    output : the name of the output that holds a row's scores, (1, numbers) or (numbers,).
    places : for each score its place in the output; -1 for a class that the model does not know, whose score is 0.
    probability : whether scores are probabilities, which single precision may carry a little beyond 0 and 1.

    Examples
    --------
    >>> Facts(feeds=(Feed(name="features", width=3),), output="probabilities", places=(1,), probability=True).width
    3
    """

    feeds: tuple[Feed, ...]
    output: str
    places: tuple[int, ...] = (0,)
    probability: bool = False

    @property
    def width(self) -> int:
        """How many features a row has."""
        return sum(feed.width for feed in self.feeds)


class Onnx:
    """A graph that scores.

    Parameters
    ----------
    body : the graph, as an ONNX file holds it.
    facts : what it is fed and what of its output is the score.

    Raises
    ------
    OutsideError : ONNX Runtime is not installed.
    InputError : it is no graph of standard operators, or *facts* are not of it.

    Notes
    -----
    ``tolerance`` is how far scores may be apart, relatively, on another CPU: a graph may compute in single precision.

    Examples
    --------
    >>> from onnx import TensorProto, helper
    >>> x, y = (helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, 2]) for name in "xy")
    >>> graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "negative", [x], [y])
    >>> body = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
    >>> model = Onnx(body, Facts(feeds=(Feed(name="x", width=2),), output="y", places=(1,)))
    >>> model.score([1.0, 2.0]), model.scores(np.array([[3.0, 4.0]])).tolist()
    (-2.0, [-4.0])
    """

    name = "onnx"
    tolerance = 1e-5

    def __init__(self, body: bytes, facts: Facts) -> None:
        self.body, self.facts = body, facts
        self.features, self.outputs = facts.width, len(facts.places)
        if not facts.feeds or not facts.places or any(not 0 < feed.width <= _MOST for feed in facts.feeds):
            raise InputError("an ONNX model lacks inputs or scores", found=(facts.feeds, facts.places))
        _check_standard(body)
        self._session, refused = _opened(body)
        self._errors: tuple[type[Exception], ...] = (*refused, IndexError, AttributeError)
        _check_fit(self._session, facts)
        # None until it is known
        self._alike = False if any(isinstance(it.shape[0], int) for it in self._session.get_inputs()) else None
        self._slices = _slices(facts.feeds)
        self.score([0.0] * self.features)  # a score that is not in the output is seen now

    def scores(self, matrix: Floats) -> Floats:
        """Scores of (n, features) rows: (n,), or (n, outputs). Raises InputError for another width."""
        check_matrix(matrix, self.features)
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        found = self._by_batch(rows)
        scores = self._one_by_one(rows) if found is None else found
        return scores if self.outputs > 1 else scores[:, 0]

    def score(self, features: Sequence[float]) -> float | list[float]:
        """The score of one row. Raises InputError for another number of features."""
        check_row(features, self.features)
        found = self._answered(np.array([features], dtype=np.float64))
        return found if self.outputs > 1 else found[0]

    def to_bytes(self) -> bytes:
        """An archive of ``model.onnx`` and ``facts.json``."""
        return archive.pack({"model.onnx": self.body, "facts.json": canonical(self.facts)})

    @classmethod
    def from_bytes(cls, body: bytes) -> Onnx:
        """The model that :meth:`to_bytes` wrote. Raises Corrupt for anything else."""
        files = archive.unpack(body, _SIZES, place="ONNX model")
        if set(files) != set(_SIZES):
            raise Corrupt("an ONNX model lacks a file", found=sorted(files), expected=", ".join(_SIZES))
        try:
            facts = msgspec.json.decode(files["facts.json"], type=Facts)
            if canonical(facts) != files["facts.json"]:
                raise Corrupt("an ONNX model is not in its canonical form", place="facts.json")
            return cls(files["model.onnx"], facts)
        except (InputError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Corrupt("not an ONNX model", place="ONNX model", found=str(error)) from None

    def _one_by_one(self, rows: Floats) -> Floats:
        """The scores of rows, (n, outputs), each by itself."""
        found = [self._answered(rows[place : place + 1]) for place in range(len(rows))]
        return np.array(found, dtype=np.float64).reshape(len(rows), self.outputs)

    def _by_batch(self, rows: Floats) -> Floats | None:
        """The same by batches; None where these do not give the same bits."""
        if self._alike is False:
            return None
        parts = []
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            found = self._together(batch) if len(batch) == BATCH else None
            if found is not None:
                checked = batch if self._alike is None else batch[-1:]
                self._alike = np.array_equal(self._one_by_one(checked), found[-len(checked) :], equal_nan=True)
                if not self._alike:
                    return None
            parts.append(self._one_by_one(batch) if found is None else found)
        return np.concatenate(parts) if parts else self._one_by_one(rows)

    def _together(self, rows: Floats) -> Floats | None:
        """The scores of rows, (n, outputs), in one run; None where they have to be answered one at a time."""
        fed = self._fed(rows)
        if fed is None:
            return None
        try:
            flat = self._session.run([self.facts.output], fed)[0]
            if flat.shape[0] != len(rows):
                return None
            wide = np.concatenate([flat.reshape(len(rows), -1), np.zeros((len(rows), 1))], axis=1)  # at -1 a nought
            found: Floats = wide[:, list(self.facts.places)].astype(np.float64)
        except self._errors:  # one row among them, which is told when it is answered alone
            return None
        return np.clip(found, 0.0, 1.0) if self.facts.probability else found

    def _fed(self, rows: Floats) -> dict[str, Any] | None:
        """What the graph is fed; None where a whole number is missing or endless, and so is none."""
        fed = {}
        for feed, part in self._slices:
            numbers = rows[:, part]
            if feed.type == "int64":
                if not (np.abs(numbers) < 2.0**63).all():
                    return None
                fed[feed.name] = numbers.astype(np.int64)
            else:
                with np.errstate(over="ignore"):  # what 32 bits cannot hold becomes endless
                    fed[feed.name] = numbers.astype(feed.type)
        return fed

    def _answered(self, row: Floats) -> list[float]:
        """The scores of a row, (1, features)."""
        fed = self._fed(row)
        if fed is None:
            return [math.nan] * self.outputs
        try:
            flat = self._session.run([self.facts.output], fed)[0].reshape(-1).tolist()
            found = [float(flat[place]) if place >= 0 else 0.0 for place in self.facts.places]
        except self._errors as error:
            raise InputError("an ONNX model does not answer a row", found=str(error)[:300]) from None
        return [min(max(number, 0.0), 1.0) for number in found] if self.facts.probability else found


class _Session(NamedTuple):
    session: Any
    errors: tuple[type[Exception], ...]


def _opened(body: bytes) -> _Session:
    """ONNX Runtime's session on one thread, and what it raises."""
    import onnxruntime

    state = vars(onnxruntime.capi.onnxruntime_pybind11_state).values()
    errors = tuple(it for it in state if isinstance(it, type) and issubclass(it, Exception))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # what is wrong is raised; a log would hold names of the model
    try:
        return _Session(onnxruntime.InferenceSession(body, options, providers=["CPUExecutionProvider"]), errors)
    except errors as error:
        raise InputError("ONNX Runtime refuses the graph", found=str(error)[:300]) from None


def _check_standard(body: bytes) -> None:
    """Refuse what is no graph, or one that needs more than itself and the standard."""
    try:
        import onnx
        import onnxruntime  # noqa: F401
        from google.protobuf.message import DecodeError
    except ImportError:
        raise OutsideError("ONNX Runtime is not installed", mend=MEND) from None
    try:
        model = onnx.load_model_from_string(body)
    except DecodeError as error:
        raise InputError("not an ONNX graph", found=str(error)) from None
    if model.functions:
        raise InputError("an ONNX graph brings functions of its own", found=model.functions[0].name)
    for graph in _graphs(model.graph):
        for node in graph.node:
            if node.domain not in _DOMAINS:
                found, expected = f"{node.domain}.{node.op_type}", "operators of the ONNX standard"
                raise InputError("an ONNX graph uses an operator of its own", found=found, expected=expected)
        for tensor in (*graph.initializer, *(it.values for it in graph.sparse_initializer)):
            _check_inside(tensor, onnx.TensorProto.EXTERNAL)
        for node in graph.node:
            for attribute in node.attribute:
                for tensor in (attribute.t, *attribute.tensors):
                    _check_inside(tensor, onnx.TensorProto.EXTERNAL)


def _check_inside(tensor: Any, external: int) -> None:
    if tensor.data_location == external or tensor.external_data:
        raise InputError(
            "weights of an ONNX graph lie in another file", found=tensor.name, mend="save them in one file"
        )


def _graphs(graph: Any) -> Iterator[Any]:
    """A graph and those within it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _graphs(inner)


def _check_fit(session: Any, facts: Facts) -> None:
    inputs = {it.name: it for it in session.get_inputs()}
    if sorted(inputs) != sorted(feed.name for feed in facts.feeds):
        expected = ", ".join(feed.name for feed in facts.feeds)
        raise InputError("an ONNX graph has other inputs", found=", ".join(inputs), expected=expected)
    for feed in facts.feeds:
        shape = inputs[feed.name].shape
        if _TYPES.get(inputs[feed.name].type) != feed.type:
            raise InputError(f"the input {feed.name!r} is of another type", found=inputs[feed.name].type)
        if len(shape) != 2 or (isinstance(shape[1], int) and shape[1] != feed.width):
            raise InputError(f"the input {feed.name!r} is of another shape", found=shape, expected=f"(n, {feed.width})")
    names = [it.name for it in session.get_outputs()]
    if facts.output not in names:
        raise InputError("an ONNX graph lacks the output", found=", ".join(names), expected=facts.output)


def _slices(feeds: tuple[Feed, ...]) -> list[tuple[Feed, slice]]:
    ends = np.cumsum([feed.width for feed in feeds]).tolist()
    return [(feed, slice(end - feed.width, end)) for feed, end in zip(feeds, ends, strict=True)]
