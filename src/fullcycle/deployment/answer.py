"""From a row to its answer and to what is logged of it: one core under the service, batches and replays.

One row and a table go through the same contract, plan, model, policy and control group, and give the same answers to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.deployment.rollout import assign, check_route, control_salt
from fullcycle.deployment.rows import RowText, text_digest
from fullcycle.kernel.errors import ColumnMissing
from fullcycle.kernel.scope import Scope
from fullcycle.kernel.state import Route
from fullcycle.predictor.bundle import Predictor
from fullcycle.predictor.contract import ColumnRule, Contract, Failure, Parsed
from fullcycle.predictor.days import local_days
from fullcycle.predictor.todays_rule import UNKNOWN
from fullcycle.traffic.schema import Decision, decision_digest, entity_hash

LONGEST_ID = 200  # characters of a client's id
_POSITION, _WHO, _ID = "rejected_row", "rejected_row.entity", "rejected_row.id"
_REASONS = pl.List(pl.Struct({"column": pl.String, "found": pl.String, "expected": pl.String}))
Floats: TypeAlias = NDArray[np.float64]
_NAMED = "a string of 1 to 200 characters"
_ENTITY = "a string or a whole number"


class Answer(msgspec.Struct, frozen=True):
    """What the client is told, and what is logged.

    Attributes
    ----------
    decision : the action, the number decided on, or the code of the cluster.
    score : the model's number, one per class, or the distance to each cluster; ``None`` in the control group, which must not act on it.
    logged : the row of the traffic log; it keeps the score of a control row too.
    """

    id: str
    decision: str | float
    score: float | list[float] | None
    variant: str
    logged: Decision


class Answered(msgspec.Struct, frozen=True):
    """What a table of rows came to.

    Attributes
    ----------
    answers : ``id``, ``decision``, ``score``, ``variant``; where the model was calibrated ``low`` and ``high``, a regression's
        prediction interval, or ``set``, the outcomes that may come true; of a clustering ``cluster`` and ``distance`` in the
        place of decision and score; the good rows in their order.
    decisions : rows of the traffic log, one for each answer.
    rejected : the other rows as they were, with ``rejected_row`` (position) and ``reasons`` (column, found, expected).
    """

    answers: pl.DataFrame
    decisions: list[Decision]
    rejected: pl.DataFrame


class Answerer:
    """Answers rows for one scope under one route.

    Parameters
    ----------
    predictor : of the release that serves; where today's rule does, of the last one, for its contract and rule.
    route : what serves now.
    scope : where the answers are logged.
    entity, time : the columns that say what a row is about and when the prediction is made.
    key : under which entities are hashed.

    Raises
    ------
    InputError : the route cannot be followed.

    Notes
    -----
    Capacity per day (``actions_per_day``) holds within a table; single rows, which do not know of each other, are not capped.
    """

    def __init__(self, predictor: Predictor, route: Route, *, scope: Scope, entity: str, time: str, key: bytes) -> None:
        check_route(route)
        self.predictor, self.route, self.scope = predictor, route, scope
        self._entity, self._time, self._key = entity, time, key
        self.contract = with_time(predictor.contract, time)
        self._decider = predictor.decider
        self._check, self._run, self._score = self.contract.compile(), predictor.plan.compile(), predictor.model.score
        self._text = RowText(self.contract.columns, leave_out=(entity,))
        self._salt = control_salt(scope.project)
        self._regression, self._clustering = (predictor.policy.task == it for it in ("regression", "clustering"))
        self._acts = bool(predictor.policy.actions)
        self._follows_rule = self._acts or bool(route.control) or not route.champion
        # a column called "id" that the model or the entity uses is not the client's key
        self.has_ids = entity != "id" and "id" not in self.contract.kinds

    def row(self, row: Mapping[str, object], at: int) -> Answer | list[Failure]:
        """The answer to one row of JSON, or what is wrong with it. *at* is the time of the answer, in µs UTC."""
        values, failures = self._check(row)
        entity = entity_text(row.get(self._entity))
        if entity is None:
            failures = [one for one in failures if one.column != self._entity]
            failures.append(Failure(self._entity, _shown(row, self._entity), _ENTITY))
        id = row.get("id") if self.has_ids else None
        if id is not None and not (isinstance(id, str) and 0 < len(id) <= LONGEST_ID):
            failures.append(Failure("id", repr(id)[:80], _NAMED))
        if failures or entity is None:
            return failures
        if not self._has_rule_row(values):
            column, expected = self._rule_facts()
            return [Failure(column, _shown(row, column), expected)]
        score = self._score(self._run(values))
        if not _finite(score):
            return [Failure("score", str(score)[:80], "a number")]
        how = assign(entity, self.route, self._salt)
        today = how[0] == "control" or not how[1]
        action = self._decider.todays_rule_row(values) if today else self._decider.decide_row(score, values)
        time = int(values[self._time] or 0)
        text = self._text.one(values)
        logged = self._logged(id if isinstance(id, str) else "", entity, time, at, how, action, score, text)
        return Answer(logged.id, action, None if today else score, how[0], logged)

    def frame(self, frame: pl.DataFrame, at: int) -> Answered:
        """The answers to a table.

        Raises
        ------
        ColumnMissing : the table has no column for entity or time.
        """
        for column in (self._entity, self._time):
            if column not in frame.columns:
                raise ColumnMissing(column, frame.columns, needed_by="every decision")
        good, bad = self.contract.filter(frame.with_row_index(_POSITION))
        rejected = [bad]
        good = good.with_columns(entity_texts(good[self._entity]).alias(_WHO), self._ids(good).alias(_ID))
        good = _keep(good, good[_WHO].is_not_null(), rejected, self._entity, _ENTITY)
        good = _keep(good, good[_ID].str.len_chars().is_between(0, LONGEST_ID), rejected, "id", _NAMED)
        good = _keep(good, pl.Series(self._has_rule(good), dtype=pl.Boolean), rejected, *self._rule_facts())
        scores = self.predictor.model.scores(self.predictor.plan.matrix(good))
        fit = np.isfinite(scores).all(axis=1) if scores.ndim == 2 else np.isfinite(scores)
        good, scores = _keep(good, pl.Series(fit, dtype=pl.Boolean), rejected, "score", "a number"), scores[fit]
        decisions, answers = self._decided(good, scores, at)
        turned_away = pl.concat(rejected, how="diagonal_relaxed").sort(_POSITION)
        order = [name for name in frame.columns if name in turned_away.columns]
        return Answered(answers, decisions, turned_away.select(_POSITION, *order, "reasons"))

    def _decided(self, good: pl.DataFrame, scores: Floats, at: int) -> tuple[list[Decision], pl.DataFrame]:
        entities, plain = good[_WHO].to_list(), scores.tolist()
        assigned = [assign(entity, self.route, self._salt) for entity in entities]
        today = np.array([variant == "control" or not release for variant, release, _ in assigned], dtype=np.bool_)
        actions = self._actions(good, scores, today)
        times = good[self._time].cast(pl.Datetime("us", "UTC")).to_physical().to_list()
        decisions = [
            self._logged(id, entity, time, at, how, action, score, text)
            for id, entity, time, how, action, score, text in zip(
                good[_ID].to_list(), entities, times, assigned, actions, plain, self._text.many(good), strict=True
            )
        ]
        if self._clustering:
            return decisions, _clusters(decisions, today)
        told = [None if kept else score for kept, score in zip(today.tolist(), plain, strict=True)]
        answers = pl.DataFrame(
            {
                "id": pl.Series([row.id for row in decisions], dtype=pl.String),
                "decision": pl.Series(actions, dtype=pl.Float64 if self._regression else pl.String),
                "score": pl.Series(told, dtype=pl.List(pl.Float64) if scores.ndim == 2 else pl.Float64),
                "variant": pl.Series([row.variant for row in decisions], dtype=pl.String),
            }
        )
        return decisions, answers.with_columns(self._conformal(told))

    def _conformal(self, told: list[Any]) -> list[pl.Series]:
        """What a calibrated model says beside its scores; null in the control group, which is told no score."""
        policy = self.predictor.policy
        found = policy.conformal
        if found is None:
            return []
        if self._regression:
            ends = [(None, None) if score is None else found.interval(score) for score in told]
            return [
                pl.Series(name, [it[at] for it in ends], dtype=pl.Float64) for at, name in enumerate(("low", "high"))
            ]
        classes = policy.values.classes or ("false", "true")
        sets = [None if score is None else found.labels(score, classes) for score in told]
        return [pl.Series("set", sets, dtype=pl.List(pl.String))]

    def _actions(self, good: pl.DataFrame, scores: Floats, today: NDArray[np.bool_]) -> list[Any]:
        """The action taken on each row: today's rule for the control group, the others within the day's capacity."""
        served = good.filter(pl.Series(~today, dtype=pl.Boolean))
        chosen = self._decider.decide(scores[~today], served)
        if self._acts:
            days = local_days(served[self._time], self.contract.zone)
            chosen = self._decider.capped(chosen, scores[~today], served, days)  # type: ignore[arg-type]
        actions = np.empty(good.height, dtype=object)
        actions[~today] = chosen.tolist()
        actions[today] = self._decider.todays_rule(good.filter(pl.Series(today, dtype=pl.Boolean))).tolist()
        return actions.tolist()

    def _logged(
        self,
        id: str,
        entity: str,
        time: int,
        at: int,
        how: tuple[str, str, float],
        action: str | float,
        score: float | list[float],
        text: str,
    ) -> Decision:
        hashed = entity_hash(self._key, entity)
        decision = decision_digest(self.scope, hashed, time)
        return Decision(
            environment=self.scope.environment,
            timeline=self.scope.timeline,
            id=id or decision,
            decision=decision,
            entity=hashed,
            time=time,
            at=at,
            release=how[1],
            variant=how[0],
            propensity=how[2],
            action=repr(action) if isinstance(action, float) else action,
            score=self._one(score),
            row=text,
            digest=text_digest(text),
        )

    def _one(self, score: float | list[float]) -> float:
        """The one number that is logged: the likeliest class's probability, or the distance to the nearest cluster."""
        if not isinstance(score, list):
            return score
        return min(score) if self._clustering else max(score)

    def _ids(self, good: pl.DataFrame) -> pl.Series:
        """The client's ids, ``""`` for none; one longer than any may be where it is no string."""
        if not self.has_ids or "id" not in good.columns:
            return pl.repeat("", good.height, dtype=pl.String, eager=True)
        if good["id"].dtype != pl.String:
            return entity_texts(good["id"]).fill_null("")
        return good["id"].replace({"": " " * (LONGEST_ID + 1)}).fill_null("")

    def _has_rule(self, good: pl.DataFrame) -> NDArray[np.bool_]:
        """Where today's rule says what to do."""
        if not self._follows_rule:
            return np.ones(good.height, np.bool_)
        if not self._acts:
            return np.asarray(np.isfinite(self._decider.rule.numbers(good)))
        return np.asarray(self._decider.rule.codes(good) != UNKNOWN)

    def _has_rule_row(self, values: Mapping[str, Parsed]) -> bool:
        if not self._follows_rule:
            return True
        if not self._acts:
            return math.isfinite(self._decider.rule.number(values))
        return self._decider.rule.code(values) != UNKNOWN

    def _rule_facts(self) -> tuple[str, str]:
        """The column of today's rule, and what it should hold."""
        columns = self._decider.rule.columns
        expected = "a number" if not self._acts else f"one of {', '.join(self._decider.policy.actions)}"
        return columns[0] if columns else "todays_rule", f"{expected}, by today's rule"


