"""A fitted scikit-learn estimator as an ONNX graph, by skl2onnx: https://onnx.ai/sklearn-onnx/."""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any, NamedTuple

import numpy as np

from fullcycle.development.learners.learner import Training
from fullcycle.kernel.errors import InputError, OutsideError
from fullcycle.predictor.formats.onnx import MEND, Facts, Feed, Onnx

LIBRARIES = ("onnx", "onnxruntime", "skl2onnx")
_UNABLE = (RuntimeError, ValueError, TypeError, NotImplementedError, LookupError, AttributeError, ArithmeticError)
"""What converters raise for what they cannot convert; a missing converter is a RuntimeError."""


class Unconverted(NamedTuple):
    """Why there is no graph of an estimator."""

    why: str


def converted(estimator: Any, training: Training, *, single: bool) -> Onnx | Unconverted:
    """The estimator as a graph, in double precision or, if *single*, in 32 bits; or why there is none.

    Raises OutsideError where skl2onnx, onnx or ONNX Runtime is not installed.

    >>> from sklearn.naive_bayes import GaussianNB
    >>> rows, target = np.arange(8.0).reshape(8, 1), np.array([0.0] * 4 + [1.0] * 4)
    >>> kept = converted(GaussianNB().fit(rows, target), Training(rows, target, "binary", 2, {}, seed=0), single=False)
    >>> kept.features, kept.score([0.0]) < 0.5 < kept.score([7.0])
    (1, True)
    """
    if any(importlib.util.find_spec(name) is None for name in LIBRARIES):
        problem = f"a {type(estimator).__name__} is kept as ONNX, whose libraries are not installed"
        raise OutsideError(problem, expected=", ".join(LIBRARIES), mend=MEND)
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    width, classifies = training.X.shape[1], training.task != "regression"
    type_ = FloatTensorType if single else DoubleTensorType
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of deprecations within the converters
            graph = to_onnx(
                estimator,
                name="estimator",  # it would be drawn by lot
                initial_types=[("features", type_([None, width]))],
                options={id(estimator): {"zipmap": False}} if classifies else None,
            )
            facts = Facts(
                feeds=(Feed(name="features", width=width, type="float32" if single else "float64"),),
                output=graph.graph.output[-1].name,
                places=_places(estimator, training),
                probability=classifies,
            )
            return Onnx(graph.SerializeToString(deterministic=True), facts)
    except InputError as error:
        return Unconverted(f"{error.problem}: {error.found}")
    except _UNABLE as error:
        return Unconverted(f"skl2onnx: {' '.join(str(error).split())[:160]}")


def _places(estimator: Any, training: Training) -> tuple[int, ...]:
    """Where in the graph's output each score stands; the classes that the estimator has seen are in their order."""
    if training.task == "regression":
        return (0,)
    seen = np.asarray(estimator.classes_).astype(np.int64).tolist()
    wanted = [1] if training.task == "binary" else range(training.classes)
    return tuple(seen.index(code) if code in seen else -1 for code in wanted)
