"""ONNX files, kept as they are where every operator is of the standard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fullcycle.development.adopt.foreign import Foreign
from fullcycle.development.learners.learner import Floats, Training
from fullcycle.kernel.errors import InputError, OutsideError
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.formats.onnx import MEND, Facts, Feed, Onnx

_TYPES = {1: "float32", 7: "int64", 11: "float64"}  # TensorProto's numbers
_SEQUENCE = "sequence_type"


def onnx(path: Path) -> Foreign:
    """A graph whose inputs are columns: one for all, or one for each; the last output that holds numbers is the score.

    Raises
    ------
    InputError : it is no graph, or its inputs or outputs are none of these.
    OutsideError : ONNX Runtime is not installed.
    """
    try:
        import onnx as library
        from google.protobuf.message import DecodeError
    except ImportError:
        raise OutsideError("ONNX Runtime is not installed", mend=MEND) from None
    body = path.read_bytes()
    try:
        graph = library.load_model_from_string(body).graph
    except DecodeError as error:
        raise InputError("not an ONNX graph", place=str(path), found=str(error)[:160]) from None
    weights = {it.name for it in graph.initializer}
    inputs = [it for it in graph.input if it.name not in weights]
    feeds = tuple(_feed(it, path, alone=len(inputs) == 1) for it in inputs)
    output = _output(graph, path)
    single = len(inputs) > 1 and all(feed.width == 1 for feed in feeds)
    names = tuple(feed.name for feed in feeds) if single else ()

    def read(training: Training) -> tuple[ModelFormat, Floats]:
        width = training.X.shape[1]
        known = tuple(_widened(feed, width) for feed in feeds)
        binary, classifies = training.task == "binary", training.task != "regression"
        numbers = _numbers(output) or (2 if binary else max(training.classes, 1))
        if numbers not in ((1, 2) if binary else (max(training.classes, 1),)):
            raise InputError(
                "the graph is for another task", place=str(path), found=f"{numbers} scores", expected=training.task
            )
        places = tuple(range(training.classes)) if training.task == "multiclass" else (numbers - 1 if binary else 0,)
        facts = Facts(feeds=known, output=output.name, places=places, probability=classifies)
        bare = Onnx(body, Facts(feeds=known, output=output.name, places=places))
        return Onnx(body, facts), bare.scores(training.X)  # the graph itself answers: nothing was converted

    return Foreign("onnx", names, sum(feed.width for feed in feeds) if single else _told(feeds), read)


def _feed(it: Any, path: Path, *, alone: bool) -> Feed:
    kind = it.type.tensor_type
    dims = kind.shape.dim
    if kind.elem_type not in _TYPES or len(dims) != 2:
        found = f"{it.name}: type {kind.elem_type}, {len(dims)} dimensions"
        expected = "numbers of (rows, columns)"
        raise InputError(
            "an input of the graph takes no columns of numbers", place=str(path), found=found, expected=expected
        )
    width = dims[1].dim_value or (0 if alone else 1)
    return _made(it.name, width, _TYPES[kind.elem_type])


def _made(name: str, width: int, type_: str) -> Feed:
    return Feed(name=name, width=width, type=type_)  # type: ignore[arg-type]  # of _TYPES


def _widened(feed: Feed, width: int) -> Feed:
    """The feed; where the graph leaves open how many columns it takes, all of them."""
    return feed if feed.width else _made(feed.name, width, feed.type)


def _told(feeds: tuple[Feed, ...]) -> int:
    return 0 if any(not feed.width for feed in feeds) else sum(feed.width for feed in feeds)


def _output(graph: Any, path: Path) -> Any:
    numbers = [it for it in graph.output if it.type.tensor_type.elem_type in (1, 11)]
    if numbers:
        return numbers[-1]
    sequences = any(it.type.WhichOneof("value") == _SEQUENCE for it in graph.output)
    mend = "convert it again with options={'zipmap': False}" if sequences else ""
    raise InputError(
        "the graph gives no scores", place=str(path), expected="an output of floating-point numbers", mend=mend
    )


def _numbers(output: Any) -> int:
    """How many numbers a row's output holds, 0 where the graph does not say."""
    dims = output.type.tensor_type.shape.dim
    return int(np.prod([dim.dim_value for dim in dims[1:]])) if len(dims) > 1 else 1 if len(dims) == 1 else 0
