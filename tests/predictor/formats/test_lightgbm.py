"""LightGBM models: the same bits as LightGBM's own predict, on a batch and on a row; nothing that is no tree gets in."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel.errors import Corrupt, InputError, TooNew
from fullcycle.predictor.formats import load
from fullcycle.predictor.formats.lightgbm import LightGBM, canonical_text

ROWS, FEATURES = 600, 4
TASKS: dict[str, dict[str, Any]] = {
    "binary": {"objective": "binary"},
    "regression": {"objective": "regression"},
    "poisson": {"objective": "poisson"},
    "multiclass": {"objective": "multiclass", "num_class": 3},
    "multiclassova": {"objective": "multiclassova", "num_class": 3},
    "forest": {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
}
HOSTILE = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -0.0, 1.0, 2.0, 3.0, 99.0, -1.0, 1e-36, 2.0**53]),
)


def table() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(7)
    rows = generator.normal(size=(ROWS, FEATURES))
    rows[:, 3] = generator.integers(0, 6, ROWS)
    rows[generator.random(rows.shape) < 0.1] = np.nan
    signal = np.nan_to_num(rows[:, 0]) + (rows[:, 3] == 2) + generator.normal(size=ROWS)
    return rows, signal


def train(task: str, threads: int = 1, names: list[str] | None = None) -> Any:
    import lightgbm

    rows, signal = table()
    target = {"binary": signal > 0, "regression": signal, "poisson": np.exp(signal)}.get(
        task, np.digitize(signal, (-0.5, 0.8))
    )
    if task == "forest":
        target = signal > 0
    data = lightgbm.Dataset(rows, target, categorical_feature=[3], feature_name=names or "auto")
    settings = {
        "num_leaves": 7,
        "verbose": -1,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "seed": 1,
    }
    return lightgbm.train({**settings, "cat_smooth": 1, "min_data_per_group": 5, **TASKS[task]}, data, 8)


@pytest.fixture(scope="module")
def boosters() -> dict[str, Any]:
    return {task: train(task) for task in TASKS}


@pytest.fixture(scope="module")
def models(boosters: dict[str, Any]) -> dict[str, LightGBM]:
    return {task: LightGBM(canonical_text(booster)) for task, booster in boosters.items()}


@pytest.mark.parametrize("task", TASKS)
def test_scores_are_lightgbms_own_to_the_bit(task: str, boosters: dict[str, Any], models: dict[str, LightGBM]) -> None:
    rows, _ = table()
    scores = models[task].scores(rows)
    np.testing.assert_array_equal(scores, boosters[task].predict(rows))
    np.testing.assert_array_equal(scores, models[task].scores(rows, threads=2))
    np.testing.assert_array_equal(scores, models[task].scores(np.asfortranarray(rows)))
    np.testing.assert_array_equal(scores, [models[task].score(row) for row in rows.tolist()])
    assert models[task].scores(rows[:0]).shape == scores[:0].shape


@given(rows=st.lists(st.lists(HOSTILE, min_size=FEATURES, max_size=FEATURES), min_size=1, max_size=8))
def test_hostile_rows_score_alike_one_by_one(rows: list[list[float]], models: dict[str, LightGBM]) -> None:
    for model in models.values():
        np.testing.assert_array_equal(model.scores(np.array(rows)), [model.score(row) for row in rows])


def test_categories_and_missing_values_are_in_the_trees(models: dict[str, LightGBM]) -> None:
    assert re.search(r"num_cat=[1-9]", models["binary"].text)
    assert re.search(r"\ncat_threshold=", models["binary"].text)


def test_text_does_not_depend_on_threads_or_names() -> None:
    names = ["distance", "delay", "hour", "carrier"]
    assert canonical_text(train("binary", threads=2, names=names)) == canonical_text(train("binary", threads=1))


def test_text_tells_nothing_of_machine_or_data(models: dict[str, LightGBM]) -> None:
    for word in ("parameters", "num_threads", "importances", "pandas"):
        assert word not in models["binary"].text
    assert "feature_infos=none none none none\n" in models["binary"].text


def test_bytes_come_back_as_the_same_model(models: dict[str, LightGBM]) -> None:
    rows, _ = table()
    for model in models.values():
        again = load("lightgbm", model.to_bytes())
        assert again.to_bytes() == model.to_bytes()
        np.testing.assert_array_equal(again.scores(rows), model.scores(rows))


def test_a_model_that_found_nothing_is_a_stump() -> None:
    import lightgbm

    data = lightgbm.Dataset(np.zeros((50, 2)), np.arange(50) % 2)
    model = LightGBM(canonical_text(lightgbm.train({"objective": "binary", "verbose": -1}, data, 2)))
    assert model.score([0.0, 1.0]) == model.scores(np.zeros((1, 2)))[0] == 0.5


def test_categories_of_a_data_frame_are_refused() -> None:
    booster = train("binary")
    text = booster.model_to_string().replace("pandas_categorical:null", 'pandas_categorical:[["AA", "UA"]]')

    class FromFrame:
        def model_to_string(self) -> str:
            return text

    with pytest.raises(InputError, match="data frame"):
        canonical_text(FromFrame())


def test_what_cannot_be_kept_is_refused() -> None:
    import lightgbm

    rows, signal = table()

    def own(predicted: np.ndarray, data: Any) -> tuple[np.ndarray, np.ndarray]:
        return predicted - data.get_label(), np.ones_like(predicted)

    quick = {"verbose": -1, "num_leaves": 3}
    custom = lightgbm.train({**quick, "objective": own}, lightgbm.Dataset(rows, signal), 1)
    with pytest.raises(InputError, match="objective"):
        canonical_text(custom)
    linear = {**quick, "objective": "regression", "linear_tree": True}
    with pytest.raises(InputError, match="linear leaves"):
        canonical_text(lightgbm.train(linear, lightgbm.Dataset(np.nan_to_num(rows), signal, params=linear), 2))


DAMAGE = {
    "a child outside the tree": (r"\nleft_child=\d+", "\nleft_child=99"),
    "a child that is its own parent": (r"\nleft_child=\d+", "\nleft_child=0"),
    "a leaf outside the tree": (r"\nright_child=-?\d+", "\nright_child=-9"),
    "a feature that is not there": (r"\nsplit_feature=\d+", "\nsplit_feature=4"),
    "a negative feature": (r"\nsplit_feature=\d+", "\nsplit_feature=-1"),
    "a list too short": (r"\nleaf_value=\S+ ", "\nleaf_value="),
    "a word for a number": (r"\nthreshold=\S+", "\nthreshold=many"),
    "a word for a gain": (r"\nsplit_gain=\S+", "\nsplit_gain=y832"),
    "a word for a weight": (r"\nleaf_weight=\S+", "\nleaf_weight=much"),
    "a word for a rate": (r"\nshrinkage=\S+", "\nshrinkage=slow"),
    "no number": (r"\nthreshold=\S+", "\nthreshold=nan"),
    "an endless leaf": (r"\nleaf_value=\S+", "\nleaf_value=inf"),
    "more leaves than there are": (r"\nnum_leaves=\d+", "\nnum_leaves=900"),
    "a million million leaves": (r"\nnum_leaves=\d+", "\nnum_leaves=1000000000000"),
    "categories that are not there": (r"\nnum_cat=[1-9]\d*", "\nnum_cat=0"),
    "bits that are not there": (r"\ncat_boundaries=0 \d+", "\ncat_boundaries=0 77"),
    "a split of unknown kind": (r"\ndecision_type=\d+", "\ndecision_type=64"),
    "a number that only Python reads": (r"\nleft_child=(\d)", r"\nleft_child=0_\1"),
    "linear leaves": (r"\nis_linear=0", "\nis_linear=1"),
    "an unknown line": (r"\nshrinkage=", "\nshrinking="),
    "another objective": (r"\nobjective=binary", "\nobjective=lambdarank"),
    "more classes": (r"\nnum_class=1", "\nnum_class=3"),
    "more trees a round": (r"\nnum_tree_per_iteration=1", "\nnum_tree_per_iteration=3"),
    "sizes that do not add up": (r"\ntree_sizes=\d+", "\ntree_sizes=12"),
    "huge width": (r"\nmax_feature_idx=\d+", "\nmax_feature_idx=999999999"),
    "an old version": (r"\nversion=v4", "\nversion=v2"),
    "a header line twice": (r"\nversion=v4", "\nversion=v4\nversion=v4"),
    "parameters": (r"$", "\nparameters:\n[num_threads: 9]\nend of parameters\n"),
    "no end": (r"end of trees\n", ""),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_refused_before_the_library_reads_it(name: str, models: dict[str, LightGBM]) -> None:
    pattern, replacement = DAMAGE[name]
    text, count = re.subn(pattern, replacement, models["binary"].text, count=1)
    assert count == 1
    with pytest.raises(Corrupt):
        load("lightgbm", resized(text, name).encode())


def resized(text: str, name: str) -> str:
    """The text with sizes that fit its trees again, so that the damage itself must be seen."""
    if "sizes" in name or "end" in name:
        return text
    head, _, rest = text.partition("\n\n")
    trees, end, after = rest.partition("end of trees\n")
    blocks = [f"Tree={block}" for block in trees.split("Tree=")[1:]]
    sizes = " ".join(str(len(block)) for block in blocks)
    return re.sub(r"tree_sizes=.*", f"tree_sizes={sizes}", head) + "\n\n" + trees + end + after


@pytest.mark.parametrize(
    "body", [b"", b"tree\n\nend of trees\n", b"\x80\x04K\x01.", "tree\nversion=v4é".encode(), b"\xff"]
)
def test_junk_is_refused(body: bytes) -> None:
    with pytest.raises(Corrupt):
        load("lightgbm", body)


def test_a_newer_text_says_so(models: dict[str, LightGBM]) -> None:
    with pytest.raises(TooNew, match="newer"):
        load("lightgbm", models["binary"].text.replace("version=v4", "version=v5").encode())


def test_another_width_is_refused(models: dict[str, LightGBM]) -> None:
    with pytest.raises(InputError, match="width"):
        models["binary"].score([1.0])
    with pytest.raises(InputError, match="width"):
        models["binary"].scores(np.zeros((2, 5)))


def test_a_closed_model_answers_nothing(models: dict[str, LightGBM]) -> None:
    model = LightGBM(models["binary"].text)
    model.close()
    model.close()
    with pytest.raises(InputError, match="closed"):
        model.score([0.0] * FEATURES)
    with pytest.raises(InputError, match="closed"):
        model.scores(np.zeros((1, FEATURES)))


def test_threads_may_share_a_model(models: dict[str, LightGBM]) -> None:
    model, (rows, _) = models["multiclass"], table()
    expected, wrong = model.scores(rows).tolist(), []

    def ask() -> None:
        wrong.extend(row for row, score in zip(rows.tolist(), expected, strict=True) if model.score(row) != score)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_predicting_does_not_import_the_training_library(models: dict[str, LightGBM], tmp_path: Any) -> None:
    path = tmp_path / "model.txt"
    path.write_bytes(models["binary"].to_bytes())
    code = (
        "import sys; from pathlib import Path; from fullcycle.predictor.formats import load;"
        f"load('lightgbm', Path({str(path)!r}).read_bytes()).score([0.0] * {FEATURES});"
        "print(sorted({'lightgbm', 'sklearn', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
