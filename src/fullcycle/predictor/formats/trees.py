"""Trees: single ones, forests and boosted ones, as flat NumPy arrays, whichever library grew them.

Kept as a NumPy archive (.npz) without pickle; every array is checked to be trees before a line of C++ reads it. They are
then answered by LightGBM's library, which is always there, so that neither scikit-learn nor XGBoost nor CatBoost serves,
and one row and a million rows give the same bits.

Breiman (2001), Random Forests; Geurts, Ernst and Wehenkel (2006), Extremely randomized trees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import Corrupt, InputError
from fullcycle.predictor.formats import arrays
from fullcycle.predictor.formats.lightgbm_booster import Booster
from fullcycle.predictor.formats.linear import sigmoid, softmax

Link = Literal["mean", "identity", "sigmoid", "softmax"]
Floats = NDArray[np.float64]
Whole = NDArray[np.int32]

_LINKS: tuple[str, ...] = get_args(Link)
_MOST = 1_000_000  # features, or classes
_TYPES = {
    **dict.fromkeys(("feature", "left", "right", "first", "first_leaf", "width"), "<i4"),
    **dict.fromkeys(("threshold", "value", "intercept"), "<f8"),
    **dict.fromkeys(("missing_left", "link"), "|u1"),
}
_UNKNOWN_RIGHT, _UNKNOWN_LEFT = "8", "10"  # LightGBM's kinds of a split that knows NaN


class Nodes(NamedTuple):
    """All trees, one after the other.

    Attributes
    ----------
    feature, threshold : (inner nodes,) a row goes left where its feature is at most the finite threshold.
    left, right : (inner nodes,) children within the tree: an inner node's number, which is higher than its parent's, or
        -1 - a leaf's number.
    missing_left : (inner nodes,) whether a row whose feature is NaN goes left.
    value : (leaves, outputs) what a leaf adds.
    first, first_leaf : (trees + 1,) where each tree's inner nodes and leaves begin, and the last ones end.
    """

    feature: Whole
    threshold: Floats
    left: Whole
    right: Whole
    missing_left: NDArray[np.bool_]
    value: Floats
    first: Whole
    first_leaf: Whole


class Trees:
    """Trees whose leaves are averaged or added up.

    Parameters
    ----------
    nodes : the trees, one or more.
    features : how many features a row has, one or more.
    intercept : (outputs,) what is added to the sum of leaves.
    link : ``mean`` divides the sum by the number of trees and leaves it so; ``identity`` leaves the sum; ``sigmoid`` and
        ``softmax`` make probabilities of it.

    Raises
    ------
    InputError : the arrays are no trees.

    Notes
    -----
    A number closer to 0 than 1e-35 counts as 0. Infinity lies beyond every threshold.

    Examples
    --------
    >>> stump = tree([0], [0.5], [-1], [-2], [True], [[0.1], [0.9]])
    >>> model = Trees(stump, 1, [0.0], "mean")
    >>> model.score([0.4]), model.score([float("nan")]), model.scores(np.array([[0.5], [0.6]])).tolist()
    (0.1, 0.1, [0.1, 0.9])
    """

    name = "trees"

    def __init__(self, nodes: Nodes, features: int, intercept: ArrayLike, link: Link) -> None:
        self.nodes, self.features, self.link = nodes, features, link
        self.intercept = np.array(intercept, dtype=np.float64)
        _check(nodes, features, self.intercept, link)
        self.outputs, self.trees = nodes.value.shape[1], len(nodes.first) - 1
        self._totals: list[float] = self.intercept.tolist()
        self._booster = Booster(_text(nodes, features), features, self.outputs)

    def scores(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """Scores of (n, features) rows: (n,), or (n, classes). NaN is a missing value.

        *threads* changes the time it takes and nothing else. Raises InputError for another width or after :meth:`close`.
        """
        found = self.raw(matrix, threads=threads)
        if self.link == "mean":
            found = found / self.trees
        elif self.link == "sigmoid":
            return np.array([sigmoid(number) for number in found[:, 0].tolist()], dtype=np.float64)
        elif self.link == "softmax":
            rows = found.tolist()
            return np.array([softmax(row) for row in rows], dtype=np.float64).reshape(len(rows), self.outputs)
        return found if self.outputs > 1 else found[:, 0]

    def raw(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """The sum of leaves and intercept of each row, (n, outputs), before the link makes a score of it."""
        found: Floats = self._booster.scores(matrix, threads=threads) + self.intercept
        return found

    def score(self, features: Sequence[float]) -> float | list[float]:
        """The score of one row: a number, or one per class. Raises InputError for another width or after :meth:`close`."""
        sums = self._booster.score(features)
        found = [one + other for one, other in zip(sums, self._totals, strict=True)]
        if self.link == "mean":
            found = [number / self.trees for number in found]
        elif self.link == "sigmoid":
            return sigmoid(found[0])
        elif self.link == "softmax":
            return softmax(found)
        return found if self.outputs > 1 else found[0]

    def to_bytes(self) -> bytes:
        """A .npz archive of the arrays of :class:`Nodes`, and ``width``, ``intercept`` and ``link``."""
        found: dict[str, arrays.Array] = {**self.nodes._asdict(), "intercept": self.intercept}
        found["missing_left"] = self.nodes.missing_left.astype(np.uint8)
        return arrays.pack({**found, "width": np.array(self.features, dtype=np.int32), "link": arrays.text(self.link)})

    @classmethod
    def from_bytes(cls, body: bytes) -> Trees:
        """The model that :meth:`to_bytes` wrote. Raises Corrupt for anything else.

        >>> model = Trees(tree([0], [0.5], [-1], [-2], [True], [[1.0], [2.0]]), 1, [0.5], "identity")
        >>> Trees.from_bytes(model.to_bytes()).score([3.0])
        2.5
        """
        found: dict[str, Any] = arrays.unpack(body, _TYPES, place="trees")
        link = next((link for link in _LINKS if link.encode() == found["link"].tobytes()), None)
        if link is None or found["width"].ndim or (found["missing_left"] > 1).any():
            raise Corrupt("trees do not say what they are", place="trees", expected=f"a link of {', '.join(_LINKS)}")
        found["missing_left"] = found["missing_left"].astype(np.bool_)
        nodes = Nodes(**{name: found[name] for name in Nodes._fields})
        try:
            return cls(nodes, int(found["width"]), found["intercept"], link)  # type: ignore[arg-type]
        except InputError as error:
            raise Corrupt(error.problem, place="trees", found=error.found, expected=error.expected) from None

    def close(self) -> None:
        """Give the library's memory back; done by itself when the model is no longer used."""
        self._booster.close()


