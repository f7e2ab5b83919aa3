"""Wheels: those of the index, fetched by pip, and that of fullcycle as it is installed here."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path

from fullcycle.kernel.errors import OutsideError

LINUX = ("2_28", "2_27", "2_26", "2_24", "2_17", "2_12", "2_5")
"""Versions of glibc whose wheels run in the image (PEP 600); Debian 12, under ``python:3.N-slim``, has 2.36."""
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a ZIP archive can hold
_TOLD = 300  # characters of what pip said


def fetch(versions: Mapping[str, str], folder: Path, *, machine: str, python: str) -> list[Path]:
    """Fetch a wheel of each distribution for Linux, through pip as it is set up here.

    Parameters
    ----------
    versions : name to version.
    machine : such as ``x86_64`` or ``aarch64``.
    python : version of the interpreter, such as ``3.11``.

    Raises
    ------
    OutsideError : pip is not there, or the index has no such wheel.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tags = [f"manylinux_{glibc}_{machine}" for glibc in LINUX] + [
        f"manylinux2014_{machine}",
        f"manylinux2010_{machine}",
    ]
    command = [*_pip(), "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    command += ["--dest", str(folder), "--python-version", python, "--implementation", "cp"]
    command += [f"--platform={tag}" for tag in tags]
    run = subprocess.run(
        [*command, *(f"{name}=={version}" for name, version in versions.items())],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        mend = "see that pip reaches an index, and that each library has a wheel for Linux there"
        raise OutsideError(
            "the libraries of the image could not be fetched", found=run.stderr.strip()[-_TOLD:], mend=mend
        )
    return sorted(folder.glob("*.whl"))


def own_wheel(folder: Path) -> Path:
    """The installed fullcycle as a wheel: just the code that made the release. The same code gives the same bytes.

    The format is that of PyPA's binary distribution specification.
    """
    found = distribution("fullcycle")
    package = Path(next(iter(_package("fullcycle"))))
    info = f"fullcycle-{found.version}.dist-info"
    files = {
        f"fullcycle/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    for name in ("METADATA", "entry_points.txt"):
        files[f"{info}/{name}"] = (found.read_text(name) or "").encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: fullcycle\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(f"{name},sha256={_record_digest(body)},{len(body)}\n" for name, body in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"fullcycle-{found.version}-py3-none-any.whl"
    target.write_bytes(_zipped(files))
    return target


def locked(wheels: list[Path]) -> str:
    """Requirements that admit these wheels and no others: pip checks each hash (``--require-hashes``).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     wheel = Path(folder, "a_b-1.0-py3-none-any.whl")
    ...     _ = wheel.write_bytes(b"")
    ...     locked([wheel])[:30]
    'a-b==1.0 --hash=sha256:e3b0c44'
    """
    lines = []
    for wheel in sorted(wheels):
        name, version = wheel.name.split("-")[:2]
        lines.append(
            f"{name.replace('_', '-')}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"
        )
    return "\n".join(lines) + "\n"


def _pip() -> list[str]:
    """How pip is called: that of this interpreter, else the first on the path."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    if (found := shutil.which("pip") or shutil.which("pip3")) is not None:
        return [found]
    raise OutsideError("pip is not installed here", mend="install it: python -m ensurepip, or uv pip install pip")


def _package(name: str) -> list[str]:
    spec = importlib.util.find_spec(name)
    return list(spec.submodule_search_locations or []) if spec else []


def _record_digest(body: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()


def _zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, body, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