def _clusters(decisions: Sequence[Decision], today: NDArray[np.bool_]) -> pl.DataFrame:
    """The answers of a clustering; where today's rule serves, there is one cluster, and no distance to it."""
    return pl.DataFrame(
        {
            "id": pl.Series([row.id for row in decisions], dtype=pl.String),
            "cluster": pl.Series([int(row.action) for row in decisions], dtype=pl.Int64),
            "distance": pl.Series(
                [None if kept else row.score for row, kept in zip(decisions, today.tolist(), strict=True)],
                dtype=pl.Float64,
            ),
            "variant": pl.Series([row.variant for row in decisions], dtype=pl.String),
        }
    )


def with_time(contract: Contract, time: str) -> Contract:
    """The contract, with a time that every row brings.

    >>> with_time(Contract(()), "at").columns[0].nullable
    False
    """
    rule = ColumnRule(name=time, kind="time", nullable=False)
    others = tuple(one for one in contract.columns if one.name != time)
    return Contract((*others, rule), contract.zone)


def entity_text(raw: object) -> str | None:
    """An entity as text; ``None`` for what is none.

    >>> entity_text("N1"), entity_text(7), entity_text(7.0), entity_text(None), entity_text("")
    ('N1', '7', '7', None, None)
    """
    if isinstance(raw, str):
        return raw or None
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    return str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else None


