"""Records: the same bytes for ever, the same id for ever."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel.errors import Corrupt, InputError, TooNew, UnknownKey
from fullcycle.kernel.record import Record, canonical, digest, kind, kind_of, kinds, read, upgrade


class Band(msgspec.Struct, frozen=True):
    low: float
    high: float | None = None


@kind("test_golden", version=3)
class Golden(Record, frozen=True, kw_only=True):
    name: str
    at: datetime
    money: Decimal
    figure: float
    count: int
    sure: bool
    bands: dict[str, Band]
    from_: str = msgspec.field(name="from", default="")


GOLDEN = Golden(
    parents=("ab", "cd"),
    name='é "q" \u20ac\n\U0001f600',
    at=datetime(2013, 1, 1, 7, 0, 0, 5, tzinfo=timezone(timedelta(hours=-5))),
    money=Decimal("2.50"),
    figure=1e-7,
    count=-3,
    sure=True,
    bands={"z": Band(low=-0.0), "a": Band(low=0.1, high=1e21)},
)
GOLDEN_BYTES = (
    '{"at":"2013-01-01T12:00:00.000005Z","bands":{"a":{"high":1e+21,"low":0.1},"z":{"high":null,"low":0}},"count":-3,'
    '"figure":1e-7,"from":"","kind":"test_golden","money":"2.50","name":"é \\"q\\" €\\n😀","parents":["ab","cd"],'
    '"sure":true,"version":3}'
).encode()
GOLDEN_ID = "469177ea807a42bd2e3c59826aba3f443ec19ca7a709d586a1279755368fa5cf"


def test_the_golden_bytes_never_change() -> None:
    assert GOLDEN.canonical == GOLDEN_BYTES
    assert GOLDEN.id == GOLDEN_ID


def test_the_golden_bytes_are_read() -> None:
    record = read(GOLDEN_BYTES, id=GOLDEN_ID)
    assert record == GOLDEN
    assert (record.id, record.canonical, kind_of(record)) == (GOLDEN_ID, GOLDEN_BYTES, "test_golden")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e23, "1e+23"),
        (333333333.3333332, "333333333.3333332"),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        (4.50, "4.5"),
        (2e-3, "0.002"),
    ],
)
def test_numbers_are_written_as_rfc_8785_says(number: float, text: str) -> None:
    """Its appendix B, https://www.rfc-editor.org/rfc/rfc8785#appendix-B."""
    assert canonical(number) == text.encode()


def test_keys_are_sorted_by_utf_16() -> None:
    """The example of RFC 8785, section 3.2.3."""
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    sorted_keys = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical(dict.fromkeys(keys, 0)))) == sorted_keys


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+2"), '"100"'),
        (Decimal("-0.00"), '"0.00"'),
        (Decimal("-0.010"), '"-0.010"'),
        (frozenset("fedcba"), '["a","b","c","d","e","f"]'),
        ({datetime(2013, 1, 1, tzinfo=UTC): 1}, '{"2013-01-01T00:00:00.000000Z":1}'),
        (datetime(99, 1, 1, tzinfo=UTC), '"0099-01-01T00:00:00.000000Z"'),
        ((1, [2.0, None]), "[1,[2,null]]"),
    ],
)
def test_one_form_for_each_value(value: object, text: str) -> None:
    assert canonical(value) == text.encode()


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), 2**53, -(2**63), "\ud800"],
    ids=repr,
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(InputError, match="no canonical form"):
        canonical({"nested": [value]})


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        canonical(datetime(2013, 1, 1))


@kind("test_any")
class Anything(Record, frozen=True, kw_only=True):
    text: str
    figure: float
    count: int
    at: datetime | None
    money: Decimal
    table: dict[str, list[float]]
    rest: Any


ZONES = st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours)))
TIMES = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=ZONES)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SAFE = st.integers(-(2**53) + 1, 2**53 - 1)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | SAFE
    | st.text()
    | FLOATS.filter(lambda number: abs(number) < 2**53 or abs(number) >= 1e21),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ANYTHING = st.builds(
    Anything,
    parents=st.lists(st.text(), max_size=2).map(tuple),
    text=st.text(),
    figure=FLOATS,
    count=SAFE,
    at=st.none() | TIMES,
    money=st.decimals(min_value=-(10**12), max_value=10**12, places=4),
    table=st.dictionaries(st.text(), st.lists(FLOATS, max_size=3), max_size=3),
    rest=PLAIN,
)


