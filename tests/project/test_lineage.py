"""Where a record came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.clock import SystemClock
from fullcycle.kernel.errors import Corrupt, InputError, RecordUnknown
from fullcycle.kernel.journal import SQLiteJournal
from fullcycle.kernel.record import Record, kind
from fullcycle.kernel.scope import Actor, Scope
from fullcycle.kernel.verbs import Observation, Run, step
from fullcycle.project.lineage import lineage, resolve
from fullcycle.project.selfcheck import check


@kind("lineage_link")
class Link(Record, frozen=True, kw_only=True):
    """A record of nothing but its parents."""

    name: str


@step("lineage.link", version=1)
def link(*, name: str, **given: Record | Observation) -> Link:
    return Link(name=name, parents=tuple(one.id for one in given.values() if isinstance(one, Record)))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    actor = Actor(kind="person", name="ann", known_by="operating system")
    return Run(
        SQLiteJournal(tmp_path / "journal"), FolderBlobs(tmp_path / "blobs"), Scope(project="p"), actor, SystemClock()
    )


@pytest.fixture
def chain(run: Run) -> list[Link]:
    """Three records; the last has both others as parents."""
    first = run.step(link, inputs={"source": Observation("f" * 64)}, parameters={"name": "a"})
    second = run.step(link, inputs={"one": first}, parameters={"name": "b"})
    third = run.step(link, inputs={"one": first, "two": second}, parameters={"name": "c"})
    run.set_head("scoping", third)
    return [first, second, third]


def test_each_ancestor_once_after_all_that_was_made_of_it(run: Run, chain: list[Link]) -> None:
    made = lineage(run.blobs, run.state.entries, chain[2].id)
    assert [(one.id, one.depth) for one in made] == [(chain[2].id, 0), (chain[1].id, 1), (chain[0].id, 2)]
    assert made[-1].observed == ("f" * 64,)
    assert made[0].observed == ()
    assert {(one.step, one.by) for one in made} == {("lineage.link", "ann")}


def test_a_prefix_names_one_record(run: Run, chain: list[Link]) -> None:
    assert resolve(chain[0].id[:10], {}, run.state.entries) == chain[0].id
    for prefix in ("", "0" * 64):
        with pytest.raises(RecordUnknown):
            resolve(prefix, {}, run.state.entries)


def test_a_prefix_of_several_is_refused(run: Run) -> None:
    names = iter(range(100))
    ids: set[str] = set()
    while len({id[0] for id in ids}) == len(ids):
        ids.add(run.step(link, inputs={}, parameters={"name": str(next(names))}).id)
    twice = next(id[0] for id in ids if sum(other[0] == id[0] for other in ids) > 1)
    with pytest.raises(InputError, match="more of its digits"):
        resolve(twice, {}, run.state.entries)


def test_the_self_check_reads_every_ancestor(run: Run, chain: list[Link]) -> None:
    blobs = run.blobs
    assert isinstance(blobs, FolderBlobs)
    assert check(run.journal, blobs).records == 3
    blobs.path(chain[0].id).unlink()
    with pytest.raises(Corrupt, match="parent of"):
        check(run.journal, blobs)
