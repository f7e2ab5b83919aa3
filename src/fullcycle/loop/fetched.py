"""A model's file from a web address, copied here before it is looked at."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from fullcycle.data.sources.download import HTTP, request
from fullcycle.data.sources.location import resolved, scheme, shown
from fullcycle.data.sources.settings import Source
from fullcycle.development.adopt.foreign import MOST
from fullcycle.kernel.errors import InputError, OutsideError

_CHUNK = 1 << 20


def fetched(address: str, folder: Path) -> Path:
    """The file or folder that *address* names: where it lies on this machine, or a copy in *folder*.

    Parameters
    ----------
    address : a path, ``file://…``, ``http://…`` or ``https://…``; ``${NAME}`` in it is read from the environment.

    Raises
    ------
    InputError : there is nothing, or it is an address of another kind, or too large.
    OutsideError : the server does not answer, or not with the file.

    Examples
    --------
    >>> fetched("file:///etc/hostname-of-nobody", Path("."))
    Traceback (most recent call last):
    fullcycle.kernel.errors.InputError: file:///etc/hostname-of-nobody: there is no such file or folder. To mend it: look at the path.
    """
    kind = scheme(address)
    if kind in HTTP:
        return _copied(resolved(address), folder)
    if kind not in ("", "file"):
        expected = "a path, file:// or https://"
        mend = "copy it here first"
        raise InputError("models are not fetched from there", place=shown(address), expected=expected, mend=mend)
    path = Path(unquote(address.removeprefix("file://"))) if kind else Path(address)
    if not path.exists():
        raise InputError("there is no such file or folder", place=address, mend="look at the path")
    return path


def _copied(address: str, folder: Path) -> Path:
    from urllib3.exceptions import HTTPError

    place = shown(address)
    path = folder / (PurePosixPath(unquote(urlsplit(address).path)).name or "model")
    try:
        response = request(address, Source(name="model", location=address))
        try:
            if response.status != 200:
                raise OutsideError("the server does not give the model", place=place, found=str(response.status))
            size = 0
            with path.open("wb") as file:
                for chunk in response.stream(_CHUNK, decode_content=True):
                    size += len(chunk)
                    if size > MOST:
                        raise InputError("the file is too large", place=place, expected=f"{MOST} bytes at most")
                    file.write(chunk)
        finally:
            response.close()
    except HTTPError as error:
        raise OutsideError("the server does not answer", place=place, found=shown(str(error))[:200]) from None
    return path
