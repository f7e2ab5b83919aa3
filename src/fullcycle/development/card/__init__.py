"""The model card: what a model is for, what it was made from, how good it is and where it fails, from records alone.

Mitchell et al. 2019, *Model Cards for Model Reporting*; the front matter of its Markdown is that of the Hugging Face hub.
"""

from __future__ import annotations

from collections.abc import Mapping

from fullcycle.development.card import results, training, use
from fullcycle.development.card.facts import Facts
from fullcycle.development.card.front_matter import front_matter
from fullcycle.document import Form, Section, Title, estimate, render
from fullcycle.kernel.finding import failed

__all__ = ["Facts", "card", "front_matter", "sections"]


def card(facts: Facts, *, form: Form = "html", pictures: Mapping[str, str] | None = None) -> str:
    """The model card; the same facts give the same text.

    Parameters
    ----------
    form : ``html`` is one page that needs nothing beside it; ``markdown`` begins with front matter.
    pictures : SVG by name, see :func:`fullcycle.development.pictures.charts`; where one lacks, its table stands alone.
    """
    title = Title(f"Model card: {facts.charter.project}", "Model", facts.model.id, tuple(_lead(facts)))
    text = render(title, sections(facts, pictures or {}), form=form)
    return f"{front_matter(facts)}\n{text}" if form == "markdown" else text


def sections(facts: Facts, pictures: Mapping[str, str]) -> tuple[Section, ...]:
    """All that the records say, in the order of a model card."""
    named = {
        "Intended use": use.intended(facts),
        "Gates": results.gates(facts),
        "Limits and risks": use.limits(facts),
        "Data": training.data(facts),
        "Training": training.training(facts),
        "Evaluation": results.evaluation(facts),
        "Money": results.money(facts, pictures),
        "Calibration": results.calibration(facts, pictures),
        "Fairness": results.fairness(facts),
        "Slices": results.slices(facts),
        "Robustness": results.robustness(facts),
        "What drives the scores": results.drivers(facts, pictures),
        "More data and labels": results.data_worth(facts, pictures),
        "Made again": training.made_again(facts),
    }
    return tuple(Section(title, answers) for title, found in named.items() if (answers := tuple(found)))


def _lead(facts: Facts) -> list[str]:
    """The verdict first, then the figures that say most."""
    stops = failed(facts.findings)
    checks = ", ".join(dict.fromkeys(one.check.replace("_", " ") for one in stops))
    verdict = f"Not to be used: it fails {checks}." if stops else "It passes every gate that was asked of it."
    figures = facts.model.figures
    told = [
        f"{name.replace('_', ' ')} {estimate(figures[name])} {figures[name].unit}".rstrip() for name in facts.headline
    ]
    rows = next((figures[name].n for name in facts.headline), 0)
    if not told:
        return [verdict]
    said = f"On {rows:,} rows that it never saw: {'; '.join(told)}."
    return [verdict, f"{said} Intervals hold with {facts.charter.confidence:.0%} confidence."]
