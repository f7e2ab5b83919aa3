"""``fullcycle export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fullcycle.cli.output import aligned
from fullcycle.cli.session import Session, declare

if TYPE_CHECKING:
    from fullcycle.kernel.record import Record

SHOWN = 8  # files that people are shown; JSON holds them all


@declare("export")
@click.argument("what", metavar="[WHAT]", required=False)
@click.argument("directory", metavar="[DIR]", type=click.Path(path_type=Path), default="export")
@click.option("--record", metavar="ID", help="Of this dataset or model; by default of the current one.")
@click.option("--build", is_flag=True, help="Build the image too, with docker, podman or buildah.")
def command(session: Session, what: str | None, directory: Path, record: str | None, build: bool) -> None:
    """Write WHAT into DIR ('export' by default), for other tools and people.

    WHAT is bundle, card, croissant, datasheet, github, gitlab, image, kserve, kubernetes, odcs, jsonschema, pandera or pictures.

    Without WHAT, tell what each of them is.
    """
    from fullcycle.kernel.errors import InputError, UnknownKey
    from fullcycle.project.exports import EXPORTS

    if what is None:
        helps = {name: export.help for name, export in EXPORTS.items()}
        session.tell({"exports": helps}, *aligned(list(helps.items())))
        return
    if what not in EXPORTS:
        raise UnknownKey(what, EXPORTS, what="export")
    export = EXPORTS[what]
    if record and export.of is None:
        raise InputError(
            f"{what} tells of the settings as they stand, of no record", place="--record", mend="leave --record out"
        )
    if build and what != "image":
        raise InputError("only an image is built", place="--build", found=what, mend="leave --build out")
    session.progress(f"exporting {what}", 0, 0)
    files = export.write(session.project, lambda: _record(session, record, export.of), directory)
    more = len(files) - SHOWN
    told = {"what": what, "folder": str(directory), "files": [str(file) for file in files]}
    lines = [f"wrote {', '.join(map(str, files[:SHOWN]))}" + (f" and {more} more files" if more > 0 else "")]
    if build:
        told["image"] = _built(session, files[0].parent)
        lines.append(f"built {told['image']}")
    session.tell(told, *lines)


def _built(session: Session, folder: Path) -> str:
    from fullcycle.deployment.image.build import build
    from fullcycle.deployment.image.context import facts_of
    from fullcycle.deployment.serving import read_serving

    tag = str(facts_of(read_serving(session.project.serving_path))["tag"])
    session.progress(f"building {tag}", 0, 0)
    build(folder, tag)
    return tag


def _record(session: Session, named: str | None, of: type[Record] | None) -> Record:
    from fullcycle.kernel.errors import InputError
    from fullcycle.kernel.record import kind_of

    wanted = of.__name__.lower() if of is not None else ""
    found = session.record(named or wanted)
    if of is None or not isinstance(found, of):
        raise InputError(f"only a {wanted} is exported so", place="--record", found=f"a {kind_of(found)}")
    return found
