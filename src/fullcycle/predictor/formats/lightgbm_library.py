"""LightGBM's shared library, called through its documented C interface.

The ``lightgbm`` package takes over a second to import, for it imports scikit-learn; a service that only predicts needs neither. The same
library file, from the same package, is opened here by itself.

The interface: https://lightgbm.readthedocs.io/en/stable/C-API.html
"""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from ctypes import POINTER, c_char_p, c_double, c_int, c_int32, c_int64, c_void_p
from functools import lru_cache
from pathlib import Path

from fullcycle.kernel.errors import Corrupt, OutsideError

FLOAT64 = 1  # C_API_DTYPE_FLOAT64
NORMAL = 0  # C_API_PREDICT_NORMAL: scores as the objective means them
CONTRIBUTIONS = 3  # C_API_PREDICT_CONTRIB: SHAP values

_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
_MATRIX = (c_void_p, c_int, c_int32, c_int32, c_int, c_int, c_int, c_int, c_char_p, POINTER(c_int64), POINTER(c_double))
_SIGNATURES = {
    "LGBM_BoosterLoadModelFromString": (c_char_p, POINTER(c_int), POINTER(c_void_p)),
    "LGBM_BoosterFree": (c_void_p,),
    "LGBM_BoosterPredictForMat": (c_void_p, *_MATRIX),
    "LGBM_BoosterPredictForMatSingleRowFastInit": (
        *(c_void_p, c_int, c_int, c_int, c_int, c_int32),
        *(c_char_p, POINTER(c_void_p)),
    ),
    "LGBM_BoosterPredictForMatSingleRowFast": (c_void_p, c_void_p, c_void_p, c_void_p),
    "LGBM_FastConfigFree": (c_void_p,),
}


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL:
    """The library, opened once. Raises OutsideError where the package ``lightgbm`` is not installed or cannot run.

    >>> library().LGBM_BoosterFree.restype is ctypes.c_int
    True
    """
    path = find()
    try:
        opened = ctypes.CDLL(str(path))
    except OSError as error:
        mend = "install OpenMP (Debian: libgomp1, macOS: brew install libomp)"
        raise OutsideError(
            "LightGBM's library cannot be opened", place=path.name, found=str(error), mend=mend
        ) from None
    for name, arguments in _SIGNATURES.items():
        function = getattr(opened, name)
        function.argtypes, function.restype = arguments, c_int
    opened.LGBM_GetLastError.restype = c_char_p
    return opened


def find() -> Path:
    """Where the package ``lightgbm`` keeps its library; the package is not imported.

    >>> find().is_file()
    True
    """
    spec = importlib.util.find_spec("lightgbm")
    for package in (spec.submodule_search_locations or []) if spec else []:
        for folder in ("lib", "bin", ""):
            path = Path(package, folder, f"lib_lightgbm{_SUFFIX}")
            if path.is_file():
                return path
    raise OutsideError("LightGBM is not installed", mend="pip install lightgbm")


def called(code: int) -> None:
    """Raise Corrupt with the library's own words unless *code* says that a call went well.

    >>> called(0)
    """
    if code:
        raise Corrupt("LightGBM refused the model", found=library().LGBM_GetLastError().decode(errors="replace"))
