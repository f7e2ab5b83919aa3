"""Scoring: from a request, or a table of them, to scores and decisions, with nothing but what a bundle holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.contract import Contract, Failure, Parsed
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.plan import Plan
from fullcycle.predictor.policy import Decider, Policy, Score, nearest
from fullcycle.predictor.todays_rule import UNKNOWN

Floats: TypeAlias = NDArray[np.float64]

_LABELS = pl.List(pl.String)
_POSITION = "\0row"  # no column of a file is called so


class Answer(msgspec.Struct, frozen=True):
    """What is answered to one row: the score, a number, one per class or the distance to each cluster, and the decision.

    >>> Answer(0.83, "rebook").decision
    'rebook'
    """

    score: Score
    decision: str | float


class Scorer:
    """Plan, model, contract and policy at work together. No network, no clock, no file.

    Parameters
    ----------
    plan : what is computed from a row.
    model : what scores it.
    contract : what a row must look like.
    policy : what a score means.

    Raises
    ------
    InputError : the parts do not fit each other (ColumnMissing for a column that the contract lacks).

    Examples
    --------
    >>> from fullcycle.measure.value import ValueTable
    >>> from fullcycle.predictor.contract import ColumnRule
    >>> from fullcycle.predictor.formats.linear import Linear
    >>> from fullcycle.predictor.plan import Input
    >>> scorer = Scorer(
    ...     plan=Plan(inputs=(Input("x", "float"),), operations=(), features=("x",)),
    ...     model=Linear([1.0], 0.0, "sigmoid"),
    ...     contract=Contract((ColumnRule(name="x", kind="float", nullable=False),)),
    ...     policy=Policy(
    ...         task="binary", actions=("call", "wait"), values=ValueTable(task="binary", currency="EUR"),
    ...         todays_rule={"always": "wait"}, kinds={"x": "float"},
    ...     ),
    ... )
    >>> scorer.answer({"x": 0.0})
    Answer(score=0.5, decision='call')
    >>> scorer.answer({"x": None})
    [Failure(column='x', found='null', expected='a number')]
    >>> scorer.predict(pl.DataFrame({"x": [0.0, -1000.0]})).rows()
    [(0.5, 'call'), (0.0, 'wait')]
    """

    def __init__(self, *, plan: Plan, model: ModelFormat, contract: Contract, policy: Policy) -> None:
        self.plan, self.model, self.contract, self.policy = plan, model, contract, policy
        self.decider = Decider(policy)
        _check_fit(plan, model, contract, self.decider)
        self._check, self._features = contract.compile(), plan.compile()
        self._rule = self.decider.rule if policy.actions and self.decider.rule.columns else None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a request."""
        return tuple(rule.name for rule in self.contract.columns)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of a score; none unless the task is multiclass."""
        if self.policy.task != "multiclass":
            return ()
        return self.policy.values.classes or tuple(str(code) for code in range(self.model.outputs))

    def answer(self, row: Mapping[str, object]) -> Answer | list[Failure]:
        """The answer to one row of JSON, or every reason why there is none."""
        values, failures = self._check(row)
        if failures:
            return failures
        return self.answer_values(values)[1]

    def answer_values(self, values: Mapping[str, Parsed]) -> tuple[list[float], Answer | list[Failure]]:
        """Features and answer of one row that the contract has parsed."""
        features = self._features(values)
        score = self.model.score(features)
        if not (all(map(math.isfinite, score)) if isinstance(score, list) else math.isfinite(score)):
            return features, [_no_score()]
        if self._rule is not None and self._rule.code(values) == UNKNOWN:
            return features, [self._no_action(values[self._rule.columns[0]])]
        return features, Answer(score, self.decider.decide_row(score, values))

    def predict(self, frame: Any) -> pl.DataFrame:
        """Scores and decisions of all rows, in their order.

        Parameters
        ----------
        frame : polars, or anything that gives Arrow (``__arrow_c_stream__``).

        Returns
        -------
        Columns ``score`` (for multiclass ``score_<class>``) and ``decision``; of a calibrated regression ``low`` and
        ``high`` too, the prediction interval, and of a calibrated classification ``set``, the outcomes that may come true.
        Of a clustering ``cluster`` and ``distance``, to the nearest one.

        Raises
        ------
        InputError
            A row breaks the contract; the first reason is named.
        """
        predictions, rejected = self.predict_rows(frame)
        if rejected.height:
            reason = rejected["reasons"][0][0]
            raise InputError(
                "rows cannot be answered",
                place=f"column {reason['column']!r}",
                found=f"{reason['found']} ({rejected.height} of {rejected.height + predictions.height} rows in all)",
                expected=reason["expected"],
                mend="take them out, or use predict_rows, which hands them back with reasons",
            )
        return predictions.drop("row")

    def predict_rows(self, frame: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Scores and decisions of the rows that can be answered, and the others with their reasons.

        Returns
        -------
        predictions : ``row`` (position in *frame*), the columns of :meth:`predict`.
        rejected : the other rows as they came, with a column ``reasons``, in their order.
        """
        table = as_polars(frame)
        good, bad = self.contract.filter(table.with_row_index(_POSITION))
        scores = self.model.scores(self.plan.matrix(good)) if good.height else self._no_scores()
        reasons = self._refusals(scores, good)
        answered = np.array([reason is None for reason in reasons], dtype=np.bool_)
        if not answered.all():
            lost = good.filter(pl.Series(~answered))[_POSITION]
            extra = table.with_row_index(_POSITION)[lost.to_list()]
            told = pl.Series("reasons", [[reason] for reason in reasons if reason], dtype=bad.schema["reasons"])
            bad = pl.concat([bad, extra.with_columns(told)]).sort(_POSITION)
            good, scores = good.filter(pl.Series(answered)), scores[answered]
        return self._table(good, scores), bad.drop(_POSITION)

    def _table(self, good: pl.DataFrame, scores: Floats) -> pl.DataFrame:
        if self.policy.task == "clustering":
            return pl.DataFrame([good[_POSITION].alias("row"), *clusters(scores)])
        decisions = self.decider.decide(scores, good)
        names = [f"score_{name}" for name in self.classes] or ["score"]
        columns = [
            good[_POSITION].alias("row"),
            *(pl.Series(name, column) for name, column in zip(names, np.atleast_2d(scores.T), strict=True)),
            pl.Series("decision", decisions.tolist(), dtype=pl.String if self.policy.actions else pl.Float64),
        ]
        conformal = self.policy.conformal
        if conformal is not None and self.policy.task == "regression":
            columns += [
                pl.Series("low", scores - conformal.quantile),
                pl.Series("high", scores + conformal.quantile),
            ]
        elif conformal is not None:
            names = list(self.classes) or ["false", "true"]
            columns.append(pl.Series("set", [conformal.labels(it, names) for it in scores.tolist()], dtype=_LABELS))
        return pl.DataFrame(columns)

    def _refusals(self, scores: Floats, good: pl.DataFrame) -> list[dict[str, str] | None]:
        """Why rows that keep the contract still get no answer; None for those that do."""
        finite = np.asarray(np.isfinite(scores.reshape(len(scores), self.model.outputs)).all(axis=1)).tolist()
        reasons: list[dict[str, str] | None] = [
            None if fine else msgspec.structs.asdict(_no_score()) for fine in finite
        ]
        if self._rule is not None:
            codes, column = self._rule.codes(good), good[self._rule.columns[0]]
            for row in np.flatnonzero(codes == UNKNOWN).tolist():
                reasons[row] = reasons[row] or msgspec.structs.asdict(self._no_action(column[row]))
        return reasons

    def _no_scores(self) -> Floats:
        return np.empty((0, self.model.outputs) if self.classes or self.policy.task == "clustering" else 0)

    def _no_action(self, found: object) -> Failure:
        column = self._rule.columns[0] if self._rule else ""
        return Failure(column, repr(found)[:80], f"one of {', '.join(self.policy.actions)}, for today's rule")


