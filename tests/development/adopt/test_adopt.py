"""Models made elsewhere: each answers as it did there, or is refused with the reason; what would run code is not opened."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fullcycle.development.adopt import digest_of, opened, plan_of
from fullcycle.development.adopt.foreign import Foreign, kind_of
from fullcycle.development.adopt.pickled import without_network
from fullcycle.development.learners.learner import Floats, Training
from fullcycle.kernel.errors import ColumnMissing, FullcycleError, InputError, OutsideError, Refused
from fullcycle.predictor.contract import ColumnRule, Contract

NAMES = ["spend", "visits", "age"]
TASKS = ("binary", "multiclass", "regression")
CLASSES = {"binary": 2, "multiclass": 3, "regression": 0}


def training(task: str) -> Training:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(300, 3)) * [40, 3, 10]
    signal = X[:, 0] / 40 - X[:, 1] / 3 + rng.normal(size=300) / 2
    y = {"binary": (signal > 0), "multiclass": np.digitize(signal, (-0.7, 0.7)), "regression": signal}[task]
    return Training(X, y.astype(float), task, CLASSES[task], {}, seed=0)


def lightgbm(path: Path, it: Training) -> Floats:
    import lightgbm as library

    task = {"multiclass": {"objective": "multiclass", "num_class": 3}}.get(it.task, {"objective": it.task})
    data = library.Dataset(it.X, it.y, feature_name=NAMES)
    booster = library.train({**task, "verbose": -1, "num_leaves": 7, "num_threads": 1}, data, 12)
    booster.save_model(path)
    return np.asarray(booster.predict(it.X))


def xgboost(path: Path, it: Training) -> Floats:
    library = pytest.importorskip("xgboost", reason="pip install 'fullcycle[xgboost]'")
    task = {"binary": "binary:logistic", "multiclass": "multi:softprob", "regression": "reg:squarederror"}[it.task]
    settings = {"objective": task, "max_depth": 3, "nthread": 1} | ({"num_class": 3} if it.task == "multiclass" else {})
    data = library.DMatrix(it.X, it.y, feature_names=NAMES)
    booster = library.train(settings, data, 12)
    booster.save_model(path)
    return np.asarray(booster.predict(data))


def catboost(path: Path, it: Training) -> Floats:
    library = pytest.importorskip("catboost", reason="pip install 'fullcycle[catboost]'")
    quiet = {"iterations": 12, "depth": 3, "verbose": 0, "allow_writing_files": False, "thread_count": 1}
    made = library.CatBoostRegressor(**quiet) if it.task == "regression" else library.CatBoostClassifier(**quiet)
    made.fit(library.Pool(it.X, it.y, feature_names=NAMES)).save_model(str(path))
    if it.task == "regression":
        return np.asarray(made.predict(it.X))
    scores = made.predict_proba(it.X)
    return np.asarray(scores[:, 1] if it.task == "binary" else scores)


def estimator(it: Training) -> tuple[Any, Floats]:
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if it.task == "regression":
        made = make_pipeline(StandardScaler(), LinearRegression()).fit(it.X, it.y)
        return made, made.predict(it.X)
    named = np.array(["a", "b", "c"])[it.y.astype(int)]  # classes as people name them
    made = make_pipeline(StandardScaler(), LogisticRegression()).fit(it.X, named)
    scores = made.predict_proba(it.X)
    return made, scores[:, 1] if it.task == "binary" else scores


def skops(path: Path, it: Training) -> Floats:
    io = pytest.importorskip("skops.io", reason="pip install 'fullcycle[adopt]'")
    made, scores = estimator(it)
    io.dump(made, path)
    return scores


def onnx(path: Path, it: Training) -> Floats:
    convert = pytest.importorskip("skl2onnx", reason="pip install 'fullcycle[onnx]'")
    from skl2onnx.common.data_types import DoubleTensorType

    made, scores = estimator(it)
    options = None if it.task == "regression" else {id(made): {"zipmap": False}}
    graph = convert.to_onnx(made, initial_types=[("x", DoubleTensorType([None, 3]))], options=options)
    path.write_bytes(graph.SerializeToString())
    return scores


def pickled(path: Path, it: Training) -> Floats:
    import joblib

    made, scores = estimator(it)
    joblib.dump(made, path, compress=3)
    return scores


FILES: dict[str, Callable[[Path, Training], Floats]] = {
    "model.txt": lightgbm,
    "model.json": xgboost,
    "model.ubj": xgboost,
    "model.cbm": catboost,
    "model.onnx": onnx,
    "model.skops": skops,
}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", FILES)
def test_it_answers_as_it_did_where_it_came_from(tmp_path: Path, name: str, task: str) -> None:
    it = training(task)
    expected = FILES[name](tmp_path / name, it)
    found = opened(tmp_path / name)
    assert list(found.names) in (NAMES, [])
    assert found.width in (3, 0)
    kept = found.kept(it)
    assert np.allclose(kept.scores(it.X), expected, atol=1e-5)
    for other in set(TASKS) - {task}:
        with pytest.raises((InputError, OutsideError)):
            opened(tmp_path / name).kept(training(other))


@pytest.fixture
def sandboxed() -> None:
    try:
        without_network()
    except OutsideError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize("task", ["multiclass"])
def test_a_trusted_pickle_leaves_in_a_format_that_serves(tmp_path: Path, task: str) -> None:
    it = training(task)
    expected = pickled(tmp_path / "model.joblib", it)
    kept = opened(tmp_path / "model.joblib", trust=True).kept(it)
    assert kept.name in ("onnx", "linear")
    assert np.allclose(kept.scores(it.X), expected, atol=1e-5)


class Bomb:
    """What runs when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def bombs(folder: Path) -> list[Path]:
    """A pickle that leaves a mark, under every name and in every wrapping that could be given us."""
    import joblib

    bomb = Bomb(f"touch {folder}/burst")
    plain = [folder / name for name in ("a.pkl", "b.joblib", "c.skops", "d.onnx", "e.txt", "f.cbm", "g.ubj", "h.json")]
    for path in plain:
        path.write_bytes(pickle.dumps(bomb))
    for method in ("zlib", "gzip", "bz2", "xz"):
        joblib.dump(bomb, folder / f"packed-{method}", compress=(method, 3))
    (folder / "old.pkl").write_bytes(pickle.dumps(bomb, protocol=0))
    (folder / "old.txt").write_bytes(pickle.dumps(bomb, protocol=0))
    zipped = folder / "torch.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(bomb))
    shutil.copy(zipped, folder / "torch.skops")
    array = folder / "array.npy"
    np.save(array, np.array([bomb], dtype=object), allow_pickle=True)
    mlflow = folder / "mlflow"
    mlflow.mkdir()
    (mlflow / "model.pkl").write_bytes(pickle.dumps(bomb))
    (mlflow / "MLmodel").write_text("flavors:\n  sklearn:\n    pickled_model: model.pkl\n")
    yaml = folder / "yaml"
    yaml.mkdir()
    (yaml / "MLmodel").write_text(f"flavors: !!python/object/apply:os.system ['touch {folder}/burst']\n")
    return sorted(path for path in folder.iterdir())


