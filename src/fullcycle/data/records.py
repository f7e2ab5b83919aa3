"""What data hands on: the Dataset."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from fullcycle.data.clean.outliers import Fitted
from fullcycle.data.clean.touched import Touched
from fullcycle.data.split.division import Division as Division
from fullcycle.data.split.division import Part, keys
from fullcycle.data.split.hashing import fractions
from fullcycle.data.table import Segment, Table
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import UnknownKey
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.record import Record, kind, upgrade
from fullcycle.measure.sketches import CategorySketch, NumberSketch
from fullcycle.predictor.contract import Contract


class Column(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a column.

    Attributes
    ----------
    kind : ``float``, ``integer``, ``boolean``, ``category``, ``text`` or ``time``.
    known : ``before`` or ``after`` the prediction, or microseconds of delay as text.
    feature : whether the model may read it.
    personal : what was decided about personal data in it; empty while nobody did.
    protected : whether it is an attribute that is watched for bias.
    quasi : whether it narrows down who a person is, together with others.
    """

    name: str
    kind: str
    known: str
    feature: bool
    unit: str = ""
    personal: str = ""
    because: str = ""
    protected: bool = False
    quasi: bool = False


class Origin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where rows came from, and who answers for them. Secrets in *location* stay unresolved."""

    name: str
    location: str = ""
    owner: str = ""
    licence: str = ""
    purpose: str = ""
    basis: str = ""
    collected: str = ""


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column as it was in the training rows; monitoring's reference."""

    sketch: NumberSketch | CategorySketch
    missing: float


@kind("dataset", version=2)
class Dataset(Record, frozen=True, kw_only=True):
    """An immutable snapshot, fit, lawful and honest to learn from.

    Attributes
    ----------
    as_of : nothing later than this, or available only later, was seen.
    table : the rows in order, by period.
    quarantine : blob of the rows turned away, with their reasons; empty if there are none.
    turned_away : rows in quarantine by reason.
    columns : facts of the columns in the table.
    derived : expressions of the derived columns.
    division : which row belongs to which part.
    parts : ``train``, ``validation`` and ``test``.
    fitted : what cleaning learnt from the training rows.
    cleaning : what the declared steps touched.
    contract : what a request must bring.
    profile : by column, of the training rows: monitoring's reference.
    portrait : blob of the sketches of every column of the training rows, of correlations and of relations to the target.
    classes : the target's classes, in order (``false``, ``true`` for binary).
    """

    as_of: datetime
    sources: tuple[Origin, ...]
    table: tuple[Segment, ...]
    quarantine: str
    turned_away: dict[str, int]
    columns: tuple[Column, ...]
    derived: dict[str, str]
    division: Division
    parts: dict[str, Part]
    fitted: Fitted = Fitted()
    cleaning: tuple[Touched, ...] = ()
    embargo: int
    contract: Contract
    profile: dict[str, Profile]
    portrait: str = ""
    classes: tuple[str, ...]
    left_out: tuple[str, ...]
    findings: tuple[Finding, ...]

    def rows(self, blobs: Blobs, *parts: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Rows of *parts*, one part after the other, each in order; of all rows without one.

        Raises
        ------
        UnknownKey
            There is no such part.
        """
        if unknown := [part for part in parts if part not in self.parts]:
            raise UnknownKey(unknown[0], self.parts, what="part")
        table = Table(self.table, self.division, blobs)
        return pl.concat(table.rows(part, columns) for part in parts or ("",))


def drawn(division: Division, frame: pl.DataFrame, salt: str) -> NDArray[np.float64]:
    """A fraction for each row of *frame*, (n,), from the columns that decide its part; another one for each *salt*.

    >>> drawn(Division(by="group", columns=("shop",)), pl.DataFrame({"shop": ["a", "a"]}), "folds").round(2).tolist()[0] < 1
    True
    """
    return fractions(frame, keys(division), seed=division.seed, salt=salt)


@upgrade("dataset", 1)
def _segments(fields: dict[str, Any]) -> dict[str, Any]:
    """Version 1 kept one table in which the parts were slices; the time was its only column of times that is no feature."""
    parts = fields["parts"]
    last = max(parts.values(), key=lambda part: int(part["offset"]))
    time = next(column["name"] for column in fields["columns"] if column["kind"] == "time" and not column["feature"])
    plain = {name: {"start": part["start"], "end": part["end"]} for name, part in parts.items()}
    return {
        **fields,
        "sources": [{"name": name} for name in fields["sources"]],
        "table": [{"period": "", "rows": last["offset"] + last["rows"], "blob": fields["table"]}],
        "division": {"by": "time", "columns": [time], "spans": plain},
        "parts": {name: {**plain[name], "rows": part["rows"]} for name, part in parts.items()},
    }