def entity_texts(column: pl.Series) -> pl.Series:
    """The same for a column.

    >>> entity_texts(pl.Series([7.0, 7.5])).to_list()
    ['7', None]
    """
    if column.dtype.is_float():
        return pl.Series([entity_text(value) for value in column.to_list()], dtype=pl.String)
    if column.dtype.is_integer() or isinstance(column.dtype, pl.String | pl.Categorical | pl.Enum):
        return column.cast(pl.String).replace({"": None})
    return pl.repeat(None, len(column), dtype=pl.String, eager=True)


def _keep(
    good: pl.DataFrame, fits: pl.Series, rejected: list[pl.DataFrame], column: str, expected: str
) -> pl.DataFrame:
    """The rows that fit; the others go to *rejected*, with the reason."""
    if fits.all():
        return good
    bad = good.filter(~fits)
    found = bad[column] if column in bad.columns else pl.repeat("", bad.height, dtype=pl.String, eager=True)
    shown = found.cast(pl.String, strict=False).str.slice(0, 80).fill_null("null").to_list()
    reasons = [[{"column": column, "found": one, "expected": expected}] for one in shown]
    rejected.append(bad.with_columns(pl.Series("reasons", reasons, dtype=_REASONS)))
    return good.filter(fits)


def _finite(score: float | list[float]) -> bool:
    return all(map(math.isfinite, score)) if isinstance(score, list) else math.isfinite(score)


def _shown(row: Mapping[str, object], column: str) -> str:
    return "nothing" if column not in row else "null" if row[column] is None else repr(row[column])[:80]
