"""Texts as pieces of words, for a learner that reads them itself: the last features of its plan, one for each place."""

from __future__ import annotations

from fullcycle.development.features.draft import Draft
from fullcycle.predictor.encoder import TOKENS
from fullcycle.predictor.plan import Element, Missing, Plan, TokenIds


def as_tokens(draft: Draft, name: str) -> None:
    """A column of text that is read with the others, unless the settings leave it out; and whether it is missing."""
    own = draft.of(name).text
    if (draft.settings.text if own == "auto" else own) != "none":
        draft.use(draft.add(Missing, f"{name} is missing", input=name))
        draft.texts.append(name)


def read_tokens(draft: Draft) -> None:
    """The texts of a row as one sequence, behind all other features: every place of it, though it never varies.

    Raises OutsideError where the tokeniser is not installed.
    """
    if draft.texts:
        slot = draft.add(TokenIds, "texts read", inputs=tuple(draft.texts))
        draft.features += [draft.add(Element, f"texts: piece {at}", input=slot, at=at) for at in range(TOKENS)]


def count_tokens(plan: Plan) -> int:
    """How many of a plan's last features are pieces of words.

    >>> count_tokens(Plan(inputs=(), operations=(), features=()))
    0
    """
    reading = {it.output for it in plan.operations if isinstance(it, TokenIds)}
    pieces = {it.output for it in plan.operations if isinstance(it, Element) and it.input in reading}
    return sum(name in pieces for name in plan.features)
