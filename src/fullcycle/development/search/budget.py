"""The search budget: a number of trials, or a time, and how it is shared out.

Three fifths go to the portfolio, a quarter to the search on the leading family, and the rest to what follows: ensemble,
calibration and the final fit. In trials what follows costs nothing, so the search gets what the portfolio leaves.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.limits import Limit

MOST = 200  # trials, however much time there is: by then more of them fit the folds, not the question
PORTFOLIO, SEARCH = 0.60, 0.85  # of the budget, after which portfolio and search begin no further round
LEAST = 10.0  # seconds that a trial has at least: in less, processes only start
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

    def left(self, trials: int, seconds: float, share: float = 1.0) -> int:
        """How many more trials it allows after so many trials and seconds; none once *share* of the time is spent.

        >>> Budget.read("40 trials").left(38, 1e9), Budget.read("5m").left(3, 200.0, PORTFOLIO)
        (2, 0)
        """
        return 0 if self.seconds is not None and seconds >= share * self.seconds else self.trials - trials

    def limit(self, seconds: float, most: float) -> Limit:
        """Of a round that begins after so many *seconds*: a trial has a third of what is left or a tenth of all.

        No trial has more than *most* seconds, whatever the budget; the round ends where the search does.

        >>> Budget.read("5m").limit(240.0, 1800.0)
        Limit(seconds=30.0, until=15.0, memory=None)
        """
        if self.seconds is None:
            return Limit(seconds=most)
        left = self.seconds - seconds
        share = max(left / 3, self.seconds / 10, LEAST)
        return Limit(
            seconds=min(share, most), until=max(SEARCH * self.seconds - seconds, 3 * LEAST if not seconds else 1.0)
        )
