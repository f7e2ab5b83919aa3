"""Production as a source: decisions that were served, with what came of them, as rows to learn from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import polars as pl

from fullcycle.data.sources.files import parquet
from fullcycle.data.sources.formats import objects
from fullcycle.data.sources.reading import Reading, of_frame
from fullcycle.kernel.errors import Corrupt, InputError
from fullcycle.traffic.read import Traffic

TRAFFIC = "traffic"
"""The location of a source that is this."""
OWN = ("variant", "action", "propensity", "available_at")
"""Columns that the log adds: who decided (``champion``, or today's rule in the ``control`` group), what was decided, with which
probability that variant was assigned, and when the outcome that counts came in."""

_BESIDE = ("acted_on", "feedback")  # what people said beside the columns of an outcome


def read_traffic(
    traffic: Traffic, as_of: datetime, *, entity: str, time: str, target: str = "", classes: Sequence[str] = ()
) -> Reading:
    """Served decisions of one environment and timeline, each once, with their outcomes as they were known at *as_of*.

    The columns are *entity* (as its keyed hash: the log holds no other), *time*, what the requests brought, what the outcomes
    brought, and those of :data:`OWN`. A decision whose outcome is not known yet, or void, is a row without one. Shadow answers
    are none. The same log at the same *as_of* gives the same rows and fingerprint, compacted or not.

    Parameters
    ----------
    traffic : of the scope to learn from.
    as_of : what was answered or came in later is not seen.
    entity, time : names of these columns in the dataset.
    target : the column that takes an outcome in its short form (``actual``); empty where the target is derived from others, which
        such an outcome does not bring.
    classes : names of the codes that ``actual`` holds, for a target of classes.

    Raises
    ------
    InputError
        Nothing was served yet, or a request has a column named as one of :data:`OWN`.
    Corrupt
        The log is damaged.

    >>> from datetime import UTC
    >>> from pathlib import Path
    >>> from fullcycle.kernel.scope import Scope
    >>> read_traffic(Traffic(Path("nowhere"), Scope(project="p")), datetime(2013, 7, 1, tzinfo=UTC), entity="plane", time="when")
    Traceback (most recent call last):
    fullcycle.kernel.errors.InputError: nothing was served yet: found 'no decision of p, dev, live'. To mend it: leave out the \
source 'traffic' until a release has answered.
    """
    served, _ = traffic.read(traffic.cut(None, None, as_of))
    if served.is_empty():
        scope = traffic.scope
        raise InputError(
            "nothing was served yet",
            found=f"no decision of {scope.project}, {scope.environment}, {scope.timeline}",
            mend="leave out the source 'traffic' until a release has answered",
        )
    records = [_record(row, target, classes) for row in served.iter_rows(named=True)]
    kinds = objects.Kinds()
    objects.note_kinds(kinds, records)
    for name in (entity, time):
        kinds.pop(name, None)
    if clash := [name for name in OWN if name in kinds]:
        mend = "rename it where it comes from, or read the outcomes from a file instead"
        raise InputError("a request has a column that the log names itself", place="traffic", found=clash[0], mend=mend)
    frame = objects.frame(records, objects.schema(kinds)) if kinds else pl.DataFrame(height=served.height)
    known = pl.when(served["status"] == "known").then(served["available_at"])
    frame = frame.select(
        served["entity"].alias(entity),
        served["time"].alias(time),
        pl.all(),
        *(served[name] for name in OWN[:-1]),
        known.alias(OWN[-1]),
    )
    return of_frame(frame, hashlib.sha256(parquet(frame)).hexdigest())


def _record(row: Mapping[str, Any], target: str, classes: Sequence[str]) -> dict[str, Any]:
    """What the request brought, and the outcome, where it is known."""
    record = objects.flat(_decoded(row["row"], row))
    if row["status"] != "known":
        return record
    if row["after"]:
        after = objects.flat(_decoded(row["after"], row))
        record.update({name: value for name, value in after.items() if name not in _BESIDE})
    if target and row["actual"] is not None and record.get(target) is None:
        actual = row["actual"]
        record[target] = classes[int(actual)] if classes else actual
    return record


def _decoded(text: str, row: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        mend = "restore the traffic folder from a backup"
        raise Corrupt("a logged row is no JSON object", place=f"decision {row['id']}", mend=mend) from None
