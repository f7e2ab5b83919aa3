"""Declared knowledge of columns binds the features made of them, and the models."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from fullcycle.data.records import Column
from fullcycle.development.knowledge import constraints
from fullcycle.development.settings import Development, Knowledge
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.formats import load
from fullcycle.predictor.plan import Add, Equals, Input, Plan

PLAN = Plan(
    inputs=(Input("a", "float"), Input("b", "float"), Input("c", "float"), Input("kind", "category")),
    operations=(Equals(output="kind is x", input="kind", value="x"), Add(output="sum", left="a", right="c")),
    features=("a", "b", "kind is x", "sum", "c"),
)
COLUMNS = tuple(
    Column(name=name, kind="category" if name == "kind" else "float", known="before", feature=True)
    for name in ("a", "b", "c", "kind", "always_the_same")
)


def test_nothing_declared_asks_for_nothing() -> None:
    assert constraints(Knowledge(), PLAN, COLUMNS) == ((), ())


def test_directions_bind_the_column_itself() -> None:
    found = constraints(Knowledge(monotone={"a": "up", "b": "down"}), PLAN, COLUMNS)
    assert found.monotone == (1, -1, 0, 0, 0)
    assert constraints(Knowledge(monotone={"sum": "up"}), PLAN, COLUMNS).monotone == (0, 0, 0, 1, 0)


def test_a_column_that_never_varies_is_no_feature_and_may_be_named() -> None:
    assert constraints(Knowledge(monotone={"always_the_same": "up"}), PLAN, COLUMNS) == ((), ())


def together(*never: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    return constraints(Knowledge(never_together=never), PLAN, COLUMNS).together


def test_what_is_computed_from_a_column_goes_where_it_goes() -> None:
    assert together(("a", "b")) == ((0, 2, 3, 4), (1, 2, 4))
    assert together(("b", "kind")) == ((0, 1, 3, 4), (0, 2, 3, 4))
    assert together(("a", "c")) == ((0, 1, 2), (1, 2, 4))  # their sum uses both


def test_several_lists_and_overlapping_ones() -> None:
    assert together(("a", "b"), ("b", "kind")) == ((0, 2, 3, 4), (1, 4))
    assert together(("a", "b", "kind")) == ((0, 3, 4), (1, 4), (2, 4))


def test_no_set_ever_holds_two_of_a_list() -> None:
    names = ("a", "b", "c", "kind")
    for one in names:
        for other in names:
            for third in names:
                if len({one, other, third}) == 3:
                    for group in together((one, other), (other, third)):
                        read = {PLAN.features[place].split()[0] for place in group}
                        assert not {one, other} <= read
                        assert not {other, third} <= read


def test_wrong_names_and_kinds_are_told() -> None:
    with pytest.raises(ColumnMissing, match="did you mean 'kind'"):
        constraints(Knowledge(never_together=(("a", "knd"),)), PLAN, COLUMNS)
    with pytest.raises(ColumnMissing, match="declared knowledge"):
        constraints(Knowledge(monotone={"x": "up"}), PLAN, COLUMNS)
    with pytest.raises(InputError, match=r"kind has no direction.*category"):
        constraints(Knowledge(monotone={"kind": "up"}), PLAN, COLUMNS)
    with pytest.raises(InputError, match="too many ways"):
        together(*[("a", "b", "c")] * 4)


def test_settings_read_it() -> None:
    text = {"knowledge": {"monotone": {"x": "up"}, "never_together": [["a", "b"]]}}
    found = msgspec.convert(text, Development)
    assert found.knowledge == Knowledge(monotone={"x": "up"}, never_together=(("a", "b"),))
    for wrong in ({"monotone": {"x": "sideways"}}, {"never_together": [["a"]]}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"knowledge": wrong}, Development)


def test_a_developed_model_keeps_to_it(world: Any) -> None:
    dataset = world.dataset(world.frame(600))
    knowledge = Knowledge(monotone={"x": "down"})  # the opposite of what the rows tell
    model = world.develop(world.charter(), dataset, learners=("lightgbm",), knowledge=knowledge)
    assert {line.learner for line in model.leaderboard} == {"lightgbm", "constant"}
    free = world.develop(world.charter(), dataset, learners=("lightgbm",))
    assert free.fitted != model.fitted
    plan = Plan.from_json(world.blobs.get(model.plan))
    fitted = load(model.format, world.blobs.get(model.fitted))
    rows = np.tile(plan.matrix(world.frame(50).head(1)), (50, 1))
    rows[:, plan.features.index("x")] = np.linspace(-3, 3, 50)
    assert (np.diff(fitted.scores(rows)) <= 1e-12).all()
