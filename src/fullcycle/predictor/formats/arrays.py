"""Archives of NumPy arrays: what models of numbers are kept in. NumPy itself opens them; there is no pickle in them."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fullcycle.kernel.errors import Corrupt
from fullcycle.predictor import archive

Array: TypeAlias = NDArray[Any]

_LARGEST = 1 << 30  # bytes of one array
_TYPES = ("|u1", "<i4", "<f8")


def pack(arrays: Mapping[str, Array]) -> bytes:
    """A .npz archive: the same arrays are the same bytes. Each is of bytes, 32-bit integers or 64-bit floats.

    >>> unpack(pack({"x": np.array([1.0])}), {"x": "<f8"}, place="model")["x"].tolist()
    [1.0]
    """
    return archive.pack({f"{name}.npy": _written(array) for name, array in arrays.items()})


def unpack(body: bytes, types: Mapping[str, str], *, place: str) -> dict[str, Array]:
    """The arrays of an archive that :func:`pack` made; each size is checked before any memory is taken.

    Parameters
    ----------
    types : NumPy's name of the type of each array that there must be.

    Raises
    ------
    Corrupt
        An array lacks, is one too many, or is of another type.
    """
    files = archive.unpack(body, {f"{name}.npy": _LARGEST for name in types}, place=place)
    if len(files) != len(types):
        raise Corrupt("a model lacks an array", place=place, found=sorted(files), expected=", ".join(sorted(types)))
    found = {name: _read(files[f"{name}.npy"], np.dtype(kind), f"{place}, {name}") for name, kind in types.items()}
    if pack(found) != body:
        raise Corrupt("a model is not in its canonical form", place=place)
    return found


def text(word: str) -> Array:
    """A word as an array of bytes, for names that stand beside numbers.

    >>> bytes(text("mean")).decode()
    'mean'
    """
    return np.frombuffer(word.encode("ascii"), dtype=np.uint8)


def _written(array: Array) -> bytes:
    if array.dtype.str not in _TYPES:
        raise TypeError(f"an array of {array.dtype} has no place in a model")
    out = io.BytesIO()
    npy.write_array(out, np.ascontiguousarray(array).reshape(array.shape), version=(1, 0), allow_pickle=False)
    return out.getvalue()


def _read(body: bytes, kind: np.dtype[Any], place: str) -> Array:
    file = io.BytesIO(body)
    try:
        if npy.read_magic(file) != (1, 0):
            raise ValueError("another version of the .npy format")
        shape, fortran, found = npy.read_array_header_1_0(file)
    except ValueError as error:
        raise Corrupt("not a NumPy array", place=place, found=str(error)) from None
    rest = file.read()
    if found != kind or fortran or math.prod(shape) * kind.itemsize != len(rest):
        raise Corrupt("an array of another type or size", place=place, found=f"{found} {shape}", expected=str(kind))
    return np.frombuffer(rest, kind).reshape(shape)
