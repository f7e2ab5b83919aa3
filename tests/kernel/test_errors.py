"""Errors: one tree, the right exit code and builtin, sentences with place and way out, and a safe way home from workers."""

from __future__ import annotations

import copy
import pickle

import pytest

from fullcycle.kernel import errors
from fullcycle.kernel.errors import (
    ColumnMissing,
    Conflict,
    Corrupt,
    FullcycleError,
    InputError,
    OutsideError,
    RecordUnknown,
    Refused,
    TooNew,
    UnknownKey,
    Waiting,
    nearest,
)

EXAMPLES = [
    Refused("the gate failed", found=0.58, expected="at least 0.6"),
    InputError("not a duration", place="cycle.toml:9", found="soon", mend="write '1d'"),
    UnknownKey("lable", ["label", "volume"], place="cycle.toml:3"),
    ColumnMissing("dep_tme", ["dep_time", "arr_time"], source="flights.csv", needed_by="late"),
    RecordUnknown("abc"),
    TooNew("this journal", 2, 1),
    OutsideError("no answer", found=0),
    Conflict("somebody else wrote first", place="journal"),
    Corrupt("stored bytes do not match"),
    Waiting("a signature is missing"),
]


def test_the_examples_are_the_whole_tree() -> None:
    def below(type_: type) -> set[type]:
        return {type_}.union(*(below(inner) for inner in type_.__subclasses__() if inner.__module__ == errors.__name__))

    assert below(FullcycleError) - {FullcycleError} == {type(example) for example in EXAMPLES}


@pytest.mark.parametrize(
    ("type_", "code", "builtin"),
    [
        (Refused, 1, Exception),
        (InputError, 2, ValueError),
        (UnknownKey, 2, KeyError),
        (ColumnMissing, 2, KeyError),
        (RecordUnknown, 2, KeyError),
        (TooNew, 2, ValueError),
        (OutsideError, 3, OSError),
        (Conflict, 3, OSError),
        (Corrupt, 3, OSError),
        (Waiting, 4, Exception),
    ],
)
def test_exit_codes_and_builtins(type_: type[FullcycleError], code: int, builtin: type) -> None:
    assert type_.exit_code == code
    assert issubclass(type_, builtin)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Waiting("a signature is missing"), "a signature is missing."),
        (Refused("it fell short", found=0.5, expected="0.6"), "it fell short: found 0.5, expected 0.6."),
        (UnknownKey("lable", ["label"], place="c:3"), "c:3: unknown key 'lable'. To mend it: write 'label'."),
        (UnknownKey("zzz", ["b", "a"]), "unknown key 'zzz'. To mend it: use one of a, b."),
        (UnknownKey("zzz", []), "unknown key 'zzz'."),
        (
            ColumnMissing("dep_tme", ["dep_time", "x"], source="f.csv", needed_by="late"),
            "f.csv: column 'dep_tme' is missing, which late needs: expected one of dep_time, x. "
            "To mend it: did you mean 'dep_time'?",
        ),
    ],
)
def test_the_sentence(error: FullcycleError, sentence: str) -> None:
    assert str(error) == sentence


def test_many_columns_are_cut() -> None:
    assert "a11, …" in str(ColumnMissing("z", [f"a{n}" for n in range(30)]))
    assert "a12" not in str(ColumnMissing("z", [f"a{n}" for n in range(30)]))


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("travel", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy], ids=["pickle", "copy"])
def test_an_error_comes_home_from_a_worker_as_it_was(error: FullcycleError, travel: object) -> None:
    home = travel(error)
    assert (type(home), str(home), home.facts(), home.args) == (type(error), str(error), error.facts(), error.args)


def test_facts_leave_out_what_is_not_known() -> None:
    assert OutsideError("no answer", found=0).facts() == {"error": "OutsideError", "problem": "no answer", "found": "0"}


def test_nearest() -> None:
    assert nearest("lable_delay", ["label_delay", "volume"]) == "label_delay"
    assert nearest("qqq", ["label_delay"]) is None
    assert nearest("x", []) is None