def test_no_pickle_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    found = bombs(tmp_path)
    assert len(found) == 19
    for path in found:
        with pytest.raises(FullcycleError):
            opened(path)
    assert not (tmp_path / "burst").exists()


@pytest.mark.usefixtures("sandboxed")
def test_a_trusted_pickle_sees_no_network_and_none_of_our_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    command = f"(cat /proc/net/dev; env; (sleep 60; touch {tmp_path}/late) &) > {tmp_path}/seen"
    (tmp_path / "spy.pkl").write_bytes(pickle.dumps(Bomb(command)))
    with pytest.raises(InputError, match="no estimator"):
        opened(tmp_path / "spy.pkl", trust=True)
    seen = (tmp_path / "seen").read_text()
    assert "s3cret" not in seen
    assert {line.split(":")[0].strip() for line in seen.splitlines() if line.count(":") == 1 and "=" not in line} == {
        "lo"
    }
    assert not runs(f"{tmp_path}/late")  # what it left behind ended with it


def runs(text: str) -> bool:
    """Whether a process has *text* in its command line."""
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if text.encode() in one.read_bytes():
                return True
    return False


def test_without_a_way_to_shut_off_the_network_a_pickle_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(Bomb(f"touch {tmp_path}/burst")))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(OutsideError, match="no 'unshare'"):
        opened(tmp_path / "a.pkl", trust=True)
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/false")
    with pytest.raises(OutsideError, match="may not shut it off"):
        opened(tmp_path / "a.pkl", trust=True)
    assert not (tmp_path / "burst").exists()


