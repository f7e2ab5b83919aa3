"""Containers on this machine, for tests: podman with a store of its own, and a base image made of Debian's packages.

No registry of images is asked. The base stands in for ``python:3.11-slim``: Debian 12's own Python 3.11 with the libraries that
wheels for Linux may expect, and no package manager.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BASE = "docker.io/library/python:3.11-slim"
INSTALL = "apt-get install --no-install-recommends podman buildah runc netavark aardvark-dns iptables"
PACKAGES = (
    "python3.11 python3.11-minimal libpython3.11-stdlib libpython3.11-minimal python3-distutils python3-lib2to3 python3.11-venv "
    "python3-pip-whl python3-setuptools-whl libc6 libgcc-s1 libstdc++6 libgomp1 zlib1g libssl3 libsqlite3-0 libffi8 libbz2-1.0 "
    "liblzma5 libexpat1 libuuid1 libncursesw6 libtinfo6 libreadline8 libcrypt1 libnsl2 libtirpc3 libdb5.3 dash coreutils base-files "
    "libselinux1 libpcre2-8-0 libacl1 libattr1 libgmp10 media-types netbase"
)
CONTAINERS = """
[containers]
default_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""  # what runs where there is no systemd, and within a container


@contextmanager
def store(folder: Path) -> Iterator[dict[str, str]]:
    """A store of images in *folder* that holds the base; gives the environment in which podman uses it.

    Skips where podman is not installed, or the machine does not let it run.
    """
    if any(shutil.which(name) is None for name in ("podman", "runc", "apt-get", "dpkg-deb")):
        pytest.skip(f"no containers here: {INSTALL}")
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the base image that is made here has Python 3.11")
    if os.geteuid() != 0:
        pytest.skip("only root imports a base image without a map of users")
    (folder / "containers.conf").write_text(CONTAINERS)
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
    )
    settings = {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
    }
    environment = os.environ | settings
    _import_base(folder, environment)
    try:
        yield settings
    finally:
        subprocess.run(["podman", "rm", "--all", "--force", "--time", "2"], env=environment, capture_output=True)
        subprocess.run(["podman", "system", "reset", "--force"], env=environment, capture_output=True)


def podman(settings: dict[str, str], *arguments: str) -> str:
    """What podman answers."""
    run = subprocess.run(["podman", *arguments], env=os.environ | settings, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def _import_base(folder: Path, environment: dict[str, str]) -> None:
    root, packages = folder / "root", folder / "packages"
    packages.mkdir()
    for name in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "tmp", "proc", "sys", "dev", "etc", "run", "var/tmp"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    fetched = subprocess.run(["apt-get", "download", "-qq", *PACKAGES.split()], cwd=packages, capture_output=True)
    if fetched.returncode:
        pytest.skip("Debian's packages cannot be downloaded here: run apt-get update")
    for package in packages.glob("*.deb"):
        files = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
        left_out = [f"--exclude=./usr/share/{name}" for name in ("doc", "man", "locale")]
        unpack = ["tar", "-x", "-C", str(root), "--keep-directory-symlink", *left_out]
        subprocess.run(unpack, input=files, check=True)
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)
    (root / "usr/bin/python").symlink_to("python3.11")
    (root / "usr/bin/python3").symlink_to("python3.11")
    (root / "usr/bin/sh").unlink(missing_ok=True)
    (root / "usr/bin/sh").symlink_to("dash")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    archive = folder / "root.tar"
    subprocess.run(["tar", "-C", str(root), "-cf", str(archive), "."], check=True)
    made = ["podman", "import", "--quiet", "--change", "ENV PATH=/usr/local/bin:/usr/bin:/bin", str(archive), BASE]
    run = subprocess.run(made, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip(f"podman cannot run on this machine: {run.stderr[-200:]}")
    archive.unlink()
    shutil.rmtree(root)
