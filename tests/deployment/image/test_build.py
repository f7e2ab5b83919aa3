"""Which builder is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from fullcycle.deployment.image.build import build, builder
from fullcycle.kernel.errors import OutsideError


def script(folder: Path, name: str, code: int) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho $0 $@ >> {folder}/calls\necho said >&2\nexit {code}\n")
    path.chmod(0o755)


def test_one_that_does_not_work_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path, "docker", 1)  # a client without its daemon
    script(tmp_path, "podman", 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert builder() == "podman"
    assert build(tmp_path, "shop:1") == "podman"
    assert f"build --format docker --tag shop:1 --file {tmp_path}/Dockerfile" in (tmp_path / "calls").read_text()


def test_none_is_told_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutsideError, match="no builder of images"):
        builder()


def test_what_a_builder_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "buildah"
    path.write_text("#!/bin/sh\n[ $1 = info ] && exit 0\necho no space left >&2\nexit 2\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutsideError, match="no space left"):
        build(tmp_path, "shop:1")
