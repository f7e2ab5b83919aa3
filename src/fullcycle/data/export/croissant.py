"""Croissant 1.1: a dataset's metadata in JSON-LD, which search engines index and loaders read.

Rows are written a month and a part at a time (``data/train/2024-01.parquet``), so that a loader that wants the training
rows reads no other, and a row's part is told by its file's path. Source: MLCommons, *Croissant Format Specification 1.1*
(2026), http://mlcommons.org/croissant/1.1, and *Croissant RAI 1.0*.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from fullcycle.data.export.sheet import BIAS
from fullcycle.data.records import Column, Dataset
from fullcycle.data.sources.files import parquet
from fullcycle.data.table import Table
from fullcycle.document import figure
from fullcycle.kernel.blobs import Blobs, write_aside
from fullcycle.kernel.clock import instant
from fullcycle.kernel.record import digest

CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
_RAI = "http://mlcommons.org/croissant/RAI/1.0"
_SPLITS = {"train": "cr:TrainingSplit", "validation": "cr:ValidationSplit", "test": "cr:TestSplit"}
_TYPES = {"float": "sc:Float", "integer": "sc:Integer", "boolean": "sc:Boolean", "time": "sc:DateTime"}
_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*[.-]\d[A-Za-z0-9.+-]*|MIT|ISC|0BSD|Unlicense")
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "annotation": "cr:annotation",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "excludes": "cr:excludes",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "readLines": "cr:readLines",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sdVersion": "cr:sdVersion",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
    "unArchive": "cr:unArchive",
    "value": "cr:value",
}


class File(NamedTuple):
    """A file of rows: its path beside the metadata, its bytes' digest (SHA-256) and number."""

    path: str
    sha256: str
    bytes: int


def croissant(
    dataset: Dataset,
    files: Sequence[File],
    *,
    name: str,
    description: str,
    url: str = "",
    published: datetime | None = None,
) -> dict[str, Any]:
    """The metadata of a dataset whose rows are in *files*.

    What nobody declared is left out: a validator then names it as missing, and nothing is made up.

    Parameters
    ----------
    files : Parquet files ``data/PART/PERIOD.parquet``.
    name, description : such as the project's name and its question.
    url : where the dataset is to be found.
    published : by default the time as of which it was made.
    """
    owners = sorted({source.owner for source in dataset.sources if source.owner})
    licences = sorted({licence_url(source.licence) for source in dataset.sources if source.licence})
    document: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [CONFORMS_TO, _RAI],
        "name": name,
        "description": description,
        "version": "1.0.0",
        "identifier": f"sha256:{dataset.id}",
        "url": url,
        "license": licences[0] if len(licences) == 1 else licences,
        "creator": [{"@type": "sc:Organization", "name": owner} for owner in owners],
        "datePublished": instant(published or dataset.as_of),
        "dateCreated": instant(dataset.as_of),
        **_responsible(dataset),
        "prov:wasDerivedFrom": [{"@id": f"urn:source:{source.name}"} for source in dataset.sources],
        "distribution": list(_distribution(files)),
        "recordSet": [_splits(), _rows(dataset)],
    }
    return {key: value for key, value in document.items() if value not in ("", [], None)}


