"""Landing: raw batches of rows become the past as it was known, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from pathlib import Path

import polars as pl

from fullcycle.data.assemble import Assembled
from fullcycle.data.clean.apply import clean
from fullcycle.data.clean.outliers import Fitted
from fullcycle.data.clean.prepare import prepare
from fullcycle.data.clean.settings import Clean
from fullcycle.data.clean.touched import Touched, merge
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.erase import Doomed, forgotten, kept
from fullcycle.data.facts import treated
from fullcycle.data.history import History
from fullcycle.data.privacy.decide import TAKEN, require_decisions
from fullcycle.data.privacy.treat import treat
from fullcycle.data.settings import Data
from fullcycle.data.sources import CLEANERS
from fullcycle.data.sources.reading import BATCH, Reading, whole
from fullcycle.data.sources.types import typed
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.kernel.finding import Finding


def land(
    assembled: Assembled,
    settings: Data,
    *,
    facts: Mapping[str, ColumnFact],
    declared: Collection[str],
    task: str,
    target: str,
    entity: str,
    time: str,
    label_delay: timedelta,
    zone: str,
    key: bytes,
    spool: Path,
    erased: frozenset[str] = frozenset(),
    place: Callable[[str], str] = "cycle.toml, [scoping] {}".format,
) -> History:
    """The past that the rows of *assembled* tell, typed by ``columns.toml``.

    Parameters
    ----------
    facts : columns to keep; *declared* names those that are left out by a person's wish as well.
    key : under which personal data and entities are hashed; empty where none is.
    erased : keyed hashes of entities that were erased: no row of theirs is landed.
    spool : a folder for what does not fit in memory.
    place : where a key of ``[scoping]`` stands, for messages.

    Raises
    ------
    ColumnMissing
        A column that is named somewhere is not in the table; names the nearest that is.
    InputError
        Columns that nobody declared, where that is an error; or a column whose declared type is wrong.
    """
    keys = {entity: "entity", time: "time"}
    origin = settings.sources[0].location
    _check_keys(keys, facts, assembled.columns, place)
    _check_cleaned(settings.clean, {*assembled.columns, *facts})
    if settings.undeclared == "error" and (others := left_out(assembled, declared)):
        raise InputError(
            "columns that nobody declared",
            place=origin,
            found=", ".join(others),
            mend="give each a line in columns.toml",
        )
    taken = {name: fact for name, fact in facts.items() if fact.personal in TAKEN}
    units = Clean(duplicates="keep", units=settings.clean.units)
    seen: list[Touched] = []
    history = History(
        tuple(facts),
        facts=treated(facts),
        derived=settings.derive,
        task=task,
        target=target,
        entity=entity,
        time=time,
        label_delay=label_delay,
        zone=zone,
        rules=settings.rules,
        spool=spool,
        retention=settings.privacy.retention,
    )
    require_decisions(facts, entity=entity, time=time, target=target, used=history.read)
    needed = {name: f"[scoping] {key}" for name, key in keys.items()}
    doomed, dropped = Doomed(entity, time, erased, key), 0
    for batch in assembled.batches():
        raw = kept(batch, doomed)  # before a cell of theirs can be shown as an example, and again once it is typed
        ready = prepare(raw.rows, facts, settings.clean, zone=zone)
        rows, turned_away = (
            kept(part, doomed) for part in typed(ready.frame, facts, keys=needed, time=time, zone=zone, source=origin)
        )
        dropped += raw.dropped + rows.dropped + turned_away.dropped
        mended = clean(rows.rows, units, Fitted(), entity=entity, time=time, facts=facts)
        history.add(*(treat(part, taken, key) for part in (mended.rows, turned_away.rows)))
        seen += [*ready.touched, *mended.touched]
    broken = kept(assembled.broken(), doomed)
    history.add_broken(broken.rows)
    history.seen = (*assembled.findings(), *map(noted, merge(seen)), *forgotten(dropped + broken.dropped))
    return history


def noted(touched: Touched) -> Finding:
    """What a step on raw cells did, as it is noted beside the dataset: it follows from the source, not from a time.

    >>> noted(Touched(step="missing", column="weight", rows=3, cells=3)).value
    3.0
    """
    examples = {f"example_{place}": f"{it.before} -> {it.after}" for place, it in enumerate(touched.examples, 1)}
    return Finding(
        check=f"cleaned_{touched.step}",
        subject=touched.column,
        value=float(touched.cells),
        severity="note",
        unit="cells",
        evidence={"rows": touched.rows, **examples},
    )


def cleaned(assembled: Assembled) -> Assembled:
    """The rows through the project's own cleaning steps, if there are any; these see the whole table at once.

    Raises
    ------
    InputError
        A step gives no table.
    """
    if not list(CLEANERS):
        return assembled
    rows = whole(Reading(assembled.columns, assembled.batches, assembled.broken, assembled.fingerprint))
    for name in CLEANERS:
        rows = CLEANERS[name](rows)
        if not isinstance(rows, pl.DataFrame):
            raise InputError(
                f"the cleaning step {name!r} gives no table",
                place="cycle.py",
                found=type(rows).__name__,
                expected="a polars.DataFrame",
            )
    return assembled._replace(columns=tuple(rows.columns), batches=lambda: rows.iter_slices(BATCH))


def left_out(assembled: Assembled, declared: Collection[str]) -> tuple[str, ...]:
    """Columns of the source that nobody declared."""
    return tuple(sorted(set(assembled.columns) - set(declared)))


def _check_cleaned(settings: Clean, columns: Collection[str]) -> None:
    missing = settings.missing if isinstance(settings.missing, dict) else {}
    steps: dict[str, Mapping[str, object]] = {
        "missing": missing,
        "formats": settings.formats,
        "units": settings.units,
        "outliers": settings.outliers,
    }
    for step, named in steps.items():
        for name in named:
            if name not in columns:
                raise ColumnMissing(name, sorted(columns), source="cycle.toml", needed_by=f"[data.clean] {step}")


def _check_keys(
    keys: Mapping[str, str], facts: Mapping[str, ColumnFact], columns: Collection[str], place: Callable[[str], str]
) -> None:
    for name, key in keys.items():
        if name in facts:
            continue
        if name in columns:
            raise InputError(
                f"column {name!r} has no line in columns.toml, but [scoping] {key} needs it",
                place=place(key),
                mend=f"add a line '{name} = {{ type = … }}' to columns.toml",
            )
        raise ColumnMissing(name, facts, source=place(key), needed_by=f"[scoping] {key}")
