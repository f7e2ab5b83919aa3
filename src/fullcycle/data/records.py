"""What data hands on: the Dataset."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from fullcycle.kernel.finding import Finding
from fullcycle.kernel.record import Record, kind
from fullcycle.measure.sketches import CategorySketch, NumberSketch
from fullcycle.predictor.contract import Contract


class Column(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a column.

    Attributes
    ----------
    kind : ``float``, ``integer``, ``boolean``, ``category``, ``text`` or ``time``.
    known : ``before`` or ``after`` the prediction, or microseconds of delay as text.
    feature : whether the model may read it.
    """

    name: str
    kind: str
    known: str
    feature: bool
    unit: str = ""


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the rows: those with ``start <= time < end`` and a known outcome, contiguous in the table."""

    start: datetime
    end: datetime
    offset: int
    rows: int


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column as it was in the training rows; monitoring's reference."""

    sketch: NumberSketch | CategorySketch
    missing: float


@kind("dataset")
class Dataset(Record, frozen=True, kw_only=True):
    """An immutable snapshot, fit, lawful and honest to learn from.

    Attributes
    ----------
    as_of : nothing later than this, or available only later, was seen.
    table : blob of the rows, Parquet, ordered by time and entity.
    quarantine : blob of the rows turned away, with their reasons; empty if there are none.
    turned_away : rows in quarantine by reason.
    columns : facts of the columns in the table.
    derived : expressions of the derived columns.
    parts : ``train``, ``validation`` and ``test``.
    contract : what a request must bring.
    profile : by column, of the training rows.
    classes : the target's classes, in order (``false``, ``true`` for binary).
    """

    as_of: datetime
    sources: tuple[str, ...]
    table: str
    quarantine: str
    turned_away: dict[str, int]
    columns: tuple[Column, ...]
    derived: dict[str, str]
    parts: dict[str, Part]
    embargo: int
    contract: Contract
    profile: dict[str, Profile]
    classes: tuple[str, ...]
    left_out: tuple[str, ...]
    findings: tuple[Finding, ...]
