"""A folder that MLflow wrote: its ``MLmodel`` file names the library, the file and the columns.

Reference: https://mlflow.org/docs/latest/ml/model/
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from fullcycle.kernel.errors import InputError, OutsideError

MEND = "pip install 'fullcycle[adopt]'"
_FLAVOURS = {"lightgbm": "lightgbm", "xgboost": "xgboost", "catboost": "catboost", "onnx": "onnx", "sklearn": "sklearn"}
_FILES = ("data", "pickled_model", "model_path")
_LARGEST = 1 << 20  # bytes of MLmodel


class Folder(NamedTuple):
    """What it says: the file of the model, and its columns in order, where it has a signature."""

    file: Path
    names: tuple[str, ...]


def read(folder: Path) -> Folder:
    """What an MLflow folder holds. Nothing but ``MLmodel`` is read.

    Raises
    ------
    InputError : the file is none of MLflow's, is of a library that is not known here, or leads out of the folder.
    OutsideError : PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError:
        raise OutsideError("PyYAML is not installed", mend=MEND) from None
    place = folder / "MLmodel"
    try:
        if place.stat().st_size > _LARGEST:
            raise InputError("the file is too large", place=str(place))
        told: Any = yaml.safe_load(place.read_text(encoding="utf-8"))
        flavours = dict(told["flavors"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("not a model of MLflow", place=str(place), found=str(error)[:160]) from None
    known = next((name for name in _FLAVOURS if name in flavours), None)
    if known is None:
        expected = ", ".join(_FLAVOURS)
        raise InputError(
            "a flavour that is not known here", place=str(place), found=", ".join(flavours), expected=expected
        )
    named = next((str(flavours[known][key]) for key in _FILES if flavours[known].get(key)), "")
    file = (folder / named).resolve()
    if not named or not file.is_relative_to(folder.resolve()) or not file.is_file():
        raise InputError("the folder lacks its model", place=str(place), found=named)
    return Folder(file, _columns(told.get("signature")))


def _columns(signature: Any) -> tuple[str, ...]:
    """The columns of a signature, empty where it names none."""
    try:
        inputs = json.loads(signature["inputs"])
        return tuple(str(one["name"]) for one in inputs)
    except (TypeError, KeyError, ValueError):
        return ()