def clusters(distances: Floats) -> tuple[pl.Series, pl.Series]:
    """The nearest cluster of each row, and how far it is, of (n, clusters) distances.

    >>> [it.to_list() for it in clusters(np.array([[2.0, 1.0], [0.5, 3.0]]))]
    [[1, 0], [1.0, 0.5]]
    """
    codes = nearest(distances)
    return pl.Series("cluster", codes), pl.Series("distance", distances[np.arange(len(codes)), codes])


def as_polars(frame: Any) -> pl.DataFrame:
    """Any Arrow-compatible table as polars. Raises InputError for what is none.

    >>> as_polars(pl.LazyFrame({"a": [1]})).height
    1
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if hasattr(frame, "__arrow_c_stream__"):
        return pl.DataFrame(frame)
    found = type(frame).__name__
    raise InputError("not a table", found=found, expected="polars, pandas, pyarrow or another Arrow-compatible frame")


def _no_score() -> Failure:
    return Failure("score", "not a finite number", "values for which the model has a score")


def _check_fit(plan: Plan, model: ModelFormat, contract: Contract, decider: Decider) -> None:
    kinds = contract.kinds
    for column in plan.inputs:
        _check_kind(kinds, column.name, column.kind, "the feature plan")
    for name in decider.columns:
        _check_kind(kinds, name, decider.policy.kinds[name], "the policy")
    if len(plan.features) != model.features:
        raise InputError(
            "the model has another number of features", found=model.features, expected=str(len(plan.features))
        )
    task, classes = decider.policy.task, len(decider.policy.values.classes)
    fits = model.outputs == (classes or max(model.outputs, 2)) if task == "multiclass" else model.outputs == 1
    if not fits and task != "clustering":  # which may have any number of clusters
        expected = f"{classes or 'two or more'} classes" if task == "multiclass" else "one"
        raise InputError(f"the model's outputs are none of a {task} task", found=model.outputs, expected=expected)


def _check_kind(kinds: Mapping[str, str], name: str, kind: str, reader: str) -> None:
    if name not in kinds:
        raise ColumnMissing(name, kinds, source="the contract", needed_by=reader)
    if kinds[name] != kind:
        raise InputError(
            f"column {name!r} is of another kind for {reader}", place="the contract", found=kinds[name], expected=kind
        )
