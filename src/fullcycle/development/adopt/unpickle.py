"""Reads a pickle: ``python -I -m fullcycle.development.adopt.unpickle FOLDER``, started by ``pickled`` and by nobody else.

The only place in fullcycle where a pickle is read. It refuses to where a network can be seen.
"""

from __future__ import annotations

import resource
import socket
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from fullcycle.development.adopt.pickled import Asked, Told
from fullcycle.development.scores import written
from fullcycle.kernel.errors import FullcycleError

MEMORY = 8 << 30
WRITTEN = 1 << 30


def main(folder: Path) -> int:
    """Answer what ``asked.json`` asks into ``told.json``, and model and scores beside it."""
    if {name for _, name in socket.if_nameindex()} - {"lo"}:
        sys.stderr.write("a network can be seen from here\n")
        return 3
    for limit, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, WRITTEN), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (most, most))
    asked = msgspec.json.decode((folder / "asked.json").read_bytes(), type=Asked)
    try:
        told = _answer(folder, asked)
    except FullcycleError as error:
        told = Told(problem=str(error))
    (folder / "told.json").write_bytes(msgspec.json.encode(told))
    return 0


def _answer(folder: Path, asked: Asked) -> Told:
    from fullcycle.development.adopt.estimators import of_estimator
    from fullcycle.development.learners.learner import Training

    foreign = of_estimator(_loaded(Path(asked.file)), "pickle")
    if not asked.task:
        return Told(names=foreign.names, width=foreign.width)
    X, y = (np.load(folder / name, allow_pickle=False) for name in ("X.npy", "y.npy"))
    training = Training(X, y, asked.task, asked.classes, {}, seed=0)
    model, scores = foreign.read(training)
    (folder / "model.bin").write_bytes(model.to_bytes())
    (folder / "scores.npy").write_bytes(written(scores))
    return Told(names=foreign.names, width=foreign.width, format=model.name)


def _loaded(path: Path) -> Any:
    """What the file holds; joblib reads plain pickles too."""
    import joblib

    return joblib.load(path)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
