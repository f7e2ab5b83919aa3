"""A model that was made elsewhere becomes a candidate: read without running it, held against the same rows and gates as our own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np

from fullcycle.data.records import Dataset
from fullcycle.development import policy_of
from fullcycle.development.adopt import boosters, estimators, graphs, mlflow_folder, pickled
from fullcycle.development.adopt.foreign import Foreign, kind_of
from fullcycle.development.blocks import row_blocks
from fullcycle.development.calibrate import Calibration
from fullcycle.development.chosen import Chosen
from fullcycle.development.fit import Final
from fullcycle.development.holdout import Holdout
from fullcycle.development.learners.learner import Training
from fullcycle.development.reading import read_test_rows
from fullcycle.development.records import Model
from fullcycle.development.scores import written
from fullcycle.development.settings import Development
from fullcycle.development.table import Given, rows
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import ColumnMissing, InputError, Refused
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.record import digest
from fullcycle.kernel.verbs import Run, step
from fullcycle.predictor.formats import load
from fullcycle.predictor.plan import Input, Plan
from fullcycle.scoping.records import Charter

_READERS: dict[str, Callable[[Path], Foreign]] = {
    "lightgbm": boosters.lightgbm,
    "xgboost": boosters.xgboost,
    "catboost": boosters.catboost,
    "onnx": graphs.onnx,
}
_NUMBERS = ("float", "integer", "boolean")
_ROWS = 2000  # on which it is held against itself
_LIBRARIES = ("lightgbm", "scikit-learn", "numpy", "scipy", "polars")


class Adopted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A foreign model as it is kept.

    Attributes
    ----------
    kind, sha256 : whose file it was, and its digest.
    plan, fitted, format : blobs of the plan that feeds it and of the model, and the model's format.
    """

    kind: str
    sha256: str
    plan: str
    fitted: str
    format: str


def opened(path: Path, *, trust: bool = False, trusted: Sequence[str] = ()) -> Foreign:
    """The model in a file or an MLflow folder.

    Parameters
    ----------
    trust : whether a pickle may be read, which runs its maker's code.
    trusted : types of skops files that the server trusts besides skops' own.

    Raises
    ------
    Refused : it is a pickle, and nobody trusts it; or a skops file with types that are not trusted.
    InputError : it is no model that is known, or is damaged.
    OutsideError : it cannot be read, or the library for it is not installed.
    """
    kind = kind_of(path)
    if kind == "mlflow":
        folder = mlflow_folder.read(path)
        found = opened(folder.file, trust=trust, trusted=trusted)
        return found._replace(kind=f"mlflow, {found.kind}", names=found.names or folder.names)
    if kind == "skops":
        return estimators.skops(path, trusted)
    if kind == "pickle":
        if not trust:
            raise Refused(
                "a pickle runs its maker's code when it is read, so it was not read",
                place=str(path),
                mend="save the model as ONNX or by skops; or, if you trust who made it, add --trust",
            )
        return pickled.pickled(path)
    return _READERS[kind](path)


