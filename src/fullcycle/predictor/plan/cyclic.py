"""A number on a circle: the hour of the day, the day of the week."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.predictor.plan.arithmetic import mapped
from fullcycle.predictor.plan.operation import Unary, register
from fullcycle.predictor.plan.values import NAN, Numbers, RowStep, Slots

Side = Literal["sine", "cosine"]

_FUNCTIONS: dict[str, Callable[[float], float]] = {"sine": math.sin, "cosine": math.cos}
_HORIZON = 2.0**53  # turns; beyond it a number has no place on a circle that it could be told from the next


@register
class Cyclic(Unary, frozen=True, kw_only=True, tag="cyclic"):
    """Sine or cosine of the number as a part of *period*, so that the end of a period lies beside its start.

    >>> Cyclic(output="b", input="a", period=24.0, side="sine").row({"a": 0})([6.0])
    1.0
    """

    period: float
    side: Side

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.period <= 0:
            raise InputError("a period is above zero", place=self.place, found=self.period)
        if self.side not in _FUNCTIONS:
            raise UnknownKey(self.side, _FUNCTIONS, place=self.place, what="side")

    def _turn(self) -> Callable[[float], float]:
        function, period = _FUNCTIONS[self.side], self.period

        def turn(x: float) -> float:
            part = x / period
            return function(math.tau * part) if -_HORIZON < part < _HORIZON else NAN

        return turn

    def columns(self, slots: Slots) -> Numbers:
        return mapped(self._turn(), slots.numbers(self.input))

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, turn = places[self.input], self._turn()
        return lambda s: turn(s[i])
