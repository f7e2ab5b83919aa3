"""A model in the memory of LightGBM's library, asked for many rows or for one.

Batches and single rows go through the same trees in the library's C++; a single row through the interface made for it,
which sets up nothing but the row. Both give the same bits, on any number of threads, for each row is summed on its own.
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
from fullcycle.predictor.formats.lightgbm_library import CONTRIBUTIONS, FLOAT64, NORMAL, called, library
from fullcycle.predictor.formats.width import check_matrix, check_row

Floats = NDArray[np.float64]
_BLOCK = 1 << 20  # rows of one call: the library counts them in 32 bits


class Booster:
    """A model text that was found right, loaded. It may be shared by threads, which then answer one row after the other.

    Parameters
    ----------
    text : a model text; the library trusts it, so it is one that we wrote or checked.
    features, outputs : how many numbers go into a row and come out.

    Raises
    ------
    Corrupt : the library refuses the text.
    OutsideError : LightGBM is not installed.
    """

    def __init__(self, text: str, features: int, outputs: int) -> None:
        self.features, self.outputs = features, outputs
        self._lock = threading.Lock()
        self._booster = _loaded(text)
        self._row, self._out = (ctypes.c_double * features)(), (ctypes.c_double * outputs)()
        self._length = ctypes.c_int64()
        self._write = struct.Struct(f"{features}d").pack_into
        config = _fast(self._booster, features)
        self._call = library().LGBM_BoosterPredictForMatSingleRowFast
        self._arguments = (
            config,
            *(ctypes.cast(ctypes.byref(it), ctypes.c_void_p) for it in (self._row, self._length, self._out)),
        )
        self._free = weakref.finalize(self, _freed, self._booster, config)

    def scores(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """Scores of (n, features) rows, (n, outputs). Raises InputError for another width or after :meth:`close`."""
        check_matrix(matrix, self.features)
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        scores = np.empty((len(rows), self.outputs))
        for start in range(0, len(rows), _BLOCK):
            self._predict(rows[start : start + _BLOCK], scores[start : start + _BLOCK], threads)
        return scores

    def contributions(self, matrix: Floats) -> Floats:
        """SHAP values of (n, features) rows before the link, (n, outputs, features + 1), what is expected of any row last.

        By the library's own TreeSHAP, on one thread. Raises InputError for another width or after :meth:`close`.
        """
        check_matrix(matrix, self.features)
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        found = np.empty((len(rows), self.outputs, self.features + 1))
        for start in range(0, len(rows), _BLOCK):
            self._predict(rows[start : start + _BLOCK], found[start : start + _BLOCK], 1, kind=CONTRIBUTIONS)
        return found

    def score(self, features: Sequence[float]) -> list[float]:
        """The outputs of one row. Raises InputError for another width or after :meth:`close`."""
        check_row(features, self.features)
        with self._lock:  # the row, the answer and the library's own buffers are this instance's
            self._check_open()
            self._write(self._row, 0, *features)
            called(self._call(*self._arguments))
            return self._out[:]

    def close(self) -> None:
        """Give the library's memory back; done by itself when the model is no longer used."""
        with self._lock:
            self._free()

    def _check_open(self) -> None:
        if not self._free.alive:
            raise InputError("the model is closed", mend="load it again")

    def _predict(self, rows: Floats, scores: Floats, threads: int, kind: int = NORMAL) -> None:
        parameters = f"num_threads={int(threads)}".encode()
        data = rows.ctypes.data_as(ctypes.c_void_p)
        out = scores.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
        predict, length = library().LGBM_BoosterPredictForMat, ctypes.c_int64()
        with self._lock:
            self._check_open()
            code = predict(
                *(self._booster, data, FLOAT64, len(rows), self.features, 1),
                *(kind, 0, -1, parameters, ctypes.byref(length), out),
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
