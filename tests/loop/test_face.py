"""The product from Python: a project replayed once, and what its face says of it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import fullcycle as fc
from fullcycle.kernel.errors import InputError, UnknownKey
from shop import orders, write_shop

START, END = "2024-04-10", "2024-05-20"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_shop(tmp_path_factory.mktemp("face"), orders(days=150), retrain="never")
    fc.open_project(folder, workers=1).replay(START, END)
    return folder


@pytest.fixture
def project(folder: Path) -> fc.Project:
    return fc.open_project(folder, workers=1)


def test_a_turn_hands_over_the_six_records(project: fc.Project) -> None:
    cycle = project.run()
    assert [type(record) for record in cycle] == [fc.Charter, fc.Dataset, fc.Model, fc.Release, fc.Health, fc.Verdict]
    assert project.run() == cycle == project.current


def test_the_same_replay_again_changes_nothing(project: fc.Project) -> None:
    before = project.current
    assert project.replay(START, END) == before


def test_the_leaderboard_has_every_trial_best_first(project: fc.Project) -> None:
    model = project.current.model
    assert model is not None
    board = project.leaderboard(model)
    assert board.columns == ["place", "learner", "loss", "error", "parameters", "note", "seconds", "trial"]
    assert board["loss"].is_sorted()
    assert set(board["learner"]) == {"linear", "lightgbm", "constant", "todays_rule"}


def test_rows_of_a_part(project: fc.Project) -> None:
    dataset = project.current.dataset
    assert dataset is not None
    parts = [project.rows(dataset, part) for part in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [dataset.parts[name].rows for name in ("train", "validation", "test")]
    assert parts[0]["ordered_at"].max() < parts[2]["ordered_at"].min()  # type: ignore[operator]
    with pytest.raises(UnknownKey, match="write 'test'"):
        project.rows(dataset, "tset")


def test_the_predictor_says_what_the_logged_answers_said(project: fc.Project) -> None:
    dataset, release = project.current.dataset, project.current.release
    assert dataset is not None
    assert release is not None
    rows = project.rows(dataset, "test").drop("refund", "returned")
    answers = project.predictor(release).predict(rows)
    assert answers.columns == ["score", "decision", "set"]
    assert len(answers) == len(rows)
    assert set(answers["decision"]) <= {"call", "leave"}
    assert project.predictor(release).predict(rows.head(7)).equals(answers.head(7))


def test_gain_is_an_estimate(project: fc.Project) -> None:
    gain = project.review().gain
    assert gain is not None
    assert gain.low <= gain.point <= gain.high
    assert gain.unit == "EUR/1000"


def test_health_is_of_a_window_that_matured(project: fc.Project) -> None:
    assert project.monitor() == project.current.health


def test_overrides_hold_for_one_recorded_run(project: fc.Project, folder: Path) -> None:
    before = project.current
    model = project.develop(learners=["linear"], search_budget="3 trials")
    assert set(project.leaderboard(model)["learner"]) == {"linear", "constant", "lightgbm_defaults", "todays_rule"}
    assert model.id in model_ids(folder)
    after = fc.open_project(folder, workers=1)
    assert after.current.release == before.release
    assert after.run().model == before.model


def model_ids(folder: Path) -> set[str]:
    entries = fc.open_project(folder).folder.journal.read()
    return {entry.outputs[0] for entry in entries if entry.verb == "step" and entry.step == "development.make"}


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({"learner": ["linear"]}, "write 'learners'"),
        ({"learners": ["linea"]}, "write 'linear'"),
        ({"search_budget": 3}, "search_budget: expected str"),
    ],
)
def test_a_mistaken_override_says_how_to_mend_it(project: fc.Project, overrides: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        project.develop(**overrides)


def test_any_folder_within_the_project_opens_it(folder: Path, tmp_path: Path) -> None:
    (inner := folder / "notes").mkdir()
    assert fc.open_project(inner).folder.folder == folder
    with pytest.raises(InputError, match="no project here"):
        fc.open_project(tmp_path)


def test_a_timeline_that_has_not_begun(folder: Path) -> None:
    with pytest.raises(InputError, match="has not begun"):
        fc.open_project(folder, timeline="other").run()


def test_frames_of_other_libraries(project: fc.Project) -> None:
    release = project.current.release
    assert release is not None
    rows = orders(days=1).drop("refund")

    class Foreign:
        """Anything that hands over Arrow streams."""

        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return rows.__arrow_c_stream__(requested_schema)

    predictor = project.predictor(release)
    assert predictor.predict(Foreign()).equals(predictor.predict(rows))
    assert isinstance(predictor.predict(rows), pl.DataFrame)
