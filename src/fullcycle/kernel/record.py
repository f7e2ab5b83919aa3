"""Records: frozen, typed values of what was decided or made, named by the digest of their own bytes.

A record is stored as canonical JSON (RFC 8785) with its kind and version. Its id is the SHA-256 of exactly those
bytes and is never computed again from an object that was read: a record of an older version keeps the id it was
written under, while pure upgraders bring its fields to today's shape.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

import msgspec
import rfc8785

from fullcycle.kernel.clock import instant
from fullcycle.kernel.errors import Corrupt, InputError, TooNew, UnknownKey

Upgrader = Callable[[dict[str, Any]], dict[str, Any]]


class Record(msgspec.Struct, frozen=True, kw_only=True, dict=True, forbid_unknown_fields=True):
    """Base of all records. A subclass is declared with :func:`kind`.

    It holds nothing measured on a machine (seconds, bytes of memory, latency) and nothing that changes from run to
    run. Times are aware datetimes, money is ``Decimal``; both become strings. Floats are finite.

    Attributes
    ----------
    parents : ids of the records from which this one was made.

    Examples
    --------
    >>> @kind("doctest_note")
    ... class Note(Record, frozen=True, kw_only=True):
    ...     text: str
    >>> Note(text="hello").canonical
    b'{"kind":"doctest_note","parents":[],"text":"hello","version":1}'
    >>> read(Note(text="hello").canonical) == Note(text="hello")
    True
    """

    parents: tuple[str, ...] = ()

    @cached_property
    def canonical(self) -> bytes:
        """The bytes under which this record is kept."""
        declared = _declared(type(self))
        fields = {field.encode_name: getattr(self, field.name) for field in msgspec.structs.fields(self)}
        return canonical({"kind": declared.kind, "version": declared.version, **fields})

    @cached_property
    def id(self) -> str:
        """SHA-256 of the canonical bytes, in hexadecimal."""
        return digest(self.canonical)


R = TypeVar("R", bound=type[Record])


class _Declared(msgspec.Struct):
    kind: str
    version: int
    type: type[Record]
    upgraders: dict[int, Upgrader]


_KINDS: dict[str, _Declared] = {}
_TAKEN = {"kind", "version", "id", "canonical"}


def kind(name: str, version: int = 1) -> Callable[[R], R]:
    """Declare a record type: its kind and its current version."""

    def declare(type_: R) -> R:
        known = _KINDS.get(name)
        if known is not None and (known.type.__module__, known.type.__qualname__) != (
            type_.__module__,
            type_.__qualname__,
        ):
            raise ValueError(f"two record types declare the kind {name!r}: {known.type!r} and {type_!r}")
        if taken := _TAKEN & {field.encode_name for field in msgspec.structs.fields(type_)}:
            raise ValueError(f"{type_.__name__} has a field {min(taken)!r}, which every record keeps for itself")
        _KINDS[name] = _Declared(name, version, type_, {})
        return type_

    return declare


def upgrade(name: str, version: int) -> Callable[[Upgrader], Upgrader]:
    """Declare a pure function from the fields of *version* of a kind to those of ``version + 1``."""

    def declare(function: Upgrader) -> Upgrader:
        _KINDS[name].upgraders[version] = function
        return function

    return declare


def read(body: bytes, *, id: str | None = None) -> Record:
    """The record kept as *body*, brought to the current version of its kind; its id stays that of the bytes.

    Raises
    ------
    Corrupt
        The bytes are not those that *id* names, or no record at all.
    TooNew
        A newer fullcycle wrote it.
    UnknownKey
        No room declares its kind.
    """
    found = digest(body)
    if id is not None and found != id:
        raise Corrupt(
            "stored bytes do not match their digest", place=f"record {id[:12]}", found=found[:12], expected=id[:12]
        )
    fields = _fields(body)
    declared = _KINDS.get(fields.pop("kind"))
    if declared is None:
        raise UnknownKey(str(msgspec.json.decode(body)["kind"]), _KINDS, what="kind of record")
    version = fields.pop("version")
    if version > declared.version:
        raise TooNew(f"the {declared.kind} {found[:12]}", version, declared.version)
    for step in range(version, declared.version):
        fields = declared.upgraders[step](fields)
    try:
        record = msgspec.convert(fields, declared.type)
    except msgspec.ValidationError as error:
        raise Corrupt(f"not a valid {declared.kind}", place=f"record {found[:12]}", found=str(error)) from None
    record.__dict__.update(id=found, canonical=body)
    return record


def kind_of(record: Record) -> str:
    """The declared kind of a record."""
    return _declared(type(record)).kind


def kinds() -> dict[str, int]:
    """Every declared kind with its current version."""
    return {name: declared.version for name, declared in sorted(_KINDS.items())}


def digest(body: bytes) -> str:
    """SHA-256 in hexadecimal.

    >>> digest(b"")[:12]
    'e3b0c44298fc'
    """
    return hashlib.sha256(body).hexdigest()


def canonical(value: object) -> bytes:
    """Canonical JSON (RFC 8785) of structs, mappings, sequences, times and money.

    >>> canonical({"b": 1, "a": Decimal("2.50")})
    b'{"a":"2.50","b":1}'
    """
    try:  # "deterministic" sorts sets, whose order changes from run to run
        return rfc8785.dumps(
            _plain(msgspec.to_builtins(value, builtin_types=(datetime, Decimal), order="deterministic"))
        )
    except rfc8785.CanonicalizationError as error:
        raise InputError(
            "a value has no canonical form", found=str(error), expected="finite numbers and exact integers"
        ) from error


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {str(_plain(key)): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case datetime():
            return instant(value)
        case Decimal():
            if not value.is_finite():
                raise rfc8785.CanonicalizationError(f"{value} is no amount")
            return format(value if value else value.copy_abs(), "f")
        case float() if value == 0:
            return 0.0  # minus nought and nought are one value, of money too
    return value


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Corrupt("stored bytes are not a record", found=str(error)) from None
    if (
        not isinstance(fields, dict)
        or not isinstance(fields.get("kind"), str)
        or not isinstance(fields.get("version"), int)
    ):
        raise Corrupt("stored bytes are not a record", expected="a JSON object with kind and version")
    return fields


def _declared(type_: type[Record]) -> _Declared:
    for declared in _KINDS.values():
        if declared.type is type_:
            return declared
    raise TypeError(f"{type_.__name__} is not declared with @kind")