def tree(
    feature: ArrayLike,
    threshold: ArrayLike,
    left: ArrayLike,
    right: ArrayLike,
    missing_left: ArrayLike,
    value: ArrayLike,
) -> Nodes:
    """One tree of arrays as :class:`Nodes` has them; an infinite threshold becomes the largest number that there is.

    >>> tree([], [], [], [], [], [[7.0]]).first.tolist()
    [0, 0]
    """
    leaves = np.array(value, dtype=np.float64)
    inner = np.array(feature, dtype=np.int32)
    most = np.finfo(np.float64).max
    return Nodes(
        inner,
        np.clip(np.array(threshold, dtype=np.float64), -most, most),
        np.array(left, dtype=np.int32),
        np.array(right, dtype=np.int32),
        np.array(missing_left, dtype=np.bool_),
        leaves,
        np.array([0, len(inner)], dtype=np.int32),
        np.array([0, len(leaves)], dtype=np.int32),
    )


def forest(trees: Sequence[Nodes]) -> Nodes:
    """Single trees, one after the other.

    >>> forest([tree([], [], [], [], [], [[7.0]])] * 2).value.tolist()
    [[7.0], [7.0]]
    """
    inner = np.cumsum([0, *(len(it.feature) for it in trees)]).astype(np.int32)
    leaves = np.cumsum([0, *(len(it.value) for it in trees)]).astype(np.int32)
    joined = {
        name: np.concatenate([getattr(it, name) for it in trees])
        for name in ("feature", "threshold", "left", "right", "missing_left", "value")
    }
    return Nodes(**joined, first=inner, first_leaf=leaves)


def _check(nodes: Nodes, features: int, intercept: Floats, link: str) -> None:
    inner, (leaves, outputs) = len(nodes.feature), _shape(nodes.value)
    fitting = {"mean": True, "identity": outputs == 1, "sigmoid": outputs == 1, "softmax": outputs > 1}
    if not fitting.get(link) or intercept.shape != (outputs,) or not 0 < outputs <= _MOST:
        raise InputError("link, intercept and leaves of trees do not fit", found=(link, intercept.shape, outputs))
    if not 1 <= features <= _MOST or any(array.shape != (inner,) for array in nodes[:5]):
        raise InputError("arrays of trees differ in length", expected=f"{inner} inner nodes")
    for starts, end in ((nodes.first, inner), (nodes.first_leaf, leaves)):
        if starts.ndim != 1 or len(starts) < 2 or starts[0] != 0 or starts[-1] != end or (np.diff(starts) < 0).any():
            raise InputError("trees do not begin where they say", expected=f"from 0 to {end}")
    if len(nodes.first) != len(nodes.first_leaf):
        raise InputError("trees differ in number", found=len(nodes.first_leaf) - 1)
    if not all(np.isfinite(numbers).all() for numbers in (nodes.threshold, nodes.value, intercept)):
        raise InputError("a number of a tree is not finite")
    if inner and not (nodes.feature.min() >= 0 and nodes.feature.max() < features):
        raise InputError("a tree splits on a feature that is not there", expected=f"0 to {features - 1}")
    _check_children(nodes)


