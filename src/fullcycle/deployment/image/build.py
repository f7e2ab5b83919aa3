"""Building an image with whichever builder is there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from fullcycle.kernel.errors import OutsideError

BUILDERS = ("docker", "podman", "buildah")
"""In the order in which they are looked for; all three build a Dockerfile by ``build``."""
_TOLD = 600  # characters of what the builder said last


def builder() -> str:
    """The first builder that works: a docker without its daemon does not.

    Raises
    ------
    OutsideError : none is there.
    """
    found = next((name for name in BUILDERS if shutil.which(name) and _works(name)), None)
    if found is None:
        mend = "install one (Debian: apt-get install podman buildah), or build the folder elsewhere"
        raise OutsideError("no builder of images is installed", expected=" or ".join(BUILDERS), mend=mend)
    return found


def build(folder: Path, tag: str) -> str:
    """Build the image of a context; returns the builder's name.

    Raises
    ------
    OutsideError : no builder is there, or it failed; what it said last is told.
    """
    command = builder()
    # the format of Docker: that of OCI has no place for the health check
    format_ = [] if command == "docker" else ["--format", "docker"]
    run = subprocess.run(
        [command, "build", *format_, "--tag", tag, "--file", str(folder / "Dockerfile"), str(folder)],
        capture_output=True,
        text=True,
        env=os.environ,
        check=False,
    )
    if run.returncode:
        said = (run.stderr.strip() or run.stdout.strip())[-_TOLD:]
        raise OutsideError("the image could not be built", place=f"{command} build {folder}", found=said)
    return command


def _works(name: str) -> bool:
    return subprocess.run([name, "info"], capture_output=True, check=False).returncode == 0
