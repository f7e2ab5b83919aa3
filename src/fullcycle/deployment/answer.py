"""From a row to its answer and to what is logged of it: one core under the service, batches and replays.

One row and a table go through the same contract, plan, model, policy and control group, and give the same answers to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.deployment.limits import DailyLimits
from fullcycle.deployment.rollout import assign, assign_all, check_route, control_salt
from fullcycle.deployment.rows import RowText, text_digest, text_digests
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.kernel.scope import Scope
from fullcycle.kernel.state import Route
from fullcycle.predictor.bundle import Predictor
from fullcycle.predictor.contract import ColumnRule, Contract, Failure, Parsed
from fullcycle.predictor.days import local_days
from fullcycle.predictor.policy import Decider
from fullcycle.predictor.todays_rule import UNKNOWN
from fullcycle.traffic.schema import DECISIONS, Decision, decision_digest, decision_digests, entity_hash, entity_hashes

LONGEST_ID = 200  # characters of a client's id
_POSITION, _WHO, _ID = "rejected_row", "rejected_row.entity", "rejected_row.id"
_REASONS = pl.List(pl.Struct({"column": pl.String, "found": pl.String, "expected": pl.String}))
Floats: TypeAlias = NDArray[np.float64]
Held: TypeAlias = pl.DataFrame
_NAMED = "a string of 1 to 200 characters"
_ENTITY = "a string or a whole number"


class Answer(msgspec.Struct, frozen=True):
    """What the client is told, and what is logged.

    Attributes
    ----------
    decision : the action, the number decided on, or the code of the cluster.
    score : the model's number, one per class, or the distance to each cluster; ``None`` in the control group, which must not act on it.
    logged : the row of the traffic log; it keeps the score of a control row too.
    asked : the row itself, where a shadow is to answer it too.
    """

    id: str
    decision: str | float
    score: float | list[float] | None
    variant: str
    logged: Decision
    asked: Mapping[str, object] | None = None


class Answered(msgspec.Struct, frozen=True):
    """What a table of rows came to.

    Attributes
    ----------
    answers : ``id``, ``decision``, ``score``, ``variant``; where the model was calibrated ``low`` and ``high``, a regression's
        prediction interval, or ``set``, the outcomes that may come true; of a clustering ``cluster`` and ``distance`` in the
        place of decision and score; the good rows in their order.
    logged : rows of the traffic log, one for each answer; the columns of a `Decision`.
    rejected : the other rows as they were, with ``rejected_row`` (position) and ``reasons`` (column, found, expected).
    held : what a limit per day goes by, a row for each answer; ``None`` where no action has one, or where `frame` kept it.
    shadows : what a shadow would have answered, rows of the traffic log too; ``None`` where there is none.
    """

    answers: pl.DataFrame
    logged: pl.DataFrame
    rejected: pl.DataFrame
    held: pl.DataFrame | None = None
    shadows: pl.DataFrame | None = None

    @property
    def decisions(self) -> list[Decision]:
        """The rows of the log one by one."""
        return _rows(self.logged)

    @property
    def said(self) -> list[Decision]:
        """What a shadow would have answered, one by one."""
        return [] if self.shadows is None else _rows(self.shadows)


def _rows(logged: pl.DataFrame) -> list[Decision]:
    return [Decision(**row) for row in logged.iter_rows(named=True)]


class Answerer:
    """Answers rows for one scope under one route.

    Parameters
    ----------
    predictor : of the release that serves; where today's rule does, of the last one, for its contract and rule.
    route : what serves now.
    scope : where the answers are logged.
    entity, time : the columns that say what a row is about and when the prediction is made.
    key : under which entities are hashed.
    decider : by default the predictor's.

    Raises
    ------
    InputError : the route cannot be followed, or has challengers: see `fullcycle.deployment.split`.

    Notes
    -----
    Capacity per day (``actions_per_day``) holds within a table, and within a batch of many (see `DailyLimits`); single rows, which do
    not know of each other, are not capped.
    """

    def __init__(
        self,
        predictor: Predictor,
        route: Route,
        *,
        scope: Scope,
        entity: str,
        time: str,
        key: bytes,
        decider: Decider | None = None,
    ) -> None:
        check_route(route)
        if route.challengers:
            raise InputError("one release cannot answer for several", found=len(route.challengers), expected="none")
        self.predictor, self.route, self.scope = predictor, route, scope
        self._entity, self._time, self._key = entity, time, key
        self.contract = with_time(predictor.contract, time)
        self._decider = decider or predictor.decider
        self._check, self._run, self._score = self.contract.compile(), predictor.plan.compile(), predictor.model.score
        self._text = RowText(self.contract.columns, leave_out=(entity,))
        self._salt = control_salt(scope.project)
        self._regression, self._clustering = (predictor.policy.task == it for it in ("regression", "clustering"))
        self._acts = bool(predictor.policy.actions)
        self._follows_rule = self._acts or bool(route.control) or not route.champion
        # a column called "id" that the model or the entity uses is not the client's key
        self.has_ids = entity != "id" and "id" not in self.contract.kinds

    def predictor_of(self, release: str) -> Predictor:
        """The predictor of one of the releases that serve: here there is one."""
        return self.predictor

    def contract_of(self, release: str) -> Contract:
        """The contract under which such a release reads rows: a value may be a category to one of them and unknown to another."""
        return self.contract

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that every row must have: entity, time, and what the contract asks for."""
        required = (rule.name for rule in self.contract.columns if rule.required)
        return tuple(dict.fromkeys((self._entity, self._time, *required)))

    @property
    def limits(self) -> dict[str, int]:
        """How often a day what ``Answered.held`` names may be done; empty where nothing is limited."""
        return dict(self._decider.policy.limits) if self._acts else {}

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
        found = self.uncapped(frame, at)
        if found.held is None:
            return found
        limits = DailyLimits(self.limits)
        limits.see(found.held)
        return within(found, limits)

    def uncapped(self, frame: pl.DataFrame, at: int) -> Answered:
        """The same before limits per day are kept, for tables that come in parts; errors as :meth:`frame`."""
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
        logged, answers, held = self._decided(good, scores, at)
        turned_away = pl.concat(rejected, how="diagonal_relaxed").sort(_POSITION)
        order = [name for name in frame.columns if name in turned_away.columns]
        return Answered(answers, logged, turned_away.select(_POSITION, *order, "reasons"), held)

    def _decided(self, good: pl.DataFrame, scores: Floats, at: int) -> tuple[pl.DataFrame, pl.DataFrame, Held | None]:
        entities = good[_WHO].to_list()
        assigned = assign_all(entities, self.route, self._salt)
        today = np.array([variant == "control" or not release for variant, release, _ in assigned], dtype=np.bool_)
        actions, held = self._actions(good, scores, today)
        variant, release, propensity = zip(*assigned, strict=True) if assigned else ((), (), ())
        texts = self._text.column(good)
        hashed = entity_hashes(self._key, entities)
        times = good[self._time].cast(pl.Datetime("us", "UTC")).to_physical()
        about = pl.Series(decision_digests(self.scope, hashed, times), dtype=pl.String)
        ids = good.select(pl.when(pl.col(_ID) == "").then(pl.lit(about)).otherwise(pl.col(_ID))).to_series()
        logged = pl.DataFrame(
            {
                "environment": pl.repeat(self.scope.environment, good.height, eager=True),
                "timeline": pl.repeat(self.scope.timeline, good.height, eager=True),
                "id": ids,
                "decision": about,
                "entity": hashed,
                "time": times,
                "at": pl.repeat(at, good.height, dtype=pl.Int64, eager=True),
                "release": release,
                "variant": variant,
                "propensity": propensity,
                "action": [repr(action) for action in actions.to_list()] if self._regression else actions,
                "score": self._ones(scores),
                "row": texts,
                "digest": text_digests(texts),
                "sequence": pl.repeat(0, good.height, dtype=pl.Int64, eager=True),
                "failed": pl.repeat("", good.height, eager=True),
                "seconds": pl.repeat(None, good.height, dtype=pl.Float64, eager=True),
            },
            schema_overrides=DECISIONS,
        )
        return logged, self._answers(logged, actions, scores, today), held

    def _answers(
        self, logged: pl.DataFrame, actions: pl.Series, scores: Floats, today: NDArray[np.bool_]
    ) -> pl.DataFrame:
        """What the client is told; the score of a control row is kept from it."""
        if self._clustering:
            distance = pl.Series(scores.min(axis=1)).set(pl.Series(today), None)
            return pl.DataFrame(
                [
                    logged["id"],
                    actions.cast(pl.Int64).alias("cluster"),
                    distance.cast(pl.Float64).alias("distance"),
                    logged["variant"],
                ]
            )
        told = pl.Series("score", scores, dtype=pl.List(pl.Float64) if scores.ndim == 2 else pl.Float64)
        if today.any():
            told = told.to_frame().select(pl.when(pl.lit(pl.Series(~today))).then(pl.col("score"))).to_series()
        beside = self._conformal(scores, today)
        return pl.DataFrame([logged["id"], actions.alias("decision"), told, logged["variant"], *beside])

    def _actions(self, good: pl.DataFrame, scores: Floats, today: NDArray[np.bool_]) -> tuple[pl.Series, Held | None]:
        """The action on each row: today's rule for the control group, what is best for the others; and what limits go by."""
        served = good.filter(pl.Series(~today, dtype=pl.Boolean)) if today.any() else good
        chosen = self._decider.decide(scores[~today], served)
        dtype = pl.Float64 if self._regression else pl.String
        if not today.any():
            actions = pl.Series(chosen, dtype=dtype)
        else:
            mixed = np.empty(good.height, dtype=object)
            mixed[~today] = chosen.tolist()
            mixed[today] = self._decider.todays_rule(good.filter(pl.Series(today, dtype=pl.Boolean))).tolist()
            actions = pl.Series(mixed.tolist(), dtype=dtype)
        if not (self._acts and self.predictor.policy.limits):
            return actions, None
        gain, fallback = self._decider.contested(chosen, scores[~today], served)  # type: ignore[arg-type]
        held = pl.DataFrame(
            {
                "place": np.flatnonzero(~today),
                "action": pl.Series(chosen, dtype=pl.String),
                "day": local_days(served[self._time], self.contract.zone),
                "gain": gain,
                "fallback": pl.Series(fallback, dtype=pl.String),
            }
        )
        return actions, held.filter(pl.col("action").is_in(list(self.predictor.policy.limits)))

    def _conformal(self, scores: Floats, today: NDArray[np.bool_]) -> list[pl.Series]:
        """What a calibrated model says beside its scores; null in the control group, which is told no score."""
        policy = self.predictor.policy
        found = policy.conformal
        if found is None:
            return []
        told = [None if kept else score for kept, score in zip(today.tolist(), scores.tolist(), strict=True)]
        if self._regression:
            ends = [(None, None) if score is None else found.interval(score) for score in told]
            return [
                pl.Series(name, [it[at] for it in ends], dtype=pl.Float64) for at, name in enumerate(("low", "high"))
            ]
        classes = policy.values.classes or ("false", "true")
        sets = [None if score is None else found.labels(score, classes) for score in told]
        return [pl.Series("set", sets, dtype=pl.List(pl.String))]

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

    def _ones(self, scores: Floats) -> Floats:
        """The same of a table."""
        if scores.ndim == 1:
            return scores
        return np.asarray(scores.min(axis=1) if self._clustering else scores.max(axis=1))

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


def within(found: Answered, limits: DailyLimits, start: int = 0) -> Answered:
    """*found* with the actions that its limits leave, of an answer whose first row is the batch's row *start*.

    >>> from fullcycle.deployment.limits import DailyLimits
    >>> within(Answered(pl.DataFrame(), pl.DataFrame(), pl.DataFrame()), DailyLimits({})).held is None
    True
    """
    lost = None if found.held is None else limits.over(found.held, start)
    if lost is None or lost.is_empty():
        return msgspec.structs.replace(found, held=None)
    actions = found.logged["action"].scatter(lost["place"], lost["fallback"])
    answers = found.answers.with_columns(actions.alias("decision"))
    return msgspec.structs.replace(found, answers=answers, logged=found.logged.with_columns(actions), held=None)


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