def digest_of(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files with their names. Raises OSError."""
    if path.is_file():
        return digest(path.read_bytes())
    files = sorted(one for one in path.rglob("*") if one.is_file())
    return digest("\n".join(f"{one.relative_to(path)} {digest(one.read_bytes())}" for one in files).encode())


def taken(
    found: Foreign, sha256: str, names: Sequence[str], charter: Charter, dataset: Dataset, blobs: Blobs
) -> Adopted:
    """The model with the plan that feeds it, once it answers rows of *dataset* as it did where it came from.

    Parameters
    ----------
    names : the columns that it takes, in its order; empty where it says so itself.

    Raises
    ------
    InputError : nobody says which columns it takes, or one of them is no number; or it is for another question.
    ColumnMissing : the dataset lacks one of them.
    """
    plan = plan_of(tuple(names) or found.names, found, dataset)
    known = rows(dataset, charter.target, blobs, "train", "validation")
    places = np.linspace(0, len(known.target) - 1, min(_ROWS, len(known.target))).astype(np.int64)
    training = Training(
        plan.matrix(known.frame[places]), known.target[places], charter.task, len(dataset.classes), {}, seed=0
    )
    model = found.kept(training)
    return Adopted(
        kind=found.kind,
        sha256=sha256,
        plan=blobs.put(plan.to_json()),
        fitted=blobs.put(model.to_bytes()),
        format=model.name,
    )


def plan_of(names: tuple[str, ...], found: Foreign, dataset: Dataset) -> Plan:
    """The plan that hands these columns on as they are; errors as :func:`taken`."""
    if not names:
        mend = "name them in its order: --columns a,b,c"
        raise InputError("the model does not say which columns it takes", place=found.kind, mend=mend)
    if found.width and found.width != len(names):
        expected = f"{found.width}, as the model takes"
        raise InputError("other columns than the model takes", place=found.kind, found=len(names), expected=expected)
    rules = {rule.name: rule.kind for rule in dataset.contract.columns}
    for name in names:
        if name not in rules:
            raise ColumnMissing(name, sorted(rules), source="what a request brings", needed_by="the model")
        if rules[name] not in _NUMBERS:
            raise InputError(
                "the model takes numbers, and a column is none",
                place=name,
                found=rules[name],
                mend="adopt a model of numbers, or develop one here: it encodes categories in its feature plan",
            )
    return Plan(inputs=tuple(Input(name, rules[name]) for name in dict.fromkeys(names)), operations=(), features=names)


@step("development.adopt", version=1, libraries=_LIBRARIES)
def adopt(
    *,
    charter: Charter,
    dataset: Dataset,
    adopted: Adopted,
    settings: Development,
    reading: int = 1,
    blobs: Blobs,
    run: Run,
) -> Model:
    """The Model: what came from elsewhere, and what it came to on the test rows, judged by the same gates.

    Whether it learned from these very test rows nobody here can know: a finding says so.

    Raises
    ------
    InputError : a clustering was asked for, or the model does not answer the rows.
    """
    if charter.task == "clustering":
        raise InputError("no clustering is adopted", place="cycle.toml, [scoping] task", found=charter.task)
    looked = msgspec.structs.replace(settings.evaluation, learning_curve=False)  # it is not fitted again
    given = Given(charter, dataset, msgspec.structs.replace(settings, evaluation=looked), (), blobs)
    plan, model = Plan.from_json(blobs.get(adopted.plan)), load(adopted.format, blobs.get(adopted.fitted))
    known = rows(dataset, charter.target, blobs, "train", "validation")
    validation = rows(dataset, charter.target, blobs, "validation")
    held = Holdout(
        validation.target,
        model.scores(plan.matrix(validation.frame)),
        row_blocks(validation.frame[charter.time], charter),
        len(known.target),
    )
    chosen = Chosen((), Calibration(None), held, (), 0)
    seen = read_test_rows(chosen, given, Final(plan, model, known.target), policy_of(charter, dataset), reading=reading)
    return Model(
        parents=(dataset.id, charter.id),
        task=charter.task,
        learner="adopted",
        parameters={"kind": adopted.kind, "sha256": adopted.sha256},
        plan=adopted.plan,
        fitted=adopted.fitted,
        format=adopted.format,
        policy=seen.policy,
        leaderboard=(),
        figures=seen.figures,
        scores=blobs.put(written(seen.scores)),
        trained_rows=0,
        fits=0,
        seed=settings.seed,
        evaluation=blobs.put(seen.evaluation.to_bytes()),
        reading=reading,
        findings=(*seen.findings, _unknown(adopted)),
        settings=settings,
        libraries={name: version(name) for name in _LIBRARIES},
        code=run.code,
    )


def _unknown(adopted: Adopted) -> Finding:
    """What an adopted model learned from is told by nobody."""
    return Finding(
        check="training_rows_unknown",
        subject=adopted.kind,
        passed=None,
        severity="warn",
        evidence={"why": "it may have learned from these test rows, and then its figures say too much"},
    )
