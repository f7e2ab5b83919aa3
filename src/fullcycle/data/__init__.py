"""Data: is this data fit, lawful and honest to learn from?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import polars as pl

from fullcycle.data.clean import clean
from fullcycle.data.contract import contract, facts_of
from fullcycle.data.leakage import leakage
from fullcycle.data.profile import profile
from fullcycle.data.quality import quality
from fullcycle.data.records import Dataset
from fullcycle.data.settings import Data
from fullcycle.data.sources.files import parquet
from fullcycle.data.sources.history import History
from fullcycle.data.split import boundaries, embargo, parts
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import InputError, Refused
from fullcycle.kernel.finding import failed, sentence
from fullcycle.kernel.verbs import Observation, step
from fullcycle.scoping.records import Charter


@step("data.make", version=1, libraries=("numpy", "polars"), project_code=True)
def make(
    *,
    charter: Charter,
    source: Observation,
    settings: Data,
    columns: Mapping[str, object],
    as_of: datetime,
    history: History,
    left_out: Callable[[], tuple[str, ...]],
    blobs: Blobs,
) -> Dataset:
    """The Dataset: rows whose outcome was known at *as_of*, cleaned, split, profiled, with what was turned away.

    Parameters
    ----------
    source : the observation from which *history* reads.
    columns : facts of ``columns.toml``, for the key; *history* holds them typed.
    left_out : columns of the source that nobody declared.

    Raises
    ------
    InputError
        The history is too short for the split, or a part has no rows.
    """
    due, repeated = clean(history.due(as_of), settings.clean, entity=charter.entity, time=charter.time)
    rows = due.filter(pl.col(charter.target).is_not_null())
    if not len(rows):
        raise InputError(
            "no row has a known outcome",
            found=f"{len(due)} rows due",
            mend="check the target's expression and the label delay",
        )
    quarantine = _quarantine(history.quarantine(as_of), repeated)
    gap = embargo(settings.split, timedelta(microseconds=charter.label_delay))
    bounds = boundaries(rows[charter.time][0], rows[charter.time][-1], settings.split, history.zone)
    slices = parts(rows, charter.time, bounds, gap)
    train = rows.slice(slices["train"].offset, slices["train"].rows)
    facts = facts_of(history, keys=(charter.entity, charter.time, charter.target))
    return Dataset(
        parents=(charter.id,),
        as_of=as_of,
        sources=tuple(origin.name for origin in settings.sources),
        table=blobs.put(parquet(rows)),
        quarantine=blobs.put(parquet(quarantine)) if len(quarantine) else "",
        turned_away=_by_reason(quarantine),
        columns=facts,
        derived=history.derived,
        parts=slices,
        embargo=gap // timedelta(microseconds=1),
        contract=contract(history, keys=(charter.entity, charter.time)),
        profile=profile(train, facts),
        classes=history.classes(rows),
        left_out=left_out(),
        findings=(
            *quality(rows, facts, settings.rules, turned_away=len(quarantine)),
            *leakage(train, history.outcome(train), facts, charter.task),
        ),
    )


def require_fit(dataset: Dataset) -> None:
    """Stop where the data is not fit to learn from.

    Raises
    ------
    Refused
        Names the findings that say so.
    """
    if stops := failed(dataset.findings):
        raise Refused(
            "the data is not fit to learn from",
            place=f"dataset {dataset.id[:12]}",
            found="; ".join(map(sentence, stops)),
        )


def _quarantine(unparsed: pl.DataFrame, repeated: pl.DataFrame) -> pl.DataFrame:
    """Everything that was turned away, as text, with its reason."""
    names = [name for name in unparsed.columns if name != "when"]
    return pl.concat([unparsed.select(names), repeated.select(pl.col(name).cast(pl.String) for name in names)])


def _by_reason(quarantine: pl.DataFrame) -> dict[str, int]:
    counts = quarantine["reasons"].value_counts(sort=False)
    return dict(sorted(zip(counts["reasons"].to_list(), counts["count"].to_list(), strict=True)))
