"""Learners that may not be used are refused with a sentence, or passed over with a note."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fullcycle.data.records import Column
from fullcycle.development.admission import obstacle
from fullcycle.development.learners import BUILT_IN, LEARNERS
from fullcycle.development.learners.own import learner
from fullcycle.development.records import Trial
from fullcycle.development.search import passed_over, portfolio
from fullcycle.development.settings import Development, Knowledge
from fullcycle.kernel.errors import InputError

UP = Knowledge(monotone={"x": "up"})
APART = Knowledge(never_together=(("x", "noise"),))


def column(personal: str) -> Column:
    return Column(name="email", kind="category", known="before", feature=True, personal=personal)


def test_auto_means_what_it_meant_before_there_were_more() -> None:
    assert portfolio(Development(), "binary") == ["lightgbm", "linear", "constant"]


@pytest.mark.parametrize("personal", ["keep", "hash", "mask"])
def test_a_learner_that_keeps_rows_is_refused_on_personal_data(personal: str) -> None:
    with pytest.raises(InputError, match=r"keeps training rows.*personal data.*'email'"):
        portfolio(Development(learners=("linear", "rbf_svm")), "binary", (column(personal),))


@pytest.mark.parametrize("personal", ["", "no"])
def test_it_is_taken_where_there_is_none(personal: str) -> None:
    found = portfolio(Development(learners=("rbf_svm",)), "binary", (column(personal),))
    assert found == ["rbf_svm", "constant"]


def test_all_others_are_taken_on_personal_data() -> None:
    able = [name for name in BUILT_IN if "binary" in LEARNERS[name].tasks and LEARNERS[name].recipe != "tokens"]
    refused = [name for name in able if obstacle(LEARNERS[name], "binary", Knowledge(), (column("keep"),))]
    assert refused == ["rbf_svm"]


def test_knowledge_is_kept_to_by_those_that_can() -> None:
    able = [name for name in BUILT_IN if obstacle(LEARNERS[name], "binary", UP, ()) is None]
    assert able == ["catboost", "constant", "lightgbm", "xgboost"]
    able = [name for name in BUILT_IN if obstacle(LEARNERS[name], "binary", APART, ()) is None]
    assert able == ["constant", "lightgbm", "xgboost"]
    with pytest.raises(InputError, match=r"'random_forest' cannot keep to declared knowledge.*monotone.*lightgbm"):
        portfolio(Development(learners=("random_forest",), knowledge=UP), "binary")


def test_a_direction_has_no_meaning_for_several_classes() -> None:
    with pytest.raises(InputError, match="several classes have no order"):
        portfolio(Development(learners=("lightgbm",), knowledge=UP), "multiclass")


def test_auto_passes_over_those_that_cannot_and_says_so() -> None:
    @learner
    def of_ones_own(X: Any, y: Any, weight: Any, seed: int) -> Any:
        raise NotImplementedError

    try:
        settings = Development(knowledge=UP)
        assert portfolio(settings, "binary") == ["lightgbm", "constant"]
        notes = passed_over(settings, "binary", ())
        assert [note.subject for note in notes] == ["linear", "of_ones_own"]
        assert all("cannot keep to" in str(note.evidence["because"]) for note in notes)
    finally:
        LEARNERS.remove("of_ones_own")


def test_a_refit_is_held_to_the_same(world: Any) -> None:
    dataset = world.dataset(world.frame(200))
    columns = (*dataset.columns[:-1], msgspec.structs.replace(dataset.columns[-1], personal="keep"))
    refit = Trial(learner="rbf_svm", parameters=LEARNERS["rbf_svm"].default(), loss=0.1)
    with pytest.raises(InputError, match="personal data"):
        world.develop(world.charter(), msgspec.structs.replace(dataset, columns=columns), refit=refit)