@given(ANYTHING)
def test_every_record_comes_back(record: Anything) -> None:
    again = read(record.canonical, id=record.id)
    assert again == record
    assert again.id == record.id == digest(record.canonical)


@given(ANYTHING)
def test_what_was_read_has_the_same_canonical_form(record: Anything) -> None:
    again = read(record.canonical)
    rebuilt = Anything(**msgspec.structs.asdict(again))
    assert rebuilt.canonical == record.canonical


@given(st.dictionaries(st.text(), PLAIN, max_size=5))
def test_canonical_json_is_json_and_a_fixed_point(value: dict[str, Any]) -> None:
    assert json.loads(canonical(value)) == value
    assert canonical(json.loads(canonical(value))) == canonical(value)
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@kind("test_upgraded", version=3)
class Upgraded(Record, frozen=True, kw_only=True):
    full_name: str
    age: int


@upgrade("test_upgraded", 1)
def _joined(fields: dict[str, Any]) -> dict[str, Any]:
    full_name = f"{fields.pop('first')} {fields.pop('last')}"
    return {**fields, "full_name": full_name}


@upgrade("test_upgraded", 2)
def _aged(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "age": -1}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"first":"A","kind":"test_upgraded","last":"B","parents":["p"],"version":1}', "A B"),
        (b'{"full_name":"A C","kind":"test_upgraded","parents":["p"],"version":2}', "A C"),
    ],
)
def test_an_old_version_takes_todays_shape_and_keeps_its_id(body: bytes, expected: str) -> None:
    record = read(body, id=digest(body))
    assert record == Upgraded(full_name=expected, age=-1, parents=("p",))
    assert (record.id, record.canonical) == (digest(body), body)
    assert Upgraded(full_name=expected, age=-1, parents=("p",)).id != record.id


def test_a_newer_version_is_too_new() -> None:
    with pytest.raises(TooNew, match=r"test_upgraded .*version 4.*version 3 or older"):
        read(b'{"kind":"test_upgraded","something":"new","version":4}')


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(UnknownKey, match=r"unknown kind of record 'test_upgrade'.*'test_upgraded'"):
        read(b'{"kind":"test_upgrade","version":1}')


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b'{"kind":"\xff","version":1}',
        b"{",
        b"[]",
        b'"text"',
        b"{}",
        b'{"kind":"test_any"}',
        b'{"kind":1,"version":1}',
        b'{"kind":"test_any","version":"1"}',
        b'{"kind":"test_any","version":1}',
        b'{"kind":"test_upgraded","version":3,"full_name":"A","age":"old"}',
        b'{"kind":"test_upgraded","version":3,"full_name":"A","age":1,"more":1}',
    ],
)
def test_what_is_no_record_is_corrupt(body: bytes) -> None:
    with pytest.raises(Corrupt):
        read(body)


@given(st.integers(0, len(GOLDEN_BYTES) - 1), st.integers(1, 255))
def test_one_changed_byte_is_found(place: int, change: int) -> None:
    body = bytearray(GOLDEN_BYTES)
    body[place] ^= change
    with pytest.raises(Corrupt, match="do not match their digest"):
        read(bytes(body), id=GOLDEN_ID)


def test_two_types_cannot_declare_one_kind() -> None:
    with pytest.raises(ValueError, match="two record types declare the kind 'test_any'"):

        @kind("test_any")
        class Other(Record, frozen=True, kw_only=True):
            text: str


@pytest.mark.parametrize("name", ["kind", "version", "id", "canonical"])
def test_a_record_cannot_have_the_fields_of_every_record(name: str) -> None:
    type_ = msgspec.defstruct("Taken", [(name, str)], bases=(Record,), frozen=True, kw_only=True)
    with pytest.raises(ValueError, match=f"has a field '{name}'"):
        kind("test_taken")(type_)
    assert "test_taken" not in kinds()


def test_an_undeclared_type_has_no_bytes() -> None:
    class Undeclared(Record, frozen=True, kw_only=True):
        text: str

    with pytest.raises(TypeError, match="not declared"):
        _ = Undeclared(text="x").id


def test_kinds_lists_what_is_declared() -> None:
    assert kinds()["test_upgraded"] == 3
    assert list(kinds()) == sorted(kinds())
