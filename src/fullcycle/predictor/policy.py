"""From score to action: the decision that a score means, given what actions are worth.

A decision is the action of highest expected value (Elkan 2001, The Foundations of Cost-Sensitive Learning); a tie keeps
what is done today. It is made on columns and on one row by the same sums in the same order, so that both agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.measure.value import MICROS, Amount, Values, ValueTable
from fullcycle.predictor import capacity
from fullcycle.predictor.conformal import Conformal
from fullcycle.predictor.expression import Expression, parse
from fullcycle.predictor.plan.values import Value
from fullcycle.predictor.todays_rule import UNKNOWN, TodaysRule, check_form

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Names: TypeAlias = NDArray[np.str_]
Score: TypeAlias = float | list[float]
RowWorth: TypeAlias = Callable[[Mapping[str, Value]], float | None]

TASKS = ("binary", "multiclass", "regression", "clustering")
WITHOUT_ACTIONS = {
    "regression": "none, for a regression decides on a number",
    "clustering": "none, for a clustering names the cluster",
}
_LARGEST = 9.2e18  # micros; what is no number, or beyond it, is no amount


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a score becomes a decision, as it is kept.

    Attributes
    ----------
    task : binary, multiclass, regression or clustering.
    actions : in declared order, the one that does nothing last; none for regression, whose decision is the score, and for
        clustering, whose decision is the code of the nearest cluster, as text.
    values : what decisions are worth. Where it is empty, a binary score of 0.5 or more means the first action and a
        lower one the last; a multiclass project with an action for each class takes that of the likeliest class, and
        any other keeps today's rule.
    todays_rule : ``{"always": action}``, ``{"column": name}`` or ``{"expression": text}``; see
        :class:`~fullcycle.predictor.todays_rule.TodaysRule`. A boolean one means the first of two actions where true.
    limits : how often an action can be taken in a day.
    zone, kinds : time zone and kinds of columns, for expressions.
    confidence : of the intervals that are reported about this policy.
    conformal : how far off a score may be; None where that is not known.

    Raises
    ------
    InputError : the parts do not fit each other.

    Examples
    --------
    >>> table = ValueTable(task="binary", currency="USD")
    >>> Policy(task="binary", actions=("rebook", "wait"), values=table, todays_rule={"always": "wait"}).limits
    {}
    """

    task: str
    actions: tuple[str, ...]
    values: ValueTable
    todays_rule: dict[str, str | float]
    limits: dict[str, int] = {}
    zone: str = "UTC"
    kinds: dict[str, str] = {}
    confidence: float = 0.95
    conformal: Conformal | None = None

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise UnknownKey(self.task, TASKS, what="task")
        if self.values.task != self.task:
            raise InputError("the value table is of another task", found=self.values.task, expected=self.task)
        if (self.task in WITHOUT_ACTIONS) != (not self.actions) or len(set(self.actions)) < len(self.actions):
            expected = WITHOUT_ACTIONS.get(self.task, "one or more, distinct")
            raise InputError("actions do not fit the task", place="actions", found=self.actions, expected=expected)
        if self.actions and self.values.cells and set(self.actions) != set(self.values.actions):
            expected = ", ".join(self.actions)
            raise InputError(
                "the value table has other actions", place="value", found=self.values.actions, expected=expected
            )
        check_form(self.todays_rule)
        self._check_limits()

    def _check_limits(self) -> None:
        for action, most in self.limits.items():
            if action not in self.actions:
                raise UnknownKey(action, self.actions, place="limits.actions_per_day", what="action")
            if most < 0:
                raise InputError("a limit is below nought", place=f"limits.actions_per_day.{action}", found=most)
        if self.actions and len(self.limits) == len(self.actions):
            mend = "leave the action without a limit that does nothing"
            raise InputError("every action has a limit", place="limits.actions_per_day", mend=mend)


