"""How a release came about: an in-toto statement with SLSA provenance v1.

Reference: https://slsa.dev/spec/v1.0/provenance
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from fullcycle.deployment.records import Release
from fullcycle.kernel.clock import instant
from fullcycle.kernel.journal import Entry
from fullcycle.kernel.record import Record, kind_of
from fullcycle.predictor.signature import STATEMENT

PREDICATE = "https://slsa.dev/provenance/v1"


def provenance(
    release: Release,
    materials: Sequence[Record],
    *,
    made: Entry | None = None,
    parameters: Mapping[str, Any] = {},
    libraries: Mapping[str, str] = {},
) -> dict[str, Any]:
    """The statement, as JSON.

    Parameters
    ----------
    materials : records from which the release was made.
    made : the journal's entry about it, where there is one: gives key, time and digest of the code.
    parameters : what a person set, ``[deployment]`` above all.
    libraries : versions of what it was built with.

    Examples
    --------
    >>> release = Release(bundle="ab" * 32, strategy="direct", steps=(1.0,), control=0.0, replaces="", findings=())
    >>> provenance(release, ())["subject"][0]["name"]
    'bundle'
    """
    step = "deployment.make" if made is None else made.step
    told = 0 if made is None else made.facts.get("version", 0)
    return {
        "_type": STATEMENT,
        "subject": [
            {"name": "bundle", "digest": {"sha256": release.bundle}},
            {"name": "release", "digest": {"sha256": release.id}},
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": f"urn:fullcycle:step:{step}:{told}",
                "externalParameters": dict(parameters),
                "internalParameters": {"libraries": dict(libraries)},
                "resolvedDependencies": [_material(it) for it in materials],
            },
            "runDetails": {"builder": _builder(), **_metadata(made)},
        },
    }


def _material(record: Record) -> dict[str, Any]:
    return {"name": kind_of(record), "uri": f"urn:fullcycle:record:{record.id}", "digest": {"sha256": record.id}}


def _builder() -> dict[str, Any]:
    return {"id": f"pkg:pypi/fullcycle@{version('fullcycle')}", "version": {"fullcycle": version("fullcycle")}}


def _metadata(made: Entry | None) -> dict[str, Any]:
    if made is None:
        return {}
    metadata: dict[str, Any] = {"invocationId": made.key, "finishedOn": instant(made.at)}
    code = {"name": "code of the step", "digest": {"sha256": made.code}} if made.code else None
    return {"metadata": metadata, **({"byproducts": [code]} if code else {})}
