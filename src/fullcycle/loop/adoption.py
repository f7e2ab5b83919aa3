"""A model from elsewhere is read, kept in a format that serves, and judged: the reading is seen, the judgement a step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from fullcycle import development
from fullcycle.data.records import Dataset
from fullcycle.development.records import Model
from fullcycle.development.settings import Development
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import OutsideError
from fullcycle.kernel.verbs import Call, Run, Step
from fullcycle.loop.readings import numbered
from fullcycle.scoping.records import Charter

if TYPE_CHECKING:
    from fullcycle.development.adopt import Adopted
    from fullcycle.loop.rooms import Rooms

ADOPT = "development.adopt"


class Given(NamedTuple):
    """What is to be adopted.

    Attributes
    ----------
    path : the file or folder.
    columns : that it takes, in its order; empty where it says so itself.
    trust : whether a pickle may be read.
    """

    path: Path
    columns: tuple[str, ...] = ()
    trust: bool = False


def adoption(rooms: Rooms, charter: Charter, dataset: Dataset, given: Given) -> Model:
    """The Model of what is given, made once for each file.

    Raises
    ------
    Refused : it may not be read; see `development.adopt.opened`.
    InputError : it cannot be kept, or does not fit the dataset.
    """
    from fullcycle.development.adopt import adopt, digest_of, opened, taken

    rooms.progress("adopting", 0, 0)
    found = opened(given.path, trust=given.trust, trusted=rooms.project.platform.trusted_types)
    try:
        sha256 = digest_of(given.path)
    except OSError as error:
        raise OutsideError("cannot read the model", place=str(given.path), found=error.strerror or "") from error

    def look() -> tuple[Adopted, str]:
        return taken(found, sha256, given.columns, charter, dataset, rooms.run.blobs), sha256

    adopted = rooms.run.observe("development.foreign", look, facts={"kind": found.kind, "trust": given.trust}).value
    using = {"blobs": rooms.run.blobs, "run": rooms.run}
    parameters = {"adopted": adopted, "settings": rooms.settings.development}

    def call(reading: int) -> Call:
        inputs = {"charter": charter, "dataset": dataset}
        return Call(adopt, inputs, {**parameters, "reading": reading}, using)

    return cast(Model, rooms.run.do(numbered(rooms.run, dataset, call)))


def made_elsewhere(model: Model) -> bool:
    """Whether a model was adopted. Nothing was fitted for it here."""
    return model.fits == 0 and not model.leaderboard


def step_of(model: Model) -> Step[Any, Any]:
    """The step that makes models like this one."""
    from fullcycle.development.adopt import adopt

    return adopt if made_elsewhere(model) else development.make


def judged_again(model: Model, charter: Charter, dataset: Dataset, blobs: Blobs, run: Run) -> Model:
    """An adopted model from its record: what is kept of it answers the test rows once more."""
    from fullcycle.development.adopt import Adopted, adopt

    kept = Adopted(
        kind=str(model.parameters["kind"]),
        sha256=str(model.parameters["sha256"]),
        plan=model.plan,
        fitted=model.fitted,
        format=model.format,
    )
    return adopt.function(
        charter=charter,
        dataset=dataset,
        adopted=kept,
        settings=model.settings or Development(),
        reading=model.reading,
        blobs=blobs,
        run=run,
    )
