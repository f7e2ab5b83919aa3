"""Parity: golden rows, answered when a bundle is made, must be answered alike wherever it is loaded.

The rows come from the contract alone, never from people. To its mixtures and extremes are added, one row each, the
categories that the contract names, the words that the plan looks up and texts of its vocabularies, so that a changed mapping is seen.
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
import polars as pl

from fullcycle.kernel.errors import Corrupt, InputError
from fullcycle.predictor.contract import Contract, Parsed
from fullcycle.predictor.plan import BagOfWords, Equals, Lookup, Operation, Plan, TfIdf
from fullcycle.predictor.plan.values import SORTS
from fullcycle.predictor.policy import Score
from fullcycle.predictor.scoring import Answer, Scorer

Cell: TypeAlias = bool | int | float | str | None

ROWS = 64  # mixtures of a contract
WORDS = 512  # rows for texts, categories and words, at most
TEXTS = 32  # rows for the terms of a vocabulary
TOLERANCE = 1e-9  # relative: another CPU may round a logarithm otherwise
BLOCK_TOLERANCE = 1e-6  # relative: between one row and many, for operations that are no exact ones

_TYPES: dict[str, pl.DataType] = {"boolean": pl.Boolean(), "time": pl.Datetime("us", "UTC")}


class Golden(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One golden row and what must be answered to it.

    Attributes
    ----------
    row : as it would come in a request.
    features : float64 of the plan, little-endian, in hexadecimal: exact, NaN included.
    score, decision : the answer; ``refused`` where there is none, since today's rule has no action for the row.
    """

    row: dict[str, Cell]
    features: str
    score: Score | None = None
    decision: str | float | None = None
    refused: bool = False


def golden(scorer: Scorer) -> list[Golden]:
    """Golden rows with their answers.

    Raises
    ------
    InputError
        The model has no score for a row that the contract allows, or one row and many give different answers.

    Examples
    --------
    >>> from fullcycle.measure.value import ValueTable
    >>> from fullcycle.predictor.contract import ColumnRule
    >>> from fullcycle.predictor.formats.linear import Linear
    >>> from fullcycle.predictor.plan import Input
    >>> from fullcycle.predictor.policy import Policy
    >>> table = ValueTable(task="regression", currency="EUR")
    >>> scorer = Scorer(
    ...     plan=Plan(inputs=(Input("x", "float"),), operations=(), features=("x",)),
    ...     model=Linear([2.0], 1.0),
    ...     contract=Contract((ColumnRule(name="x", kind="float", nullable=False, low=0.0, high=4.0),)),
    ...     policy=Policy(task="regression", actions=(), values=table, todays_rule={"always": 0.0}),
    ... )
    >>> rows = golden(scorer)
    >>> rows[0].row, rows[0].score
    ({'x': 2.0}, 5.0)
    >>> verify(scorer, rows)
    """
    rows, parsed, made = [], [], []
    check = scorer.contract.compile()
    for row in _rows(scorer.contract, scorer.plan):
        values, failures = check(row)
        if not failures:
            rows.append(row)
            parsed.append(values)
    for number, (row, values) in enumerate(zip(rows, parsed, strict=True)):
        made.append(_answered(scorer, row, values, number))
    if not made:
        raise InputError("the contract has no golden rows", mend="look at its bounds and categories")
    _check_columns(scorer, parsed, made)
    return made


def verify(scorer: Scorer, rows: Sequence[Golden]) -> None:
    """Answer golden rows again.

    Raises
    ------
    Corrupt
        A feature, score or decision differs; the golden row is named.
    """
    check = scorer.contract.compile()
    tolerance = max((TOLERANCE, *(operation.tolerance for operation in scorer.plan.operations)))
    if not rows:
        raise Corrupt("there are no golden rows", place="golden.json")
    for number, expected in enumerate(rows):
        place = f"golden row {number}"
        values, failures = check(expected.row)
        if failures:
            raise Corrupt("the contract refuses a golden row", place=place, found=failures[0].column)
        features, answer = scorer.answer_values(values)
        for name, found, wanted in zip(
            scorer.plan.features, features, _numbers(expected.features, place), strict=False
        ):
            if not close(found, wanted, tolerance):
                raise Corrupt(f"feature {name!r} differs", place=place, found=found, expected=repr(wanted))
        if len(expected.features) != 16 * len(features):
            raise Corrupt("the number of features differs", place=place, found=len(features))
        _compare(answer, expected, place, max(tolerance, float(getattr(scorer.model, "tolerance", 0.0))))


def close(one: float, other: float, tolerance: float) -> bool:
    """Whether two numbers are the same, or both missing.

    >>> close(float("nan"), float("nan"), 0.0), close(1.0, 1.1, 1e-9)
    (True, False)
    """
    return (
        one == other
        or (one != one and other != other)
        or math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
    )


