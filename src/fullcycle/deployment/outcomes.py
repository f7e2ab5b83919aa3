"""What really happened: rows of outcomes, from a request or a table, checked and made ready for the log."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from fullcycle.deployment.answer import LONGEST_ID, entity_text
from fullcycle.deployment.rows import RowText, canonical_text
from fullcycle.kernel.errors import nearest
from fullcycle.predictor.contract import ColumnRule, Contract, Failure
from fullcycle.traffic.schema import Outcome, entity_hash

OWN = ("id", "at", "actual", "void", "acted_on", "feedback")
LONGEST_FEEDBACK = 10_000  # characters
_KINDS = {"id": "category", "at": "time", "void": "category", "acted_on": "boolean", "feedback": "text"}
_ADDRESS = "an id, or entity and time"


class Rejected(msgspec.Struct, frozen=True):
    """A row of outcomes that is not taken: its position and why.

    >>> Rejected(0, Failure("arr_dly", "41.0", "one of arr_delay")).failure.column
    'arr_dly'
    """

    row: int
    failure: Failure


class OutcomeReader:
    """Reads outcomes for one scope.

    Parameters
    ----------
    environment, timeline : the scope, less the project.
    entity, time : the columns that name a decision where no id does.
    labels : kind of each column that is known afterwards.
    zone : in which times without an offset are read.
    classes : names of the classes that ``actual`` may be, in the order of their codes.
    key : under which entities are hashed.

    Attributes
    ----------
    columns : names that a row of outcomes may have.
    texts : kinds in which the cells of a table of texts are read.

    Examples
    --------
    >>> reader = OutcomeReader("dev", "live", entity="flight", time="departure", labels={"arr_delay": "float"}, key=b"secret")
    >>> good, bad = reader.read([{"id": "a1", "arr_delay": 41.0}, {"id": "a2", "actual": None}], received=9)
    >>> good[0].row, bad[0].failure.expected
    ('{"arr_delay":41}', 'a value, or the reason in "void"')
    """

    def __init__(
        self,
        environment: str,
        timeline: str,
        *,
        entity: str,
        time: str,
        labels: Mapping[str, str],
        key: bytes,
        zone: str = "UTC",
        classes: Sequence[str] = (),
    ) -> None:
        self._environment, self._timeline, self._entity, self._time = environment, timeline, entity, time
        self._key, self._codes = key, {name: float(code) for code, name in enumerate(classes)}
        rules = [
            msgspec.convert({"name": name, "kind": kind, "required": False}, ColumnRule)
            for name, kind in labels.items()
        ]
        self._rules = {rule.name: rule for rule in rules}
        self._check = Contract(tuple(rules), zone).compile()
        when = [ColumnRule(name=name, kind="time", required=False) for name in dict.fromkeys((time, "at"))]
        self._times = Contract(tuple(when), zone).compile()
        self.columns = {*OWN, entity, time, *self._rules}
        kinds = {**_KINDS, **labels, time: "time", "actual": "category" if classes else "float"}
        self.texts = Contract(
            tuple(
                msgspec.convert({"name": name, "kind": kind, "required": False}, ColumnRule)
                for name, kind in kinds.items()
            ),
            zone,
        )

    def read(self, rows: Iterable[object], *, received: int) -> tuple[list[Outcome], list[Rejected]]:
        """The rows that can be logged, in their order, and the others with the first reason.

        Parameters
        ----------
        rows : each ``{"id" or entity and time, columns known after, "at"}``; ``actual`` is the short form, and ``null`` there needs the
            reason in ``void``. ``acted_on`` (whether people did what was decided) and ``feedback`` (free text) are kept beside the
            columns; a row of these alone says nothing of what happened, and its decision goes on waiting.
        received : when they came in, in µs UTC; also when they happened, where a row does not say; and where
            ``at`` is the column that names the decision.
        """
        good: list[Outcome] = []
        bad: list[Rejected] = []
        said: dict[tuple[object, ...], tuple[object, ...]] = {}
        for position, row in enumerate(rows):
            found = self._outcome(row, received)
            if isinstance(found, Outcome):
                # Rows that come together have one time: which of two is the later word, only their order tells.
                address = (found.id, found.entity, found.time, found.status == "feedback")
                content = (found.reason, found.row, found.actual)
                if found.status != "feedback" and said.setdefault(address, content) != content:
                    found = msgspec.structs.replace(found, status="corrected")
                    said[address] = content
                good.append(found)
            else:
                bad.append(Rejected(position, found))
        return good, bad

    def read_frame(self, frame: pl.DataFrame, *, received: int) -> tuple[list[Outcome], list[Rejected]]:
        """The same from a table. Columns that are null in a row are as if the row did not have them, but a lone null ``actual``."""
        wanted = [name for name in frame.columns if name in self.columns]
        rows = frame.select(wanted).iter_rows(named=True) if wanted else iter([{}] * frame.height)
        return self.read(
            ({name: value for name, value in row.items() if value is not None or name == "actual"} for row in rows),
            received=received,
        )

    def _outcome(self, row: object, received: int) -> Outcome | Failure:
        if not isinstance(row, Mapping):
            return Failure("", repr(row)[:80], "an object")
        for name in row:
            if name not in self.columns:
                near = nearest(str(name), self.columns)
                expected = f"{near!r}?" if near else f"one of {', '.join(sorted(self.columns))}"
                return Failure(str(name)[:80], repr(row[name])[:80], expected)
        address = self._address(row)
        if isinstance(address, Failure):
            return address
        values, failures = self._check(row)
        times, misread = self._times({name: row[name] for name in (self._time, "at") if name in row})
        if failures or misread:
            return (failures or misread)[0]
        actual = self._actual(row)
        if isinstance(actual, Failure):
            return actual
        void = row.get("void")
        if void is not None and not (isinstance(void, str) and 0 < len(void) <= 1000):
            return Failure("void", repr(void)[:80], "the reason, as a string")
        beside = _beside(row)
        if isinstance(beside, Failure):
            return beside
        known = [rule for name, rule in self._rules.items() if not _missing(values[name])]
        only_beside = bool(beside) and "actual" not in row and not known and void is None
        if void is None and actual is None and ("actual" in row or not known) and not only_beside:
            expected = 'a value, or the reason in "void"'
            return Failure("actual", "null" if "actual" in row else "no column that is known after", expected)
        if void is not None and actual is not None:
            return Failure("void", repr(void)[:80], "nothing, since the row has an actual")
        id, entity, time = address[0], address[1], times[self._time]
        # a project may call its own time "at": then the row says when it was decided, and nothing about the outcome
        at = times["at"] if self._time != "at" else None
        return Outcome(
            environment=self._environment,
            timeline=self._timeline,
            id=id,
            entity=entity,
            time=int(time) if isinstance(time, float) and not math.isnan(time) else None,
            status="feedback" if only_beside else "known" if void is None else "void",
            reason=void or "",
            row=_text(beside, values, known),
            actual=actual,
            at=int(at) if isinstance(at, float) and not math.isnan(at) else received,
            received=received,
        )

    def _address(self, row: Mapping[str, Any]) -> tuple[str, str] | Failure:
        """Id and keyed hash of the entity, ``""`` for what the row does not have."""
        id, raw = row.get("id"), row.get(self._entity)
        entity = entity_text(raw)
        if raw is not None and entity is None:
            return Failure(self._entity, repr(raw)[:80], "a string or a whole number")
        if self._entity == "id":
            id = None
        if id is not None and not (isinstance(id, str) and 0 < len(id) <= LONGEST_ID):
            return Failure("id", repr(id)[:80], f"a string of 1 to {LONGEST_ID} characters")
        if id is None and (entity is None or row.get(self._time) is None):
            return Failure("id", "nothing", f"{_ADDRESS}: {self._entity} and {self._time}")
        return id or "", entity_hash(self._key, entity) if entity is not None else ""

    def _actual(self, row: Mapping[str, Any]) -> float | Failure | None:
        raw = row.get("actual")
        if raw is None:
            return None
        if isinstance(raw, str) and raw in self._codes:
            return self._codes[raw]
        if isinstance(raw, bool | int | float) and not self._codes and abs(raw) < 1e300:
            return float(raw)
        expected = f"one of {', '.join(self._codes)}" if self._codes else "true, false or a number"
        return Failure("actual", repr(raw)[:80], expected)


def _beside(row: Mapping[str, Any]) -> dict[str, str | bool] | Failure:
    """What people said beside the columns."""
    found: dict[str, str | bool] = {}
    acted, feedback = row.get("acted_on"), row.get("feedback")
    if acted is not None:
        if not isinstance(acted, bool):
            return Failure("acted_on", repr(acted)[:80], "true or false")
        found["acted_on"] = acted
    if feedback is not None:
        if not (isinstance(feedback, str) and 0 < len(feedback) <= LONGEST_FEEDBACK):
            return Failure("feedback", repr(feedback)[:80], f"a text of 1 to {LONGEST_FEEDBACK} characters")
        found["feedback"] = feedback
    return found


def _text(beside: Mapping[str, str | bool], values: Mapping[str, Any], known: Sequence[ColumnRule]) -> str:
    """The columns that are known, as JSON; ``""`` in the short form."""
    if not known and not beside:
        return ""
    text = RowText(known).one(values)
    if not beside:
        return text
    both = {**msgspec.json.decode(text), **beside}
    return canonical_text(dict(sorted(both.items(), key=lambda pair: pair[0].encode("utf-16-be"))))


def _missing(value: object) -> bool:
    return value is None or value != value
