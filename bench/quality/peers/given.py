"""What a peer is given, read with pandas."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class Given(NamedTuple):
    """Learning rows, their answers, test rows; texts are categories."""

    learning: Any
    answers: Any
    test: Any
    kind: str
    seconds: float
    threads: int
    out: Path


def given(*, calendar: bool = False) -> Given:
    """Read what the command line names; with *calendar* times become their parts, for a tool that cannot read times."""
    folder, kind, seconds, threads, out = sys.argv[1:]
    learning, test = (pd.read_parquet(Path(folder, name)) for name in ("train.parquet", "test.parquet"))
    answers = learning.pop("answer")
    for name in learning.columns:
        if pd.api.types.is_datetime64_any_dtype(learning[name]):
            learning[name], test[name] = learning[name].dt.tz_localize(None), test[name].dt.tz_localize(None)
            if calendar:
                for part in ("month", "day", "weekday", "hour"):
                    learning[f"{name} {part}"] = getattr(learning[name].dt, part)
                    test[f"{name} {part}"] = getattr(test[name].dt, part)
                learning, test = learning.drop(columns=name), test.drop(columns=name)
        elif not pd.api.types.is_numeric_dtype(learning[name]):
            seen = pd.CategoricalDtype(sorted(learning[name].dropna().unique()))
            learning[name], test[name] = learning[name].astype(seen), test[name].astype(seen)
    return Given(learning, answers, test, kind, float(seconds), int(threads), Path(out))


def hand_over(given: Given, scores: Any, classes: Any = ()) -> None:
    """Write the scores; those of several classes are put in the order of their names."""
    scores = np.asarray(scores, dtype=np.float64)
    if given.kind != "regression":
        order = np.argsort([str(name) for name in classes])
        scores = scores[:, order]
        if given.kind == "binary":
            scores = scores[:, 1]
    np.save(given.out, scores, allow_pickle=False)
