"""The workflow of a project, for GitHub or GitLab, and the scripts that both call."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from fullcycle.deployment.image.context import rendered, write_text
from fullcycle.kernel.blobs import write_aside

CI = Path(__file__).parent / "ci"
TEMPLATES = Path(__file__).parent / "templates"
LOCKS = ("requirements.txt", "constraints.txt", "pylock.toml", "uv.lock", "poetry.lock")
"""Files that lock dependencies, in the order in which one of them is taken for the installation."""
WATCHED = ("cycle.toml", "columns.toml", "*.py", "behaviours/**", "**/*.dvc", *LOCKS)
"""What the cycle depends on beside its data: decisions, code, pointers to data, locked dependencies."""
HOSTS = {"github": Path(".github", "workflows", "fullcycle.yaml"), "gitlab": Path(".gitlab-ci.yml")}


def write_workflow(host: str, project: str, data: Iterable[str], source: Path, folder: Path) -> list[Path]:
    """Write the workflow and its scripts into *folder*, the repository's root.

    Parameters
    ----------
    host : ``github`` or ``gitlab``.
    project : its name.
    data : locations of the project's sources; those that lie within it are watched.
    source : the project's folder, whose lock file is installed from.

    Returns
    -------
    The files, the workflow first.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     files = write_workflow("gitlab", "shop", ["orders.csv"], Path(place), Path(place))
    ...     [file.name for file in files]
    ['.gitlab-ci.yml', 'cycle.sh', 'image.sh', 'keys.sh', 'release.sh']
    """
    lock = next((name for name in LOCKS[:2] if (source / name).exists()), "")
    facts = {
        "project": project,
        "name": project[:40].rstrip("-"),
        "paths": [*WATCHED, *local(data)],
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "lock": lock or "cycle.toml",
        "install": _install(lock),
    }
    files = [write_text(folder / HOSTS[host], rendered(TEMPLATES / f"{host}.yaml", **facts))]
    for script in sorted(CI.glob("*.sh")):
        files.append(folder / "ci" / script.name)
        write_aside(files[-1], script.read_bytes(), mode=0o755)
    return files


def local(locations: Iterable[str]) -> Sequence[str]:
    """Those of *locations* that lie within the project.

    >>> local(["orders.csv", "s3://bucket/orders.csv", "../orders.csv", "python:load", "/srv/orders.csv"])
    ['orders.csv']
    """
    return [it for it in locations if ":" not in it and not it.startswith(("/", "..", "$")) and it != "traffic"]


def _install(lock: str) -> str:
    """How fullcycle is installed: as the project's lock file says, else the version that writes this."""
    pinned = f"fullcycle=={version('fullcycle')}"
    if lock == "requirements.txt":
        return "pip install --requirement requirements.txt"
    return f"pip install --constraint {lock} {pinned}" if lock else f"pip install {pinned}"
