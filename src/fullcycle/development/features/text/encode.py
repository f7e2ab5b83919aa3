"""What becomes of a column of text, by the setting ``text``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from fullcycle.development.features.draft import Draft
from fullcycle.development.features.text import score
from fullcycle.development.features.text.vocabulary import CHARACTERS, WORDS, Vocabulary, vocabulary
from fullcycle.predictor.encoder import WIDTH
from fullcycle.predictor.plan import Analyser, BagOfWords, Dot, Element, Embedding, Missing, Projection, TermHash, TfIdf

MOST = 50_000  # terms that a score weighs at most
_COMMON = 0.5  # what more than this share of the rows hold is no column of its own


class Terms(NamedTuple):
    """A slot of vectors, and the name of each of its numbers."""

    slot: str
    names: tuple[str, ...]


def as_text(draft: Draft, name: str) -> None:
    """Features of a column of text, as the settings say; and whether it is missing.

    Raises OutsideError where embeddings are asked for and what they need is not installed.
    """
    own = draft.of(name).text
    how = draft.settings.text if own == "auto" else own
    if how == "none":
        return
    if how in ("auto", "score"):  # of many classes a score each would be too many
        how = "score" if score.classes(draft.target, draft.task) else "tf_idf"
    draft.use(draft.add(Missing, f"{name} is missing", input=name))
    _ENCODERS[how](draft, name)


def _score(draft: Draft, name: str) -> None:
    """The score of a linear model on TF-IDF, out of fold on these rows; one for each of several classes."""
    found = [_tf_idf(draft, name, analyser, MOST) for analyser in _analysers(draft)]
    terms = [it for it in found if it.names]
    if not terms:
        return
    weights, scores = score.fitted([draft.vectors(it.slot) for it in terms], draft.target, draft.task)
    for place, (row, intercept) in enumerate(zip(weights.terms.tolist(), weights.intercepts.tolist(), strict=True)):
        hint = f"{name} score" if len(weights.terms) == 1 else f"{name} score of class {place}"
        parts = []
        for it in terms:
            own, row = tuple(row[: len(it.names)]), row[len(it.names) :]
            parts.append(draft.add(Dot, f"{hint} by {it.slot}", input=it.slot, weights=own))
        ones = (1.0,) * len(parts)
        given = scores[:, place].copy()
        slot = draft.add(Projection, hint, given=given, inputs=tuple(parts), weights=ones, offset=intercept)
        draft.use(slot)


def _words(draft: Draft, name: str) -> None:
    """A column for each of the most frequent terms: how often it occurs."""
    for analyser in _analysers(draft):
        known = _vocabulary(draft, name, analyser, draft.settings.text_columns, _COMMON)
        if known.terms:
            hint = _hint(name, analyser, "counts")
            slot = draft.add(BagOfWords, hint, input=name, analyser=analyser, vocabulary=known.terms)
            _elements(draft, name, Terms(slot, known.terms))


def _weighted_words(draft: Draft, name: str) -> None:
    """A column for each of the most frequent terms: its TF-IDF."""
    for analyser in _analysers(draft):
        _elements(draft, name, _tf_idf(draft, name, analyser, draft.settings.text_columns, _COMMON))


def _hashes(draft: Draft, name: str) -> None:
    """A column for each bucket that terms are hashed to: how many fall into it."""
    buckets = draft.settings.text_columns
    for analyser in _analysers(draft):
        slot = draft.add(TermHash, _hint(name, analyser, "hashes"), input=name, analyser=analyser, buckets=buckets)
        _elements(draft, name, Terms(slot, tuple(f"bucket {bucket}" for bucket in range(buckets))))


def _embedding(draft: Draft, name: str) -> None:
    """A column for each number of the text's embedding."""
    slot = draft.add(Embedding, f"{name} embedded", input=name)
    _elements(draft, name, Terms(slot, tuple(f"meaning {number}" for number in range(WIDTH))))


def _tf_idf(draft: Draft, name: str, analyser: Analyser, most: int, common: float = 1.0) -> Terms:
    """TF-IDF of a vocabulary; no names where there is none. A term that every row has still counts a little."""
    known = _vocabulary(draft, name, analyser, most, common)
    if not known.terms:
        return Terms("", ())
    rows = len(draft.strings(name))
    idf = tuple(1 + math.log((1 + rows) / (1 + count)) for count in known.rows)
    hint = _hint(name, analyser, "weighed")
    slot = draft.add(TfIdf, hint, input=name, analyser=analyser, vocabulary=known.terms, idf=idf)
    return Terms(slot, known.terms)


def _vocabulary(draft: Draft, name: str, analyser: Analyser, most: int, common: float) -> Vocabulary:
    return vocabulary(draft.strings(name), analyser, rare=draft.settings.rare, most=most, common=common)


def _elements(draft: Draft, name: str, terms: Terms) -> None:
    for place, term in enumerate(terms.names):
        draft.use(draft.add(Element, f"{name}: {term}", input=terms.slot, at=place))


def _analysers(draft: Draft) -> tuple[Analyser, ...]:
    return (WORDS, CHARACTERS) if draft.settings.text_characters else (WORDS,)


def _hint(name: str, analyser: Analyser, what: str) -> str:
    return f"{name} {analyser.unit}s {what}"


_ENCODERS: dict[str, Callable[[Draft, str], None]] = {
    "score": _score,
    "bag_of_words": _words,
    "tf_idf": _weighted_words,
    "hashing": _hashes,
    "embedding": _embedding,
}
