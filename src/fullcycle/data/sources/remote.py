"""Remote objects: those of a store (S3, GCS, Azure), copied here before they are read.

S3 is tried against SeaweedFS, GCS against fake-gcs-server, Azure against Azurite. Credentials are those of the environment
under the names of these services: ``AWS_ACCESS_KEY_ID``,
``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``, ``AWS_ENDPOINT_URL`` (``AWS_SKIP_SIGNATURE=true`` for a public bucket);
``GOOGLE_APPLICATION_CREDENTIALS`` or ``GOOGLE_SERVICE_ACCOUNT_KEY``; ``AZURE_STORAGE_ACCOUNT_NAME``,
``AZURE_STORAGE_ACCOUNT_KEY``, ``AZURE_STORAGE_ENDPOINT``.
"""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from fullcycle.data.sources.extra import require
from fullcycle.data.sources.formats.compression import CHUNK
from fullcycle.data.sources.formats.kinds import described, kind
from fullcycle.data.sources.formats.table import File
from fullcycle.data.sources.location import shown
from fullcycle.data.sources.settings import Source
from fullcycle.data.sources.spool import Spool, written
from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import FullcycleError, InputError, OutsideError, nearest

STORES = ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss")
_PLACES = {"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT": "", "AZURE_STORAGE_ENDPOINT": "", "GOOGLE_SERVICE_ACCOUNT_KEY": '"'}
"""Variables that may name a store of one's own, which may answer without encryption."""
ATTEMPTS = 3
"""How often a request is repeated before it is given up, each time after a longer pause."""


def copied(address: str, source: Source, spool: Spool) -> list[File]:
    """Copies of objects. A key with ``*``, ``?`` or ``[`` is a glob, one with no suffix that is known a folder.

    Raises
    ------
    InputError
        Nothing is there, or access is refused.
    OutsideError
        The store does not answer, after all attempts.
    """
    obstore = require("obstore", "stores")
    parts = urlsplit(address, allow_fragments=False)
    bucket, key = f"{parts.scheme}://{parts.netloc}", parts.path.lstrip("/")
    place = f"{shown(bucket)}/{key}"
    try:
        store = store_of(bucket, source)
        keys = _keys(obstore, store, key, source)
        if any("_delta_log" in name.split("/") for name in keys):
            return [File(Path(address), place, "delta")]
        if not keys:
            raise InputError("no object is there", place=place, mend="mend 'from' in [[data.sources]] of cycle.toml")
        return [_object(obstore, store, name, f"{shown(bucket)}/{name}", source, spool) for name in keys]
    except obstore.exceptions.BaseError as error:
        raise _refused(obstore.exceptions, error, place) from None


def store_of(bucket: str, source: Source) -> Any:
    """The object store of *bucket*, with the credentials of the environment."""
    obstore_store = require("obstore.store", "stores")
    wait = duration(source.timeout, place="[[data.sources]] timeout")
    client: dict[str, Any] = {"timeout": wait, "connect_timeout": wait}
    if any(f"{sign}http://" in os.environ.get(name, "") for name, sign in _PLACES.items()):
        client["allow_http"] = True
    retry = {"max_retries": ATTEMPTS, "retry_timeout": wait}
    return obstore_store.from_url(bucket, client_options=client, retry_config=retry)


def _keys(obstore: Any, store: Any, key: str, source: Source) -> list[str]:
    """The keys that are meant, sorted; those of a folder with its log where it is a Delta table."""
    if any(sign in key for sign in "*?["):
        prefix = key[: min(key.find(sign) for sign in "*?[" if sign in key)].rpartition("/")[0]
        return sorted(name for name in _listed(obstore, store, prefix) if matches(name, key))
    if key and not key.endswith("/") and (source.format or any(kind(key))):
        return [key]
    listed = _listed(obstore, store, key.rstrip("/"))
    return sorted(name for name in listed if _readable(name) or "_delta_log" in name.split("/"))


def _listed(obstore: Any, store: Any, prefix: str) -> list[str]:
    return [entry["path"] for page in obstore.list(store, prefix or None, chunk_size=1000) for entry in page]


def _readable(name: str) -> bool:
    return not PurePosixPath(name).name.startswith((".", "_")) and bool(any(kind(name)))


def matches(name: str, pattern: str) -> bool:
    """Whether the key *name* fits the glob *pattern*, in which ``**`` alone crosses slashes.

    >>> matches("a/b.csv", "a/*.csv"), matches("a/c/b.csv", "a/*.csv"), matches("a/c/b.csv", "a/**/*.csv")
    (True, False, True)
    """
    names, patterns = name.split("/"), pattern.split("/")
    if "**" not in patterns:
        return len(names) == len(patterns) and all(map(fnmatch.fnmatchcase, names, patterns))
    at = patterns.index("**")
    before, after = patterns[:at], "/".join(patterns[at + 1 :])
    if len(names) < at or not all(map(fnmatch.fnmatchcase, names, before)):
        return False
    return any(matches("/".join(names[start:]), after) for start in range(at, len(names)))


def _object(obstore: Any, store: Any, name: str, place: str, source: Source, spool: Spool) -> File:
    try:
        body = obstore.get(store, name)
    except (FileNotFoundError, obstore.exceptions.NotFoundError):
        folder = str(PurePosixPath(name).parent)
        near = nearest(name, _listed(obstore, store, "" if folder == "." else folder))
        raise InputError(
            "the object is missing",
            place=place,
            expected=near or "",
            mend="mend 'from' in [[data.sources]] of cycle.toml",
        ) from None
    path = written(b"", (bytes(chunk) for chunk in body.stream(min_chunk_size=CHUNK)), spool, name)
    return described(File(path, place, ""), PurePosixPath(name).name, source.format)


def _credentials(place: str) -> str:
    """The variables that hold the credentials of a place."""
    if place.startswith("gs:"):
        return "GOOGLE_APPLICATION_CREDENTIALS"
    if place.startswith("s3"):
        return "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    return "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"


def _refused(exceptions: Any, error: Exception, place: str) -> FullcycleError:
    """Access refused is for the user to mend, the rest for the network."""
    message = str(error)
    denied = isinstance(error, exceptions.PermissionDeniedError | exceptions.UnauthenticatedError)
    if denied or "status code: 403" in message or "status code: 401" in message:
        return InputError(
            "the store refuses access",
            place=place,
            mend=f"check the credentials in the environment, such as {_credentials(place)}",
        )
    if isinstance(error, exceptions.NotFoundError) or "status code: 404" in message:
        return InputError(
            "nothing is at the address", place=place, mend="mend 'from' in [[data.sources]] of cycle.toml"
        )
    return OutsideError(
        "the store does not answer",
        place=place,
        found=shown(message.strip().split("\n")[0])[:200],
        mend="check the address, the endpoint that the environment names, and the network",
    )
