"""Extras: libraries that only some sources need, asked for when they are used."""

from __future__ import annotations

import importlib
from typing import Any

from fullcycle.kernel.errors import InputError


def require(module: str, extra: str) -> Any:
    """Import *module*, which the extra *extra* installs.

    Raises
    ------
    InputError
        It is not installed; says how it is.

    >>> require("json", "anything").loads("1")
    1
    >>> require("no_such_library", "excel")
    Traceback (most recent call last):
    fullcycle.kernel.errors.InputError: the library 'no_such_library' is not installed. To mend it: pip install 'fullcycle[excel]'.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise InputError(f"the library {module!r} is not installed", mend=f"pip install 'fullcycle[{extra}]'") from None
