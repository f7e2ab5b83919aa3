"""DSSE: a signed envelope around any bytes, within the bundle format of Sigstore, as OpenSSF model-signing writes it.

References: https://github.com/secure-systems-lab/dsse (protocol 1.0.2), https://docs.sigstore.dev/about/bundle/ (0.3).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any

import msgspec

from fullcycle.kernel.errors import Corrupt
from fullcycle.kernel.keys import PublicKey, SigningKey
from fullcycle.kernel.record import canonical

IN_TOTO = "application/vnd.in-toto+json"
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def pae(kind: str, payload: bytes) -> bytes:
    """What is signed: the pre-authentication encoding, in which no payload can pass for one of another type.

    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    name = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def sign(payload: bytes, key: SigningKey) -> bytes:
    """The envelope of *payload*, an in-toto statement, as canonical JSON.

    >>> key = SigningKey.generate()
    >>> payload, signer = opened(sign(b"{}", key), [key.public("ann")])
    >>> payload, signer.name
    (b'{}', 'ann')
    """
    return _written(payload, key.public("").id, key.sign(pae(IN_TOTO, payload)))


def opened(
    envelope: bytes, keys: Iterable[PublicKey], *, place: str = "", strict: bool = True
) -> tuple[bytes, PublicKey]:
    """The payload of an envelope that one of *keys* has signed, and that key.

    Parameters
    ----------
    strict : whether its bytes must be those that :func:`sign` writes, so that no byte can differ.

    Raises
    ------
    Corrupt : it is no envelope, or none of *keys* has signed it.
    """
    try:
        told = msgspec.json.decode(envelope, type=_Bundle)
        payload = _bytes(told.envelope.payload)
        found = [(one.keyid or told.material.key.hint, _bytes(one.sig)) for one in told.envelope.signatures]
    except (msgspec.MsgspecError, UnicodeDecodeError, binascii.Error, ValueError) as error:
        raise Corrupt("a signature cannot be read", place=place, found=str(error)) from None
    if told.media_type != MEDIA_TYPE or told.envelope.kind != IN_TOTO or len(found) != 1:
        raise Corrupt(
            "a signature is of another kind", place=place, expected=f"one of an in-toto statement, {MEDIA_TYPE}"
        )
    (hint, signature), known = found[0], {key.id: key for key in keys}
    if strict and envelope != _written(payload, hint, signature):
        raise Corrupt("a signature holds more than it says", place=place, expected="the bytes that fullcycle writes")
    if hint not in known:
        raise Corrupt(
            "a key has signed that is not trusted here",
            place=place,
            found=hint[:12],
            expected=", ".join(f"{key.name} ({id[:12]})" for id, key in sorted(known.items()))
            or "a trusted key, and there is none",
            mend="if you trust it, add it: fullcycle key trust NAME FILE",
        )
    if not known[hint].verifies(signature, pae(IN_TOTO, payload)):
        raise Corrupt("a signature is not that of its key", place=place, found=hint[:12])
    return payload, known[hint]


def _written(payload: bytes, hint: str, signature: bytes) -> bytes:
    document: dict[str, Any] = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": hint}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": IN_TOTO,
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": hint}],
        },
    }
    return canonical(document)


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


class _Signature(msgspec.Struct):
    sig: str
    keyid: str = ""


class _Envelope(msgspec.Struct):
    payload: str
    kind: str = msgspec.field(name="payloadType")
    signatures: list[_Signature]


class _Hint(msgspec.Struct):
    hint: str = ""


class _Material(msgspec.Struct):
    key: _Hint = msgspec.field(name="publicKey")


class _Bundle(msgspec.Struct):
    media_type: str = msgspec.field(name="mediaType")
    material: _Material = msgspec.field(name="verificationMaterial")
    envelope: _Envelope = msgspec.field(name="dsseEnvelope")