def _shape(value: Floats) -> tuple[int, int]:
    if value.ndim != 2:
        raise InputError("values of leaves are no table", found=value.shape, expected="(leaves, outputs)")
    return value.shape[0], value.shape[1]


def _check_children(nodes: Nodes) -> None:
    """Every inner node but the root, and every leaf, is the child of exactly one node before it: so it is a tree."""
    sizes, leaves = np.diff(nodes.first), np.diff(nodes.first_leaf)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(nodes.feature)) - nodes.first[owner]
    numbers = []
    for child in (nodes.left.astype(np.int64), nodes.right.astype(np.int64)):
        within = np.where(child < 0, -1 - child < leaves[owner], (child > place) & (child < sizes[owner]))
        if not within.all():
            raise InputError("a child is not in its tree, or before its parent", place="trees")
        start = len(nodes.feature) + nodes.first_leaf[owner].astype(np.int64)
        numbers.append(np.where(child < 0, start - 1 - child, nodes.first[owner] + child))
    roots = np.where(sizes > 0, nodes.first[:-1], len(nodes.feature) + nodes.first_leaf[:-1].astype(np.int64))
    found = np.sort(np.concatenate([*numbers, roots]))
    if (leaves != sizes + 1).any() or not np.array_equal(found, np.arange(len(nodes.feature) + len(nodes.value))):
        raise InputError("children of a tree do not make a tree", place="trees")


def _text(nodes: Nodes, features: int) -> str:
    """The trees as LightGBM reads them: each for every output to which it adds something, as many for each."""
    outputs = nodes.value.shape[1]
    queues: list[list[tuple[str, Floats]]] = [[] for _ in range(outputs)]
    for body, values in _written(nodes):
        for output, queue in enumerate(queues):
            if values[:, output].any():
                queue.append((body, values[:, output]))
    rounds = max(1, *(len(queue) for queue in queues))
    nothing: tuple[str, Floats] = ("", np.zeros(1))
    filled = [queue + [nothing] * (rounds - len(queue)) for queue in queues]
    order = (filled[output][place] for place in range(rounds) for output in range(outputs))
    blocks = [_block(body, values, number) for number, (body, values) in enumerate(order)]
    header = {
        "version": "v4",
        "num_class": outputs,
        "num_tree_per_iteration": outputs,
        "label_index": 0,
        "max_feature_idx": features - 1,
        "feature_names": " ".join(f"Column_{place}" for place in range(features)),
        "feature_infos": " ".join(["none"] * features),
        "tree_sizes": " ".join(str(len(block)) for block in blocks),
    }
    lines = "\n".join(f"{key}={value}" for key, value in header.items())
    return f"tree\n{lines}\n\n{''.join(blocks)}end of trees\n"


def _written(nodes: Nodes) -> Iterator[tuple[str, Floats]]:
    kinds = np.where(nodes.missing_left, _UNKNOWN_LEFT, _UNKNOWN_RIGHT)
    columns: dict[str, NDArray[Any]] = {
        "split_feature": nodes.feature,
        "threshold": nodes.threshold,
        "decision_type": kinds,
        "left_child": nodes.left,
        "right_child": nodes.right,
    }
    for first, last, leaf, end in zip(
        nodes.first, nodes.first[1:], nodes.first_leaf, nodes.first_leaf[1:], strict=False
    ):
        lines = [f"{name}={' '.join(map(str, column[first:last].tolist()))}" for name, column in columns.items()]
        yield "\n".join(lines), nodes.value[leaf:end]


def _block(body: str, values: Floats, number: int) -> str:
    if (values == values[0]).all():  # no split matters, or there is none
        body, values = "", values[:1]
    numbers = " ".join(map(repr, values.tolist()))
    splits = f"{body}\n" if body else ""
    head = f"Tree={number}\nnum_leaves={len(values)}\nnum_cat=0\n"
    return f"{head}{splits}leaf_value={numbers}\nis_linear=0\nshrinkage=1\n\n\n"
