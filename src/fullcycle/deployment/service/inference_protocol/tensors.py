"""Tensors of the protocol: one column each, checked by their datatype and shape."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from fullcycle.deployment.service.problem import Problem

CONTENT_TYPES = ("np", "pd", "str", "datetime", "base64")
"""Of MLServer. The last three are for BYTES: text, ISO 8601, and text in base64."""


class Tensor(msgspec.Struct):
    """A tensor of a request; ``data`` flat or nested.

    >>> Tensor(name="distance", shape=[2], datatype="FP64", data=[1.5, None]).datatype
    'FP64'
    """

    name: str
    shape: list[int]
    datatype: str
    data: list[Any]
    parameters: dict[str, Any] = {}


class Output(msgspec.Struct, omit_defaults=True):
    """A tensor of an answer, its data flat."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any]
    parameters: dict[str, Any] = {}


def column(tensor: Tensor, content_type: str = "") -> list[Any]:
    """The values of a tensor, one a row; null is a missing value.

    Parameters
    ----------
    content_type : what the whole request says; the tensor's own comes first.

    Raises
    ------
    Problem : 400, naming the tensor, where shape, datatype or content type do not fit.

    Examples
    --------
    >>> column(Tensor(name="distance", shape=[2, 1], datatype="FP64", data=[[1.5], [2.5]]))
    [1.5, 2.5]
    >>> column(Tensor(name="carrier", shape=[1], datatype="BYTES", data=["VUE="], parameters={"content_type": "base64"}))
    ['UA']
    """
    kind = tensor.parameters.get("content_type", content_type or "np")
    if kind not in CONTENT_TYPES:
        raise _wrong(tensor, f"content_type {str(kind)[:40]!r}, expected one of {', '.join(CONTENT_TYPES)}")
    if tensor.datatype not in _FITS:
        raise _wrong(tensor, f"datatype {tensor.datatype[:40]!r}, expected one of {', '.join(_FITS)}")
    if kind in ("str", "datetime", "base64") and tensor.datatype != "BYTES":
        raise _wrong(tensor, f"content_type {kind!r} with datatype {tensor.datatype}, expected BYTES")
    values = _flat(tensor)
    fits = _FITS[tensor.datatype]
    for place, value in enumerate(values):
        if value is not None and not fits(value):
            raise _wrong(tensor, f"{str(value)[:40]!r} at {place}, expected {tensor.datatype} or null")
    return [_text(tensor, value) for value in values] if kind == "base64" else values


def _flat(tensor: Tensor) -> list[Any]:
    shape = tensor.shape
    if len(shape) not in (1, 2) or shape[1:] not in ([], [1]) or shape[0] < 0:
        raise _wrong(tensor, f"shape {shape[:8]}, expected [n] or [n, 1]: each tensor is one column, named by it")
    values = list(_leaves(tensor.data, len(shape)))
    if len(values) != shape[0]:
        raise _wrong(tensor, f"{len(values)} values, expected {shape[0]} by its shape")
    return values


def _leaves(data: Sequence[Any], depth: int) -> Iterator[Any]:
    """The values of nested lists, down to *depth*; a list that is deeper is no value and fits no datatype."""
    for value in data:
        if depth > 1 and isinstance(value, list):
            yield from _leaves(value, depth - 1)
        else:
            yield value


def _text(tensor: Tensor, value: str | None) -> str | None:
    try:
        return None if value is None else base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        raise _wrong(tensor, f"{value[:40] if value else value!r}, expected UTF-8 in base64") from None


def _wrong(tensor: Tensor, what: str) -> Problem:
    return Problem(400, f"Tensor {tensor.name[:80]!r} has {what}.")


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _number(largest: float) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and abs(value) <= largest
    )


_FITS: dict[str, Callable[[Any], bool]] = {
    "BOOL": lambda value: isinstance(value, bool),
    **{f"UINT{bits}": _whole(0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    **{f"INT{bits}": _whole(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    "FP16": _number(65504.0),
    "FP32": _number(3.4028234663852886e38),
    "FP64": _number(1.7976931348623157e308),
    "BYTES": lambda value: isinstance(value, str),
}
DATATYPES = tuple(_FITS)
"""The specification's, in its order but for signs."""
