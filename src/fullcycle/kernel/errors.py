"""Every error that fullcycle raises on purpose, in one tree.

::

    FullcycleError                  exit code
    ├── Refused                     1   the answer is "no": a gate failed, a check fell short
    ├── InputError (ValueError)     2   what was given is wrong: file, line, found, expected, how to mend it
    │   ├── UnknownKey (KeyError)       a key that no setting has; names the nearest
    │   ├── ColumnMissing (KeyError)    a column that the table lacks; names the nearest
    │   ├── RecordUnknown (KeyError)    an id that the store lacks
    │   └── TooNew                      written by a newer fullcycle than this one
    ├── OutsideError (OSError)      3   a database, network, disk or process outside failed
    │   ├── Conflict                    somebody else wrote first
    │   └── Corrupt                     stored bytes do not match their digest, or the chain is broken
    └── Waiting                     4   a signature or outcomes are missing; run again later

An error takes facts and composes the sentence, so that each message names the place and the way out.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, ClassVar


class FullcycleError(Exception):
    """A mistake or obstacle that a person can act on.

    Parameters
    ----------
    problem : what is wrong, as a sentence without a full stop.
    place : file, line, column or record where it was seen.
    found, expected : the two sides of the mismatch.
    mend : how to put it right.

    Examples
    --------
    >>> str(InputError("label_delay is not a duration", place="cycle.toml:9", found="soon", mend="write '1d'"))
    "cycle.toml:9: label_delay is not a duration: found 'soon'. To mend it: write '1d'."
    """

    exit_code: ClassVar[int] = 2

    def __init__(
        self, problem: str, *, place: str = "", found: object = None, expected: str = "", mend: str = ""
    ) -> None:
        self.problem, self.place, self.found, self.expected, self.mend = problem, place, found, expected, mend
        super().__init__(problem)

    def __str__(self) -> str:
        facts = []
        if self.found is not None:
            facts.append(f"found {self.found!r}")
        if self.expected:
            facts.append(f"expected {self.expected}")
        sentence = f"{self.place}: {self.problem}" if self.place else self.problem
        if facts:
            sentence += ": " + ", ".join(facts)
        if self.mend:
            sentence += f". To mend it: {self.mend}"
        return sentence if sentence.endswith((".", "?", "!")) else sentence + "."

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.__dict__)  # subclasses take other arguments; workers send errors home

    def facts(self) -> dict[str, object]:
        """The same as data, for ``--json`` and problem documents."""
        found = None if self.found is None else str(self.found)
        pairs = {
            "error": type(self).__name__,
            "problem": self.problem,
            "place": self.place,
            "found": found,
            "expected": self.expected,
            "mend": self.mend,
        }
        return {key: value for key, value in pairs.items() if value}


class Refused(FullcycleError):
    """The answer is "no"."""

    exit_code = 1


class InputError(FullcycleError, ValueError):
    """What was given is wrong."""

    exit_code = 2


class UnknownKey(InputError, KeyError):
    """A key that no setting has."""

    def __init__(self, key: str, valid: Iterable[str], *, place: str = "", what: str = "key") -> None:
        options = sorted(valid)
        self.near = nearest(key, options)
        mend = f"write {self.near!r}" if self.near else f"use one of {', '.join(options)}" if options else ""
        super().__init__(f"unknown {what} {key!r}", place=place, mend=mend)


class ColumnMissing(InputError, KeyError):
    """A column that the table lacks."""

    def __init__(self, column: str, columns: Iterable[str], *, source: str = "", needed_by: str = "") -> None:
        options = list(columns)
        self.near = nearest(column, options)
        seen = ", ".join(options[:12]) + (", …" if len(options) > 12 else "")
        super().__init__(
            f"column {column!r} is missing" + (f", which {needed_by} needs" if needed_by else ""),
            place=source,
            expected=f"one of {seen}" if options else "",
            mend=f"did you mean {self.near!r}?" if self.near else "name a column that the table has",
        )


class RecordUnknown(InputError, KeyError):
    """An id that the store lacks."""

    def __init__(self, id: str, *, place: str = "") -> None:
        super().__init__(
            f"no record or blob {id!r} is kept here", place=place, mend="see 'fullcycle status' for what is"
        )


class TooNew(InputError):
    """Written by a newer fullcycle than this one."""

    def __init__(self, what: str, found: int, known: int, *, place: str = "") -> None:
        super().__init__(
            f"{what} was written by a newer fullcycle",
            place=place,
            found=f"version {found}",
            expected=f"version {known} or older",
            mend="upgrade fullcycle (pip install --upgrade fullcycle)",
        )


class OutsideError(FullcycleError, OSError):
    """Something outside failed; nothing half-done stays behind."""

    exit_code = 3


class Conflict(OutsideError):
    """Somebody else wrote first; read again and decide anew."""


class Corrupt(OutsideError):
    """Stored bytes do not match their digest, or the chain is broken."""


class Waiting(FullcycleError):
    """A signature or outcomes are missing; run again later."""

    exit_code = 4


def _restored(type_: type[FullcycleError], state: dict[str, Any]) -> FullcycleError:
    error = type_.__new__(type_)
    error.__dict__.update(state)
    error.args = (error.problem,)
    return error


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option most like *word*, if one is like it at all.

    >>> nearest("lable_delay", ["label_delay", "volume"])
    'label_delay'
    """
    matches = difflib.get_close_matches(word, list(options), n=1, cutoff=0.6)
    return matches[0] if matches else None
