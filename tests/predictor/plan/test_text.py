"""Texts: the analyser against scikit-learn's, both executors to the bit, and what is no plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan import (
    Analyser,
    BagOfWords,
    Choose,
    Dot,
    Element,
    Input,
    Missing,
    Operation,
    Plan,
    Projection,
    TermHash,
    TfIdf,
)
from fullcycle.predictor.plan.analyser import LONGEST, normalised

WORDS, CHARACTERS = Analyser("word", 1, 2), Analyser("character", 3, 5)
ANALYSERS = [Analyser("word"), WORDS, Analyser("word", 2, 3), CHARACTERS]
TEXTS = [
    "Love this dress, LOVE it!",
    "did not fit; I sent it back",
    "",
    " \t\n",
    "12 3456 7.5",
    "ein größeres Kleid — größeres!",
    "платье отличное, the dress too",
    "这件衣服很好 很好",
    "i̇stanbul a b cd",
    "so_so it's",
]


def reference(analyser: Analyser) -> Any:
    unit = {"word": "word", "character": "char_wb"}[analyser.unit]
    runs = (analyser.low, analyser.high)
    return CountVectorizer(analyzer=unit, ngram_range=runs, preprocessor=normalised).build_analyzer()


def plan_of(*operations: Operation, width: int) -> Plan:
    """A plan whose features are all numbers of the last operation's vector."""
    last = operations[-1].output
    elements = tuple(Element(output=f"e{at}", input=last, at=at) for at in range(width))
    names = tuple(it.output for it in elements)
    return Plan(inputs=(Input("s", "text"),), operations=(*operations, *elements), features=names)


@pytest.mark.parametrize("analyser", ANALYSERS, ids=str)
def test_terms_are_those_of_scikit_learn(analyser: Analyser) -> None:
    terms = reference(analyser)
    for text in TEXTS:
        assert sorted(analyser.terms(text)) == sorted(terms(text))


@pytest.mark.parametrize("analyser", ANALYSERS, ids=str)
def test_tf_idf_is_that_of_scikit_learn(analyser: Analyser) -> None:
    vectorizer = TfidfVectorizer(analyzer=reference(analyser))
    expected = vectorizer.fit_transform(TEXTS).toarray()
    terms, idf = tuple(vectorizer.get_feature_names_out().tolist()), tuple(vectorizer.idf_.tolist())
    made = TfIdf(output="v", input="s", analyser=analyser, vocabulary=terms, idf=idf)
    found = plan_of(made, width=len(terms)).matrix(pl.DataFrame({"s": TEXTS}))
    assert np.abs(found - expected).max() < 1e-12


def test_emoji_are_words_and_forms_of_letters_are_one() -> None:
    assert Analyser("word").terms("🙂🙂 Ｎice ﬁt ☹") == ["🙂", "🙂", "nice", "fit", "☹"]


letters = st.sampled_from(["good", "bad", "Fit", "größe", "🙂", "不好", "платье", " ", "-", "\x00", "ﬁ", "İ"])
hostile = st.none() | st.text(max_size=12) | st.lists(letters, max_size=12).map(" ".join)


@st.composite
def text_plans(draw: st.DrawFn) -> Plan:
    analyser = draw(st.sampled_from(ANALYSERS))
    terms = {term for text in draw(st.lists(hostile, min_size=1, max_size=4)) for term in analyser.terms(text or "")}
    vocabulary = tuple(sorted(terms | {"good"}))
    weights = st.floats(-5, 5)
    idf = tuple(draw(st.lists(st.floats(1, 9), min_size=len(vocabulary), max_size=len(vocabulary))))
    made: Operation = draw(
        st.sampled_from(
            [
                BagOfWords(output="v", input="s", analyser=analyser, vocabulary=vocabulary),
                TfIdf(output="v", input="s", analyser=analyser, vocabulary=vocabulary, idf=idf),
                TermHash(output="v", input="s", analyser=analyser, buckets=draw(st.integers(1, 50))),
            ]
        )
    )
    width = made.width()
    dot = Dot(output="d", input="v", weights=tuple(draw(st.lists(weights, min_size=width, max_size=width))))
    elements = tuple(Element(output=f"e{at}", input="v", at=at) for at in range(min(width, 4)))
    names = ("d", *(it.output for it in elements))
    return Plan(inputs=(Input("s", "text"),), operations=(made, dot, *elements), features=names)


