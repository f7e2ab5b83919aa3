"""The search budget: a number of trials, or a time, and how it is shared out.

A time is that of the whole development: what follows the search, from the ensemble to the evaluation, is reserved, see
:mod:`~fullcycle.development.search.reserve`. Of the rest seven tenths go to the portfolio and three to the search on the
leading family. In trials what follows costs nothing, so the search gets what the portfolio leaves.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.limits import Limit

MOST = 200  # trials, however much time there is: by then more of them fit the folds, not the question
PORTFOLIO = 0.60  # of the trials, and
PORTFOLIO_TIME = 0.70  # of the search's time, after which the portfolio begins no further round
UNKNOWN = 0.15  # of the budget that is reserved while no trial has told what follows will take
LEAST = 0.25  # of the budget that the search has, however long what follows takes
SHORTEST = 0.5  # seconds of a round at least
_PLACE = "cycle.toml, [development]"


class Budget(NamedTuple):
    """How long to search: a number of trials, and seconds; None where time does not matter."""

    trials: int
    seconds: float | None = None

    @classmethod
    def read(cls, text: str) -> Budget:
        """A budget such as ``40 trials`` or ``5m``. Raises InputError for anything else, or for nought.

        >>> Budget.read("40 trials"), Budget.read("5m")
        (Budget(trials=40, seconds=None), Budget(trials=200, seconds=300.0))
        """
        place = f"{_PLACE} search_budget"
        counted = re.fullmatch(r"\s*(\d{1,9})\s*trials?\s*", text)
        seconds = None if counted else duration(text, place=place).total_seconds()
        trials = int(counted[1]) if counted else MOST
        if not trials or seconds == 0:
            raise InputError("the budget is nought", place=place, found=text, mend="write '40 trials' or '5m'")
        return cls(trials, seconds)

    @property
    def shown(self) -> int:
        """How many trials there will be; 0 where time decides.

        >>> Budget.read("40 trials").shown, Budget.read("5m").shown
        (40, 0)
        """
        return 0 if self.seconds is not None else self.trials

    @property
    def portfolio(self) -> int:
        """Trials of the portfolio at most; all that there is time for where time decides.

        >>> Budget.read("10 trials").portfolio, Budget.read("3 trials").portfolio
        (6, 3)
        """
        return self.trials if self.seconds is not None else max(int(PORTFOLIO * self.trials), min(3, self.trials))

    def deadline(self, reserve: float) -> float | None:
        """Seconds after which no trial runs any more, so that *reserve* is left for what follows; None without a time.

        A reserve that is more than the budget has still leaves a quarter of it to the search.

        >>> Budget.read("5m").deadline(45.0), Budget.read("10s").deadline(45.0), Budget.read("9 trials").deadline(45.0)
        (255.0, 2.5, None)
        """
        return None if self.seconds is None else max(self.seconds - reserve, LEAST * self.seconds)

    def left(self, trials: int, seconds: float, reserve: float, share: float = 1.0) -> int:
        """How many more trials it allows after so many trials and seconds; none once *share* of the search's time is spent.

        >>> Budget.read("40 trials").left(38, 1e9, 45.0), Budget.read("5m").left(3, 200.0, 45.0, PORTFOLIO_TIME)
        (2, 0)
        """
        deadline = self.deadline(reserve)
        return 0 if deadline is not None and seconds >= share * deadline else self.trials - trials

    def share(self, seconds: float, reserve: float) -> float:
        """Seconds that a trial is made to fit into, after so many *seconds*: half of those after which it is stopped.

        >>> Budget.read("5m").share(75.0, 45.0)
        30.0
        """
        deadline = self.deadline(reserve)
        return math.inf if deadline is None else max((deadline - seconds) / 3, deadline / 10) / 2

    def limit(
        self, seconds: float, most: float, reserve: float, *, first: bool = False, expected: float = 0.0
    ) -> Limit:
        """Of a round that begins after so many *seconds*: a trial has a third of what is left or a tenth of all.

        No trial has more than *most* seconds, whatever the budget, nor less than half as much again as is *expected*. The
        round ends where the search does; the *first* one has a quarter of the budget at least, and a trial of it half of
        its time, so that something comes of a short budget too.

        >>> Budget.read("5m").limit(240.0, 1800.0, 45.0)
        Limit(seconds=25.5, until=15.0, memory=None)
        """
        deadline = self.deadline(reserve)
        if deadline is None or self.seconds is None:
            return Limit(seconds=most)
        until = max(deadline - seconds, LEAST * self.seconds if first else SHORTEST)
        longest = max(2 * self.share(seconds, reserve), 1.5 * expected, until / 2 if first else 0.0)
        return Limit(seconds=min(longest, most), until=until)
