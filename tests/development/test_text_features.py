"""Free text as features: what serves is what was trained on, no answer leaks, and nobody's words are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.data.records import Column
from fullcycle.development.features import fit_plan
from fullcycle.development.features.text.score import CLASSES
from fullcycle.development.features.text.vocabulary import CHARACTERS, WORDS, vocabulary
from fullcycle.development.settings import Features
from fullcycle.kernel.errors import InputError
from fullcycle.measure.metrics import roc_auc
from fullcycle.predictor.plan import BagOfWords, Plan, TfIdf

NOTE = Column(name="note", kind="text", known="before", feature=True)
GOOD, BAD, OTHER = ("lovely soft fits well", "returned it poor cheap", "the of a in colour blue")


def fitted(texts: Any, target: Any, *, task: str = "binary", recipe: str = "trees", **settings: Any) -> Any:
    frame = pl.DataFrame({"note": texts}, schema={"note": pl.String})
    given = Features(**settings)
    target = np.asarray(target, dtype=np.float64)
    return fit_plan(frame, target, recipe=recipe, columns=(NOTE,), settings=given, zone="UTC", task=task)


def reviews(rows: int, seed: int = 0) -> tuple[list[str | None], np.ndarray[Any, Any]]:
    """Texts of six words, most of them those of their class; one in fifty is missing."""
    random = np.random.default_rng(seed)
    target = random.integers(0, 2, rows).astype(float)
    kinds = [(GOOD.split(), BAD.split())[int(one)] for one in target]
    texts = [" ".join(random.choice(own + OTHER.split(), 6)) for own in kinds]
    return [None if random.random() < 0.02 else text for text in texts], target


HOW = ["auto", "score", "bag_of_words", "tf_idf", "hashing"]


@pytest.mark.parametrize("characters", [False, True])
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("recipe", ["linear", "trees"])
def test_one_row_and_many_give_the_same_bits(recipe: str, how: str, characters: bool) -> None:
    texts, target = reviews(300)
    plan, matrix = fitted(texts, target, recipe=recipe, text=how, text_columns=40, text_characters=characters)
    again = Plan.from_json(plan.to_json())
    hostile = [*texts[:40], "", None, "🙂" * 9, "12345 678", "платье 很好", "LOVELY " * 50_000]
    run, frame = again.compile(), pl.DataFrame({"note": hostile}, schema={"note": pl.String})
    served = again.matrix(frame)
    assert np.array([run({"note": text}) for text in hostile]).tobytes() == served.tobytes()
    assert np.isfinite(served).all()
    assert plan.features[0] == "note is missing"
    if how in ("auto", "score"):
        assert plan.features[1:] == ("note score",)
        assert not np.array_equal(matrix[:40, 1], served[:40, 1])  # trained on what other rows say
        new, known = reviews(400, seed=1)
        assert roc_auc(known, again.matrix(pl.DataFrame({"note": new}))[:, 1]) > 0.9
    else:
        assert np.array_equal(matrix[:40], served[:40])


def test_a_score_does_not_know_the_row_it_is_used_on() -> None:
    random = np.random.default_rng(3)
    words = [f"word{number:02}" for number in range(60)]
    texts = [" ".join(random.choice(words, 12)) for _ in range(800)]
    target = random.integers(0, 2, 800)
    plan, matrix = fitted(texts, target, rare=1)
    place = plan.features.index("note score")
    served = plan.matrix(pl.DataFrame({"note": texts}))
    assert roc_auc(target.astype(float), served[:, place]) > 0.65  # it has learnt noise by heart
    assert abs(roc_auc(target.astype(float), matrix[:, place]) - 0.5) < 0.06


def test_the_same_rows_give_the_same_plan_on_any_number_of_threads() -> None:
    from threadpoolctl import threadpool_limits

    texts, target = reviews(400)
    plans = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            plans.append(fitted(texts, target)[0].to_json())
    assert plans[0] == plans[1]


@pytest.mark.parametrize("how", ["score", "bag_of_words", "tf_idf"])
def test_what_few_rows_hold_is_kept_nowhere(how: str) -> None:
    texts, target = reviews(300)
    secret = "zanzibarova"
    texts[:19] = [f"{text} {secret} 0301234567" for text in texts[:19]]
    texts = [None if text is None else f"{text} 5551234" for text in texts]  # a number that many rows hold
    for characters in (False, True):
        kept = fitted(texts, target, text=how, text_characters=characters)[0].to_json().decode()
        assert secret not in kept
        assert "anziba"[:5] not in kept
        assert "55512" not in kept
    kept = fitted(texts, target, text=how, rare=19)[0].to_json().decode()
    assert secret in kept


def test_a_vocabulary_is_the_most_frequent_terms() -> None:
    texts = pl.Series(["a1 b1", "a1 b1", "a1 c1", "a1", None])
    assert vocabulary(texts, WORDS, rare=1, most=2).terms == ("a1", "a1 b1")  # before b1, as frequent
    assert vocabulary(texts, WORDS, rare=1, most=9, common=0.5).terms == ("a1 b1", "a1 c1", "b1", "c1")
    assert vocabulary(texts, WORDS, rare=5, most=9).terms == ()
    assert vocabulary(pl.Series(["aaaa aaaa"]), CHARACTERS, rare=1, most=99).rows == (1,) * 8


def test_several_classes_have_a_score_each() -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 3, 600)
    texts = [" ".join([("red", "green", "blue")[one], *random.choice(["aa", "bb", "cc"], 3)]) for one in target]
    plan, _ = fitted(texts, target, task="multiclass")
    scores = plan.matrix(pl.DataFrame({"note": ["red aa", "green bb", "blue cc"]}))
    assert plan.features == tuple(f"note score of class {one}" for one in range(3))
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]


def test_of_many_classes_words_are_columns() -> None:
    target = np.arange(900) % (CLASSES + 1)
    plan, _ = fitted([f"word{one} {'aa' if one % 2 else 'bb'}" for one in target], target, task="multiclass")
    assert any(isinstance(it, TfIdf) for it in plan.operations)
    assert "note: word10" in plan.features


def test_a_number_is_foretold_from_words() -> None:
    random = np.random.default_rng(0)
    target = random.uniform(0, 100, 500)
    texts = ["cheap " * int(it < 50) + "dear " * int(it >= 50) + str(random.choice(["aa", "bb"])) for it in target]
    plan, matrix = fitted(texts, target, task="regression")
    assert plan.features == ("note score",)
    assert np.corrcoef(matrix[:, 0], target)[0, 1] > 0.8


def test_a_block_of_one_class_alone_is_scored_all_the_same() -> None:
    texts = [GOOD, BAD] * 100
    target = [0.0, 1.0] * 20 + [0.0] * 160  # four blocks of five hold one class
    _, matrix = fitted(texts, target)
    assert np.isfinite(matrix).all()
    _, matrix = fitted([GOOD] * 40 + [BAD] * 160, [1.0] * 40 + [0.0] * 160)  # the others of the first block are one
    assert np.isfinite(matrix).all()


@pytest.mark.parametrize("texts", [[None] * 60, [""] * 60, [" \t"] * 60, ["one and the same"] * 60])
def test_texts_that_say_nothing_are_no_column(texts: list[str | None]) -> None:
    with pytest.raises(InputError, match="no column is left"):
        fitted(texts, [0.0, 1.0] * 30)


def test_columns_of_words_are_as_many_as_declared() -> None:
    texts, target = reviews(300)
    plan, _ = fitted(texts, target, text="bag_of_words", text_columns=5)
    bag = next(it for it in plan.operations if isinstance(it, BagOfWords))
    assert len(bag.vocabulary) == 5
    assert plan.features == ("note is missing", *(f"note: {term}" for term in bag.vocabulary))
