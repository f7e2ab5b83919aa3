"""A model that was made elsewhere, as a file or folder: what it is, seen without running anything of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fullcycle.development.learners.estimator import APART, apart
from fullcycle.development.learners.learner import Floats, Training
from fullcycle.kernel.errors import InputError, OutsideError
from fullcycle.predictor.formats import ModelFormat

MOST = 2 << 30  # bytes of a file
_HEAD = 16
_NEAR = 1e-6  # by which single precision may miss 0 and 1
_PICKLED = (".pkl", ".pickle", ".joblib", ".dill", ".sav", ".pt", ".pth", ".h5", ".keras")
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x04\x22\x4d\x18", b"\x78\x01", b"\x78\x9c", b"\x78\xda")  # joblib's
_WRITTEN = {b"tree\n": "lightgbm", b"CBM1": "catboost"}


class Foreign(NamedTuple):
    """A model that can be read.

    Attributes
    ----------
    kind : whose file it is.
    names : the columns that it takes, in its order; empty where it does not say.
    width : how many it takes, 0 where it does not say.
    read : gives it in a format that serves, and what it answers itself to the rows of a training.
    """

    kind: str
    names: tuple[str, ...]
    width: int
    read: Callable[[Training], tuple[ModelFormat, Floats]]

    def kept(self, training: Training) -> ModelFormat:
        """The model in a format that serves, once it answers as it did where it came from.

        Raises
        ------
        InputError : it does not, or it is none for this task.
        """
        model, expected = self.read(training)
        outputs = training.classes if training.task == "multiclass" else 1
        if (model.features, model.outputs) != (training.X.shape[1], outputs):
            raise InputError(
                "the model is for another question",
                place=self.kind,
                found=f"{model.features} columns, {model.outputs} scores",
                expected=f"{training.X.shape[1]} columns, {outputs} scores",
            )
        if training.task != "regression" and not _probabilities(expected):
            raise InputError(
                "the model gives no probabilities", place=self.kind, expected=f"for a {training.task} task"
            )
        if (worst := apart(model.scores(training.X), expected, training)) > APART:
            raise InputError(
                "the model cannot be kept so that it scores the same",
                place=self.kind,
                found=f"scores up to {worst:.3g} apart",
                expected=f"at most {APART}",
            )
        return model


def _probabilities(scores: Floats) -> bool:
    """Whether they all are; those of several classes add up to 1."""
    inside = bool(((scores >= -_NEAR) & (scores <= 1 + _NEAR)).all())
    return inside and (scores.ndim == 1 or bool(np.allclose(scores.sum(axis=1), 1.0, atol=1e-4)))


def kind_of(path: Path) -> str:
    """What a file or folder is: ``lightgbm``, ``xgboost``, ``catboost``, ``onnx``, ``skops``, ``mlflow`` or ``pickle``.

    Only its first bytes and its name are looked at.

    Raises
    ------
    OutsideError : it cannot be read.
    InputError : it is none of them, or too large.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "model.bin")
    ...     _ = file.write_bytes(b"\\x80\\x04\\x95")
    ...     kind_of(file)
    'pickle'
    """
    try:
        if path.is_dir():
            if (path / "MLmodel").is_file():
                return "mlflow"
            raise InputError("a folder without an MLmodel file", place=str(path), expected="an MLflow model")
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if path.stat().st_size > MOST:
            raise InputError("the file is too large", place=str(path), expected=f"{MOST} bytes at most")
    except OSError as error:
        raise OutsideError("cannot read the model", place=str(path), found=error.strerror or "") from error
    return _by_content(path, head)


def _by_content(path: Path, head: bytes) -> str:
    suffix = path.suffix.lower()
    pickled = len(head) > 1 and head[0] == 0x80 and head[1] <= 5
    if pickled or suffix in _PICKLED or head.startswith(_COMPRESSED):
        return "pickle"
    for written, kind in _WRITTEN.items():
        if head.startswith(written):
            return kind
    if head.startswith(b"PK\x03\x04") and suffix in (".skops", ".zip"):
        return "skops"
    if suffix == ".onnx":
        return "onnx"
    if head.startswith(b"{"):
        return "xgboost"
    raise InputError(
        "this is no model that is known",
        place=str(path),
        expected="a file of LightGBM (text), XGBoost (JSON, UBJSON), CatBoost (cbm), ONNX or skops, or an MLflow folder",
    )
