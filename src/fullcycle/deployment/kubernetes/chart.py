"""The Helm chart of a service: what differs between projects is written, the rest is copied."""

from __future__ import annotations

import shutil
from pathlib import Path

from fullcycle.deployment.image.context import facts_of, rendered, write_text
from fullcycle.deployment.serving import Serving

CHART = Path(__file__).parent / "chart"
TEMPLATES = Path(__file__).parent / "templates"
LONGEST = 40
"""Characters of the chart's name: those of a replica's claim, which it is part of, are limited to 63."""


def write_chart(serving: Serving, folder: Path) -> list[Path]:
    """Write the chart of what serves into *folder*; the files, ``Chart.yaml`` first.

    Its ``appVersion``, and so the tag of the image by default, is the release.
    """
    facts = _facts(serving)
    shutil.copytree(CHART, folder, dirs_exist_ok=True)
    written = [write_text(folder / name, rendered(TEMPLATES / name, **facts)) for name in ("Chart.yaml", "values.yaml")]
    copied = (folder / path.relative_to(CHART) for path in CHART.rglob("*") if path.is_file())
    return [*written, *sorted(copied)]


def write_inference_service(serving: Serving, folder: Path) -> list[Path]:
    """Write an InferenceService of KServe for the image of what serves."""
    name = "inferenceservice.yaml"
    return [write_text(folder / name, rendered(TEMPLATES / name, **_facts(serving)))]


def _facts(serving: Serving) -> dict[str, object]:
    project = serving.scope.project
    return {
        **facts_of(serving),
        "name": project[:LONGEST].rstrip("-"),
        "repository": f"registry.example.com/{project}",
        "log": serving.log,
        "version": f"0.1.{serving.route.generation}",
    }