def test_types_that_a_server_does_not_trust_are_named(tmp_path: Path) -> None:
    io = pytest.importorskip("skops.io", reason="pip install 'fullcycle[adopt]'")
    import lightgbm as library

    it = training("binary")
    made = library.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(it.X, it.y)
    io.dump(made, tmp_path / "a.skops")
    with pytest.raises(Refused, match=r"lightgbm\.sklearn\.LGBMClassifier"):
        opened(tmp_path / "a.skops")
    trusted = ("collections.OrderedDict", "lightgbm.basic.Booster", "lightgbm.sklearn.LGBMClassifier")
    kept = opened(tmp_path / "a.skops", trusted=trusted).kept(it)
    assert np.allclose(kept.scores(it.X), made.predict_proba(it.X)[:, 1])


def test_mlflow_folders(tmp_path: Path) -> None:
    it = training("binary")
    expected = lightgbm(tmp_path / "model.lgb", it)
    columns = json.dumps([{"name": name, "type": "double"} for name in ("a", "b", "c")])
    told = f"flavors:\n  lightgbm:\n    data: model.lgb\nsignature:\n  inputs: '{columns}'\n"
    (tmp_path / "MLmodel").write_text(told)
    found = opened(tmp_path)
    assert (found.kind, list(found.names)) == ("mlflow, lightgbm", NAMES)
    assert np.allclose(found.kept(it).scores(it.X), expected)
    first = digest_of(tmp_path)
    for wrong in (
        "",
        "a: b",
        "[",
        "flavors: {}",
        "flavors:\n  keras: {}",
        told.replace("model.lgb", "../../etc/passwd"),
    ):
        (tmp_path / "MLmodel").write_text(wrong)
        with pytest.raises(InputError):
            opened(tmp_path)
    assert digest_of(tmp_path) != first


@pytest.mark.parametrize("name", ["model.txt", "model.json", "model.cbm", "model.onnx", "model.skops"])
def test_damaged_files_are_refused(tmp_path: Path, name: str) -> None:
    path, it = tmp_path / name, training("binary")
    FILES[name](path, it)
    body = path.read_bytes()
    for damaged in (body[: len(body) // 2], body[:20], body[:5] + b"\0" * 50):
        path.write_bytes(damaged)
        with pytest.raises((InputError, OutsideError)):
            opened(path).kept(it)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for name in ("rows.csv", "empty", "folder"):
        with pytest.raises(InputError):
            kind_of(tmp_path / name)
    with pytest.raises(OutsideError):
        kind_of(tmp_path / "none")


def test_a_model_is_fed_with_columns_of_numbers() -> None:
    rules = (ColumnRule(name="spend", kind="float"), ColumnRule(name="plan", kind="category"))

    class Rows:
        contract = Contract(rules)

    def feed(*names: str, width: int = 0) -> tuple[str, ...]:
        return plan_of(names, Foreign("lightgbm", (), width, lambda _: pytest.fail("read")), Rows()).features  # type: ignore[arg-type]

    assert feed("spend", "spend") == ("spend", "spend")
    for names, width, error in (
        ((), 0, InputError),
        (("spend",), 2, InputError),
        (("plan",), 0, InputError),
        (("age",), 0, ColumnMissing),
    ):
        with pytest.raises(error):
            feed(*names, width=width)
