"""A pickled estimator, which runs its maker's code when it is read: only with ``--trust``, in a process of its own.

That process has no network (a network namespace of its own, by ``unshare``), none of our environment's variables, an empty folder to
stand in, and limits of memory, time and files. What comes back is a model in a format that serves, and what the estimator
answered; both are checked here. It is not shut off from the disk: who trusts a file trusts it with what this user may read.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
import numpy as np

from fullcycle.development.adopt.foreign import Foreign
from fullcycle.development.learners.learner import Floats, Training
from fullcycle.development.scores import written
from fullcycle.kernel.errors import InputError, OutsideError
from fullcycle.predictor.formats import ModelFormat, load

SECONDS = 300
_KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is asked: about which file, and, where it is to give the model, for which task."""

    file: str
    task: str = ""
    classes: int = 0


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What it says: columns and width first, then the format; or why not."""

    names: tuple[str, ...] = ()
    width: int = 0
    format: str = ""
    problem: str = ""


def pickled(path: Path) -> Foreign:
    """A pickled estimator, read in a process without a network.

    Raises
    ------
    OutsideError : there is no way to shut off the network here.
    InputError : it holds no estimator, or one that no format can hold.
    """
    with tempfile.TemporaryDirectory() as folder:
        told = _asked(Path(folder), Asked(file=str(path.resolve())))

    def read(training: Training) -> tuple[ModelFormat, Floats]:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            (place / "X.npy").write_bytes(written(training.X))
            (place / "y.npy").write_bytes(written(training.y))
            asked = Asked(file=str(path.resolve()), task=training.task, classes=training.classes)
            found = _asked(place, asked)
            model = load(found.format, (place / "model.bin").read_bytes())
            scores = np.load(io.BytesIO((place / "scores.npy").read_bytes()), allow_pickle=False)
        return model, np.asarray(scores, dtype=np.float64)

    return Foreign("pickle", told.names, told.width, read)


def without_network() -> list[str]:
    """The command that runs another without a network.

    Raises
    ------
    OutsideError : there is none on this machine, or it is not allowed.
    """
    mend = "adopt it on a machine that has Linux namespaces, or save the model as ONNX or by skops"
    if (unshare := shutil.which("unshare")) is None:
        raise OutsideError("a pickle is read without a network only, and there is no 'unshare' here", mend=mend)
    for options in ([], ["--user", "--map-root-user"]):
        command = [unshare, *options, "--net", "--pid", "--fork", "--kill-child", "--"]  # what it starts ends with it
        if subprocess.run([*command, "true"], capture_output=True, timeout=30).returncode == 0:
            return command
    raise OutsideError("a pickle is read without a network only, and this user may not shut it off", mend=mend)


def _asked(folder: Path, asked: Asked) -> Told:
    command = [*without_network(), sys.executable, "-I", "-m", "fullcycle.development.adopt.unpickle", str(folder)]
    (folder / "asked.json").write_bytes(msgspec.json.encode(asked))
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment = {**kept, "HOME": str(folder), "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise InputError("the pickle was not read in time", place=asked.file, found=f"{SECONDS} s") from None
    try:
        told = msgspec.json.decode((folder / "told.json").read_bytes(), type=Told)
    except (OSError, msgspec.MsgspecError):
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise InputError("the pickle cannot be read", place=asked.file, found=" ".join(last)[:200]) from None
    if told.problem:
        raise InputError("the pickle cannot be adopted", place=asked.file, found=told.problem[:300])
    return told
