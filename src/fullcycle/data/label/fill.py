"""Filling: what people said becomes the outcome of rows that have none, and stands beside them with who said it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import polars as pl

from fullcycle.data.assemble import Assembled
from fullcycle.data.clean.prepare import prepare
from fullcycle.data.clean.settings import Clean
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.label.agreement import Level, agreement
from fullcycle.data.label.annotations import Annotations
from fullcycle.data.label.merge import Merged, merge
from fullcycle.data.label.settings import Labels
from fullcycle.data.privacy.treat import treat
from fullcycle.data.sources.types import parse
from fullcycle.kernel.errors import ColumnMissing
from fullcycle.kernel.finding import Finding

BESIDE = ("labelled_by", "labelled_at", "label_agreement")
"""Columns that labels bring besides the outcome; kept where ``columns.toml`` has a line for them."""
_NAMED = 20  # annotators that a finding names
_KEY = ("its entity", "its time")


def labelled(
    assembled: Assembled,
    said: Annotations,
    settings: Labels,
    *,
    column: str,
    level: Level,
    entity: str,
    time: str,
    facts: Mapping[str, ColumnFact],
    clean: Clean,
    zone: str,
    key: bytes,
    now: datetime,
) -> Assembled:
    """Rows with what people had said of them by *now*; an outcome that the source itself brings is never replaced.

    A label without a time of its own counts as known when its row's outcome is.

    Parameters
    ----------
    column : takes the label, as text: it is typed with all others.
    key : under which the entity is hashed, where it is; annotators saw the hash.

    Raises
    ------
    ColumnMissing
        The rows have no entity or time by that name.
    """
    for name, asked in ((entity, "entity"), (time, "time")):
        if name not in assembled.columns:
            raise ColumnMissing(name, assembled.columns, needed_by=f"[scoping] {asked}")
    given = said.given.filter(pl.col("at").is_null() | (pl.col("at") <= now))
    merged = merge(said._replace(given=given), entity=_KEY[0], time=_KEY[1], column="label", least=settings.annotators)
    labels = _labels(merged, zone)
    beside = [name for name in BESIDE if name not in assembled.columns]
    count = _Count()

    def batches() -> Iterator[pl.DataFrame]:
        count.start(labels.height)
        for rows in assembled.batches():
            keys = _keys(rows, entity, time, facts, clean, zone, key)
            found = keys.join(labels, on=_KEY, how="left", maintain_order="left")
            filled = _filled(rows, found, column, beside)
            count.add(filled, found, column, facts.get(column, ColumnFact(type="category")), zone)
            yield filled.rows

    def findings() -> tuple[Finding, ...]:
        agreed = agreement(given, level=level, limit=settings.agreement, seed=0)
        ours = count.finding(column, settings.location, given, len(merged.unresolved))
        return (*assembled.findings(), ours, *((agreed,) if agreed.value is not None else ()))

    columns = dict.fromkeys((*assembled.columns, column, *beside))
    content = f"{assembled.fingerprint}\n{given.drop('place').write_ndjson()}"
    return assembled._replace(
        columns=tuple(columns),
        batches=batches,
        findings=findings,
        fingerprint=hashlib.sha256(content.encode()).hexdigest(),
    )


class _Filled(NamedTuple):
    """Rows with their labels, the outcomes that the source brought, and which rows have a label instead."""

    rows: pl.DataFrame
    own: pl.Series
    ours: pl.Series


class _Count:
    """What one pass over the rows did with the labels."""

    def start(self, labels: int) -> None:
        self.labels, self.filled, self.met, self.contradicted = labels, 0, 0, 0

    def add(self, filled: _Filled, found: pl.DataFrame, column: str, fact: ColumnFact, zone: str) -> None:
        """Count a batch; an outcome and a label are compared as values, however they are written."""
        self.met += len(found) - found["label"].null_count()
        self.filled += int(filled.ours.sum())
        both = pl.DataFrame({"own": filled.own, "said": found["label"]}).drop_nulls()
        own, said = both.select(parse(pl.col(name), pl.String(), fact, zone).alias(name) for name in both.columns)
        self.contradicted += int((own != said).sum())

    def finding(self, column: str, place: str, given: pl.DataFrame, unresolved: int) -> Finding:
        by = given.group_by("annotator").len().sort("len", "annotator", descending=[True, False]).head(_NAMED)
        unmatched = self.labels - self.met
        return Finding(
            check="labels",
            subject=column,
            value=float(self.filled),
            unit="rows",
            passed=False if unmatched or self.contradicted else None,
            severity="warn" if unmatched or self.contradicted else "note",
            evidence={
                "from": place,
                "unresolved": unresolved,
                "without_a_row": unmatched,
                "against_the_source": self.contradicted,
                "annotators": given["annotator"].n_unique(),
                **{f"by_{name or 'nobody named'}": times for name, times in by.iter_rows()},
            },
        )


def _labels(merged: Merged, zone: str) -> pl.DataFrame:
    """The labels, one for each row that has one, by entity and time."""
    table = pl.concat([merged.outcomes.drop("feedback"), merged.said], how="horizontal")
    at = parse(pl.col(_KEY[1]), pl.String(), ColumnFact(type="time"), zone)
    labels = table.with_columns(at.alias(_KEY[1]), pl.col(_KEY[0]).str.strip_chars())
    return labels.unique(_KEY, keep="first", maintain_order=True)


def _keys(
    rows: pl.DataFrame, entity: str, time: str, facts: Mapping[str, ColumnFact], clean: Clean, zone: str, key: bytes
) -> pl.DataFrame:
    """Entity and time of raw rows, as annotators were shown them."""
    ours = {entity: facts.get(entity, ColumnFact(type="category")), time: facts.get(time, ColumnFact(type="time"))}
    ready = prepare(rows.select(entity, time), ours, clean, zone=zone).frame
    ready = ready.with_columns(parse(pl.col(time), ready.schema[time], ours[time], zone).alias(time))
    who = treat(ready.select(entity), {entity: ours[entity]}, key)[entity]
    if who.dtype.is_float():
        who = who.cast(pl.Int64, strict=False)
    return pl.DataFrame([who.cast(pl.String).str.strip_chars().alias(_KEY[0]), ready[time].alias(_KEY[1])])


def _filled(rows: pl.DataFrame, found: pl.DataFrame, column: str, beside: list[str]) -> _Filled:
    own = rows[column].cast(pl.String) if column in rows.columns else pl.Series([None] * len(rows), dtype=pl.String)
    own = own.alias("own").to_frame().select(pl.when(pl.col("own").str.strip_chars() != "").then("own")).to_series()
    both = found.with_columns(own).with_columns(ours=pl.col("own").is_null() & pl.col("label").is_not_null())
    said = both.select(
        pl.coalesce("own", "label").alias(column),
        *(pl.when("ours").then(name).alias(new) for name, new in zip(("by", "at", "agreement"), BESIDE, strict=True)),
    )
    return _Filled(rows.with_columns(said.select(column, *beside)), own, both["ours"])
