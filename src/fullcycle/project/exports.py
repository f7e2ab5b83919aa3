"""Exports: what a project hands to other tools and people, each under a name of its own."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from fullcycle.data.records import Dataset
from fullcycle.deployment.records import Release
from fullcycle.development.records import Model
from fullcycle.kernel.blobs import get_record, write_aside
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.record import Record
from fullcycle.project.folder import Project
from fullcycle.scoping.records import Charter

if TYPE_CHECKING:
    from fullcycle.data.portrait import Portrait

Asked = Callable[[], Dataset]


class Export(NamedTuple):
    """Something that can be exported.

    Attributes
    ----------
    help : what it is, in a line.
    write : writes it into a folder, from a project and the record that is asked for; the files, the main one first.
    of : what kind of record it tells of; None where it tells of the settings as they stand.
    """

    help: str
    write: Callable[[Project, Callable[[], Any], Path], list[Path]]
    of: type[Record] | None = Dataset


def croissant(project: Project, dataset: Asked, folder: Path) -> list[Path]:
    """Rows as Parquet with metadata of Croissant 1.1. Rows that an earlier export left there are taken away."""
    from fullcycle.data.export.croissant import write

    made, before = dataset(), _listed(folder)
    question = _charter(project, made).question
    target = write(made, project.blobs, folder, name=project.settings.project.name, description=question)
    rows = sorted(_listed(folder))
    for path in before - set(rows):
        path.unlink(missing_ok=True)
    return [target, *rows]


def datasheet(project: Project, dataset: Asked, folder: Path) -> list[Path]:
    """The datasheet as a page and as Markdown."""
    from fullcycle.data.export.datasheet import datasheet as page

    made = dataset()
    charter, retention = _charter(project, made), project.settings.data.privacy.retention
    return [
        _written(folder / "datasheet.html", page(made, charter, form="html", retention=retention)),
        _written(folder / "datasheet.md", page(made, charter, form="markdown", retention=retention)),
    ]


def odcs(project: Project, dataset: Asked, folder: Path) -> list[Path]:
    """The contract of the columns in YAML of the Open Data Contract Standard."""
    from fullcycle.data.contract.odcs import to_odcs

    settings = project.settings
    text = to_odcs(
        settings.project.name,
        project.columns,
        settings.data.rules,
        time=settings.scoping.time,
        zone=settings.project.timezone,
    )
    return [_written(folder / "contract.yaml", text)]


def json_schema(project: Project, dataset: Asked, folder: Path) -> list[Path]:
    """The JSON Schema of a row."""
    from fullcycle.data.contract.json_schema import to_json_schema

    schema = to_json_schema(project.columns, zone=project.settings.project.timezone)
    return [_written(folder / "row.schema.json", json.dumps(schema, indent=2, ensure_ascii=False) + "\n")]


def pandera(project: Project, dataset: Asked, folder: Path) -> list[Path]:
    """A Python module with the contract as a schema of pandera."""
    from fullcycle.data.contract.pandera import to_pandera

    settings = project.settings
    text = to_pandera(project.columns, settings.data.rules, title=settings.project.name)
    return [_written(folder / "pandera_schema.py", text)]


def pictures(project: Project, dataset: Asked, folder: Path) -> list[Path]:
    """Pictures of the training rows, an SVG each, and all of them on one page."""
    from fullcycle.data.pictures import svg
    from fullcycle.data.portrait import read

    made = dataset()
    files: dict[str, str] = {}
    for title, chart in charts(read(project.blobs.get(made.portrait)), _charter(project, made)):
        files[_file_name(title, files)] = svg(chart)
    place = folder / "pictures"
    drawn = [_written(place / name, text) for name, text in files.items()]
    return [_written(place / "profile.html", _page(project.settings.project.name, made.id, files)), *drawn]


def card(project: Project, model: Callable[[], Model], folder: Path) -> list[Path]:
    """The model card as a page, and as Markdown with the front matter of the Hugging Face hub."""
    from fullcycle.development.card import card as text
    from fullcycle.project.card import facts, pictures

    found = facts(project, model())
    return [
        _written(folder / "card.html", text(found, form="html", pictures=pictures(found))),
        _written(folder / "README.md", text(found, form="markdown")),
    ]


def bundle(project: Project, release: Callable[[], Release], folder: Path) -> list[Path]:
    """The bundle's files, its papers, and the signature over all of them, which the model_signing tool can verify too.

    Raises
    ------
    InputError
        The release has not been signed: it never served in this environment.
    """
    from fullcycle.predictor import bundle as packed
    from fullcycle.predictor import signature
    from fullcycle.project.keys import signed

    made = release()
    found = signed(project.journal.read(), project.scope, made.id)
    if found is None:
        mend = "deploy it first: fullcycle deploy"
        raise InputError("the release was not signed here", place=str(project.scope), found=made.id[:12], mend=mend)
    envelope, papers = (project.blobs.get(name) for name in found)
    files = {**packed.files(project.blobs.get(made.bundle)), **signature.unpack_papers(papers)}
    target = folder / f"bundle-{made.id[:12]}"
    for path in target.glob("*"):  # a file of an earlier export would not be signed
        path.unlink()
    for name, body in sorted(files.items()):
        write_aside(target / name, body)
    write_aside(target / signature.FILE, envelope)
    return [target / signature.FILE, *(target / name for name in sorted(files))]


def image(project: Project, dataset: Asked, folder: Path) -> list[Path]:
    """What a container image of the service is built from, for what serves in the environment of *project*."""
    from fullcycle.deployment.image.cloud import write_contracts
    from fullcycle.deployment.image.context import facts_of, write_context
    from fullcycle.deployment.serving import read_serving

    facts = facts_of(read_serving(project.serving_path))
    files = write_context(project.serving_path, folder / "image")
    return [*files, *write_contracts(str(facts["project"]), str(facts["tag"]), folder / "image" / "cloud")]


def kubernetes(project: Project, dataset: Asked, folder: Path) -> list[Path]:
    """A Helm chart of the service."""
    from fullcycle.deployment.kubernetes.chart import write_chart
    from fullcycle.deployment.serving import read_serving

    return write_chart(read_serving(project.serving_path), folder / "chart")


def kserve(project: Project, dataset: Asked, folder: Path) -> list[Path]:
    """An InferenceService of KServe."""
    from fullcycle.deployment.kubernetes.chart import write_inference_service
    from fullcycle.deployment.serving import read_serving

    return write_inference_service(read_serving(project.serving_path), folder)


def workflow(host: str) -> Callable[[Project, Asked, Path], list[Path]]:
    """What writes the workflow for *host* (``github`` or ``gitlab``)."""

    def write(project: Project, dataset: Asked, folder: Path) -> list[Path]:
        from fullcycle.deployment.pipeline.workflow import write_workflow

        settings = project.settings
        data = [source.location for source in settings.data.sources]
        return write_workflow(host, settings.project.name, data, project.folder, folder)

    return write


EXPORTS: dict[str, Export] = {
    "bundle": Export("the bundle of the release as a folder, with its papers and signature", bundle, of=Release),
    "card": Export("the model card, as HTML, and as Markdown for the Hugging Face hub", card, of=Model),
    "croissant": Export("the rows as Parquet, with metadata of Croissant 1.1", croissant),
    "datasheet": Export("the datasheet, as HTML and Markdown", datasheet),
    "odcs": Export("columns.toml and [data.rules] as a contract of ODCS v3.1", odcs, of=None),
    "jsonschema": Export("columns.toml as the JSON Schema of a row", json_schema, of=None),
    "pandera": Export("columns.toml and [data.rules] as a schema of pandera", pandera, of=None),
    "github": Export("CI and CD as a workflow for GitHub; DIR is the repository's root", workflow("github"), of=None),
    "gitlab": Export("CI and CD as a pipeline for GitLab; DIR is the repository's root", workflow("gitlab"), of=None),
    "image": Export("what serves, as the build context of a container image, and for docker compose", image, of=None),
    "kserve": Export("what serves, as an InferenceService of KServe", kserve, of=None),
    "kubernetes": Export(
        "what serves, as a Helm chart with values for cloud, on-premises and hybrid", kubernetes, of=None
    ),
    "pictures": Export("the profile of the training rows, as SVG and HTML", pictures),
}
"""Everything that ``fullcycle export`` writes, by name."""


def _charter(project: Project, dataset: Dataset) -> Charter:
    return cast(Charter, get_record(project.blobs, dataset.parents[0]))


def _written(path: Path, text: str) -> Path:
    write_aside(path, text.encode())
    return path


def _listed(folder: Path) -> set[Path]:
    """The files of rows that an export in *folder* lists and that are there."""
    try:
        document = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
        named = {str(one.get("contentUrl", "")) for one in document.get("distribution", ())}
    except (OSError, ValueError, AttributeError):
        return set()
    return {path for path in folder.glob("data/*/*.parquet") if path.relative_to(folder).as_posix() in named}


def charts(portrait: Portrait, charter: Charter) -> Iterator[tuple[str, object]]:
    """Each picture with its title: the whole table, then column by column; the entity, told once each, has none."""
    from fullcycle.data import pictures as draw

    relations = {one.column: one for one in portrait.relations}
    if portrait.rates:
        figure = next((one.of for one in portrait.relations), charter.target)
        yield f"{charter.target} over time", draw.rates(portrait.rates, figure)
    yield "missing values", draw.missing(portrait.sketches)
    if portrait.correlations:
        yield "correlations", draw.correlation_map(portrait.correlations)
    for name, sketch in portrait.sketches.items():
        if name != charter.entity and sketch.told and sketch.n > sketch.missing:
            yield name, draw.distribution(name, sketch)
        if name in relations:
            yield f"{charter.target} by {name}", draw.relation(relations[name])


def _file_name(title: str, taken: dict[str, str]) -> str:
    """A name of a file for a picture, unlike those that are there.

    >>> _file_name("spend in €", {"spend_in.svg": ""})
    'spend_in_2.svg'
    """
    stem = re.sub(r"[^0-9A-Za-z-]+", "_", title).strip("_") or "column"
    names = (f"{stem}{'' if place == 1 else f'_{place}'}.svg" for place in range(1, len(taken) + 2))
    lower = {name.lower() for name in taken}
    return next(name for name in names if name.lower() not in lower)


def _page(project: str, id: str, files: dict[str, str]) -> str:
    """One page that needs nothing beside it."""
    title = html.escape(f"{project}: profile of dataset {id[:12]}")
    images = "\n".join(
        f'<img alt="{html.escape(Path(name).stem)}" src="data:image/svg+xml;base64,{base64.b64encode(text.encode()).decode()}">'
        for name, text in files.items()
    )
    style = (
        "body { font-family: sans-serif; margin: 2rem } img { display: inline-block; margin: 1rem; max-width: 100% }"
    )
    head = f'<head><meta charset="utf-8"><title>{title}</title><style>{style}</style></head>'
    return f'<!doctype html>\n<html lang="en">{head}\n<body><h1>{title}</h1>\n{images}\n</body></html>\n'