def compile_values(table: ValueTable, kinds: Mapping[str, str], zone: str = "UTC") -> Values:
    """A value table that counts, its expressions compiled.

    Raises InputError for an expression that is none, or that yields no number.

    >>> from decimal import Decimal
    >>> cells = {"": {"over": Amount(expression="2 * a"), "under": Amount(value=Decimal(-1))}}
    >>> values = compile_values(ValueTable(task="regression", currency="EUR", cells=cells), {"a": "float"})
    >>> values.value("3.5", 2.0, {"a": 1.0})
    Decimal('3.000000')
    """
    compiled = _expressions(table, kinds, zone)
    return Values(table, {text: (parsed.row(), parsed.evaluate) for text, parsed in compiled.items()})


def nearest(distances: Floats) -> Ints:
    """The nearest cluster of each row, (n,), of (n, clusters) distances; of equal ones the first.

    >>> nearest(np.array([[2.0, 1.0], [1.0, 1.0]])).tolist()
    [1, 0]
    """
    found: Ints = np.argmin(distances, axis=1).astype(np.int64)
    return found


class Decider:
    """A policy that decides, on columns and on one row alike.

    A row for which an amount cannot be told, because a column in its expression is missing, keeps today's rule.

    Raises
    ------
    InputError : an expression is none, or today's rule names no action.

    Examples
    --------
    >>> from decimal import Decimal
    >>> cells = {"rebook": {"true": Amount(value=Decimal(90)), "false": Amount(value=Decimal(-40))},
    ...          "wait": {"true": Amount(value=Decimal(0)), "false": Amount(value=Decimal(0))}}
    >>> table = ValueTable(task="binary", currency="USD", cells=cells)
    >>> policy = Policy(task="binary", actions=("rebook", "wait"), values=table, todays_rule={"always": "wait"})
    >>> decider = Decider(policy)
    >>> decider.decide_row(0.3, {}), decider.decide_row(0.31, {})
    ('wait', 'rebook')
    >>> decider.decide(np.array([0.3, 0.31]), pl.DataFrame({"id": [1, 2]})).tolist()
    ['wait', 'rebook']
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.values = compile_values(policy.values, policy.kinds, policy.zone)
        self.rule = TodaysRule(policy.todays_rule, policy.actions, policy.kinds, policy.zone)
        self._names = np.array(policy.actions)
        self._expressions = _expressions(policy.values, policy.kinds, policy.zone)
        classes = policy.values.classes
        named = sorted(classes) == sorted(policy.actions)  # otherwise each action stands for the class in its place
        self._class_of_action = [classes.index(it) if named else code for code, it in enumerate(policy.actions)]
        self._by_class = policy.task == "multiclass" and len(policy.actions) == len(policy.values.classes)
        rows = {text: parsed.row() for text, parsed in self._expressions.items()}
        self._amounts = [
            [_row_amount(policy.values.cells[action][outcome], rows) for outcome in self.values.outcomes]
            for action in (policy.actions if self.values.known else ())
        ]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that amounts and today's rule read, sorted."""
        read = {name for expression in self._expressions.values() for name in expression.columns}
        return tuple(sorted(read.union(self.rule.columns)))

    def decide(self, scores: Floats, frame: pl.DataFrame) -> Names | Floats:
        """The decision for each row, (n,): names of actions, numbers for regression, or codes of clusters as text.

        Parameters
        ----------
        scores : (n,) probabilities of true or numbers, (n, classes) probabilities, or (n, clusters) distances.
        frame : n rows, with the columns that values and today's rule read.

        Raises InputError for a score that is no probability, or where today's rule is needed and is no action.
        """
        if self.policy.task == "regression":
            return np.array(scores, dtype=np.float64)
        if self.policy.task == "clustering":
            return np.asarray(nearest(scores).astype(np.str_))
        return self._named(self._choose(self.worth(scores, frame), self.rule.codes(frame)))

    def decide_row(self, score: Score, values: Mapping[str, Value]) -> str | float:
        """The decision for one row, equal to :meth:`decide` on it. *values* are those the contract parsed."""
        if self.policy.task == "regression":
            return float(score)  # type: ignore[arg-type]
        if self.policy.task == "clustering":
            return str(score.index(min(score)))  # type: ignore[union-attr, arg-type]
        worth = self._row_worth(score, values)
        if worth is not None and not self.values.known:
            return self.policy.actions[worth.index(max(worth))]
        code = self.rule.code(values)
        if worth is not None and (code == UNKNOWN or worth[code] < max(worth)):
            code = worth.index(max(worth))
        if code == UNKNOWN:
            raise _no_action(self.rule)
        return self.policy.actions[code]

    def todays_rule(self, frame: pl.DataFrame) -> Names | Floats:
        """What is done without the model, (n,). Raises InputError where the column holds no action of the project."""
        if self.policy.task == "clustering":
            return np.asarray(self.rule.numbers(frame).astype(np.int64).astype(np.str_))
        return self.rule.numbers(frame) if self.policy.task == "regression" else self._named(self.rule.codes(frame))

    def todays_rule_row(self, values: Mapping[str, Value]) -> str | float:
        """What is done without the model for one row."""
        if self.policy.task == "regression":
            return self.rule.number(values)
        if self.policy.task == "clustering":
            return str(int(self.rule.number(values)))
        code = self.rule.code(values)
        if code == UNKNOWN:
            raise _no_action(self.rule)
        return self.policy.actions[code]

    def capped(self, actions: Names, scores: Floats, frame: pl.DataFrame, days: NDArray[Any]) -> Names:
        """*actions* within the limits of each day: the rows that gain most first (see :func:`capacity.fill`).

        Parameters
        ----------
        actions : (n,) as decided.
        scores, frame : as for :meth:`decide`.
        days : (n,) labels of days.
        """
        if not self.policy.limits:
            return actions
        index = {action: code for code, action in enumerate(self.policy.actions)}
        unknown = set(np.unique(actions).tolist()) - set(index)
        if unknown:
            raise UnknownKey(str(min(unknown)), index, what="action")
        codes = np.array([index[action] for action in actions.tolist()], np.int64)
        limits = {index[action]: most for action, most in self.policy.limits.items()}
        worth = self.worth(scores, frame)
        return self._named(capacity.fill(codes, worth, self.rule.codes(frame), limits, days))

    def contested(self, actions: Names, scores: Floats, frame: pl.DataFrame) -> tuple[Floats, Names]:
        """What each row gains by its action over the best one without a limit, (n,), -inf where unknown; and that one's name.

        Where limits are kept over more rows than one call has, these say which keep their action: see
        :func:`capacity.fill`. At least one action must have no limit.

        Parameters
        ----------
        actions : (n,) as decided.
        scores, frame : as for :meth:`decide`.
        """
        index = {action: code for code, action in enumerate(self.policy.actions)}
        codes = np.array([index[action] for action in actions.tolist()], np.int64)
        free = [code for action, code in index.items() if action not in self.policy.limits]
        gain, fallen = capacity.contest(codes, self.worth(scores, frame), self.rule.codes(frame), free)
        return gain, self._names[fallen]

    def worth(self, scores: Floats, frame: pl.DataFrame) -> Floats:
        """What each action is expected to be worth, (n, actions) in the currency; a row of NaN where it is unknown.

        Without values, what stands for it: the probability that speaks for each action.
        """
        if not self.values.known:
            return self._preference(_probabilities(scores, self.policy))
        known = self._known(frame)
        result = np.full((len(scores), len(self.policy.actions)), np.nan)
        by_action = self.values.expected(_probabilities(scores, self.policy)[known], frame.filter(pl.Series(known)))
        for position, action in enumerate(self.policy.actions):
            result[known, position] = by_action[action]
        return result

    def _preference(self, scores: Floats) -> Floats:
        if self._by_class:
            return scores[:, self._class_of_action]
        result = np.full((len(scores), len(self.policy.actions)), np.nan)
        if self.policy.task == "binary":
            result[:] = -1.0  # no score speaks for an action in between
            result[:, -1] = 1 - scores
            result[:, 0] = scores
        return result

    def _known(self, frame: pl.DataFrame) -> NDArray[np.bool_]:
        """The rows on which every amount is one."""
        known = np.ones(frame.height, np.bool_)
        with np.errstate(all="ignore"):
            for expression in self._expressions.values():
                known &= np.abs(expression.evaluate(frame) * MICROS) <= _LARGEST  # also NaN is none
        return known

    def _choose(self, worth: Floats, today: Ints) -> Ints:
        known = ~np.isnan(worth).any(axis=1)
        best = np.where(known, np.where(np.isnan(worth), -np.inf, worth).argmax(axis=1), today)
        if self.values.known:
            rows = np.flatnonzero(known & (today != UNKNOWN))
            ties = rows[worth[rows, today[rows]] == worth[rows, best[rows]]]
            best[ties] = today[ties]
        return best

    def _row_worth(self, score: Score, values: Mapping[str, Value]) -> list[float] | None:
        if not self.values.known:
            row = self._preference(_probabilities(np.array([score]), self.policy))[0].tolist()
            return None if row[0] != row[0] else row
        shares = _row_shares(score, len(self.values.outcomes), self.policy.task)
        worth = []
        for amounts in self._amounts:
            total = 0.0
            for share, amount in zip(shares, amounts, strict=True):
                number = amount if isinstance(amount, float) else amount(values)
                if number is None:
                    return None
                total += share * number
            worth.append(total)
        return worth

    def _named(self, codes: Ints) -> Names:
        if (codes == UNKNOWN).any():
            raise _no_action(self.rule)
        names: Names = self._names[codes]
        return names


