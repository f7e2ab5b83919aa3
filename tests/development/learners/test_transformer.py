"""A transformer is fitted the same anywhere, serves without what fitted it, and is tried where there is something to read."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.data.records import Column
from fullcycle.development.features import fit_features
from fullcycle.development.features.text.tokens import count_tokens
from fullcycle.development.learners import LEARNERS, Training, transformer
from fullcycle.development.search import passed_over, portfolio
from fullcycle.development.search.portfolio import proposals
from fullcycle.development.settings import Development, Features
from fullcycle.kernel.errors import Corrupt, InputError, OutsideError
from fullcycle.measure.metrics import roc_auc
from fullcycle.predictor import encoder, tokens
from fullcycle.predictor.formats import load
from fullcycle.predictor.plan import Input, Plan, TokenIds

installed = pytest.mark.skipif(bool(transformer.missing()), reason=f"needs {tokens.INSTALL}")
NOTE, AGE = (
    Column(name=name, kind=kind, known="before", feature=True) for name, kind in (("note", "text"), ("age", "float"))
)  # type: ignore[arg-type]
GOOD, BAD, OTHER = ["lovely", "soft", "great"], ["poor", "cheap", "ugly"], ["the", "of", "a", "in", "colour", "blue"]
QUICK = {"layers": 1, "learning_rate": 3e-4}


def reviews(n: int, seed: int = 0) -> Training:
    """Texts of five words, of which one in two or so tells of the target; an age that tells nothing."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, n).astype(np.float64)
    X = np.zeros((n, 1 + encoder.TOKENS))
    X[:, 0] = random.normal(size=n)
    for row, kind in enumerate(y):
        ids = tokens.tokens().ids([" ".join(random.choice([*(GOOD if kind else BAD), *OTHER], 5))])
        X[row, 1 : 1 + len(ids)] = ids
    return Training(X, y, "binary", 2, {}, 0, tokens=encoder.TOKENS)


def fit(training: Training, **parameters: Any) -> Any:
    learner = LEARNERS["transformer"]
    return learner.fit(training._replace(parameters={**learner.default(), **QUICK, **parameters}))


@installed
def test_it_learns_serves_alike_to_the_bit_and_is_told_how_long() -> None:
    rows, new = reviews(64), reviews(32, 2)
    first = fit(rows._replace(validation=reviews(32, 1)[:2]))
    body = first.model.to_bytes()
    assert fit(rows._replace(iterations=first.iterations)).model.to_bytes() == body
    served = load("onnx", body)
    scores = served.scores(new.X)
    assert roc_auc(new.y, scores) > 0.9
    assert scores.tolist() == [served.score(row) for row in new.X.tolist()]


@installed
@pytest.mark.slow
@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_and_rows_that_count_little(task: str) -> None:
    rows, new = reviews(48), reviews(40, 2)
    opposite = rows.y.copy()
    y, wrong = (rows.y, 1 - opposite) if task == "multiclass" else (100 + 9 * rows.y, 109 - 9 * opposite)
    both = Training(
        *(np.vstack([rows.X, rows.X]), np.append(y, wrong), task, 3 if task == "multiclass" else 0, {}, 0),
        weights=np.repeat([1.0, 0.01], 48),
        iterations=2,
        tokens=encoder.TOKENS,
    )
    scores = fit(both).model.scores(new.X)
    assert roc_auc(new.y, scores[:, 1] if task == "multiclass" else scores) > 0.9
    if task == "multiclass":
        assert (scores[:, 2] < 0.05).all()  # a class without a row
        assert scores.sum(axis=1) == pytest.approx(np.ones(40), abs=1e-5)
    else:
        assert 98 < scores.mean() < 111


@installed
@pytest.mark.slow
def test_it_is_the_same_on_one_processor_and_on_all() -> None:
    program = (
        "import hashlib, os, sys; sys.path.insert(0, sys.argv[1])\n"
        "if sys.argv[2] == 'one': os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from development.learners.test_transformer import fit, reviews\n"
        "print(hashlib.sha256(fit(reviews(64)._replace(iterations=2)).model.to_bytes()).hexdigest())"
    )
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system binds no process to a processor")
    tests = os.path.join(os.path.dirname(__file__), "..", "..")
    found = [
        subprocess.run([sys.executable, "-c", program, tests, how], capture_output=True, check=True, text=True).stdout
        for how in ("one", "all")
    ]
    assert found[0] == found[1]


