"""The libraries that answer rows here, locked: name, version, and a digest of the files that each wheel brought.

pip knows the digest of an archive only while it installs it; what is installed has the digests of its files, in ``RECORD``
(https://packaging.python.org/en/latest/specifications/recording-installed-packages/). The digest here is the SHA-256 of the
sorted lines ``path,sha256=…`` of ``RECORD``, but for what the installer adds (``INSTALLER``, ``REQUESTED``, ``direct_url.json``,
scripts, compiled ``.pyc``). So it is the same for every installer, and can be computed from the wheel itself.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import msgspec
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from fullcycle.kernel.record import digest
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.plan import Plan

_ADDED = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json")
_LONGEST_LICENCE = 100  # characters; some packages put the whole text there


class Locked(msgspec.Struct, frozen=True, kw_only=True):
    """A library as it is installed.

    Attributes
    ----------
    sha256 : of its files, as the module says; empty where nothing recorded them.
    needs : names of the libraries that it needs, of those that are locked too.
    licence : SPDX expression, or what it calls its licence; empty where it says nothing.
    """

    name: str
    version: str
    sha256: str
    needs: tuple[str, ...] = ()
    licence: str = ""

    @property
    def purl(self) -> str:
        """Its package URL (https://github.com/package-url/purl-spec).

        >>> Locked(name="numpy", version="2.4", sha256="").purl
        'pkg:pypi/numpy@2.4'
        """
        return f"pkg:pypi/{self.name}@{self.version}"


@cache
def locked(extras: tuple[str, ...] = ()) -> tuple[Locked, ...]:
    """Everything that fullcycle needs to answer rows, with these extras, as it is installed here; by name.

    >>> [one.name for one in locked() if one.name in ("numpy", "msgspec")]
    ['msgspec', 'numpy']
    """
    found: dict[str, Distribution] = {}
    needs: dict[str, set[str]] = {}
    waiting: list[tuple[str, frozenset[str]]] = [("fullcycle", frozenset(extras))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            found[name] = found.get(name) or distribution(name)
        except PackageNotFoundError:  # an extra that is not installed
            continue
        for other in _required(found[name], wanted):
            needs.setdefault(name, set()).add(canonicalize_name(other.name))
            waiting.append((canonicalize_name(other.name), frozenset(other.extras)))
    return tuple(
        Locked(
            name=name,
            version=it.version,
            sha256=files_digest(it.read_text("RECORD") or ""),
            needs=tuple(sorted(needs.get(name, set()) & set(found))),
            licence=_licence(it),
        )
        for name, it in sorted(found.items())
    )


def extras(plan: Plan, model: ModelFormat) -> tuple[str, ...]:
    """The extras of fullcycle that this plan and model need to answer.

    >>> from fullcycle.predictor.formats.linear import Linear
    >>> extras(Plan(inputs=(), operations=(), features=()), Linear([], 1.0))
    ()
    """
    from fullcycle.predictor.plan.embedding import Embedding

    found = {"onnx"} if "onnx" in set(_formats(model)) else set()
    if any(isinstance(operation, Embedding) for operation in plan.operations):
        found.add("embeddings")
    return tuple(sorted(found))


def requirements_text(found: Iterable[Locked]) -> str:
    """A requirements file that pip installs from; the digests are comments, since pip checks those of archives only.

    >>> print(requirements_text([Locked(name="numpy", version="2.4", sha256="ab")]).splitlines()[-1])
    numpy==2.4  # files sha256:ab
    """
    head = (
        "# What answered when this release was made. 'files' is the SHA-256 of the sorted lines 'path,sha256=...' of the",
        "# package's RECORD, without what an installer adds: the same for every installer of the same wheel.",
    )
    lines = (f"{it.name}=={it.version}" + (f"  # files sha256:{it.sha256}" if it.sha256 else "") for it in found)
    return "\n".join((*head, *lines)) + "\n"


def files_digest(record: str) -> str:
    """The digest of a wheel's files, from the text of its ``RECORD``; empty where it names none.

    >>> wheel = "a.py,sha256=xx,1\\na-1.dist-info/RECORD,,\\n"
    >>> files_digest(wheel) == files_digest("../../bin/a,sha256=yy,2\\na-1.dist-info/INSTALLER,sha256=zz,3\\n" + wheel)
    True
    """
    rows = (row for row in csv.reader(record.splitlines()) if len(row) == 3 and row[1])
    lines = sorted(f"{path},{found}" for path, found, _ in rows if not _by_installer(path))
    return digest("\n".join(lines).encode()) if lines else ""


def _by_installer(path: str) -> bool:
    return path.startswith("..") or path.endswith(".pyc") or path.rpartition("/")[2] in _ADDED


def _required(it: Distribution, wanted: frozenset[str]) -> Iterator[Requirement]:
    for text in it.requires or ():
        one = Requirement(text)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in wanted | {""}):
            yield one


def _formats(model: ModelFormat) -> Iterator[str]:
    """A model's format, and those of the models in it."""
    from fullcycle.predictor.formats.blend import Blend
    from fullcycle.predictor.formats.calibrated import Calibrated

    yield model.name
    inner = [part.model for part in model.parts] if isinstance(model, Blend) else []
    for one in [model.model] if isinstance(model, Calibrated) else inner:
        yield from _formats(one)


def _licence(it: Distribution) -> str:
    told = _field(it, "License-Expression") or _field(it, "License")
    if told and len(told) <= _LONGEST_LICENCE and "\n" not in told:
        return told
    named = (str(one) for one in it.metadata.get_all("Classifier") or () if str(one).startswith("License ::"))
    return next((one.rpartition(":: ")[2] for one in named), "")


def _field(it: Distribution, name: str) -> str:
    return str(it.metadata[name]) if name in it.metadata else ""
