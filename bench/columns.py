"""How many rows a second features and trees take on columns."""

from __future__ import annotations

from bench.example import Example, example, pandas, rows, to_pandas
from bench.report import Options, Report
from bench.timing import Case, Measure, measured, repeated


def run(options: Options) -> list[Report]:
    """The plan beside scikit-learn's ColumnTransformer, then the trees beside Booster.predict."""
    made = example(options.quick)
    n, rounds = (2000, 2) if options.quick else (1_000_000, 5)
    return [_features(made, n, rounds), _trees(made, n // 10, 2 if options.quick else 9)]


def _features(made: Example, n: int, rounds: int) -> Report:
    table, transform = rows(n, seed=3), made.pipeline[0].transform
    cases = [
        Case("feature plan", repeated(lambda: made.plan.matrix(table), items=n)),
        Case("ColumnTransformer, polars", repeated(lambda: transform(table), items=n), "ColumnTransformer"),
    ]
    notes = [f"{n:,} rows of 20 columns into 20 features; the same matrix."]
    if pandas() is None:
        notes.append("Without ColumnTransformer on pandas, which is not installed (`pip install 'fullcycle[bench]'`).")
    else:
        other = to_pandas(table)
        cases.append(
            Case("ColumnTransformer, pandas", repeated(lambda: transform(other), items=n), "the same on pandas")
        )
    return Report("columns: features", measured(cases, rounds), "rate", "row", tuple(notes))


def _trees(made: Example, n: int, rounds: int) -> Report:
    matrix = made.plan.matrix(rows(n, seed=3))

    def ours(threads: int) -> Measure:
        return repeated(lambda: made.model.scores(matrix, threads=threads), items=n)

    def theirs(threads: int) -> Measure:
        return repeated(lambda: made.booster.predict(matrix, num_threads=threads), items=n)

    cases = []
    for threads, word in ((1, "1 thread"), (2, "2 threads")):
        cases.append(Case(f"model.scores, {word}", ours(threads)))
        cases.append(Case(f"Booster.predict, {word}", theirs(threads), f"Booster, {word}"))
    notes = (f"{n:,} ready rows, {made.booster.num_trees()} trees; the same scores.",)
    return Report("columns: trees", measured(cases, rounds), "rate", "row", notes)