@installed
def test_serving_imports_no_jax() -> None:
    rows = reviews(8)
    body = fit(rows._replace(iterations=1)).model.to_bytes()
    program = (
        "import sys; from fullcycle.predictor.formats import load; from fullcycle.predictor.tokens import tokens\n"
        "load('onnx', sys.stdin.buffer.read()).score([0.0] * 129); tokens().ids(['so good']); print('jax' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], input=body, capture_output=True, check=True).stdout
    assert said == b"False\n"


@installed
def test_a_row_and_a_table_are_read_alike_whatever_they_hold() -> None:
    plan = Plan(
        inputs=(Input("a", "text"), Input("b", "text")),
        operations=(TokenIds(output="ids", inputs=("a", "b")),),
        features=(),
    )
    hostile = ["", None, " \n", "🙂 ok", "很好", "word " * 50_000, "[PAD] [CLS] [SEP]", "\x00", "Good!", "x" * 9000]
    frame = pl.DataFrame({"a": hostile, "b": hostile[::-1]})
    many = Plan.from_json(plan.to_json())._run(frame, plan.operations).vectors("ids")
    step = plan.operations[0].row({"a": 0, "b": 1})
    for row, (a, b) in enumerate(frame.iter_rows()):
        alone = step([a, b])
        dense = np.zeros(encoder.TOKENS)
        dense[many.places[many.rows == row]] = many.values[many.rows == row]
        assert alone == {place: number for place, number in enumerate(dense.tolist()) if number}
        assert sum(number == tokens.END for number in alone.values()) == 2  # no text writes a mark of its own
        assert list(alone) == list(range(len(alone)))  # without a gap


@installed
def test_its_plan_ends_in_the_pieces_whatever_is_selected() -> None:
    frame = pl.DataFrame({"note": ["so good", None, "bad", "good"] * 10, "age": np.arange(40.0)})
    target = np.array([1.0, 0.0, 0.0, 1.0] * 10)
    settings = Features(select="lasso", project="none")
    found = fit_features(
        *(frame, target), recipe="tokens", columns=(NOTE, AGE), settings=settings, zone="UTC", task="binary"
    )
    assert count_tokens(found.plan) == encoder.TOKENS
    assert found.plan.features[-1] == "texts: piece 127"
    assert found.matrix[0, -128:-123].tolist() == [101.0, 2061.0, 2204.0, 102.0, 0.0]
    alone = found.plan.compile()({"note": "so good", "age": 0.0})
    assert alone == found.matrix[0].tolist()


def test_without_texts_it_is_its_head_and_by_name_it_is_refused() -> None:
    rows = Training(np.array([[-1.0], [1.0]] * 20), np.array([0.0, 1.0] * 20), "binary", 2, {}, 0)
    assert fit(rows).model.name == "linear"
    with pytest.raises(InputError, match="no column of text is a feature"):
        portfolio(Development(learners=("transformer",)), "binary", (AGE,))


def test_what_is_not_installed_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformer, "missing", lambda: ("jax",))
    rows = Training(np.zeros((4, encoder.TOKENS)), np.array([0.0, 1.0] * 2), "binary", 2, {}, 0, tokens=encoder.TOKENS)
    with pytest.raises(OutsideError, match=r"no jax.*pip install 'fullcycle\[transformer\]'"):
        fit(rows)


@pytest.mark.parametrize(
    ("budget", "lacking", "because"),
    [
        ("3h", (), None),
        ("30m", (), "below 2 hours"),
        ("40 trials", (), "below 2 hours"),
        ("3h", ("jax",), "jax; pip install"),
    ],
)
def test_auto_tries_it_with_texts_and_hours_and_says_so_otherwise(
    monkeypatch: pytest.MonkeyPatch, budget: str, lacking: tuple[str, ...], because: str | None
) -> None:
    module = sys.modules["fullcycle.development.search.portfolio"]  # a function hides its name
    monkeypatch.setattr(module, "missing", lambda: lacking)
    settings = Development(search_budget=budget)
    names = [it.learner for it in proposals(settings, "binary", (NOTE, AGE), 1000)[0]]
    notes = [
        note.evidence["because"]
        for note in passed_over(settings, "binary", (NOTE, AGE))
        if note.subject == "transformer"
    ]
    assert ("transformer" in names) == (because is None)
    assert len(notes) == (because is not None)
    assert because is None or because in str(notes[0])
    assert not [note for note in passed_over(settings, "binary", (AGE,)) if note.subject == "transformer"]


def test_another_tokeniser_or_too_many_texts_are_refused() -> None:
    with pytest.raises(InputError, match="another tokeniser"):
        TokenIds(output="t", inputs=("a",), tokeniser="0" * 64)
    with pytest.raises(InputError, match="so many texts only"):
        TokenIds(output="t", inputs=tuple(f"t{number}" for number in range(17)))


@installed
def test_changed_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from fullcycle.development.learners.transformer import weights

    monkeypatch.setattr(weights, "DIGEST", "0" * 64)
    with pytest.raises(Corrupt, match="another one"):
        weights.pretrained.__wrapped__()
