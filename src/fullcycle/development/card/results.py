"""How good a model is, on the test rows, and where it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fullcycle.development.card.facts import Facts
from fullcycle.development.partial_dependence import Dependence
from fullcycle.document import Answer, Grid, Picture, estimate, figure, findings_grid
from fullcycle.measure.intervals import Estimate

_MONEY = ("gain_per_1000", "worth_")
_COVERAGE = ("interval_", "set_")
_CALIBRATION = "calibration_"
Pictures = Mapping[str, str]


def gates(facts: Facts) -> Iterator[Answer]:
    """What was held against a limit, and what a machine measured."""
    told = [finding for finding in facts.findings if finding.passed is not None]
    failed = sum(finding.passed is False for finding in told)
    text = f"{len(told)} checks, of which {failed} fell short. It is reading {facts.model.reading} of these test rows: "
    text += "each further look is tested harder."
    yield Answer("Does it pass?", text, "measured", findings_grid(told) if told else None)


def evaluation(facts: Facts) -> Iterator[Answer]:
    """The figures of the test rows, and what was decided against what came true."""
    figures, effects = facts.model.figures, facts.evaluation.design_effects
    plain = {
        name: it for name, it in figures.items() if not name.startswith((*_MONEY, *_COVERAGE)) and "_by_" not in name
    }
    heads = ("figure", "value", "low", "high", "unit", "rows", "blocks", "design effect")
    rows = tuple((*_line(name, it), figure(effects.get(name))) for name, it in sorted(plain.items()))
    text = "Days are resampled whole; the design effect says how many rows count as one that stands alone."
    yield Answer("How good is it on rows that it never saw?", text, "measured", Grid(heads, rows))
    cover = {name: it for name, it in figures.items() if name.startswith(_COVERAGE)}
    if cover:
        text = "By split conformal prediction, of rows that it was not fitted on."
        yield Answer("How sure are its intervals?", text, "measured", _figures(cover))
    if (counts := facts.evaluation.confusion) and len(counts) == len(facts.dataset.classes):
        counted = tuple(
            (name, *(f"{n:,}" for n in line)) for name, line in zip(facts.dataset.classes, counts, strict=True)
        )
        yield Answer(
            "What was said, and what came true?",
            "Test rows by outcome.",
            "measured",
            Grid(("came true \\ said", *facts.dataset.classes), counted),
        )


def money(facts: Facts, pictures: Pictures) -> Iterator[Answer]:
    """What decisions are worth, against what would be done without the model."""
    found = {name: it for name, it in facts.model.figures.items() if name.startswith(_MONEY)}
    if not found:
        return
    text = (
        "Per 1000 decisions on the test rows; the gain is over the better of today's rule and the best action for all."
    )
    yield Answer("What is it worth?", text, "measured", _figures(found))
    curve = facts.evaluation.profit
    if curve:
        rows = tuple((f"{it.share:.0%}", *_ends(it.worth)) for it in curve)
        grid = Grid(("share acted on", "worth", "low", "high"), rows)
        text = f"In {curve[0].worth.unit}, the most promising rows first."
        yield Answer("How many rows are worth acting on?", text, "measured", grid, _picture(pictures, "profit"))


def calibration(facts: Facts, pictures: Pictures) -> Iterator[Answer]:
    """Whether what is said to happen in three of ten cases does."""
    curve = facts.evaluation.reliability
    if curve is None:
        return
    triples = zip(curve.scores, curve.rates, curve.counts, strict=True)
    rows = tuple((figure(score), figure(rate), f"{n:,}") for score, rate, n in triples)
    of = {name: it for name, it in facts.model.figures.items() if name.startswith(_CALIBRATION)}
    text = "; ".join(f"{name.replace('_', ' ')} {estimate(it)}" for name, it in sorted(of.items()))
    grid = Grid(("mean score", "came true", "rows"), rows)
    text = f"{text[:1].upper()}{text[1:]}." if text else "By tenths of the test rows."
    yield Answer("Do scores mean what they say?", text, "measured", grid, _picture(pictures, "calibration"))


def fairness(facts: Facts) -> Iterator[Answer]:
    """Differences between groups that a limit was set for."""
    limits = facts.charter.limits.fairness
    found = {name: it for name, it in facts.model.figures.items() if "_difference_by_" in name}
    protected = ", ".join(column.name for column in facts.dataset.columns if column.protected)
    if not limits:
        watched = f" Protected columns: {protected}." if protected else ""
        yield Answer("Are groups treated alike?", f"No limit of fairness was set.{watched}", "missing")
        return
    text = "The largest rate among groups less the smallest."
    yield Answer("Are groups treated alike?", text, "measured", _figures(found) if found else None)


def slices(facts: Facts) -> Iterator[Answer]:
    """The worst slices, with p adjusted for how many were looked at."""
    found = facts.evaluation.slices
    if found is None:
        return
    heads = ("slice", "rows", "surprise", "p", "harm", "p of harm")
    rows = tuple(
        (
            facts.level(it.where),
            f"{it.surprise.n:,}",
            estimate(it.surprise),
            figure(it.p),
            estimate(it.harm),
            figure(it.p_harm),
        )
        for it in found.worst
    )
    text = (
        f"The worst of {found.tested:,} slices. Surprise is loss beyond what its own scores expect, less elsewhere; harm is "
        "loss less a constant's. Each p is adjusted for all slices looked at."
    )
    yield Answer("Where is it worst?", text, "measured", Grid(heads, rows) if rows else None)


def robustness(facts: Facts) -> Iterator[Answer]:
    """What spoilt rows do to it."""
    found = facts.evaluation.degradations
    if not found:
        return
    heads = ("what is spoilt", "how much", "column", "turned away", "loss grows by", "certainty grows by", "unnoticed")
    rows = tuple(
        (
            it.corruption,
            figure(it.level),
            it.column or "any",
            f"{it.refused:.0%}",
            estimate(it.loss),
            estimate(it.certainty),
            "yes" if it.silent else "",
        )
        for it in found
    )
    silent = sum(it.silent for it in found)
    text = f"{len(found)} ways to spoil rows; {silent} make it worse and surer of itself at once, which nobody would notice."
    yield Answer("What if rows are spoilt?", text, "measured", Grid(heads, rows))


def drivers(facts: Facts, pictures: Pictures) -> Iterator[Answer]:
    """What columns do for the scores."""
    found = facts.evaluation
    if found.importances:
        rows = tuple((it.column, *_ends(it.loss)) for it in found.importances)
        grid = Grid(("column", "loss grows by", "low", "high"), rows)
        text = "By how much the loss of the test rows grows where a column tells nothing."
        yield Answer("Which columns matter?", text, "measured", grid, _picture(pictures, "importance"))
    if found.shap:
        rows = tuple((it.column, *_ends(it.size)) for it in found.shap)
        text = "The mean size of what a column adds to the raw score (SHAP)."
        yield Answer("How far do they move a score?", text, "measured", Grid(("column", "adds", "low", "high"), rows))
    for it in found.dependences:
        question = f"How does the score depend on {it.column}?"
        if it.column in facts.personal:
            yield Answer(question, "Not told: the column is, or may be, personal.", "missing")
            continue
        text = "The mean score if every row had that value: what the model does, not what the world would."
        yield Answer(
            question, text, "measured", _dependence(it, facts), _picture(pictures, f"dependence on {it.column}")
        )


def data_worth(facts: Facts, pictures: Pictures) -> Iterator[Answer]:
    """Whether more rows would help, and how many labels look wrong."""
    curve, errors = facts.evaluation.learning, facts.evaluation.label_errors
    if curve is not None and curve.points:
        rows = tuple((f"{it.rows:,}", *_ends(it.loss)) for it in curve.points)
        grid = Grid(("rows of training", "loss", "low", "high"), rows)
        slope = (
            f"The loss changes by {estimate(curve.slope)} {curve.slope.unit}." if curve.slope else "It was not told."
        )
        yield Answer("Is more data worth it?", slope, "measured", grid, _picture(pictures, "learning curve"))
    if errors is not None:
        share = errors.suspected / errors.rows if errors.rows else 0.0
        text = (
            f"{errors.suspected:,} of {errors.rows:,} validation rows ({share:.1%}) are suspected by confident learning. "
            "Where a question is hard, so are many of its rows."
        )
        yield Answer("How many labels look wrong?", text, "measured")


def _figures(found: Mapping[str, Estimate]) -> Grid:
    heads = ("figure", "value", "low", "high", "unit", "rows", "blocks")
    return Grid(heads, tuple(_line(name, it) for name, it in sorted(found.items())))


def _line(name: str, it: Estimate) -> tuple[str, ...]:
    return (name, *_ends(it), it.unit, f"{it.n:,}", f"{it.blocks:,}" if it.blocks else "")


def _ends(it: Estimate) -> tuple[str, str, str]:
    return figure(it.point), figure(it.low), figure(it.high)


def _dependence(it: Dependence, facts: Facts) -> Grid:
    several = len(it.scores[0]) > 1 if it.scores else False
    heads = (it.column, *(facts.dataset.classes if several else ("mean score",)))
    rows = tuple(
        (at if isinstance(at, str) else figure(at), *map(figure, scores))
        for at, scores in zip(it.at, it.scores, strict=True)
    )
    return Grid(heads, rows)


def _picture(pictures: Pictures, name: str) -> Picture | None:
    return Picture(pictures[name], f"{name}, drawn from the numbers below") if name in pictures else None
