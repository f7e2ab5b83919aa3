"""Data: is this data fit, lawful and honest to learn from?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from fullcycle.data.clean.outliers import counterpart
from fullcycle.data.divided import divided, learnt
from fullcycle.data.facts import contract, facts_of
from fullcycle.data.findings import findings
from fullcycle.data.history import History
from fullcycle.data.kept import Kept
from fullcycle.data.origins import origins
from fullcycle.data.portrait import portrait as portrait_of
from fullcycle.data.records import Dataset
from fullcycle.data.settings import Data
from fullcycle.data.sources.files import parquet
from fullcycle.data.split import embargo, parts_of
from fullcycle.data.store import by_reason
from fullcycle.data.store import store as store_months
from fullcycle.data.suspected import suspected, undecided, unreviewed
from fullcycle.data.table import Table
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import InputError, Refused
from fullcycle.kernel.finding import failed, sentence
from fullcycle.kernel.verbs import Observation, step
from fullcycle.scoping.records import Charter


@step("data.make", version=5, libraries=("lightgbm", "numpy", "polars", "scipy"), project_code=True)
def make(
    *,
    charter: Charter,
    source: Observation,
    settings: Data,
    columns: Mapping[str, object],
    as_of: datetime,
    hashed_under: str,
    erased: tuple[str, ...],
    history: History,
    left_out: Callable[[], tuple[str, ...]],
    blobs: Blobs,
    kept: Kept | None = None,
) -> Dataset:
    """The Dataset: rows whose outcome was known at *as_of*, checked, cleaned, split, profiled, with what was turned away.

    Parameters
    ----------
    source : the observation from which *history* reads.
    columns, hashed_under : facts of ``columns.toml`` and the digest of the key under which personal data is hashed, for the
        key of this step; *history* holds them applied.
    left_out : columns of the source that nobody declared.
    kept : what months came to before, so that only those that are new are looked at.

    Raises
    ------
    InputError
        No row has a known outcome, the history is too short for the split, or a part has no rows.
    """
    plan = divided(history, settings.split, as_of, task=charter.task)
    fitted = learnt(history, plan.division, settings.clean, as_of)
    suspicions = suspected(history, as_of)
    open_ = unreviewed(suspicions, settings.privacy.reviewed)
    stored = store_months(history, as_of, settings.clean, fitted, blobs, hidden=undecided(open_, history), kept=kept)
    if not stored.kept:
        raise InputError(
            "no row has a known outcome",
            found=f"{stored.tally.rows} rows due",
            mend="check the target's expression and the label delay",
        )
    table = Table(stored.segments, plan.division, blobs)
    parts = parts_of(
        plan.division, table.frames(columns=tuple(dict.fromkeys((charter.time, *plan.division.columns)))), charter.time
    )
    facts = facts_of(history, keys=history.keys)
    drawn = portrait_of(table, facts, history, open_, rows=parts["train"].rows, kept=kept)
    drawn = drawn._replace(suspicions=suspicions)  # what was looked through is told too
    if kept is not None:
        kept.prune()
    return Dataset(
        parents=(charter.id,),
        as_of=as_of,
        sources=origins(settings.sources),
        table=stored.segments,
        quarantine=blobs.put(parquet(stored.quarantine)) if len(stored.quarantine) else "",
        turned_away=by_reason(stored.quarantine),
        columns=facts,
        derived=history.derived,
        division=plan.division,
        parts=parts,
        fitted=fitted,
        cleaning=stored.touched,
        embargo=embargo(settings.split, history.label_delay) // timedelta(microseconds=1),
        contract=contract(history, keys=(charter.entity, charter.time), bounds=counterpart(fitted, settings.clean)),
        profile=drawn.profile,
        portrait=blobs.put(drawn.body),
        classes=history.classes(table.distinct(charter.target)) if charter.target else (),
        left_out=left_out(),
        findings=findings(
            stored, plan, table, parts, drawn, facts, settings=settings, charter=charter, history=history, as_of=as_of
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
            mend="see 'fullcycle data'; 'fullcycle data --quarantine FILE' writes the rows that may be mended",
        )
