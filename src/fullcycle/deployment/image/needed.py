"""What a service needs installed: seen by loading it, so that an image holds this and no more.

``python -m fullcycle.deployment.image.needed ROUTE`` prints the distributions as a JSON list.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.metadata import distributions, packages_distributions, version
from pathlib import Path

from fullcycle.kernel.errors import OutsideError

UNSEEN = ("lightgbm", "tzdata", "h11", "httptools", "uvloop")
"""Opened when a service runs, not when it is loaded: a shared library, a table, and what the server finds for itself."""
STARTED = ("fullcycle.cli.serve", "fullcycle.deployment.service.workers", "fullcycle.deployment.service.worker")
"""The modules that ``fullcycle serve`` runs."""


def needed(route: Path) -> dict[str, str]:
    """Distributions that the service of *route* needs, with the versions that are installed here; fullcycle is not among them.

    The service is loaded in a process of its own, bundle and all, and what it imported is seen.

    Raises
    ------
    OutsideError : it cannot be loaded here.
    """
    command = [sys.executable, "-m", "fullcycle.deployment.image.needed", str(route)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        raise OutsideError("what serves cannot be loaded", place=str(route), found=last)
    there = {canonical_name(str(one.metadata["Name"])) for one in distributions()}
    names = {*map(canonical_name, json.loads(run.stdout)), *(one for one in UNSEEN if one in there)}
    return {name: version(name) for name in sorted(names - {"fullcycle"})}


def distributions_of(modules: Iterable[str], packages: Mapping[str, Iterable[str]]) -> list[str]:
    """The distributions that brought *modules*, sorted.

    >>> distributions_of(["msgspec", "msgspec.json", "json"], {"msgspec": ["msgspec"]})
    ['msgspec']
    """
    tops = {module.partition(".")[0] for module in modules}
    return sorted({name for top in tops for name in packages.get(top, ())})


def canonical_name(name: str) -> str:
    """A name as the index writes it (PyPA, name normalization).

    >>> canonical_name("typing_extensions")
    'typing-extensions'
    """
    return name.replace("_", "-").replace(".", "-").lower()


def main() -> int:
    """Load the service of the route that is named, and print what that took."""
    from fullcycle.deployment.serving import load_answerer, read_serving

    for module in STARTED:
        import_module(module)
    route = Path(sys.argv[1])
    load_answerer(route, read_serving(route))
    sys.stdout.write(json.dumps(distributions_of(list(sys.modules), packages_distributions())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
