"""A curve through knots: the table by which a number becomes its rank among those seen, or the normal score of it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping

import numpy as np

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan.operation import Unary, register
from fullcycle.predictor.plan.values import NAN, Numbers, RowStep, Slots


@register
class Interpolate(Unary, frozen=True, kw_only=True, tag="interpolate"):
    """Straight lines from knot to knot; below the first and above the last, the value there.

    >>> step = Interpolate(output="b", input="a", knots=(0.0, 10.0, 20.0), values=(0.0, 1.0, 5.0)).row({"a": 0})
    >>> step([5.0]), step([15.0]), step([99.0])
    (0.5, 3.0, 5.0)
    """

    knots: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.knots or any(b <= a for a, b in zip(self.knots, self.knots[1:], strict=False)):
            raise InputError("the knots do not rise", place=self.place, mend="give one or more, sorted, none twice")
        if len(self.values) != len(self.knots):
            found, expected = len(self.values), f"{len(self.knots)} values"
            raise InputError("values and knots differ in number", place=self.place, found=found, expected=expected)

    def _slopes(self) -> list[float]:
        """The slope right of each knot, of halved numbers: the whole way between two knots may be no finite number."""
        pairs = zip(self.knots, self.knots[1:], self.values, self.values[1:], strict=False)
        return [*(_slope(b * 0.5 - a * 0.5, d * 0.5 - c * 0.5) for a, b, c, d in pairs), 0.0]

    def columns(self, slots: Slots) -> Numbers:
        x = slots.numbers(self.input)
        knots, values, slopes = (np.array(it, dtype=np.float64) for it in (self.knots, self.values, self._slopes()))
        x = np.where(x < knots[0], knots[0], np.where(x > knots[-1], knots[-1], x))
        place = np.searchsorted(knots, x, side="right") - 1
        return values[place] + (x * 0.5 - knots[place] * 0.5) * slopes[place] * 2.0

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, knots, values, slopes = places[self.input], list(self.knots), list(self.values), self._slopes()
        halves = [knot * 0.5 for knot in knots]
        first, last = knots[0], knots[-1]

        def interpolate(s: list[float]) -> float:
            x = s[i]
            if x < first:
                x = first
            elif x > last:
                x = last
            elif x != x:
                return NAN
            place = bisect_right(knots, x) - 1
            return values[place] + (x * 0.5 - halves[place]) * slopes[place] * 2.0

        return interpolate


def _slope(run: float, rise: float) -> float:
    """*rise* over *run*; flat where the knots lie too close for a number to say."""
    slope = rise / run if run else 0.0
    return slope if math.isfinite(slope) else 0.0
