"""Front matter of a model card's Markdown, as the Hugging Face hub reads it: https://huggingface.co/docs/hub/model-cards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from fullcycle.development.card.facts import Facts
from fullcycle.document import estimate

_TASKS = {
    "binary": "tabular-classification",
    "multiclass": "tabular-classification",
    "regression": "tabular-regression",
}


def front_matter(facts: Facts) -> str:
    """YAML between two lines of dashes: tags, data, and ``model-index`` with every figure of the test rows.

    Each text is written as JSON writes it, which YAML reads alike, so that no name can break out of its place. The
    licence is ``unknown``, since nobody states one for a model; that of the data stands in the card.
    """
    return "\n".join(("---", *_lines(facts), "---", ""))


def _lines(facts: Facts) -> Iterator[str]:
    charter, model = facts.charter, facts.model
    yield "license: unknown"
    yield "library_name: fullcycle"
    if charter.task in _TASKS:
        yield f"pipeline_tag: {_TASKS[charter.task]}"
    yield "tags:"
    for tag in dict.fromkeys(("fullcycle", "tabular", charter.task, model.learner, model.format)):
        yield f"- {_text(tag)}"
    yield "datasets:"
    yield f"- {_text(_name(charter.project))}"
    yield "model-index:"
    yield f"- name: {_text(charter.project)}"
    yield "  results:"
    yield "  - task:"
    yield f"      type: {_TASKS.get(charter.task, 'other')}"
    yield "    dataset:"
    yield f"      name: {_text(f'{charter.project}, test rows')}"
    yield f"      type: {_text(_name(charter.project))}"
    yield "      split: test"
    yield f"      revision: {_text(facts.dataset.id)}"
    yield "    metrics:"
    for name, found in sorted(model.figures.items()):
        yield f"    - type: {_text(name)}"
        yield f"      value: {json.dumps(found.point)}"
        yield f"      name: {_text(f'{name} {estimate(found)} {found.unit}'.rstrip())}"
        yield "      verified: false"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _name(text: str) -> str:
    """A name as the hub writes them.

    >>> _name("late flights")
    'late-flights'
    """
    return re.sub(r"[^\w.-]+", "-", text).strip("-.") or "data"
