"""Value: what the model's decisions were worth, against what would have been done without it, on the same decisions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any, NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.measure.intervals import Estimate, from_replicates, mean_interval
from fullcycle.measure.value import Amount, Values, ValueTable, from_micros, total
from fullcycle.predictor.expression import parse
from fullcycle.predictor.outcomes import Outcomes
from fullcycle.predictor.policy import Decider, Policy, compile_values

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Decisions = NDArray[Any]

TODAY = "today's rule"
MEAN = "always the mean"  # what a regression's constant decision is
CENT = Decimal("0.01")
_HALVINGS = 60  # of an interval of 60: the shift of the log-odds is then exact to its last bits


class Resolved(NamedTuple):
    """Decisions whose outcome is known or void, row by row.

    Attributes
    ----------
    rows : their columns, derived ones too.
    decision : (n,) what was done: names of actions, or numbers for a regression.
    score : (n,) what the model said.
    outcome : (n,) 0 or 1, class codes, or numbers; NaN where void, which is worth nothing.
    days : (n,) local days.
    """

    rows: pl.DataFrame
    decision: Decisions
    score: Floats
    outcome: Floats
    days: Ints


class Worth(NamedTuple):
    """What decisions were worth, (n,) micros each.

    Attributes
    ----------
    decisions : by alternative, what it would have done.
    model : of what was done.
    alternatives : of what each alternative would have done.
    perfect : of who knows every outcome beforehand.
    feasible : the alternatives that can be done: an action with a daily limit cannot be taken on every row.
    """

    decisions: dict[str, Decisions]
    model: Ints
    alternatives: dict[str, Ints]
    perfect: Ints
    feasible: tuple[str, ...]

    @property
    def against(self) -> str:
        """The feasible alternative with the highest total; of equals the first."""
        return max(self.feasible, key=lambda name: total(self.alternatives[name]))

    @property
    def gained(self) -> Ints:
        """Micros of the model less those of the best alternative, row by row."""
        return self.model - self.alternatives[self.against]

    @property
    def room(self) -> Ints:
        """Micros of perfect foresight less those of the best alternative: more than that no model can gain."""
        return self.perfect - self.alternatives[self.against]


def resolved(served: pl.DataFrame, found: Outcomes, policy: Policy, *, variant: str) -> Resolved:
    """The decisions of one variant that are no longer waited for.

    A row on which an amount cannot be told, because a column in its expression is missing, counts as void.

    Parameters
    ----------
    served : decisions, as ``Traffic.read`` gives them.
    found : their outcomes, in the same order.
    variant : ``champion`` or ``control``.
    """
    kept = ((served["variant"] == variant) & (served["status"] != "waiting")).to_numpy()
    rows, mine = found.rows.filter(pl.Series(kept)), served.filter(pl.Series(kept))
    score = mine["score"].cast(pl.Float64).to_numpy()
    outcome = np.where(_priced(rows, policy), found.outcome[kept], np.nan)
    # a regression decides on a number, which the log keeps as the name of its action
    actions = mine["action"].cast(pl.Float64) if policy.task == "regression" else mine["action"]
    return Resolved(rows, actions.to_numpy(), score, outcome, found.days[kept])


def worth(done: Resolved, policy: Policy, *, base: float) -> Worth:
    """What the decisions were worth, and today's rule and each constant action on the same rows.

    Parameters
    ----------
    done : decisions of the champion.
    policy : with the values; they must be known.
    base : mean of the target in the past, a regression's constant decision.

    Raises
    ------
    InputError : values are unknown, or today's rule yields what is no action.
    """
    values = compile_values(policy.values, policy.kinds, policy.zone)
    decisions = _alternatives(done, policy, base)
    micros = {name: values.chosen(taken, done.outcome, done.rows) for name, taken in decisions.items()}
    if policy.task == "regression":
        perfect = values.chosen(done.outcome, done.outcome, done.rows)
    else:
        by_action = [values.micros(action, done.outcome, done.rows) for action in policy.actions]
        perfect = np.max(np.stack(by_action), axis=0)
    feasible = tuple(name for name in decisions if name.removeprefix("always ") not in policy.limits or name == TODAY)
    return Worth(decisions, values.chosen(done.decision, done.outcome, done.rows), micros, perfect, feasible)


def per_1000(micros: Ints, days: Ints, policy: Policy) -> Estimate:
    """Money per 1000 decisions with its interval over days.

    >>> policy = Policy(task="binary", actions=("a", "b"), values=ValueTable(task="binary", currency="USD"),
    ...     todays_rule={"always": "b"})
    >>> per_1000(np.array([1_000_000, 3_000_000]), np.array([0, 1]), policy).point
    2000.0
    """
    unit = f"{policy.values.currency}/1000"
    return mean_interval(micros / 1e3, days, confidence=policy.confidence, unit=unit)


def ends(done: Resolved, found: Worth, policy: Policy) -> tuple[int, int]:
    """The least and the most that was gained over the same alternative while each amount stays within its range: micros.

    A gain is a sum over amounts, each times how often more one side met it than the other. So each amount is moved to
    the end of its range that hurts most, or helps most, on its own.
    """
    alternative = found.decisions[found.against]
    point = total(found.gained)
    low = high = point
    for pair in _moved(policy.values):
        gains = [_gain(compile_values(table, policy.kinds, policy.zone), done, alternative) - point for table in pair]
        low, high = low + min(0, *gains), high + max(0, *gains)
    return low, high


def effect(champion: Resolved, control: Resolved, policy: Policy, propensity: tuple[Floats, Floats]) -> Estimate | None:
    """The randomised contrast: money per 1000 decisions where the model decides, less that where today's rule does.

    Each row weighs the inverse of the probability with which its group was drawn (Hájek 1971), so that a change of the
    control group's share does no harm; whole days are left out in turn for the interval. None without both groups.

    Parameters
    ----------
    champion, control : decisions of the two groups.
    propensity : (n,) of each group's rows.
    """
    values = compile_values(policy.values, policy.kinds, policy.zone)
    parts = []
    for done, probability in zip((champion, control), propensity, strict=True):
        if not len(done.outcome):
            return None
        money = values.chosen(done.decision, done.outcome, done.rows) / 1e3
        parts.append((done.days, money, 1 / probability))
    days = np.unique(np.concatenate([part[0] for part in parts]))
    sums = [_daily_sums(*part, days) for part in parts]
    means = [math.fsum(money.tolist()) / math.fsum(weight.tolist()) for money, weight in sums]
    without = [_means_without(money, weight) for money, weight in sums]
    n = len(champion.outcome) + len(control.outcome)
    unit = f"{policy.values.currency}/1000"
    left = without[0] - without[1] if len(days) > 1 else np.empty(0)
    return from_replicates(means[0] - means[1], left, n=n, confidence=policy.confidence, unit=unit)


def recalibrated(done: Resolved, policy: Policy) -> int:
    """Micros that the same scores would have gained more, had they been right on average; a binary target only.

    All log-odds are shifted by what makes the mean score the realised rate, and decisions are made again, within the
    limits of a day. The shift is read off the rows that it is tried on: one number, so it flatters itself little.
    """
    known = ~(np.isnan(done.outcome) | np.isnan(done.score))
    if policy.task != "binary" or not known.any():
        return 0
    rows, outcome = done.rows.filter(pl.Series(known)), done.outcome[known]
    shifted = _shifted(done.score[known], math.fsum(outcome.tolist()) / len(outcome))
    decider = Decider(policy)
    names = np.asarray(decider.decide(shifted, rows), dtype=np.str_)
    again = decider.capped(names, shifted, rows, done.days[known])
    values = decider.values
    return total(values.chosen(again, outcome, rows)) - total(values.chosen(done.decision[known], outcome, rows))


def cents(micros: int) -> Decimal:
    """Micros as money to the cent, half to even.

    >>> cents(1_005_000), cents(-2_500_000)
    (Decimal('1.00'), Decimal('-2.50'))
    """
    return to_cents(from_micros(micros))


def to_cents(money: Decimal) -> Decimal:
    """Money to the cent, half to even, whatever the decimal context.

    >>> to_cents(Decimal("0.125"))
    Decimal('0.12')
    """
    with localcontext(prec=60):
        return money.quantize(CENT, rounding=ROUND_HALF_EVEN)


def _alternatives(done: Resolved, policy: Policy, base: float) -> dict[str, Decisions]:
    today = Decider(policy).todays_rule(done.rows)
    if policy.task == "regression":
        numbers = np.asarray(today, dtype=np.float64)
        mean = np.full(done.rows.height, base)
        # a rule that has no number for a row leaves people with what they know on average
        return {TODAY: np.where(np.isnan(numbers), mean, numbers), MEAN: mean}
    constant = {f"always {action}": np.full(done.rows.height, action, dtype=object) for action in policy.actions}
    return {TODAY: np.asarray(today, dtype=object), **constant}


def _priced(rows: pl.DataFrame, policy: Policy) -> NDArray[np.bool_]:
    """The rows on which every amount is a number."""
    known = np.ones(rows.height, np.bool_)
    for cells in policy.values.cells.values():
        for amount in cells.values():
            if amount.expression is not None:
                parsed = parse(amount.expression, policy.kinds, place="value", zone=policy.zone)
                known &= np.isfinite(parsed.evaluate(rows))
    return known


def _moved(table: ValueTable) -> Iterator[tuple[ValueTable, ValueTable]]:
    """For each amount with a range, the table with that one at its low and at its high end."""
    for action, cells in table.cells.items():
        for outcome, amount in cells.items():
            if amount.value is not None and amount.at("low") != amount.at("high"):
                low, high = (amount.value if end is None else end for end in (amount.low, amount.high))
                yield _with(table, action, outcome, low), _with(table, action, outcome, high)


def _with(table: ValueTable, action: str, outcome: str, money: Decimal) -> ValueTable:
    cells = {**table.cells, action: {**table.cells[action], outcome: Amount(value=money)}}
    return msgspec.structs.replace(table, cells=cells)


def _gain(values: Values, done: Resolved, alternative: Decisions) -> int:
    taken, instead = (values.chosen(actions, done.outcome, done.rows) for actions in (done.decision, alternative))
    return total(taken) - total(instead)


def _daily_sums(days: Ints, money: Floats, weight: Floats, among: Ints) -> tuple[Floats, Floats]:
    """Weighted money and weights of each day; bincount adds in the order of rows."""
    codes = np.searchsorted(among, days)
    sums: list[Floats] = [
        np.bincount(codes, weights=part, minlength=len(among)).astype(np.float64) for part in (money * weight, weight)
    ]
    return sums[0], sums[1]


def _means_without(money: Floats, weight: Floats) -> Floats:
    """The mean without each day; NaN where nothing is left."""
    left = math.fsum(weight.tolist()) - weight
    kept = math.fsum(money.tolist()) - money
    # what is left of a group that was there on one day only is rounding error, not rows
    means: Floats = np.divide(kept, left, out=np.full(len(left), np.nan), where=left > 0.5)
    return means


def _shifted(score: Floats, rate: float) -> Floats:
    """Scores with their log-odds shifted such that their mean is *rate*, by halving an interval."""
    from scipy.special import expit, logit

    odds = logit(np.clip(score, 1e-12, 1 - 1e-12))
    low, high = -30.0, 30.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if math.fsum(expit(odds + middle).tolist()) / len(odds) < rate:
            low = middle
        else:
            high = middle
    found: Floats = expit(odds + (low + high) / 2)
    return found