def _expressions(table: ValueTable, kinds: Mapping[str, str], zone: str) -> dict[str, Expression]:
    found = {}
    for action, amounts in table.cells.items():
        for outcome, amount in amounts.items():
            if amount.expression is not None and amount.expression not in found:
                place = f"value.{action}.{outcome}" if action else f"value.{outcome}"
                parsed = parse(amount.expression, kinds, place=place, zone=zone)
                if parsed.kind == "category":
                    raise InputError("an amount is no number", place=place, found=amount.expression)
                found[amount.expression] = parsed
    return found


def _row_amount(amount: Amount, rows: Mapping[str, Callable[[Mapping[str, Value]], Any]]) -> float | RowWorth:
    """An amount in the currency, to the micro, as columns have it: a number, or a function of the row."""
    micros = amount.at("value")
    if micros is not None:
        return float(micros) / MICROS
    found = rows[str(amount.expression)]

    def of(values: Mapping[str, Value]) -> float | None:
        number = found(values) * MICROS
        return float(round(number)) / MICROS if abs(number) <= _LARGEST else None

    return of


def _probabilities(scores: Floats, policy: Policy) -> Floats:
    found = np.asarray(scores, dtype=np.float64)
    classes = len(policy.values.classes)
    fits = (
        found.ndim == 1
        if policy.task == "binary"
        else found.ndim == 2 and found.shape[1] == (classes or found.shape[1])
    )
    if not fits:
        expected = "(n,)" if policy.task == "binary" else f"(n, {classes or 'classes'})"
        raise InputError("scores are of another shape", found=found.shape, expected=expected)
    if not ((found >= 0) & (found <= 1)).all():  # also refuses NaN
        raise InputError("a score is no probability", expected="0 to 1")
    return found


def _row_shares(score: Score, outcomes: int, task: str) -> list[float]:
    shares = score if isinstance(score, list) else [score, 1 - score]
    if len(shares) != outcomes or isinstance(score, list) != (task == "multiclass"):
        raise InputError(
            "a score is of another shape", found=len(shares), expected=f"probabilities of {outcomes} outcomes"
        )
    for share in shares:
        if not 0 <= share <= 1:
            raise InputError("a score is no probability", found=share, expected="0 to 1")
    return shares


def _no_action(rule: TodaysRule) -> InputError:
    return InputError(
        "today's rule yields what is no action",
        place=", ".join(rule.columns),
        expected=f"one of {', '.join(rule.actions)}",
        mend="declare the action, or clean the column",
    )
