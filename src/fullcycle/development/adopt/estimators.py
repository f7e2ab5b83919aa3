"""Estimators of scikit-learn kept by skops, of which a server says which types it trusts: https://skops.readthedocs.io."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fullcycle.development.adopt.foreign import Foreign
from fullcycle.development.learners.estimator import is_estimator, keep, scored
from fullcycle.development.learners.learner import Floats, Training
from fullcycle.kernel.errors import InputError, OutsideError, Refused
from fullcycle.predictor.formats import ModelFormat

MEND = "pip install 'fullcycle[adopt]'"
_PLAIN = ("numpy.dtype", "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor")
"""Types of data alone that skops does not know: a type of numbers, and a tree of scikit-learn's own."""
_EXPANDED = 2 << 30  # bytes of all members together
_ODD = (ValueError, TypeError, KeyError, AttributeError, ImportError, IndexError, zipfile.BadZipFile, OSError)


def skops(path: Path, trusted: Sequence[str] = ()) -> Foreign:
    """A file of skops. What it would make is listed first; nothing is made unless every type is trusted.

    Parameters
    ----------
    trusted : types beyond those that skops itself trusts, as the server lists them.

    Raises
    ------
    Refused : it holds a type that is not trusted, and names each.
    InputError : it is no such file, or holds no estimator.
    OutsideError : skops is not installed.
    """
    try:
        import skops.io as io
    except ImportError:
        raise OutsideError("skops is not installed", mend=MEND) from None
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > _EXPANDED:
                raise InputError("the file is too large when it is unpacked", place=str(path))
        unknown = [name for name in io.get_untrusted_types(file=path) if name not in (*_PLAIN, *trusted)]
        if unknown:
            raise Refused(
                "the file holds types that are not trusted here",
                place=str(path),
                found=", ".join(sorted(unknown)[:8]),
                mend="look at each; if you trust it, list it in cycle.toml, [platform.ENV] trusted_types",
            )
        estimator = io.load(path, trusted=[*_PLAIN, *trusted])
    except _ODD as error:
        if isinstance(error, InputError):
            raise
        raise InputError("not a file of skops", place=str(path), found=str(error)[:200]) from None
    return of_estimator(estimator, "skops")


def of_estimator(estimator: Any, kind: str) -> Foreign:
    """A fitted estimator that is in memory.

    >>> from sklearn.linear_model import LinearRegression
    >>> rows = np.arange(8.0).reshape(8, 1)
    >>> of_estimator(LinearRegression().fit(rows, 2 * rows[:, 0]), "skops").width
    1

    Raises
    ------
    InputError : it is none.
    """
    if not is_estimator(estimator):
        raise InputError("no estimator of scikit-learn", place=kind, found=type(estimator).__name__)
    names = tuple(str(name) for name in getattr(estimator, "feature_names_in_", ()))

    def read(training: Training) -> tuple[ModelFormat, Floats]:
        _code(estimator, training)
        for owner in _steps(estimator):  # it is asked with a matrix, not with a data frame
            vars(owner).pop("feature_names_in_", None)
        return keep(estimator, training), scored(estimator, training.X, training)

    return Foreign(kind, names, int(getattr(estimator, "n_features_in_", 0)), read)


def _code(estimator: Any, training: Training) -> None:
    """Its classes as codes: those of a dataset are in the order of their names, as scikit-learn's are."""
    classes = getattr(estimator, "classes_", None)
    if classes is None or training.task == "regression":
        return
    if len(classes) != max(training.classes, 2):
        raise InputError("the model knows other classes", found=len(classes), expected=str(training.classes))
    codes = np.arange(len(classes))
    for owner in _steps(estimator):
        if "classes_" in vars(owner):
            owner.classes_ = codes


def _steps(estimator: Any) -> list[Any]:
    """The estimator, and those in it that a pipeline ends with."""
    found = [estimator]
    while hasattr(found[-1], "steps"):
        found.append(found[-1].steps[-1][1])
    return found
