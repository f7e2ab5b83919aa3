"""Blends: several models, each with columns of its own of one matrix, whose scores are averaged by weight.

Kept as an archive of ``blend.json`` and each member in its own format. Members are read without trust, as they would be
alone; a blend holds no blend. Sums run member by member in order, so one row and a million rows give the same bits.

Caruana, Niculescu-Mizil, Crew and Ksikes 2004, *Ensemble selection from libraries of models*.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import rfc8785
from numpy.typing import NDArray

from fullcycle.kernel.errors import Corrupt, InputError, UnknownKey
from fullcycle.predictor import archive
from fullcycle.predictor.formats import FORMATS, ModelFormat, load
from fullcycle.predictor.formats.width import check_matrix, check_row

Floats = NDArray[np.float64]

MOST = 64  # members
_LARGEST = 1 << 30  # bytes of one member
_FILES = {"blend.json": 1 << 26, **{f"model{place}": _LARGEST for place in range(MOST)}}


class Part(NamedTuple):
    """A member of a blend.

    Attributes
    ----------
    model : in any format but a blend.
    columns : (features of the model,) positions in the blend's matrix.
    weight : its share of the score, above 0.
    """

    model: ModelFormat
    columns: tuple[int, ...]
    weight: float


class Blend:
    """The weighted mean of models' scores.

    Parameters
    ----------
    parts : one member or more; weights add up to 1.
    features : how many features a row has.

    Raises
    ------
    InputError : members do not fit each other, a column lies outside, or weights are no shares.

    Examples
    --------
    >>> from fullcycle.predictor.formats.linear import Linear
    >>> model = Blend([Part(Linear([1.0], 0.0), (0,), 0.25), Part(Linear([1.0], 0.0), (1,), 0.75)], 2)
    >>> model.score([4.0, 8.0]), model.scores(np.array([[4.0, 8.0]])).tolist()
    (7.0, [7.0])
    """

    name = "blend"

    def __init__(self, parts: Sequence[Part], features: int) -> None:
        self.parts, self.features = tuple(parts), features
        _check(self.parts, features)
        self.outputs = self.parts[0].model.outputs
        # a member that reads all columns in order needs no copy of the row
        plain = tuple(range(features))
        self._places = [None if part.columns == plain else list(part.columns) for part in self.parts]

    def scores(self, matrix: Floats) -> Floats:
        """Scores of (n, features) rows: (n,), or (n, classes). Raises InputError for another width."""
        check_matrix(matrix, self.features)
        total = np.zeros(len(matrix) if self.outputs == 1 else (len(matrix), self.outputs))
        for part, places in zip(self.parts, self._places, strict=True):
            own = matrix if places is None else np.ascontiguousarray(matrix[:, places])
            total = total + part.weight * part.model.scores(own)
        return total

    def score(self, features: Sequence[float]) -> float | list[float]:
        """The score of one row: a number, or one per class. Raises InputError for another number of features."""
        check_row(features, self.features)
        totals = [0.0] * self.outputs
        for part, places in zip(self.parts, self._places, strict=True):
            found = part.model.score(features if places is None else [features[place] for place in places])
            each = found if isinstance(found, list) else [found]
            totals = [total + part.weight * score for total, score in zip(totals, each, strict=True)]
        return totals if self.outputs > 1 else totals[0]

    def to_bytes(self) -> bytes:
        """An archive of ``blend.json`` and ``model0``, ``model1``, …"""
        told = _Told(
            features=self.features,
            members=tuple(_Member(format=it.model.name, columns=it.columns, weight=it.weight) for it in self.parts),
        )
        files = {f"model{place}": part.model.to_bytes() for place, part in enumerate(self.parts)}
        return archive.pack({"blend.json": rfc8785.dumps(msgspec.to_builtins(told)), **files})

    @classmethod
    def from_bytes(cls, body: bytes) -> Blend:
        """The model that :meth:`to_bytes` wrote. Raises Corrupt for anything else.

        >>> from fullcycle.predictor.formats.linear import Linear
        >>> Blend.from_bytes(Blend([Part(Linear([2.0], 0.5), (0,), 1.0)], 1).to_bytes()).score([1.0])
        2.5
        """
        files = archive.unpack(body, _FILES, place="blend")
        try:
            told = msgspec.json.decode(files.get("blend.json", b""), type=_Told)
        except msgspec.MsgspecError as error:
            raise Corrupt("a blend does not say what it holds", place="blend", found=str(error)) from None
        if set(files) != {"blend.json", *(f"model{place}" for place in range(len(told.members)))}:
            raise Corrupt("a blend lacks a member, or has one too many", place="blend", found=sorted(files))
        try:
            parts = [
                Part(_member(it.format, files[f"model{place}"]), it.columns, it.weight)
                for place, it in enumerate(told.members)
            ]
            blend = cls(parts, told.features)
        except InputError as error:
            raise Corrupt(error.problem, place="blend", found=error.found, expected=error.expected) from None
        if blend.to_bytes() != body:
            raise Corrupt("a blend is not in its canonical form", place="blend")
        return blend


class _Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    columns: tuple[int, ...]
    weight: float


class _Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    features: int
    members: tuple[_Member, ...]


def _member(name: str, body: bytes) -> ModelFormat:
    if name == Blend.name:  # an archive within an archive within …
        raise InputError("a blend holds a blend")
    if name not in FORMATS:
        raise UnknownKey(name, FORMATS, what="model format")
    return load(name, body)


def _check(parts: tuple[Part, ...], features: int) -> None:
    if not 1 <= len(parts) <= MOST:
        raise InputError("a blend has no members, or too many", found=len(parts), expected=f"1 to {MOST}")
    if len({part.model.outputs for part in parts}) > 1:
        raise InputError("members of a blend have different outputs", found=[it.model.outputs for it in parts])
    for part in parts:
        if len(part.columns) != part.model.features or not all(0 <= place < features for place in part.columns):
            raise InputError(
                "a member's columns do not fit", found=len(part.columns), expected=str(part.model.features)
            )
        if not (math.isfinite(part.weight) and part.weight > 0):
            raise InputError("a member's weight is no share", found=part.weight, expected="above 0")
    if abs(math.fsum(part.weight for part in parts) - 1) > 1e-9:
        raise InputError("weights of a blend do not add up to 1", found=[it.weight for it in parts])
