"""``POST /predict``: rows in, decisions out, logged before the answer leaves."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from fullcycle.deployment.answer import Answer, Answerer
from fullcycle.deployment.service.explain import Reasons, check_explainable, explain_rows
from fullcycle.deployment.service.log import TrafficLog
from fullcycle.deployment.service.metrics import Metrics
from fullcycle.deployment.service.problem import Problem, RowFailure
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.formats.mixture import Mixture, memberships
from fullcycle.predictor.policy import Policy

MOST_ROWS = 1000
T = TypeVar("T")
_AT = re.compile(r" - at `\$\.?([^`]*)`$")
_KEY = re.compile(r"field `([^`]*)`")


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request. Rows are checked one by one, so that each failure names its row."""

    rows: list[Any]
    partial: bool = False
    dry_run: bool = False
    explain: bool = False


class Prediction(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer as the client sees it.

    Attributes
    ----------
    interval : where the model was calibrated, the prediction interval of a regression's score.
    labels : likewise of a classification the outcomes that may come true; ``set`` in JSON.
    reasons : what each column adds, where that is asked for.
    """

    id: str
    decision: str | float
    score: float | list[float] | None
    variant: str
    interval: tuple[float, float] | None = None
    labels: list[str] | None = msgspec.field(name="set", default=None)
    reasons: Reasons | None = None


class ClusterPrediction(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer of a clustering: the cluster, and the distance to it; None where today's rule serves.

    *memberships* are the probabilities that the row comes from each component of a mixture.
    """

    id: str
    cluster: int
    distance: float | None
    variant: str
    memberships: list[float] | None = None
    reasons: Reasons | None = None


class Predictions(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an answer; ``rejected`` only where a partial one was asked for."""

    release: str
    predictions: list[Prediction] | list[ClusterPrediction]
    rejected: list[RowFailure] = []


_decoder = msgspec.json.Decoder(Request)


async def predict(body: bytes, answerer: Answerer, log: TrafficLog, metrics: Metrics) -> Predictions:
    """Answer the rows of a request.

    Raises
    ------
    Problem : 400 not JSON, and as :func:`answer_rows`.
    OutsideError : the answers could not be logged, so none leaves.
    """
    return await answer_rows(decode(body, _decoder), answerer, log, metrics)


async def answer_rows(request: Request, answerer: Answerer, log: TrafficLog, metrics: Metrics) -> Predictions:
    """The same for a request that was read: what every protocol comes to.

    Raises
    ------
    Problem : 409 an id reused with another row, 413 too many rows, 422 rows that cannot be answered.
    OutsideError : the answers could not be logged, so none leaves.
    """
    if len(request.rows) > MOST_ROWS:
        raise too_many(len(request.rows))
    if request.explain:
        check_explainable(len(request.rows), answerer)
    now = time.time_ns() // 1000
    found = [_answer(answerer, row, now) for row in request.rows]
    failures = [
        RowFailure(position, one.column, one.found, one.expected)
        for position, answer in enumerate(found)
        if isinstance(answer, list)
        for one in answer
    ]
    answers = [(position, answer) for position, answer in enumerate(found) if isinstance(answer, Answer)]
    metrics.rejected += len(found) - len(answers)
    if failures and (not request.partial or not answers):
        raise _not_answered(len(found) - len(answers), len(found), failures)
    if request.dry_run:
        predictions = [_prediction(answer) for _, answer in answers]
    else:
        predictions = await _logged(answers, failures, request.partial, log, now)
        for one in predictions:
            metrics.predictions[one.variant] += 1
    releases = {answer.id: answer.logged.release for _, answer in answers}
    if request.explain:
        # of rows that share an id the first was answered
        rows = {it.id: (it.score, request.rows[position], it.logged.release) for position, it in reversed(answers)}
        reasons = await asyncio.to_thread(explain_rows, rows, answerer)
        predictions = [msgspec.structs.replace(it, reasons=_reasons(it, rows, reasons)) for it in predictions]
    by = [answerer.predictor_of(releases[it.id]) for it in predictions]
    if answerer.predictor.policy.task == "clustering":
        clusters = [as_clusters([it], one.model)[0] for it, one in zip(predictions, by, strict=True)]
        return Predictions(answerer.route.champion, clusters, failures)
    shown = [with_conformal([it], one.policy)[0] for it, one in zip(predictions, by, strict=True)]
    return Predictions(answerer.route.champion, shown, failures)


def as_clusters(predictions: list[Prediction], model: ModelFormat) -> list[ClusterPrediction]:
    """The same as clusters: the decision is the code of one, the scores are the distances to all.

    >>> from fullcycle.predictor.formats.centroids import Centroids
    >>> as_clusters([Prediction("a", "1", [2.0, 0.5], "champion")], Centroids([[0.0], [1.0]]))
    [ClusterPrediction(id='a', cluster=1, distance=0.5, variant='champion', memberships=None, reasons=None)]
    """
    found = []
    for it in predictions:
        distances = it.score if isinstance(it.score, list) else []
        shares = memberships(distances) if distances and isinstance(model, Mixture) else None
        found.append(
            ClusterPrediction(it.id, int(it.decision), min(distances, default=None), it.variant, shares, it.reasons)
        )
    return found


def with_conformal(predictions: list[Prediction], policy: Policy) -> list[Prediction]:
    """The same with prediction intervals or sets, which the policy of a calibrated model tells; none without a score.

    >>> from fullcycle.measure.value import ValueTable
    >>> from fullcycle.predictor.conformal import Conformal
    >>> policy = Policy(
    ...     task="regression", actions=(), values=ValueTable(task="regression", currency="EUR"), todays_rule={"always": 0.0},
    ...     conformal=Conformal(quantile=2.5, confidence=0.95, exchangeable="blocks", n=900, blocks=30),
    ... )
    >>> [it.interval for it in with_conformal([Prediction("a", 7.0, 7.0, "champion")], policy)]
    [(4.5, 9.5)]
    """
    found = policy.conformal
    if found is None:
        return predictions
    if policy.task == "regression":
        return [
            msgspec.structs.replace(it, interval=found.interval(it.score)) if isinstance(it.score, float) else it
            for it in predictions
        ]
    classes = policy.values.classes
    return [
        it
        if it.score is None
        else msgspec.structs.replace(it, labels=found.labels(it.score, _names(it.score, classes)))
        for it in predictions
    ]


def _names(score: float | list[float], classes: tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(score, list):
        return classes or tuple(str(code) for code in range(len(score)))
    return "false", "true"


def _reasons(
    it: Prediction, rows: Mapping[str, tuple[object, object, str]], reasons: Mapping[str, Reasons]
) -> Reasons | None:
    """Those of the score that is told: a retried id may get one of an earlier release, which this one cannot explain."""
    return reasons.get(it.id) if it.score == rows[it.id][0] else None


async def _logged(
    answers: Sequence[tuple[int, Answer]], failures: list[RowFailure], partial: bool, log: TrafficLog, now: int
) -> list[Prediction]:
    """The answers, once they are logged: a retried id gets the answer that it got before."""
    predictions: list[Prediction] = []
    waits: list[asyncio.Future[None]] = []
    fresh: dict[str, Answer] = {}
    for position, answer in answers:
        kept, same = log.answers.get(answer.id, now), fresh.get(answer.id)
        if kept is not None and kept.answers(answer):
            predictions.append(Prediction(kept.id, kept.decision, kept.score, kept.variant))
            waits += [kept.logged] if kept.logged is not None else []
        elif kept is None and (same is None or _alike(same, answer)):
            fresh.setdefault(answer.id, answer)
            predictions.append(_prediction(answer))
        elif partial:
            failures.append(RowFailure(position, "id", answer.id, "an id that was not used for another row"))
        else:
            raise Problem(
                409, f"The id {answer.id!r} was used for another row; send this one under another id.", row=position
            )
    if fresh:
        await log.decide(list(fresh.values()), now)
    for wait in waits:
        await asyncio.shield(wait)  # it is the first request's: who gives up waiting must not take it from others
    return predictions


def _answer(answerer: Answerer, row: object, now: int) -> Answer | list[Any]:
    if isinstance(row, dict):
        return answerer.row(row, now)
    return [RowFailure(None, "", repr(row)[:80], "an object of columns")]


def _prediction(answer: Answer) -> Prediction:
    return Prediction(answer.id, answer.decision, answer.score, answer.variant)


def _alike(one: Answer, other: Answer) -> bool:
    return (one.logged.digest, one.logged.decision) == (other.logged.digest, other.logged.decision)


def _not_answered(bad: int, rows: int, failures: Sequence[RowFailure]) -> Problem:
    told = f"{bad} of {rows} rows cannot be answered."
    if bad < rows:
        told += ' None was; with "partial": true the others are.'
    return Problem(422, told, errors=failures)


def decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """The body of a request.

    Raises
    ------
    Problem : 400 where it is not JSON, 422 where it is not the JSON that is asked for.

    Examples
    --------
    >>> decode(b'{"rows": []}', msgspec.json.Decoder(Request)).partial
    False
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        _check_json(body)  # what is asked for is looked at first: the rest may still be no JSON
        raise _not_as_asked(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(error) from None


def _check_json(body: bytes) -> None:
    try:
        msgspec.json.decode(body)
    except msgspec.ValidationError:  # a number that no float can be
        return
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(error) from None


def _not_json(error: Exception) -> Problem:
    return Problem(400, f"The body is not JSON: {str(error)[:200]}.")


def _not_as_asked(text: str) -> Problem:
    at, key = _AT.search(text), _KEY.search(text)
    column = key.group(1) if key else at.group(1) if at else ""
    said = _AT.sub("", text).replace("`", "")
    expected, _, got = said.partition(", got ")
    if key and not got:
        got, expected = ("an unknown field", "one that /docs lists") if "unknown" in said else ("nothing", "a value")
    failure = RowFailure(None, column, got, expected.removeprefix("Expected "))
    return Problem(422, f"The request is not as asked: {said}.", errors=[failure])


def too_many(rows: int) -> Problem:
    """A request with more rows than one takes.

    >>> too_many(1001).status
    413
    """
    return Problem(413, f"The request has {rows} rows; send at most {MOST_ROWS} at a time.")