@given(text_plans(), st.lists(hostile, min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_columns_and_rows_give_the_same_bits(plan: Plan, texts: list[str | None]) -> None:
    texts = [text if text is None else text.encode("utf-8", "ignore").decode() for text in texts]
    matrix = plan.matrix(pl.DataFrame({"s": texts}, schema={"s": pl.String}))
    run = plan.compile()
    assert np.array([run({"s": text}) for text in texts]).tobytes() == matrix.tobytes()
    assert Plan.from_json(plan.to_json()) == plan


def test_a_missing_text_is_an_empty_one() -> None:
    bag = BagOfWords(output="v", input="s", analyser=WORDS, vocabulary=("good",))
    plan = plan_of(bag, width=1)
    assert plan.matrix(pl.DataFrame({"s": [None, "", "good"]})).tolist() == [[0.0], [0.0], [1.0]]


@pytest.mark.parametrize("analyser", [WORDS, CHARACTERS], ids=str)
def test_a_megabyte_of_text_is_read_as_far_as_a_text_says_something(analyser: Analyser) -> None:
    text = "good " * 200_000
    bag = BagOfWords(
        output="v", input="s", analyser=analyser, vocabulary=tuple(sorted(set(analyser.terms("good good"))))
    )
    plan = plan_of(bag, width=bag.width())
    found = plan.compile()({"s": text})
    assert found == plan.compile()({"s": text[:LONGEST]}) == plan.matrix(pl.DataFrame({"s": [text]}))[0].tolist()
    assert max(found) == LONGEST / 5


BAG = BagOfWords(output="v", input="s", analyser=WORDS, vocabulary=("bad", "good"))


@pytest.mark.parametrize(
    "reader",
    [
        Dot(output="o", input="v", weights=(1.0,)),
        Element(output="o", input="v", at=2),
        Missing(output="o", input="v"),
        Choose(output="o", condition="n", then="v", otherwise="v"),
        Projection(output="o", inputs=("v",), weights=(1.0,)),
        Dot(output="o", input="n", weights=(1.0,)),
        Element(output="o", input="s", at=0),
    ],
    ids=lambda it: f"{it.tag} of {it.reads()[-1]}",
)
def test_vectors_are_read_by_what_knows_their_length_alone(reader: Operation) -> None:
    inputs = (Input("s", "text"), Input("n", "float"))
    with pytest.raises(InputError, match="does not fit"):
        Plan(inputs=inputs, operations=(BAG, reader), features=("o",)).check()


def test_a_vector_is_no_feature() -> None:
    plan = Plan(inputs=(Input("s", "text"),), operations=(BAG,), features=("v",))
    with pytest.raises(InputError, match="feature 'v' is a vector"):
        plan.matrix(pl.DataFrame({"s": ["good"]}))


@pytest.mark.parametrize(
    "make",
    [
        lambda: BagOfWords(output="o", input="s", analyser=WORDS, vocabulary=()),
        lambda: BagOfWords(output="o", input="s", analyser=WORDS, vocabulary=("a", "a")),
        lambda: BagOfWords(output="o", input="s", analyser=Analyser("word", 2, 1), vocabulary=("a",)),
        lambda: BagOfWords(output="o", input="s", analyser=Analyser("word", longest=0), vocabulary=("a",)),
        lambda: TfIdf(output="o", input="s", analyser=WORDS, vocabulary=("a",), idf=()),
        lambda: TfIdf(output="o", input="s", analyser=WORDS, vocabulary=("a",), idf=(0.0,)),
        lambda: TermHash(output="o", input="s", analyser=WORDS, buckets=0),
        lambda: TermHash(output="o", input="s", analyser=WORDS, buckets=2**30),
        lambda: Element(output="o", input="v", at=-1),
    ],
)
def test_bad_parameters_are_refused(make: Any) -> None:
    with pytest.raises(InputError) as error:
        make()
    assert "'o'" in str(error.value)
