"""Workflows for GitHub and GitLab, held against their schemas; and the scripts that they call, run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from fullcycle.deployment.pipeline.workflow import HOSTS, write_workflow

SCHEMAS = {
    "github": ("vendor.github-workflows",),
    "gitlab": ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
}


@pytest.mark.parametrize("host", HOSTS)
def test_it_is_what_the_host_expects(tmp_path: Path, host: str) -> None:
    pytest.importorskip("check_jsonschema", reason="pip install check-jsonschema")
    (tmp_path / "constraints.txt").write_text("")
    workflow = write_workflow(host, "shop", ["orders.csv", "s3://bucket/more.parquet"], tmp_path, tmp_path)[0]
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *SCHEMAS[host], str(workflow)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    text = workflow.read_text()
    assert '- "orders.csv"' in text
    assert "bucket" not in text
    assert "--constraint constraints.txt" in text
    workflow.write_text(text.replace("runs-on", "runs_on").replace("stage: cycle", "stages: 1"))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1  # the schema does look


def scripts_of(value: Any) -> list[str]:
    """Every shell script in a workflow."""
    if isinstance(value, dict):
        own = [value[key] for key in ("run", "script", "before_script") if key in value]
        texts = [line for it in own for line in (it if isinstance(it, list) else [it])]
        return texts + [text for it in value.values() for text in scripts_of(it)]
    return [text for it in value for text in scripts_of(it)] if isinstance(value, list) else []


@pytest.mark.parametrize("host", HOSTS)
def test_every_script_is_one_that_bash_can_read(tmp_path: Path, host: str) -> None:
    files = write_workflow(host, "shop", [], tmp_path, tmp_path)
    texts = [text.replace("${{", "").replace("}}", "") for text in scripts_of(yaml.safe_load(files[0].read_text()))]
    assert len(texts) > 5
    for text in [*texts, *(path.read_text() for path in files[1:])]:
        assert subprocess.run(["bash", "-n", "-c", text], capture_output=True, check=False).returncode == 0, text
    assert all(os.access(path, os.X_OK) for path in files[1:])
    assert yaml.safe_load(files[0].read_text())  # anchors are resolved


def test_no_key_leaves_the_runner(tmp_path: Path) -> None:
    github = write_workflow("github", "shop", [], tmp_path, tmp_path)[0].read_text()
    gitlab = write_workflow("gitlab", "shop", [], tmp_path, tmp_path)[0].read_text()
    assert "!.fullcycle/*.key" in github
    assert "!.fullcycle/keys" in github
    assert "rm -rf .fullcycle/keys .fullcycle/entity.key" in gitlab
    assert "exclude: [release/image/secrets/**/*]" in gitlab


def image(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "ci/image.sh", "registry.example.com/shop"],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_image_is_built_pushed_and_signed_by_its_digest(tmp_path: Path) -> None:
    write_workflow("github", "shop", [], tmp_path, tmp_path)
    (tmp_path / "release" / "chart").mkdir(parents=True)
    (tmp_path / "release" / "chart" / "Chart.yaml").write_text('name: shop\nappVersion: "ab12"\n')
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("docker", "cosign"):
        says = "[ $1 = inspect ] && echo registry.example.com/shop@sha256:00" if name == "docker" else ""
        (tools / name).write_text(f"#!/bin/sh\necho {name} $@ >> {tmp_path}/calls\n{says}\nexit ${{FAIL:-0}}\n")
        (tools / name).chmod(0o755)
    path = f"{tools}:{os.environ['PATH']}"
    assert image(tmp_path, PATH=path).stdout == "ab12\n"
    assert (tmp_path / "calls").read_text().splitlines() == [
        "docker build --tag registry.example.com/shop:ab12 release/image",
        "docker push registry.example.com/shop:ab12",
        "docker inspect --format {{index .RepoDigests 0}} registry.example.com/shop:ab12",
        "cosign sign --yes registry.example.com/shop@sha256:00",
    ]
    failed = image(tmp_path, PATH=path, FAIL="3")
    assert (failed.returncode, failed.stdout) == (3, "")
