"""Linear models: one row and many give the same bits, and junk is refused."""

from __future__ import annotations

import io
import math
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel.errors import Corrupt, InputError, UnknownKey
from fullcycle.predictor.formats import FORMATS, ModelFormat, load
from fullcycle.predictor.formats.linear import Linear, sigmoid, softmax

ANY = st.floats(allow_nan=True, allow_infinity=True)
WEIGHT = st.floats(allow_nan=False, allow_infinity=False)
LINKS = ("identity", "sigmoid", "softmax")


def bits(numbers: object) -> bytes:
    return np.asarray(numbers, dtype=np.float64).tobytes()


@st.composite
def models(draw: st.DrawFn) -> Linear:
    link, features = draw(st.sampled_from(LINKS)), draw(st.integers(0, 5))
    row = st.lists(WEIGHT, min_size=features, max_size=features)
    if link != "softmax":
        return Linear(np.array(draw(row)), draw(WEIGHT), link)
    classes = draw(st.integers(2, 4))
    weights = np.array([draw(row) for _ in range(classes)]).reshape(classes, features)
    return Linear(weights, [draw(WEIGHT) for _ in range(classes)], "softmax")


@given(st.data())
def test_one_row_and_many_agree_to_the_bit(data: st.DataObject) -> None:
    model = data.draw(models())
    row = st.lists(ANY, min_size=model.features, max_size=model.features)
    rows = data.draw(st.lists(row, max_size=9))
    many = model.scores(np.array(rows, dtype=np.float64).reshape(len(rows), model.features))
    assert many.shape == ((len(rows),) if model.outputs == 1 else (len(rows), model.outputs))
    for features, score in zip(rows, many, strict=True):
        found = np.asarray(model.score(features))
        np.testing.assert_array_equal(found, score)  # NaN equals NaN, whatever its payload
        assert bits(found[~np.isnan(found)]) == bits(score[~np.isnan(score)])


@given(models())
def test_bytes_come_back_as_the_same_model(model: Linear) -> None:
    again = load("linear", model.to_bytes())
    assert isinstance(again, Linear)
    assert (again.link, bits(again.weights), bits(again.intercept)) == (
        model.link,
        bits(model.weights),
        bits(model.intercept),
    )
    assert again.to_bytes() == model.to_bytes()
    assert isinstance(model, ModelFormat)


def test_numpy_itself_opens_the_file() -> None:
    model = Linear([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0], "softmax")
    with np.load(io.BytesIO(model.to_bytes()), allow_pickle=False) as arrays:
        assert arrays["weights"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
        assert arrays["intercept"].tolist() == [5.0, 6.0]
        assert str(arrays["link"]) == "softmax"


def test_links_are_what_scikit_learn_computes() -> None:
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(1)
    rows = generator.normal(size=(200, 3))
    binary = LogisticRegression().fit(rows, rows[:, 0] > 0)
    model = Linear(binary.coef_[0], binary.intercept_[0], "sigmoid")
    np.testing.assert_allclose(model.scores(rows), binary.predict_proba(rows)[:, 1], rtol=1e-12)
    several = LogisticRegression().fit(rows, np.digitize(rows[:, 1], (-0.5, 0.5)))
    model = Linear(several.coef_, several.intercept_, "softmax")
    np.testing.assert_allclose(model.scores(rows), several.predict_proba(rows), rtol=1e-10)


def test_links_at_their_ends() -> None:
    assert (sigmoid(1e308), sigmoid(-1e308), sigmoid(math.inf), sigmoid(-math.inf)) == (1.0, 0.0, 1.0, 0.0)
    assert math.isnan(sigmoid(math.nan))
    assert softmax([1e308, -1e308]) == [1.0, 0.0]


@pytest.mark.parametrize(
    ("weights", "intercept", "link"),
    [
        ([1.0], [1.0], "identity"),
        ([[1.0]], 1.0, "identity"),
        ([1.0], 1.0, "softmax"),
        ([[1.0]], [1.0], "softmax"),
        ([math.nan], 1.0, "sigmoid"),
        ([1.0], math.inf, "sigmoid"),
        ([1.0], 1.0, "probit"),
    ],
)
def test_what_does_not_fit_is_refused(weights: object, intercept: object, link: str) -> None:
    with pytest.raises(InputError):
        Linear(weights, intercept, link)


def test_another_width_is_refused() -> None:
    model = Linear([1.0, 2.0], 0.0)
    with pytest.raises(InputError, match="width"):
        model.score([1.0])
    with pytest.raises(InputError, match="width"):
        model.scores(np.zeros((2, 3)))


def archive(**arrays: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, body in sorted(arrays.items()):
            file.writestr(zipfile.ZipInfo(f"{name}.npy"), body)
    return out.getvalue()


def array(values: object, **options: object) -> bytes:
    out = io.BytesIO()
    np.save(out, np.asarray(values, **options), allow_pickle=True)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"PK\x05\x06" + bytes(18),
        pickle.dumps({"weights": [1.0]}),
        archive(weights=pickle.dumps([1.0]), intercept=array(0.0), link=array("identity")),
        archive(weights=array([object()], dtype=object), intercept=array(0.0), link=array("identity")),
        archive(weights=array([1.0]), intercept=array(0.0), link=array("probit")),
        archive(weights=array([1.0]), intercept=array([0.0]), link=array("identity")),
        archive(weights=array([1.0], dtype=np.float32), intercept=array(0.0), link=array("identity")),
        archive(weights=array([1.0])[:-1], intercept=array(0.0), link=array("identity")),
        archive(weights=array([1.0]), intercept=array(0.0)),
        archive(weights=array([1.0]), intercept=array(0.0), link=array("identity"), more=array(0.0)),
    ],
)
def test_junk_is_refused(body: bytes) -> None:
    with pytest.raises(Corrupt):
        load("linear", body)


def test_every_byte_counts() -> None:
    body = Linear([1.0, 2.0], 0.5, "sigmoid").to_bytes()
    for position in range(0, len(body), 3):
        changed = bytearray(body)
        changed[position] ^= 0x40
        try:
            model = load("linear", bytes(changed))
        except Corrupt:
            continue
        assert model.to_bytes() == bytes(changed)  # a weight may become another weight: the bundle's digest sees that


def test_formats_are_found_by_name() -> None:
    assert set(FORMATS) >= {"lightgbm", "linear"}
    with pytest.raises(UnknownKey, match="lightgbm"):
        load("lightgmb", b"")
