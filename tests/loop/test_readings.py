"""Readings: each further model on the same test rows is tested harder; the same model is no further reading."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fullcycle.kernel.clock import SetClock
from fullcycle.loop.stages import Cycle
from fullcycle.project import Project
from shop import orders, write_shop


def edited(folder: Path, old: str, new: str) -> Project:
    path = folder / "cycle.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return Project(folder)


def made(project: Project) -> tuple[int, str]:
    cycle = Cycle(project, clock=SetClock(datetime(2024, 4, 20, tzinfo=UTC)), workers=1)
    charter = cycle.scope()
    dataset = cycle.dataset(charter, cycle.clock.now())
    model = cycle.model(charter, dataset, None)
    return model.reading, model.id


def test_a_further_model_is_a_further_reading_and_the_same_model_none(tmp_path: Path) -> None:
    folder = write_shop(tmp_path / "shop", orders(days=90, per_day=30), timeline="live")
    project = Project(folder)
    reading, first = made(project)
    assert reading == 1
    assert made(project) == (1, first)
    other = edited(folder, "search_budget = ", "seed = 5\nsearch_budget = ")
    again, second = made(other)
    assert (again, second != first) == (2, True)
    assert made(other) == (2, second)
    assert made(edited(folder, "seed = 5\n", "")) == (1, first)
