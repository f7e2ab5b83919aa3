"""The tools: what each needs, and how it is run."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import fullcycle as fc
from bench.quality.task import Task
from fullcycle.kernel.errors import Refused

Floats = NDArray[np.float64]
OURS = "fullcycle"
SCRIPTS = Path(__file__).parent / "peers"
_LIGHTGBM = ("lightgbm==4.7.0", "scikit-learn==1.9.1", "pandas==2.3.3", "pyarrow==24.0.0")
PEERS = {
    "lightgbm_default": _LIGHTGBM,
    "optuna_lightgbm": (*_LIGHTGBM, "optuna==5.0.0"),
    "flaml_automl": ("flaml[automl]==2.7.0", "pandas==2.3.3", "pyarrow==24.0.0", "scikit-learn==1.9.1"),
    "autogluon_medium": ("autogluon.tabular[lightgbm,catboost,xgboost]==1.6.3",),
}
"""What each peer's environment holds."""
PATIENCE = 3.0  # times the budget, and a minute, after which a tool is stopped


class Scored(NamedTuple):
    """The scores of the test rows, and how long all of it took."""

    scores: Floats
    seconds: float


def answer(tool: str, task: Task, budget: int, root: Path, threads: int) -> Scored:
    """What *tool* makes of a task within *budget* seconds.

    Raises
    ------
    subprocess.SubprocessError
        It failed, or did not end.
    """
    python = None if tool == OURS else environment(tool, root)  # made before the clock runs
    begun = time.monotonic()
    scores = _ours(task, budget, threads) if python is None else _peer(python, tool, task, budget, threads)
    return Scored(scores, time.monotonic() - begun)


def environment(tool: str, root: Path) -> Path:
    """The interpreter of a peer's own environment, which is made if it is not there."""
    place = root / "environments" / tool
    python = place / "bin" / "python"
    if not (place / "whole").exists():
        subprocess.run((sys.executable, "-m", "venv", "--clear", str(place)), check=True)
        subprocess.run((str(python), "-m", "pip", "install", "--quiet", *PEERS[tool]), check=True)
        (place / "whole").touch()
    return python


def _peer(python: Path, tool: str, task: Task, budget: int, threads: int) -> Floats:
    out = task.shared / f"{tool}.npy"
    command = (python, SCRIPTS / f"{tool}.py", task.shared, task.kind, budget, threads, out)
    _run(command, budget, threads)
    return _loaded(out)


def _ours(task: Task, budget: int, threads: int) -> Floats:
    settings = task.folder / "cycle.toml"
    text = settings.read_text(encoding="utf-8")
    quiet = "learning_curve = false, slices = false, robustness = false, explanations = false, label_errors = false"
    asked = f'[development]\nsearch_budget = "{budget}s"\nevaluation = {{ {quiet} }}\n'
    settings.write_text(re.sub(r"(?ms)^\[development\].*?(?=^\[)", asked + "\n", text), encoding="utf-8")
    develop = "import sys, bench.quality.tools as tools; tools.develop(*sys.argv[1:])"
    _run((sys.executable, "-c", develop, task.folder, threads), budget, threads)
    project = fc.open_project(task.folder)
    model = project.current.model
    if model is None:
        raise FileNotFoundError(f"{task.name}: no model was made")
    return _loaded(io.BytesIO(project.folder.blobs.get(model.scores)))


def develop(folder: str, threads: str) -> None:
    """Make the model; that a gate fails is no matter here."""
    try:
        fc.open_project(folder, workers=int(threads)).develop()
    except Refused as refused:
        print(refused, file=sys.stderr)


def _loaded(file: Path | io.BytesIO) -> Floats:
    scores: Floats = np.load(file, allow_pickle=False)
    return scores


def _run(command: tuple[object, ...], budget: int, threads: int) -> None:
    limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "LOKY_MAX_CPU_COUNT", "OPENBLAS_NUM_THREADS")}
    subprocess.run(
        tuple(map(str, command)),
        env={**os.environ, **limits, "OMP_WAIT_POLICY": "PASSIVE"},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60 + PATIENCE * budget,
        check=True,
    )
