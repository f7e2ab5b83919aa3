"""The build context of an image: all that it is made of, in one folder."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from fullcycle.deployment.access import FILE as ACCESS
from fullcycle.deployment.image.needed import needed
from fullcycle.deployment.image.wheels import fetch, locked, own_wheel
from fullcycle.deployment.serving import FILE, KEYS, Serving, bundle_path, keys_path, read_key, read_serving
from fullcycle.kernel.blobs import write_aside
from fullcycle.kernel.record import canonical

PORT = 8080
"""Where the image answers: what SageMaker, Vertex AI, Cloud Run and KServe expect."""
USER = 10001
"""The user that it runs as: none of the host's (CIS Docker Benchmark 4.1)."""
TRAFFIC = "/var/lib/fullcycle/traffic"
SECRETS = "/run/secrets"
"""Where the keys are mounted, the one under which entities are hashed, and those that this server trusts; in no image."""
ENTITY = "entity.key"
TEMPLATES = Path(__file__).parent / "templates"
_MACHINES = {"arm64": "aarch64", "amd64": "x86_64"}


def write_context(
    route: Path, folder: Path, *, machine: str = "", say: Callable[[str], None] = lambda what: None
) -> list[Path]:
    """Write what an image of the service of *route* is built from into *folder*, and how to build it.

    Parameters
    ----------
    route : the file that says what serves, see :class:`~fullcycle.deployment.serving.Serving`.
    machine : for which the image is, such as ``aarch64``; by default this one's.
    say : told what is being done.

    Returns
    -------
    The files, the Dockerfile first.

    Raises
    ------
    InputError : nothing is deployed.
    OutsideError : a library could not be fetched, or the disk does not let us write.
    """
    serving = read_serving(route)
    say("loading what serves")
    versions = needed(route)
    wheels = folder / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    say(f"fetching {len(versions)} libraries")
    fetched = fetch(versions, wheels, machine=machine or this_machine(), python=_python())
    fetched.append(own_wheel(wheels))
    facts = {**facts_of(serving), "trusting": keys_path(route).exists()}
    return [
        write_text(folder / "Dockerfile", rendered(TEMPLATES / "Dockerfile", **facts)),
        write_text(folder / "compose.yaml", rendered(TEMPLATES / "compose.yaml", **facts)),
        write_text(folder / "requirements.txt", locked(fetched)),
        write_text(folder / ".dockerignore", "secrets\n"),
        write_text(folder / ".gitignore", "secrets\nwheels\n"),
        *write_contained(route, serving, folder / "serving"),
        write_text(folder / "README.md", rendered(TEMPLATES / "README.md", **facts, libraries=len(fetched))),
        *_write_secrets(folder / "secrets", route, serving),
        *fetched,
    ]


def write_contained(route: Path, serving: Serving, folder: Path) -> list[Path]:
    """What serves, with the paths that hold inside a container: the route, its bundles with what proves them, and who may ask."""
    shutil.rmtree(folder, ignore_errors=True)
    contained = msgspec.structs.replace(serving, traffic=TRAFFIC, entity_key=f"{SECRETS}/{ENTITY}")
    files = [folder / FILE]
    write_aside(files[0], canonical(contained))
    if (access := route.parent / ACCESS).exists():
        files.append(folder / ACCESS)
        write_aside(files[-1], access.read_bytes())
    for name in sorted(set(serving.bundles.values())):
        for path in sorted(bundle_path(route, name).parent.glob(f"{name}*")):
            files.append(folder / "bundles" / path.name)
            write_aside(files[-1], path.read_bytes())
    return files


def facts_of(serving: Serving) -> dict[str, object]:
    """What the templates are filled with."""
    release = serving.route.champion[:12] or "todays-rule"
    return {
        "project": serving.scope.project,
        "environment": serving.scope.environment,
        "release": release,
        "tag": f"{serving.scope.project}:{release}",
        "python": _python(),
        "port": PORT,
        "user": USER,
        "traffic": TRAFFIC,
        "secrets": SECRETS,
        "entity_key": ENTITY,
        "trusted_keys": KEYS,
    }


def rendered(template: Path, **facts: object) -> str:
    """The template in the file *template*, less its suffix ``.jinja``, filled; a name that is not given is an error."""
    import jinja2

    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(Path(f"{template}.jinja").read_text(encoding="utf-8")).render(facts)


def write_text(path: Path, text: str) -> Path:
    """Write a file in one step; returns its path."""
    write_aside(path, text.encode())
    return path


def this_machine() -> str:
    """The processor as wheels for Linux name it.

    >>> this_machine() in ("x86_64", "aarch64") or this_machine()
    True
    """
    machine = platform.machine().lower()
    return _MACHINES.get(machine, machine)


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _write_secrets(folder: Path, route: Path, serving: Serving) -> list[Path]:
    """Copies in a folder that others may not enter; the files themselves are read by the user inside the container."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chmod(folder, 0o700)
    trusted = keys_path(route)
    bodies = {ENTITY: read_key(route, serving)}
    if trusted.exists():
        bodies[KEYS] = trusted.read_bytes()
    for name, body in bodies.items():
        write_aside(folder / name, body, mode=0o444)
    return [folder / name for name in bodies]
