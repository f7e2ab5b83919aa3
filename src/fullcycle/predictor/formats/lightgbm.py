"""LightGBM models: gradient-boosted trees, from LightGBM's own text.

Batches and single rows go through the same trees in the library's C++; a single row through the interface made for it, which sets up
nothing but the row. Both give the same bits, on any number of threads, for each row is summed on its own.

Ke et al. (2017), LightGBM: A Highly Efficient Gradient Boosting Decision Tree.
"""

from __future__ import annotations

import ctypes
import struct
import threading
import weakref
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fullcycle.kernel.errors import Corrupt, InputError
from fullcycle.predictor.formats.lightgbm_library import FLOAT64, NORMAL, called, library
from fullcycle.predictor.formats.lightgbm_text import canonical, canonical_text, check

__all__ = ["LightGBM", "canonical_text"]

Floats = NDArray[np.float64]
_BLOCK = 1 << 20  # rows of one call: the library counts them in 32 bits


class LightGBM:
    """A LightGBM model that predicts. It may be shared by threads, which then answer one row after the other.

    Parameters
    ----------
    text : a model text as :func:`canonical_text` makes it.

    Raises
    ------
    Corrupt : the text is not a canonical model text.
    OutsideError : LightGBM is not installed.

    Examples
    --------
    >>> import lightgbm
    >>> rows, target = np.arange(80.0).reshape(40, 2), np.arange(40) >= 20
    >>> booster = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(rows, target), 5)
    >>> model = LightGBM(canonical_text(booster))
    >>> bool(model.score([78.0, 79.0]) == model.scores(rows)[-1] == booster.predict(rows)[-1])
    True
    """

    name = "lightgbm"

    def __init__(self, text: str) -> None:
        shape = check(text)
        if canonical(text) != text:
            raise Corrupt("a LightGBM text is not in its canonical form", mend="make it with canonical_text")
        self.text, self.objective = text, shape.objective
        self.features, self.outputs = shape.features, shape.outputs
        self._lock = threading.Lock()
        self._booster = _loaded(text)
        self._row, self._out = (ctypes.c_double * shape.features)(), (ctypes.c_double * shape.outputs)()
        self._length = ctypes.c_int64()
        self._write = struct.Struct(f"{shape.features}d").pack_into
        config = _fast(self._booster, shape.features)
        self._call = library().LGBM_BoosterPredictForMatSingleRowFast
        self._arguments = (
            config,
            *(ctypes.cast(ctypes.byref(it), ctypes.c_void_p) for it in (self._row, self._length, self._out)),
        )
        self._free = weakref.finalize(self, _freed, self._booster, config)

    def scores(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """Scores of (n, features) rows: (n,), or (n, classes). NaN is a missing value.

        *threads* changes the time it takes and nothing else. Raises InputError for another width or after :meth:`close`.
        """
        if matrix.ndim != 2 or matrix.shape[1] != self.features:
            raise InputError(
                "a matrix has another width than the model", found=matrix.shape, expected=f"(n, {self.features})"
            )
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        scores = np.empty((len(rows), self.outputs))
        for start in range(0, len(rows), _BLOCK):
            self._predict(rows[start : start + _BLOCK], scores[start : start + _BLOCK], threads)
        return scores if self.outputs > 1 else scores[:, 0]

    def score(self, features: Sequence[float]) -> float | list[float]:
        """The score of one row: a number, or one per class. Raises InputError for another width or after :meth:`close`."""
        if len(features) != self.features:
            raise InputError("a row has another width than the model", found=len(features), expected=str(self.features))
        with self._lock:  # the row, the answer and the library's own buffers are this instance's
            self._check_open()
            self._write(self._row, 0, *features)
            called(self._call(*self._arguments))
            return self._out[0] if self.outputs == 1 else self._out[:]

    def to_bytes(self) -> bytes:
        """The canonical text."""
        return self.text.encode("ascii")

    @classmethod
    def from_bytes(cls, body: bytes) -> LightGBM:
        """The model that :meth:`to_bytes` wrote. Raises Corrupt for anything else."""
        try:
            return cls(body.decode("ascii"))
        except UnicodeDecodeError:
            raise Corrupt("not a LightGBM model text", expected="ASCII") from None

    def close(self) -> None:
        """Give the library's memory back; done by itself when the model is no longer used."""
        with self._lock:
            self._free()

    def _check_open(self) -> None:
        if not self._free.alive:
            raise InputError("the model is closed", mend="load it again")

    def _predict(self, rows: Floats, scores: Floats, threads: int) -> None:
        parameters = f"num_threads={int(threads)}".encode()
        data = rows.ctypes.data_as(ctypes.c_void_p)
        out = scores.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
        predict, length = library().LGBM_BoosterPredictForMat, ctypes.c_int64()
        with self._lock:
            self._check_open()
            code = predict(
                *(self._booster, data, FLOAT64, len(rows), self.features, 1),
                *(NORMAL, 0, -1, parameters, ctypes.byref(length), out),
            )
        called(code)
        if length.value != scores.size:
            raise Corrupt("LightGBM gave another number of scores", found=length.value, expected=str(scores.size))


def _loaded(text: str) -> ctypes.c_void_p:
    booster, iterations = ctypes.c_void_p(), ctypes.c_int()
    called(library().LGBM_BoosterLoadModelFromString(text.encode(), ctypes.byref(iterations), ctypes.byref(booster)))
    return booster


def _fast(booster: ctypes.c_void_p, features: int) -> ctypes.c_void_p:
    config = ctypes.c_void_p()
    init = library().LGBM_BoosterPredictForMatSingleRowFastInit
    called(init(booster, NORMAL, 0, -1, FLOAT64, features, b"num_threads=1", ctypes.byref(config)))
    return config


def _freed(booster: ctypes.c_void_p, config: ctypes.c_void_p) -> None:
    library().LGBM_FastConfigFree(config)
    library().LGBM_BoosterFree(booster)
