"""Made again: a model is fitted anew from its record and held against it, id by id.

Nothing that was finished before is taken over, and nothing is written to the project but a note of what came out: the
rebuilding has a journal and a store of its own, which are thrown away.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec import Struct

from fullcycle import development
from fullcycle.data.records import Dataset
from fullcycle.development.records import Model, Trial
from fullcycle.development.settings import Development
from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.errors import Corrupt, RecordUnknown
from fullcycle.kernel.journal import SQLiteJournal
from fullcycle.kernel.overlay import OverlayBlobs
from fullcycle.kernel.record import canonical
from fullcycle.kernel.verbs import Run, code_digest, versions
from fullcycle.loop.adoption import judged_again, made_elsewhere, step_of
from fullcycle.loop.rooms import Rooms
from fullcycle.project.measured import VERIFY, made
from fullcycle.project.selfcheck import blobs_of, erased_of
from fullcycle.scoping.records import Charter


class Changed(Struct, frozen=True, kw_only=True):
    """Something that is not as it was: *what*, then and now."""

    what: str
    then: str
    now: str


class Verification(Struct, frozen=True, kw_only=True):
    """What came of making a model again.

    Attributes
    ----------
    model, rebuilt : ids of the record, and of what was made again.
    equal : whether they are the same, and every blob that the record names holds what it did.
    altered : blobs of the model whose bytes are not those that it was made with, or that are gone.
    fields : fields that differ.
    circumstances : library versions and code that are not as they were: why fields may differ.
    erased : parts of the dataset that were erased since; without them no model comes out the same.
    """

    model: str
    rebuilt: str
    equal: bool
    altered: tuple[str, ...]
    fields: tuple[Changed, ...]
    circumstances: tuple[Changed, ...]
    erased: tuple[str, ...]


def verify(rooms: Rooms, model: Model) -> Verification:
    """Make *model* again from its record, and note what came out.

    A budget in time is rebuilt from the trials that the record lists, not by the clock.

    Raises
    ------
    Corrupt
        The dataset or charter that it was made from is not as it was kept.
    RecordUnknown
        They are not kept here.
    """
    dataset, charter = (rooms.run.get(id) for id in model.parents)
    again = _rebuilt(rooms, model, cast(Charter, charter), cast(Dataset, dataset))
    altered = _altered(rooms.project.blobs, model)
    found = Verification(
        model=model.id,
        rebuilt=again.id,
        equal=_same(model, again) and not altered,
        altered=altered,
        fields=_fields(model, again),
        circumstances=_circumstances(rooms, model),
        erased=tuple(erased_of(rooms.project.blobs, dataset)),
    )
    facts = {"equal": found.equal, "rebuilt": found.rebuilt}
    rooms.run.append(rooms.run.entry("note", step=VERIFY, inputs=(model.id,), facts=facts))
    return found


def settings_of(rooms: Rooms, model: Model) -> Development:
    """The settings to make *model* again with: its own; of a model of version 2 or before, which tells none, today's."""
    if model.settings is not None:
        return model.settings
    settings = rooms.settings.development
    return msgspec.structs.replace(settings, search_budget=f"{len(model.leaderboard)} trials", seed=model.seed)


def _rebuilt(rooms: Rooms, model: Model, charter: Charter, dataset: Dataset) -> Model:
    rooms.project.load_code()
    with tempfile.TemporaryDirectory(prefix="fullcycle-verify-") as folder:
        blobs = OverlayBlobs(rooms.project.blobs, FolderBlobs(Path(folder) / "blobs"))
        journal = SQLiteJournal(Path(folder) / "journal.sqlite")
        run = Run(journal, blobs, rooms.run.scope, rooms.run.actor, rooms.clock, code=rooms.run.code)
        if made_elsewhere(model):
            return judged_again(model, charter, dataset, blobs, run)
        return development.make.function(
            charter=charter,
            dataset=dataset,
            settings=settings_of(rooms, model),
            refit=_refit(rooms, model),
            trials=model.trials,
            reading=model.reading,
            behaviours=rooms.project.behaviours,
            blobs=blobs,
            run=run,
            engine=rooms.engine,
            progress=rooms.progress,
        )


def _refit(rooms: Rooms, model: Model) -> Trial | Model | None:
    """What a model was fitted anew from, without a search: its own members; of version 2 or before, its one trial."""
    if model.settings is not None:
        return None if model.trials else model
    return cast(Trial, rooms.run.get(model.leaderboard[0].trial)) if model.fits == 1 else None


def _altered(blobs: FolderBlobs, model: Model) -> tuple[str, ...]:
    """The blobs of *model*, by field, that do not hold what they did."""
    found = []
    for field, name in blobs_of(model):
        try:
            blobs.get(name)
        except (Corrupt, RecordUnknown):
            found.append(field)
    return tuple(found)


def _same(model: Model, again: Model) -> bool:
    """Equal ids; of a record of an older version, whose bytes are written no more, equal fields."""
    version = json.loads(model.canonical)["version"]
    return model.id == again.id or (version != json.loads(again.canonical)["version"] and not _fields(model, again))


def _fields(model: Model, again: Model) -> tuple[Changed, ...]:
    """What differs, each part under its path."""
    then, now = (dict(_leaves(json.loads(canonical(msgspec.structs.asdict(it))))) for it in (model, again))
    return tuple(
        Changed(what=path, then=then.get(path, "nothing"), now=now.get(path, "nothing"))
        for path in dict.fromkeys((*then, *now))
        if then.get(path) != now.get(path)
    )


def _leaves(value: Any, path: str = "") -> list[tuple[str, str]]:
    match value:
        case dict():
            pairs = [(f"{path}.{name}" if path else str(name), inner) for name, inner in value.items()]
        case list() | tuple():
            pairs = [(f"{path}[{place}]", inner) for place, inner in enumerate(value)]
        case _:
            return [(path, json.dumps(value, ensure_ascii=False, default=str))]
    return [leaf for name, inner in pairs for leaf in _leaves(inner, name)]


def _circumstances(rooms: Rooms, model: Model) -> tuple[Changed, ...]:
    """Versions and code that the record tells, and the step's that the journal tells, where they are others now."""
    step = step_of(model)
    now = versions(step.libraries)
    found = [(name, model.libraries.get(name, "unknown"), version) for name, version in now.items() if model.libraries]
    if model.settings is not None:
        found.append(("cycle.py", model.code[:12] or "none", rooms.run.code[:12] or "none"))
    entry = made(rooms.run.state.refresh().entries, model.id)
    if entry is not None:
        found.append(("code of the step", entry.code[:12], code_digest(step.function)[:12]))
        found.append(("version of the step", str(entry.facts.get("version")), str(step.version)))
    return tuple(Changed(what=what, then=then, now=now) for what, then, now in found if then != now)
