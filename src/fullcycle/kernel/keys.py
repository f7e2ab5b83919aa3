"""Keys that sign, and keys that are trusted: Ed25519 (RFC 8032), and ECDSA for tools that know nothing newer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from fullcycle.kernel.blobs import write_aside
from fullcycle.kernel.errors import Corrupt, InputError, OutsideError, TooNew
from fullcycle.kernel.record import canonical, digest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    Private = Ed25519PrivateKey | ec.EllipticCurvePrivateKey
    Public = Ed25519PublicKey | ec.EllipticCurvePublicKey

Algorithm = Literal["ed25519", "ecdsa"]
VERSION = 1


class PublicKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that tells whether its private half has signed.

    Attributes
    ----------
    name : whose it is, for people.
    pem : its SubjectPublicKeyInfo (RFC 5280) as PEM, as `public_key` writes it.

    Examples
    --------
    >>> key = SigningKey.generate()
    >>> key.public("ann").verifies(key.sign(b"text"), b"text"), key.public("ann").verifies(key.sign(b"text"), b"other")
    (True, False)
    """

    name: str
    pem: str

    @property
    def id(self) -> str:
        """SHA-256 of the PEM: how signatures hint at their key, as OpenSSF model-signing does."""
        return digest(self.pem.encode())

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the private half of this key has signed *message*."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import ec

        key = _public(self.pem)
        try:
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, message, _ecdsa(key.curve))
            else:
                key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """A private key. It is written where its owner alone can read it.

    Examples
    --------
    >>> SigningKey.generate("ecdsa").public("ann").pem.splitlines()[0]
    '-----BEGIN PUBLIC KEY-----'
    """

    def __init__(self, key: Private) -> None:
        self._key = key

    @classmethod
    def generate(cls, algorithm: Algorithm = "ed25519") -> SigningKey:
        """A new key; ``ecdsa`` is on the curve P-256."""
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate() if algorithm == "ed25519" else ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def read(cls, path: Path) -> SigningKey:
        """The key in a file of PEM.

        Raises
        ------
        OutsideError : the file cannot be read, or others than its owner can.
        InputError : it holds no key that signs here.
        """
        from cryptography.hazmat.primitives import serialization

        try:
            body, mode = path.read_bytes(), path.stat().st_mode
        except OSError as error:
            raise OutsideError("cannot read the signing key", place=str(path), found=error.strerror or "") from error
        if mode & 0o077:
            raise OutsideError(
                "others can read the signing key",
                place=str(path),
                found=f"{mode & 0o777:o}",
                expected="600",
                mend="make a new one ('fullcycle key create'), and revoke this",
            )
        try:
            key = serialization.load_pem_private_key(body, None)
        except (ValueError, TypeError) as error:  # TypeError: it is encrypted
            raise InputError("not a signing key", place=str(path), found=str(error)) from None
        if not _signs(key):
            raise InputError("keys of this kind do not sign here", place=str(path), expected="Ed25519, or ECDSA")
        return cls(key)  # type: ignore[arg-type]  # _signs has looked

    def write(self, path: Path) -> None:
        """Write it as PEM (PKCS #8), for its owner alone. Raises OutsideError where the disk does not let us."""
        from cryptography.hazmat.primitives import serialization as to

        write_aside(
            path, self._key.private_bytes(to.Encoding.PEM, to.PrivateFormat.PKCS8, to.NoEncryption()), mode=0o600
        )

    def public(self, name: str) -> PublicKey:
        """Its public half, under a name."""
        return PublicKey(name, _pem(self._key.public_key()))

    def sign(self, message: bytes) -> bytes:
        """The signature of *message*."""
        from cryptography.hazmat.primitives.asymmetric import ec

        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(message, _ecdsa(self._key.curve))
        return self._key.sign(message)


def public_key(name: str, pem: str) -> PublicKey:
    """The public key that *pem* holds.

    Raises
    ------
    InputError : it holds none that is known here; a private key in particular.

    Examples
    --------
    >>> public_key("ann", SigningKey.generate().public("bob").pem).name
    'ann'
    >>> public_key("ann", "secret")
    Traceback (most recent call last):
    fullcycle.kernel.errors.InputError: ann: not a public key: expected Ed25519 or ECDSA (P-256, P-384, P-521) as PEM.
    """
    return PublicKey(name, _pem(_public(pem, name)))


class Trusted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys whose signatures a server believes. It holds the list itself: none comes with what was signed."""

    version: int = VERSION
    keys: tuple[PublicKey, ...] = ()


def write_trusted(path: Path, keys: Iterable[PublicKey]) -> None:
    """Write a server's list, in one step.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_trusted(Path(folder, "keys.json"), ())
    ...     read_trusted(Path(folder, "keys.json"))
    ()
    """
    body = canonical(Trusted(keys=tuple(sorted(keys, key=lambda key: (key.name, key.pem)))))
    if not path.exists() or path.read_bytes() != body:
        write_aside(path, body)


def read_trusted(path: Path) -> tuple[PublicKey, ...]:
    """A server's list.

    Raises
    ------
    OutsideError : it cannot be read; Corrupt where it is damaged.
    TooNew : a newer fullcycle wrote it.
    """
    try:
        body = path.read_bytes()
    except OSError as error:
        raise OutsideError("cannot read the trusted keys", place=str(path), found=error.strerror or "") from error
    try:
        if (version := msgspec.json.decode(body, type=_Version).version) > VERSION:
            raise TooNew("the list of trusted keys", version, VERSION, place=str(path))
        found = msgspec.json.decode(body, type=Trusted).keys
        return tuple(public_key(key.name, key.pem) for key in found)
    except (msgspec.MsgspecError, UnicodeDecodeError, InputError) as error:
        if isinstance(error, TooNew):
            raise
        raise Corrupt("the trusted keys cannot be read", place=str(path), found=str(error)) from None


class _Version(msgspec.Struct):
    version: int


def _public(pem: str, name: str = "") -> Public:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    expected = "Ed25519 or ECDSA (P-256, P-384, P-521) as PEM"
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise InputError("not a public key", place=name, expected=expected) from None
    if not _verifies(key):
        raise InputError("keys of this kind are not known here", place=name, expected=expected)
    return key  # type: ignore[return-value]  # _verifies has looked


def _pem(key: Public) -> str:
    from cryptography.hazmat.primitives import serialization as to

    return key.public_bytes(to.Encoding.PEM, to.PublicFormat.SubjectPublicKeyInfo).decode()


def _signs(key: object) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return isinstance(key, Ed25519PrivateKey) or (isinstance(key, ec.EllipticCurvePrivateKey) and _known(key.curve))


def _verifies(key: object) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return isinstance(key, Ed25519PublicKey) or (isinstance(key, ec.EllipticCurvePublicKey) and _known(key.curve))


def _known(curve: ec.EllipticCurve) -> bool:
    return curve.name in ("secp256r1", "secp384r1", "secp521r1")


def _ecdsa(curve: ec.EllipticCurve) -> ec.ECDSA:
    """The hash that Sigstore asks for with each curve."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    sizes: dict[int, hashes.HashAlgorithm] = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
    return ec.ECDSA(sizes[curve.key_size])
