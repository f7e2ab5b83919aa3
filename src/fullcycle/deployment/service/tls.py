"""TLS of the service: its certificate, and, where clients must show one too (mTLS), who vouches for theirs."""

from __future__ import annotations

import ssl
from typing import Any

import msgspec

from fullcycle.kernel.errors import InputError, OutsideError


class Tls(msgspec.Struct, frozen=True, kw_only=False):
    """Files in PEM; all empty for plain HTTP.

    Attributes
    ----------
    certificate, key : of the service; the certificate with those that vouch for it.
    clients : certificates that vouch for clients: none is answered that has no certificate of theirs.

    Examples
    --------
    >>> Tls().options(), Tls("a.pem", "b.pem").arguments()
    ({}, ['--tls-certificate=a.pem', '--tls-key=b.pem'])
    """

    certificate: str = ""
    key: str = ""
    clients: str = ""

    def check(self) -> None:
        """See that the files are there and fit each other.

        Raises
        ------
        InputError : one of them is lacking, is no PEM, or the key is not that of the certificate.
        OutsideError : a file cannot be read.
        """
        if not (self.certificate or self.key or self.clients):
            return
        if not (self.certificate and self.key):
            raise InputError("TLS needs a certificate and its key", mend="give --tls-cert and --tls-key")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.certificate, self.key, password=_no_password)
            if self.clients:
                context.load_verify_locations(self.clients)
        except ssl.SSLError as error:
            raise InputError("certificate and key do not fit", place=self.certificate, found=error.reason) from None
        except OSError as error:
            raise OutsideError("cannot read a certificate or key", found=error.strerror or "") from error

    def arguments(self) -> list[str]:
        """For the command line of a worker."""
        pairs = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return [f"--tls-{name}={file}" for name, file in pairs if file]

    def options(self) -> dict[str, Any]:
        """For uvicorn."""
        if not self.certificate:
            return {}
        found: dict[str, Any] = {"ssl_certfile": self.certificate, "ssl_keyfile": self.key}
        if self.clients:
            found |= {"ssl_ca_certs": self.clients, "ssl_cert_reqs": ssl.CERT_REQUIRED}
        return found


NONE = Tls()


def _no_password() -> str:
    raise InputError("the key is encrypted", mend="decrypt it: openssl pkey -in KEY -out PLAIN")
