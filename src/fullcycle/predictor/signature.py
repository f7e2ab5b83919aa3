"""The signature of a bundle: which files it has, with their digests, as OpenSSF model-signing v1.0 lays it out.

An in-toto statement names every file of the bundle, and of the papers that lie beside it, with its SHA-256. It travels in a
DSSE envelope. Written out as a folder, the two verify with ``model_signing`` too.

Reference: https://github.com/ossf/model-signing-spec (version 1.0).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fullcycle.kernel import dsse
from fullcycle.kernel.errors import Corrupt, TooNew
from fullcycle.kernel.keys import PublicKey, SigningKey
from fullcycle.kernel.record import canonical, digest
from fullcycle.predictor import archive

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://model_signing/signature/v1.0"
_FAMILY = "https://model_signing/signature/v"
FILE = "model.sig"
"""What the signature is called where a bundle is written out as a folder."""

PAPERS = {
    "README.md": 16 << 20,
    "requirements.txt": 4 << 20,
    "sbom.cdx.json": 16 << 20,
    "provenance.json": 4 << 20,
}
"""What may lie beside a bundle, with the most bytes of each: model card, requirements, bill of materials, provenance."""


class Signature(msgspec.Struct, frozen=True):
    """What proves a bundle: a signed statement, the papers that it covers, and the keys that the *server* trusts."""

    envelope: bytes
    papers: bytes
    trusted: tuple[PublicKey, ...]


def pack_papers(files: Mapping[str, bytes]) -> bytes:
    """The papers of a bundle as one archive, which is the same bytes for the same files.

    >>> archive.unpack(pack_papers({"README.md": b"# A model"}), PAPERS, place="papers")
    {'README.md': b'# A model'}
    """
    return archive.pack(files)


def unpack_papers(body: bytes) -> dict[str, bytes]:
    """The files of such an archive. Raises Corrupt.

    >>> unpack_papers(pack_papers({}))
    {}
    """
    return archive.unpack(body, PAPERS, place="papers")


def statement(files: Mapping[str, bytes], name: str) -> bytes:
    """The in-toto statement about *files*: its subject is *name*, with the SHA-256 over all their digests in the order of names.

    >>> msgspec.json.decode(statement({"b": b"", "a": b""}, "release"))["predicate"]["resources"][0]["name"]
    'a'
    """
    resources = [{"name": one, "algorithm": "sha256", "digest": digest(files[one])} for one in sorted(files)]
    root = hashlib.sha256(b"".join(bytes.fromhex(one["digest"]) for one in resources)).hexdigest()
    serialization: dict[str, Any] = {
        "method": "files",
        "hash_type": "sha256",
        "allow_symlinks": False,
        "ignore_paths": [FILE],
    }
    return canonical(
        {
            "_type": STATEMENT,
            "subject": [{"name": name, "digest": {"sha256": root}}],
            "predicateType": PREDICATE,
            "predicate": {"serialization": serialization, "resources": resources},
        }
    )


def sign(files: Mapping[str, bytes], name: str, key: SigningKey) -> bytes:
    """The signed statement about *files*.

    >>> key = SigningKey.generate()
    >>> verify({"a": b"1"}, sign({"a": b"1"}, "release", key), [key.public("ann")]).name
    'ann'
    """
    return dsse.sign(statement(files, name), key)


def verify(
    files: Mapping[str, bytes], envelope: bytes, trusted: Sequence[PublicKey], *, strict: bool = True
) -> PublicKey:
    """The key that has signed exactly *files*.

    Parameters
    ----------
    strict : see `dsse.opened`; other tools write their envelopes another way.

    Raises
    ------
    Corrupt : no trusted key has signed them; or a file is another, is lacking or was added, and is named.
    TooNew : signed in a form that came later.
    """
    payload, key = dsse.opened(envelope, trusted, place=FILE, strict=strict)
    try:
        told = msgspec.json.decode(payload, type=_Statement)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Corrupt("a signed statement cannot be read", place=FILE, found=str(error)) from None
    _known(told)
    signed = {one.name: one for one in told.predicate.resources}
    for name in sorted({*signed, *files}):
        if name not in files or name not in signed:
            what = "a signed file is lacking" if name in signed else "a file is not signed"
            raise Corrupt(what, place=f"{FILE}, {name}")
        if signed[name].algorithm != "sha256" or digest(files[name]) != signed[name].digest:
            found, expected = digest(files[name])[:12], signed[name].digest[:12]
            raise Corrupt(
                "a file is not the one that was signed", place=f"{FILE}, {name}", found=found, expected=expected
            )
    if strict and payload != statement(files, told.subject[0].name):
        raise Corrupt("a signed statement says more than it should", place=FILE)
    return key


def _known(told: _Statement) -> None:
    kind = told.predicate_type
    if kind != PREDICATE and kind.startswith(_FAMILY):
        major = kind.removeprefix(_FAMILY).partition(".")[0]
        raise TooNew("the signature of a bundle", int(major) if major.isdigit() else 2, 1, place=FILE)
    if told.type != STATEMENT or kind != PREDICATE or len(told.subject) != 1:
        raise Corrupt("a signed statement is of another kind", place=FILE, found=kind, expected=PREDICATE)


class _Subject(msgspec.Struct):
    name: str
    digest: dict[str, str]


class _Resource(msgspec.Struct):
    name: str
    algorithm: str
    digest: str


class _Predicate(msgspec.Struct):
    resources: list[_Resource]


class _Statement(msgspec.Struct):
    type: str = msgspec.field(name="_type")
    subject: list[_Subject]
    predicate_type: str = msgspec.field(name="predicateType")
    predicate: _Predicate
