"""What a model was made from and how, and how it is made again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fullcycle.data.records import Dataset
from fullcycle.development.card.facts import Facts, stated
from fullcycle.document import Answer, Grid, declared, figure

TRIALS = 12  # of the leaderboard that a card shows; the record holds them all
_PARTS = ("train", "validation", "test")


def data(facts: Facts) -> Iterator[Answer]:
    """Where rows came from, and which of them were used for what."""
    dataset = facts.dataset
    text = f"Dataset {dataset.id[:12]}, as of {str(dataset.as_of)[:10]}; its datasheet tells more."
    yield Answer("From which data was it made?", text, "measured", _sources(dataset))
    parts = tuple(
        (name, f"{part.rows:,}", str(part.start)[:10], str(part.end)[:10])
        for name, part in ((name, dataset.parts[name]) for name in _PARTS if name in dataset.parts)
    )
    divided = f"By {dataset.division.by}; the test rows took no part in any choice."
    yield Answer("How were rows divided?", divided, "measured", Grid(("part", "rows", "from", "to"), parts))
    features = [column for column in dataset.columns if column.name in facts.inputs]
    rows = tuple((it.name, it.kind, it.unit, it.personal or "none found") for it in features)
    text = f"{len(features)} columns, all known when the prediction is made."
    yield Answer("What does it read?", text, "measured", Grid(("column", "type", "unit", "personal data"), rows))
    yield declared("Under which licence is the data?", stated(facts, "licence"))


def training(facts: Facts) -> Iterator[Answer]:
    """The learner, its parameters, and what it was chosen from."""
    model = facts.model
    grid = Grid(("parameter", "value"), tuple((name, shown(value)) for name, value in sorted(model.parameters.items())))
    text = f"{model.learner}, kept in the format {model.format}, fitted on {model.trained_rows:,} rows."
    if not model.fits:
        text = f"Made elsewhere, kept in the format {model.format}. Which rows it learned from is not known here."
    if model.calibration:
        text += f" Its scores are calibrated ({model.calibration})."
    yield Answer("What is it?", text, "measured", grid if model.parameters else None)
    if len(model.members) > 1:
        rows = tuple((it.learner, figure(it.weight), parameters_text(it.parameters)) for it in model.members)
        yield Answer(
            "What is it made of?", "Trials together.", "measured", Grid(("learner", "share", "parameters"), rows)
        )
    if model.folds:
        rows = tuple((str(place), f"{it.trained:,}", f"{it.tested:,}") for place, it in enumerate(model.folds, 1))
        grid = Grid(("fold", "rows trained on", "rows tested"), rows)
        yield Answer("On which folds was it chosen?", "The same for every trial.", "measured", grid)
    if not model.fits:
        return
    board = facts.leaderboard
    text = f"{len(board)} trials; {model.fits} models were fitted to choose and make it."
    if len(board) > TRIALS:
        text += f" The best {TRIALS}, and the baselines:"
    yield Answer("What was it chosen from?", text, "measured", _board(facts))


def made_again(facts: Facts) -> Iterator[Answer]:
    """What makes the same model again, and whether that was tried."""
    model = facts.model
    rows = (
        ("model", model.id),
        *(("made from", parent) for parent in model.parents),
        ("feature plan", model.plan),
        ("fitted model", model.fitted),
        ("seed", str(model.seed)),
        ("cycle.py", model.code or "none"),
        *sorted(model.libraries.items()),
    )
    text = f"By 'fullcycle develop --verify {model.id[:12]}', which fits it anew from its record and compares."
    yield Answer("How is it made again?", text, "measured", Grid(("what", "id or value"), rows))
    tried = tuple((str(at)[:16], "the same" if same else "something else") for at, same in facts.rebuilt)
    if tried:
        same = sum(one == "the same" for _, one in tried)
        text = f"{len(tried)} times; the same came out {same} times."
        yield Answer("Was it tried?", text, "measured", Grid(("when", "what came out"), tried))
    else:
        yield Answer("Was it tried?", "Not yet.", "missing")
    if facts.seconds is not None:
        yield Answer(
            "How long did it take?", f"{figure(round(facts.seconds))} s on the machine that made it.", "measured"
        )


def shown(value: float | str | bool) -> str:
    """A parameter as it is read.

    >>> shown(0.09990823), shown("gini"), shown(True), shown(40)
    ('0.09991', 'gini', 'true', '40')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else figure(value)


def parameters_text(parameters: Mapping[str, float | int | str | bool] | None) -> str:
    """Parameters in a line.

    >>> parameters_text({"b": 2, "a": 0.5}), parameters_text({}), parameters_text(None)
    ('a 0.5, b 2', '', 'not kept here')
    """
    if parameters is None:
        return "not kept here"
    return ", ".join(f"{name} {shown(value)}" for name, value in sorted(parameters.items()))


def _board(facts: Facts) -> Grid:
    kept = [it for it in facts.leaderboard if it.place <= TRIALS or it.note]
    rows = tuple(
        (
            str(it.place),
            it.learner,
            figure(it.loss),
            figure(it.error),
            "" if it.seconds is None else f"{it.seconds:.1f}",
            it.note,
            parameters_text(it.parameters),
        )
        for it in kept
    )
    return Grid(("place", "learner", "loss", "standard error", "seconds", "note", "parameters"), rows)


def _sources(dataset: Dataset) -> Grid:
    heads = ("source", "owner", "licence", "purpose", "how collected")
    rows = tuple(
        tuple(text or "not stated" for text in (it.name, it.owner, it.licence, it.purpose, it.collected))
        for it in dataset.sources
    )
    return Grid(heads, rows)
