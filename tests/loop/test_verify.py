"""A model is made again from its record: equal if nothing changed, and what changed is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import fullcycle as fc
from fullcycle.kernel.errors import Corrupt
from fullcycle.kernel.journal import START, Entry
from fullcycle.loop.verify import Verification


def opened(folder: Path) -> tuple[fc.Project, fc.Model]:
    project = fc.open_project(folder, workers=1)
    model = project.current.model
    assert model is not None
    return project, model


def entries(project: fc.Project) -> list[Entry]:
    return list(project.folder.journal.read())


def blob(folder: Path, name: str) -> Path:
    return next(path for path in (folder / ".fullcycle" / "blobs").rglob(name))


def verified(folder: Path) -> Verification:
    project, model = opened(folder)
    return project.verify(model)


def test_an_untouched_model_comes_out_the_same_and_nothing_but_a_note_is_written(shop: Path) -> None:
    project, model = opened(shop)
    before, names = entries(project), list(project.folder.blobs.names())
    found = project.verify(model)
    assert (found.equal, found.rebuilt, found.fields, found.circumstances) == (True, model.id, (), ())
    added = entries(project)[len(before) :]
    assert [(entry.verb, entry.step, dict(entry.facts)) for entry in added] == [
        ("note", "development.verify", {"equal": True, "rebuilt": model.id})
    ]
    assert list(project.folder.blobs.names()) == names
    assert before[0].before == START


def test_nothing_finished_before_is_taken_over(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a trial of the journal reused, a learner that has changed since would not be seen."""
    from fullcycle.development.learners import LEARNERS

    learner = LEARNERS["linear"]
    fit = type(learner).fit

    def other(self: object, training: object) -> object:
        parameters = {**training.parameters, "strength": 1e-4}  # type: ignore[attr-defined]
        return fit(learner, training._replace(parameters=parameters))  # type: ignore[attr-defined, arg-type]

    monkeypatch.setattr(type(learner), "fit", other)
    from fullcycle.engine import SerialEngine
    from fullcycle.loop.verify import verify

    project, model = opened(shop)
    rooms = project._turn
    rooms.engine = SerialEngine()  # type: ignore[assignment]
    found = verify(rooms, model)
    assert not found.equal
    assert found.rebuilt != model.id
    assert {"fitted", "scores"} <= {it.what for it in found.fields}


def test_the_settings_are_those_of_the_record_and_what_changed_is_named(shop: Path) -> None:
    toml = shop / "cycle.toml"
    toml.write_text(toml.read_text().replace("round = 2", "round = 2\nfeatures = { calendar = false }"))
    found = verified(shop)
    assert (found.equal, found.circumstances) == (True, ())
    (shop / "cycle.py").write_text("import fullcycle as fc\n")
    found = verified(shop)
    assert not found.equal
    assert [it.what for it in found.circumstances] == ["cycle.py"]
    assert [it.what for it in found.fields] == ["code"]


def test_a_search_in_time_is_rebuilt_from_its_trials(shop: Path) -> None:
    toml = shop / "cycle.toml"
    toml.write_text(toml.read_text().replace('search_budget = "3 trials"', 'search_budget = "2s"'))
    project = fc.open_project(shop, workers=1)
    model = project.develop()
    assert model.settings is not None
    assert model.settings.search_budget == "2s"
    assert project.verify(model).equal


@pytest.mark.parametrize("field", ["fitted", "plan", "scores", "evaluation"])
def test_a_changed_blob_is_found_though_the_model_comes_out_the_same(quick: Path, field: str) -> None:
    from fullcycle.loop.verify import _altered

    project, model = opened(quick)
    path = blob(quick, getattr(model, field))
    body = path.read_bytes()
    path.chmod(0o644)
    try:
        path.write_bytes(body[:-1] + bytes([body[-1] ^ 1]))
        assert _altered(project.folder.blobs, model) == (field,)
        path.unlink()
        assert _altered(project.folder.blobs, model) == (field,)
    finally:
        path.write_bytes(body)
    assert _altered(project.folder.blobs, model) == ()


def test_a_changed_record_is_refused(shop: Path) -> None:
    _, model = opened(shop)
    path = blob(shop, model.id)
    os.chmod(path, 0o644)
    path.write_bytes(path.read_bytes().replace(b'"seed":0', b'"seed":1'))
    with pytest.raises(Corrupt, match="do not match their digest"):
        _ = fc.open_project(shop, workers=1).current
