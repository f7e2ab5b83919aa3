"""A bundle whose plan reads texts: it proves every weight, and answers a row as it answers a table."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl
import pytest

from fullcycle.kernel.errors import Corrupt
from fullcycle.measure.value import ValueTable
from fullcycle.predictor import parity
from fullcycle.predictor.bundle import Predictor, pack
from fullcycle.predictor.contract import ColumnRule, Contract
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.plan import Analyser, Dot, Input, Plan, TfIdf
from fullcycle.predictor.policy import Policy
from fullcycle.predictor.scoring import Scorer

TERMS = tuple(sorted({"good", "bad", "not good", *(f"word{number:03}" for number in range(200))}))
CONTRACT = Contract((ColumnRule(name="note", kind="text"),))
POLICY = Policy(
    task="binary",
    actions=("answer", "wait"),
    values=ValueTable(task="binary", currency="EUR"),
    todays_rule={"always": "wait"},
    kinds={"note": "text"},
)
MODEL = Linear([1.0], 0.0, "sigmoid")
WEIGHTS = tuple(np.linspace(-3, 3, len(TERMS)).tolist())


def plan(weights: tuple[float, ...] = WEIGHTS) -> Plan:
    analyser = Analyser("word", 1, 2)
    terms = TfIdf(output="t", input="note", analyser=analyser, vocabulary=TERMS, idf=(2.0,) * len(TERMS))
    score = Dot(output="score", input="t", weights=weights)
    return Plan(inputs=(Input("note", "text"),), operations=(terms, score), features=("score",))


def packed() -> bytes:
    return pack(plan=plan(), model=MODEL, contract=CONTRACT, policy=POLICY, facts={})


def test_it_loads_and_answers_one_as_many() -> None:
    predictor = Predictor.load(packed())
    texts = ["good", "not good", "", None, "🙂 " * 30, "платье 很好", "12345", "bad " * 250_000]
    table = predictor.predict(pl.DataFrame({"note": texts}))
    for text, score in zip(texts, table["score"], strict=True):
        answer = predictor.answer({"note": text})
        assert not isinstance(answer, list)
        assert answer.score == score
    refused = predictor.answer({"note": 7})
    assert isinstance(refused, list)
    assert refused[0].expected == "a string"


@pytest.mark.parametrize("changed", range(0, len(TERMS), 20))
def test_the_weight_of_any_term_is_proved(changed: int) -> None:
    rows = parity.golden(Scorer(plan=plan(), model=MODEL, contract=CONTRACT, policy=POLICY))
    weights = tuple(weight + 1e-6 * (place == changed) for place, weight in enumerate(WEIGHTS))
    with pytest.raises(Corrupt, match="feature 'score' differs"):
        parity.verify(Scorer(plan=plan(weights), model=MODEL, contract=CONTRACT, policy=POLICY), rows)


def test_the_same_parts_are_the_same_bytes() -> None:
    assert packed() == packed()
    assert msgspec.json.decode(plan().to_json())["operations"][0]["op"] == "tf_idf"
