"""Signs what is to serve: the papers of a release are made, and the project's key signs them with its bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import msgspec

from fullcycle.data.records import Dataset
from fullcycle.deployment.records import Release
from fullcycle.deployment.supply_chain.provenance import provenance
from fullcycle.deployment.supply_chain.requirements import extras, locked, requirements_text
from fullcycle.deployment.supply_chain.sbom import sbom
from fullcycle.development.card import card
from fullcycle.development.records import Model
from fullcycle.kernel.verbs import Run, versions
from fullcycle.loop.access import access_run
from fullcycle.predictor import bundle, signature
from fullcycle.predictor.formats import load
from fullcycle.predictor.plan import Plan
from fullcycle.project import Project, keys
from fullcycle.project.card import facts
from fullcycle.scoping.records import Charter


class Signed(NamedTuple):
    """What lies beside a bundle."""

    envelope: bytes
    papers: bytes


def sign(project: Project, run: Run, release: Release) -> Signed:
    """The papers of *release*, and the signature of the environment's own key over them and its bundle; made once for each key.

    Raises
    ------
    InputError
        The key was revoked.
    """
    key, public = keys.own(access_run(project, run.actor), project.state)

    def effect() -> Mapping[str, Any]:
        papers = _papers(project, run, release)
        envelope = signature.sign({**bundle.files(run.blobs.get(release.bundle)), **papers}, release.id, key)
        return {
            "key": public.id,
            "envelope": run.blobs.put(envelope),
            "papers": run.blobs.put(signature.pack_papers(papers)),
        }

    done = run.act("deployment.sign", f"{release.id}:{public.id}", effect, inputs=(release.id,))
    return Signed(run.blobs.get(str(done["envelope"])), run.blobs.get(str(done["papers"])))


def _papers(project: Project, run: Run, release: Release) -> dict[str, bytes]:
    model, dataset, charter = (run.get(id) for id in release.parents[:3])
    made = cast(Model, model)
    libraries = locked(extras(Plan.from_json(run.blobs.get(made.plan)), load(made.format, run.blobs.get(made.fitted))))
    entry = next((it for it in reversed(run.state.entries) if it.verb == "step" and release.id in it.outputs), None)
    known = [charter, dataset, model, *([run.get(release.replaces)] if release.replaces else [])]
    told = provenance(
        release,
        known,
        made=entry,
        parameters=msgspec.to_builtins({name: getattr(release, name) for name in ("strategy", "steps", "control")}),
        libraries=versions(("lightgbm", "numpy", "fullcycle")),
    )
    materials = sbom(cast(Charter, charter), cast(Dataset, dataset), made, release, libraries)
    return {
        "README.md": card(facts(project, made), form="markdown").encode(),
        "requirements.txt": requirements_text(libraries).encode(),
        "sbom.cdx.json": _json(materials),
        "provenance.json": _json(told),
    }


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
