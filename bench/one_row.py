"""How long the answer to one row takes, in process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import cycle
from typing import TypeVar

from bench.example import example, pandas, rows, to_pandas
from bench.report import Options, Report
from bench.timing import Case, Measure, measured, repeated
from fullcycle.predictor.bundle import Predictor

ROWS = 200  # in turn, so that no case lives on one row that the processor has learnt by heart
T = TypeVar("T")


def run(options: Options) -> Report:
    """Contract, plan and trees for one row, beside the trees alone on a ready matrix, and a scikit-learn pipeline."""
    made = example(options.quick)
    predictor = Predictor.load(made.bundle)
    table = rows(ROWS, seed=3)
    raw = table.to_dicts()
    check, plan, score = predictor.contract.compile(), predictor.plan.compile(), predictor.model.score
    parsed = [check(row)[0] for row in raw]
    matrices = [predictor.plan.matrix(table[place]) for place in range(ROWS)]
    ready = [matrix[0].tolist() for matrix in matrices]
    least = 0.002 if options.quick else 0.1

    def timed(call: Callable[[T], object], given: Iterable[T]) -> Measure:
        following = cycle(given).__next__
        return repeated(lambda: call(following()), at_least=least)

    cases = [
        Case("Predictor.answer: contract, plan, trees, decision", timed(predictor.answer, raw)),
        Case("plan and trees", timed(lambda values: score(plan(values)), parsed)),
        Case("trees (model.score)", timed(score, ready)),
        Case(
            "lightgbm Booster.predict, ready matrix, 1 thread",
            timed(lambda matrix: made.booster.predict(matrix, num_threads=1), matrices),
            "Booster",
        ),
    ]
    notes = [
        f"20 columns, 12 numbers and 8 categories; {made.booster.num_trees()} trees; all give the same score.",
        f"{ROWS} rows in turn, each ready in the form that the case takes: dict, matrix or frame of one row.",
    ]
    if pandas() is None:
        notes.append("Without the scikit-learn pipeline: pandas is not installed (`pip install 'fullcycle[bench]'`).")
    else:
        frames = [to_pandas(table[place]) for place in range(ROWS)]
        name = "scikit-learn ColumnTransformer and LGBMClassifier, pandas"
        cases.append(Case(name, timed(made.pipeline.predict_proba, frames), "scikit-learn"))
    return Report("one_row", measured(cases, 2 if options.quick else 15), notes=tuple(notes))
