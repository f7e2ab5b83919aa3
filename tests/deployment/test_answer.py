"""One core: a row, a table and the bare predictor answer alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.deployment.answer import Answer, Answerer
from fullcycle.deployment.batch import predict_frame
from fullcycle.deployment.rollout import assign, control_salt
from fullcycle.deployment.service.predict import Prediction, as_clusters
from fullcycle.kernel.errors import ColumnMissing
from fullcycle.kernel.state import Route, Share
from fullcycle.measure.value import ValueTable
from fullcycle.predictor.bundle import Predictor
from fullcycle.predictor.formats.centroids import Centroids
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.formats.mixture import Mixture
from fullcycle.predictor.policy import Policy
from fullcycle.traffic.schema import decision_digest, entity_hash

from .bundles import CONTRACT, KEY, POLICY, SCOPE, bundle, route, row

PREDICTOR = Predictor.load(bundle())
AT = datetime(2013, 7, 1, 12, tzinfo=UTC)


def answerer(serving: Route, predictor: Predictor = PREDICTOR) -> Answerer:
    return Answerer(predictor, serving, scope=SCOPE, entity="flight", time="departure", key=KEY)


def test_one_row_a_table_and_the_predictor_give_the_same_bits() -> None:
    rows = [row(number) for number in range(200)]
    one_by_one = [answerer(route("r1", control=0.2)).row(one, 7) for one in rows]
    assert all(isinstance(one, Answer) for one in one_by_one)
    table = answerer(route("r1", control=0.2)).frame(pl.DataFrame(rows), 7)
    assert [one.logged for one in one_by_one if isinstance(one, Answer)] == table.decisions
    assert table.rejected.height == 0
    bare = PREDICTOR.predict(pl.DataFrame(rows))
    assert [one.score for one in table.decisions] == bare["score"].to_list()
    champions = (table.answers["variant"] == "champion").to_numpy()
    assert 0 < champions.sum() < 200
    assert (table.answers["decision"] == bare["decision"]).to_numpy()[champions].all()
    shown = [(one.id, one.decision, one.score, one.variant) for one in one_by_one if isinstance(one, Answer)]
    assert table.answers.rows() == shown


ANSWERER = answerer(route("r1"))
CELLS = st.none() | st.floats() | st.integers() | st.text(max_size=3) | st.sampled_from(["UA", "2013-07-01", 12.5])


@settings(deadline=None)
@given(
    flight=st.sampled_from(["N1", 7, 7.0]) | CELLS,
    distance=st.floats(0, 10_000) | CELLS,
    carrier=st.sampled_from(["UA", None]) | CELLS,
    departure=st.sampled_from(["2013-03-10T02:30:00", "2013-07-01T12:00:00Z"]) | CELLS,
)
def test_a_row_is_accepted_alone_as_in_a_table(**one: Any) -> None:
    try:
        frame = pl.DataFrame({name: [value] for name, value in one.items()})
    except (OverflowError, TypeError, UnicodeEncodeError):
        return  # what no table can hold
    alone, table = ANSWERER.row(one, 7), ANSWERER.frame(frame, 7)
    assert table.decisions == ([alone.logged] if isinstance(alone, Answer) else [])
    assert table.rejected.height == 1 - len(table.decisions)


def test_a_control_row_follows_todays_rule_and_its_score_is_logged_but_not_told() -> None:
    serving = route("r1", control=0.5)
    entity = next(f"N{n}" for n in range(99) if assign(f"N{n}", serving, control_salt(SCOPE.project))[0] == "control")
    for distance, action in ((200.0, "wait"), (2000.0, "rebook")):
        found = answerer(serving).row(row(0, flight=entity, distance=distance), 7)
        assert isinstance(found, Answer)
        assert (found.decision, found.score, found.variant) == (action, None, "control")
        assert found.logged.score is not None
        assert found.logged.propensity == 0.5


def test_where_todays_rule_serves_everybody_gets_it() -> None:
    serving = Route(generation=3, shares=(Share(release="", share=1.0),))
    found = answerer(serving).row(row(0, distance=2000.0), 7)
    assert isinstance(found, Answer)
    assert (found.decision, found.score, found.variant, found.logged.release) == ("rebook", None, "champion", "")


def test_what_is_logged_names_nobody() -> None:
    found = answerer(route("r1")).row(row(5), 7)
    assert isinstance(found, Answer)
    hashed = entity_hash(KEY, "N00005")
    assert b"N00005" not in msgspec.json.encode(found.logged)
    assert found.logged.entity == hashed
    assert found.id == found.logged.decision == decision_digest(SCOPE, hashed, found.logged.time)
    assert json.loads(found.logged.row) == {
        "carrier": None,
        "departure": "2013-07-06T05:15:00.000000Z",
        "distance": 285,
    }


def test_reasons_name_column_found_and_expected() -> None:
    found = answerer(route("r1")).row({"distance": -1, "carrier": 5, "departure": "soon", "id": ""}, 7)
    assert not isinstance(found, Answer)
    assert {(one.column, one.found) for one in found} == {
        ("distance", "-1"),
        ("carrier", "5"),
        ("departure", "'soon'"),
        ("flight", "nothing"),
        ("id", "''"),
    }


def test_capacity_of_a_day_goes_to_the_best_rows_of_a_table() -> None:
    limited = msgspec.structs.replace(POLICY, limits={"rebook": 3})
    predictor = Predictor.load(bundle(1.0, policy=limited))
    rows = [row(number, departure="2013-07-01T12:00:00Z") for number in range(40)]
    found = predict_frame(
        predictor, route("r1"), pl.DataFrame(rows), scope=SCOPE, entity="flight", time="departure", key=KEY, at=AT
    )
    taken = (found.answers["decision"] == "rebook").to_numpy()
    scores = found.answers["score"].to_numpy()
    assert taken.sum() == 3
    assert scores[taken].min() >= np.sort(scores)[-3]


def test_a_table_without_entity_is_a_mistake() -> None:
    with pytest.raises(ColumnMissing, match="flight"):
        answerer(route("r1")).frame(pl.DataFrame([row(0)]).drop("flight"), 7)


def test_a_clustering_answers_cluster_and_distance() -> None:
    """Alone, in a table and as the service shows it; where today's rule serves, one cluster and no distance."""
    clusters = Policy(
        task="clustering",
        actions=(),
        values=ValueTable(task="clustering", currency=""),
        todays_rule={"always": 0.0},
        kinds=CONTRACT.kinds,
    )
    model = Centroids([[-1.0, 0.0, 12.0], [0.5, 1.0, 6.0], [2.0, 0.0, 18.0]])
    predictor = Predictor.load(bundle(policy=clusters, model=model))
    rows = [row(number) for number in range(20)]
    alone = [one for it in rows if isinstance(one := answerer(route("r1"), predictor).row(it, 7), Answer)]
    table = answerer(route("r1"), predictor).frame(pl.DataFrame(rows), 7)
    assert [one.logged for one in alone] == table.decisions
    shown = as_clusters([Prediction(one.id, one.decision, one.score, one.variant) for one in alone], model)
    assert table.answers.rows() == [(it.id, it.cluster, it.distance, it.variant) for it in shown]
    assert predictor.predict(pl.DataFrame(rows)).rows() == [(it.cluster, it.distance) for it in shown]
    assert len({it.cluster for it in shown}) > 1
    mixed = as_clusters([Prediction("a", "1", [2.0, 0.0], "champion")], Mixture([1.0], [[0.0]], [[[1.0]]]))
    assert mixed[0].memberships == pytest.approx([0.1192, 0.8808], abs=1e-4)
    rule = answerer(Route(), predictor)
    answers = rule.frame(pl.DataFrame(rows), 7).answers
    assert (set(answers["cluster"]), set(answers["distance"])) == ({0}, {None})
    one = rule.row(rows[0], 7)
    assert isinstance(one, Answer)
    assert (one.decision, one.score) == ("0", None)


def test_regression_decides_on_a_number_and_classes_have_a_score_each() -> None:
    numbers = Policy(
        task="regression",
        actions=(),
        values=ValueTable(task="regression", currency="USD"),
        todays_rule={"always": 7.0},
        kinds=CONTRACT.kinds,
    )
    predictor = Predictor.load(bundle(policy=numbers, model=Linear([1.0, 0.0, 0.0], 2.0)))
    classes = Policy(
        task="multiclass",
        actions=("a", "b"),
        values=ValueTable(task="multiclass", currency="USD", classes=("x", "y")),
        todays_rule={"always": "b"},
        kinds=CONTRACT.kinds,
    )
    softmax = Linear([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [0.0, 0.0], "softmax")
    others = Predictor.load(bundle(policy=classes, model=softmax))
    for model in (predictor, others):
        rows = [row(number) for number in range(20)]
        alone = [answerer(route("r1", control=0.3), model).row(one, 7) for one in rows]
        table = answerer(route("r1", control=0.3), model).frame(pl.DataFrame(rows), 7)
        assert [one.logged for one in alone if isinstance(one, Answer)] == table.decisions
        shown = [(one.decision, one.score) for one in alone if isinstance(one, Answer)]
        assert table.answers.select("decision", "score").rows() == shown