def write(
    dataset: Dataset,
    blobs: Blobs,
    folder: Path,
    *,
    name: str,
    description: str,
    url: str = "",
    published: datetime | None = None,
) -> Path:
    """Rows and metadata in a folder: ``croissant.json`` and ``data/``; a segment at a time. Rows within the embargo stay out.

    Returns
    -------
    The path of the metadata.
    """
    files = [_written(folder, path, body) for path, body in _bodies(dataset, blobs)]
    document = croissant(dataset, files, name=name, description=description, url=url, published=published)
    target = folder / "croissant.json"
    write_aside(target, json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")
    return target


def licence_url(licence: str) -> str:
    """A licence's page, if it is named as SPDX names it; else what was written.

    >>> licence_url("CC0-1.0"), licence_url("ask the owner")
    ('https://spdx.org/licenses/CC0-1.0', 'ask the owner')
    """
    return f"https://spdx.org/licenses/{licence}" if _SPDX.fullmatch(licence) else licence


def _bodies(dataset: Dataset, blobs: Blobs) -> Iterator[tuple[str, bytes]]:
    for part in dataset.parts:
        table = Table(dataset.table, dataset.division, blobs)
        for segment in dataset.table:
            frame = table.frame(segment, part)
            if len(frame):
                yield f"data/{part}/{segment.period}.parquet", parquet(frame)


def _written(folder: Path, path: str, body: bytes) -> File:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    write_aside(target, body)
    return File(path, digest(body), len(body))


def _distribution(files: Sequence[File]) -> Iterator[dict[str, Any]]:
    for file in files:
        yield {
            "@type": "cr:FileObject",
            "@id": file.path,
            "name": file.path,
            "contentUrl": file.path,
            "contentSize": f"{file.bytes} B",
            "encodingFormat": "application/x-parquet",
            "sha256": file.sha256,
        }
    yield {
        "@type": "cr:FileSet",
        "@id": "parquet-files",
        "name": "parquet-files",
        "description": "The rows: a file a part and period.",
        "encodingFormat": "application/x-parquet",
        "includes": "data/*/*.parquet",
    }


def _splits() -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The parts of the rows.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"},
            {"@type": "cr:Field", "@id": "splits/url", "name": "url", "dataType": ["sc:URL", "cr:Split"]},
        ],
        "data": [{"splits/name": name, "splits/url": url} for name, url in _SPLITS.items()],
    }


def _rows(dataset: Dataset) -> dict[str, Any]:
    part = {
        "@type": "cr:Field",
        "@id": "rows/split",
        "name": "split",
        "description": "The part that the row belongs to.",
        "dataType": "sc:Text",
        "references": {"field": {"@id": "splits/name"}},  # the form that mlcroissant reads
        "source": {
            "fileSet": {"@id": "parquet-files"},
            "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": "^(?:data/)?(train|validation|test)(?:/.*)?$"},  # bears being applied twice
        },
    }
    return {
        "@type": "cr:RecordSet",
        "@id": "rows",
        "name": "rows",
        "description": f"{sum(one.rows for one in dataset.parts.values())} rows.",
        "field": [part, *(_field(column) for column in dataset.columns)],
    }


def _field(column: Column) -> dict[str, Any]:
    said = [f"unit: {column.unit}"] if column.unit else []
    said += [] if column.known == "before" else ["not known when the prediction is made"]
    said += [f"personal data: {column.personal}"] if column.personal not in ("", "no") else []
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"rows/{column.name}",
        "name": column.name,
        "dataType": _TYPES.get(column.kind, "sc:Text"),
        "source": {"fileSet": {"@id": "parquet-files"}, "extract": {"column": column.name}},
    }
    return field | ({"description": "; ".join(said)} if said else {})


def _responsible(dataset: Dataset) -> dict[str, Any]:
    """What the RAI vocabulary asks, as far as the record says it."""
    collected = [f"{source.name}: {source.collected}" for source in dataset.sources if source.collected]
    personal = [
        f"{column.name}: {column.personal}{f' ({column.because})' if column.because else ''}"
        for column in dataset.columns
        if column.personal not in ("", "no")
    ]
    steps = [f"{one.step} in {one.column}: {one.rows} rows, {one.cells} cells" for one in dataset.cleaning]
    facts: dict[str, Iterable[str]] = {
        "rai:dataCollection": ["; ".join(collected)] if collected else [],
        "rai:personalSensitiveInformation": personal,
        "rai:dataPreprocessingProtocol": steps,
        "rai:dataBiases": [
            f"{one.check} of {one.subject}: {figure(one.value)} [{figure(one.low)}, {figure(one.high)}]"
            for one in dataset.findings
            if one.check in BIAS and one.passed is False
        ],
    }
    return {key: list(texts) for key, texts in facts.items() if texts}