def _compare(answer: Any, expected: Golden, place: str, tolerance: float) -> None:
    if not isinstance(answer, Answer):
        if not expected.refused:
            raise Corrupt("a golden row is not answered", place=place, found=answer[0].expected)
        return
    scores, wanted = (np.atleast_1d(np.array(score, dtype=np.float64)) for score in (answer.score, expected.score))
    same = len(scores) == len(wanted) and all(map(close, scores, wanted, [tolerance] * len(scores)))
    exact = same and all(map(close, scores, wanted, [TOLERANCE] * len(scores)))
    if expected.refused or not same:
        raise Corrupt("the score differs", place=place, found=answer.score, expected=repr(expected.score))
    if exact and isinstance(answer.decision, str) and answer.decision != expected.decision:
        raise Corrupt("the decision differs", place=place, found=answer.decision, expected=repr(expected.decision))


def _answered(scorer: Scorer, row: dict[str, Cell], values: Mapping[str, Parsed], number: int) -> Golden:
    features, answer = scorer.answer_values(values)
    packed = struct.pack(f"<{len(features)}d", *features).hex()
    if isinstance(answer, Answer):
        return Golden(row=row, features=packed, score=answer.score, decision=answer.decision)
    if answer[0].column == "score" and "score" not in scorer.columns:
        mend = "impute what may be missing, and clip what may be huge, in the feature plan"
        raise InputError(
            "the model has no score for a row that the contract allows",
            place=f"golden row {number}",
            found=row,
            mend=mend,
        )
    return Golden(row=row, features=packed, refused=True)


def _check_columns(scorer: Scorer, parsed: Sequence[Mapping[str, Parsed]], rows: Sequence[Golden]) -> None:
    """The columns executor must answer as the row executor did."""
    answered = [number for number, row in enumerate(rows) if not row.refused]
    frame = parsed_frame([parsed[number] for number in answered], scorer.contract)
    matrix = scorer.plan.matrix(frame)
    scores = scorer.model.scores(matrix)
    decisions = scorer.decider.decide(scores, frame).tolist()
    for position, number in enumerate(answered):
        row, place = rows[number], f"golden row {number}"
        found = [*matrix[position].tolist(), *np.atleast_1d(scores[position]).tolist()]
        wanted = [*_numbers(row.features, place), *np.atleast_1d(np.array(row.score)).tolist()]
        alike = all(map(close, found, wanted, [BLOCK_TOLERANCE] * len(wanted)))
        if not alike or (isinstance(row.decision, str) and decisions[position] != row.decision):
            mend = "look at the operations that are not our own"
            raise InputError(
                "one row and many are answered differently", place=place, found=found, expected=repr(wanted), mend=mend
            )


def parsed_frame(parsed: Sequence[Mapping[str, Parsed]], contract: Contract) -> pl.DataFrame:
    """Rows that a contract parsed, as a table of its kinds.

    >>> from fullcycle.predictor.contract import ColumnRule
    >>> parsed_frame([{"x": 1.0}, {"x": float("nan")}], Contract((ColumnRule(name="x", kind="float"),)))["x"].to_list()
    [1.0, None]
    """
    columns = []
    for rule in contract.columns:
        cells = pl.Series(rule.name, [values[rule.name] for values in parsed], strict=False)
        if SORTS[rule.kind] == "string":
            columns.append(cells.cast(pl.String))
            continue
        numbers = cells.cast(pl.Float64).fill_nan(None)
        columns.append(numbers.cast(pl.Int64).cast(_TYPES[rule.kind]) if rule.kind in _TYPES else numbers)
    return pl.DataFrame(columns)


def _rows(contract: Contract, plan: Plan) -> Iterator[dict[str, Cell]]:
    yield from contract.golden_rows(ROWS)
    example = contract.example()
    for column, word in itertools.islice(_words(contract, plan), WORDS):
        yield {**example, column: word}


def _words(contract: Contract, plan: Plan) -> Iterator[tuple[str, str]]:
    """Texts, each category, and each word that the plan looks up, with their columns, once."""
    kinds, seen = contract.kinds, set()
    pairs = [(operation.reads()[0], text) for operation in plan.operations for text in _texts(operation)]
    pairs += [(rule.name, word) for rule in contract.columns for word in rule.categories or ()]
    for operation in plan.operations:
        if isinstance(operation, Lookup):
            pairs += [(operation.input, word) for word in operation.table]
        elif isinstance(operation, Equals):
            pairs.append((operation.input, operation.value))
    for pair in pairs:
        if pair[0] in kinds and pair not in seen:
            seen.add(pair)
            yield pair


def _texts(operation: Operation) -> Iterator[str]:
    """Texts that hold every term of an operation's vocabulary, each in one of them, so that a changed weight is seen."""
    if isinstance(operation, BagOfWords | TfIdf):
        terms = operation.vocabulary
        yield from (" ".join(terms[start::TEXTS]) for start in range(min(TEXTS, len(terms))))


def _numbers(packed: str, place: str) -> tuple[float, ...]:
    try:
        body = bytes.fromhex(packed)
        return struct.unpack(f"<{len(body) // 8}d", body)
    except (ValueError, struct.error):
        raise Corrupt("golden features are not numbers", place=place) from None
