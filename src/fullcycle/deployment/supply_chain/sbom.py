"""The bill of materials of a release: CycloneDX 1.6 (ECMA-424) with its part for machine-learning models.

Figures come from the records with their ids; nothing is told of personal columns but their names.
Reference: https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from fullcycle.data.records import Dataset
from fullcycle.deployment.records import Release
from fullcycle.deployment.supply_chain.requirements import Locked
from fullcycle.development.records import Model
from fullcycle.measure.intervals import Estimate
from fullcycle.scoping.records import Charter

_UNSUPERVISED = "clustering"


def sbom(
    charter: Charter, dataset: Dataset, model: Model, release: Release, libraries: Sequence[Locked]
) -> dict[str, Any]:
    """The document, as JSON. Its serial number follows from the release, so that the same release has the same.

    Examples
    --------
    See ``tests/deployment/supply_chain``: it needs records of all stages.
    """
    subject = {
        "type": "machine-learning-model",
        "bom-ref": release.id,
        "name": charter.project,
        "version": release.id[:12],
        "description": charter.question,
        "hashes": [{"alg": "SHA-256", "content": release.bundle}],
        "modelCard": _model_card(charter, dataset, model),
        "properties": _properties(charter=charter.id, dataset=dataset.id, model=model.id, release=release.id),
    }
    fullcycle = next((it for it in libraries if it.name == "fullcycle"), None)
    tool = {"type": "application", "name": "fullcycle", **({} if fullcycle is None else {"version": fullcycle.version})}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, release.id)}",
        "version": 1,
        "metadata": {"component": subject, "tools": {"components": [tool]}},
        "components": [_library(it) for it in libraries],
        "dependencies": [
            {"ref": release.id, "dependsOn": [] if fullcycle is None else [fullcycle.purl]},
            *_dependencies(libraries),
        ],
    }


def _model_card(charter: Charter, dataset: Dataset, model: Model) -> dict[str, Any]:
    return {
        "modelParameters": {
            "approach": {"type": "unsupervised" if charter.task == _UNSUPERVISED else "supervised"},
            "task": charter.task,
            "architectureFamily": model.learner,
            "modelArchitecture": model.format,
            "datasets": [_data(charter, dataset)],
            "inputs": [{"format": f"{rule.name}: {rule.kind}"} for rule in dataset.contract.columns],
            "outputs": [{"format": _output(charter, dataset)}],
        },
        "quantitativeAnalysis": {
            "performanceMetrics": [_metric(name, it) for name, it in sorted(model.figures.items())],
        },
        "considerations": {
            "useCases": [charter.question],
            "technicalLimitations": [
                f"{it.check} of {it.subject} fell short" for it in model.findings if it.passed is False
            ],
            "ethicalConsiderations": [
                {
                    "name": f"risk class {charter.risk.level}",
                    "mitigationStrategy": charter.risk.oversight or "none stated",
                }
            ],
        },
    }


def _data(charter: Charter, dataset: Dataset) -> dict[str, Any]:
    personal = sorted(it.name for it in dataset.columns if it.personal not in ("", "no", "drop"))
    return {
        "type": "dataset",
        "bom-ref": dataset.id,
        "name": f"{charter.project} {dataset.id[:12]}",
        "contents": {"properties": _properties(dataset=dataset.id, **{it.name: it.licence for it in dataset.sources})},
        **({"sensitiveData": personal} if personal else {}),
    }


def _output(charter: Charter, dataset: Dataset) -> str:
    if charter.task == _UNSUPERVISED:
        return "cluster"
    told = f" ({', '.join(dataset.classes)})" if dataset.classes else ""
    return f"{charter.target}: {charter.task}{told}"


def _metric(name: str, it: Estimate) -> dict[str, Any]:
    found: dict[str, Any] = {"type": name, "value": str(it.point), "slice": "test rows"}
    if it.low is not None and it.high is not None:
        found["confidenceInterval"] = {"lowerBound": str(it.low), "upperBound": str(it.high)}
    return found


def _library(it: Locked) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": it.purl,
        "name": it.name,
        "version": it.version,
        "purl": it.purl,
    }
    if it.licence:
        found["licenses"] = [{"license": {"name": it.licence}}]
    if it.sha256:
        found["properties"] = [{"name": "fullcycle:files-sha256", "value": it.sha256}]
    return found


def _dependencies(libraries: Sequence[Locked]) -> list[dict[str, Any]]:
    purls = {it.name: it.purl for it in libraries}
    return [{"ref": it.purl, "dependsOn": [purls[name] for name in it.needs if name in purls]} for it in libraries]


def _properties(**values: str) -> list[dict[str, str]]:
    return [{"name": f"fullcycle:{name}", "value": value} for name, value in values.items()]
