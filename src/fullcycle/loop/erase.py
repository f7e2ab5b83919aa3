"""Erasing: the rows of an entity that asked to be forgotten, or whose retention is over, go from everything that is kept.

What was decided and learned stays: each record keeps its id and its bytes, and reading a blob that it names gives what
is left. One entry of the journal says what went, and which models had learned from it.
"""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Collection, Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
import polars as pl

from fullcycle.data.erase import Doomed, rest, rest_of_messages, untold
from fullcycle.data.kept import KEPT, Kept
from fullcycle.data.privacy.retention import kept_from
from fullcycle.data.records import Dataset
from fullcycle.data.split.division import part_of
from fullcycle.kernel.blobs import get_record, write_aside
from fullcycle.kernel.errors import InputError, Refused, Waiting
from fullcycle.kernel.journal import Entry
from fullcycle.kernel.record import canonical, digest
from fullcycle.kernel.state import ERASE
from fullcycle.kernel.verbs import Run
from fullcycle.project import Project
from fullcycle.project.folder import STATE
from fullcycle.scoping.records import Charter
from fullcycle.traffic import erase as traffic
from fullcycle.traffic.schema import entity_hash, micros
from fullcycle.traffic.segments import ask_to_seal

LEARNED = ("train", "validation")
"""Parts of a dataset from which a model learns."""
PATIENCE = 5.0
"""Seconds that a service is waited for to seal what it writes to: it looks twice a second whether it should."""
_PAUSE = 0.1
LANDED, SPOOL = "landed", "spool"
"""What is landed (messages of topics, rows of databases), by all environments alike; and in the state of one, copies of sources,
for as long as they are read."""


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What went.

    Attributes
    ----------
    entities : keyed hash of the entity that was forgotten; none where retention asked.
    before : rows of before this time went; None where an entity was forgotten.
    blobs : by digest of a blob, that of what is left of it.
    rows : rows that went, by where they lay: ``tables``, ``quarantine``, ``landed``, ``decisions``, ``outcomes``.
    datasets, models : ids of the datasets that held such rows, and of the models that had learned from one.
    """

    entities: tuple[str, ...] = ()
    before: datetime | None = None
    reason: str = ""
    blobs: dict[str, str] = {}
    rows: dict[str, int] = {}
    datasets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """All rows that went.

        >>> Erased(rows={"tables": 2, "decisions": 1}).total
        3
        """
        return sum(self.rows.values())


def forget(project: Project, run: Run, entity: str, *, reason: str = "") -> Erased:
    """Erase every row of *entity*, and never land one again.

    Raises
    ------
    Refused
        Nothing of it is kept.
    Waiting
        A writer that lives does not seal the file that tells of it.
    """
    key = project.key_path.read_bytes()
    doomed = Doomed("", "", frozenset([entity_hash(key, entity)]), key)
    with project.journal.lease(ERASE, 15.0):
        return _Erasure(project, run, doomed, reason).done()


def forget_old(project: Project, run: Run, *, reason: str = "") -> Erased:
    """Erase every row that is older than ``[data.privacy] retention`` allows now, by the clock of the timeline.

    Raises
    ------
    InputError
        No retention is set.
    Waiting
        A running service still writes to a file that tells of such a decision.
    """
    retention = project.settings.data.privacy.retention
    if retention is None:
        raise InputError(
            "no retention is set",
            place="cycle.toml, [data.privacy]",
            expected="how long rows are kept",
            mend='write retention = "730d" under [data.privacy]',
        )
    doomed = Doomed("", "", since=kept_from(retention, run.clock.now()))
    with project.journal.lease(ERASE, 15.0):
        return _Erasure(project, run, doomed, reason).done()


class _Holder(NamedTuple):
    """A dataset that holds a blob of rows: how many there were when it was made, and in which field."""

    dataset: Dataset
    charter: Charter
    kind: str
    rows: int


class _Erasure:
    """One erasure: looked for, then done as one act that a rerun finishes."""

    def __init__(self, project: Project, run: Run, doomed: Doomed, reason: str) -> None:
        self._project, self._run, self._doomed, self._reason = project, run, doomed, reason
        self._blobs = project.blobs
        self._entries = run.state.refresh().entries
        self._found: set[str] = set()
        self._touched: set[str] = set()
        self._learned: set[str] = set()

    def done(self) -> Erased:
        """Look, and erase what is found."""
        past = [entry for entry in self._acts() if self._is_alike(entry)]
        key = f"{min(self._doomed.erased, default='retention')}/{len(past)}"
        begun = self._begun(key)
        found = self._look()
        if begun is None and not found:
            return self._nothing(past)
        models = {*self._models(), *(begun or {}).get("models", ())}
        self._touched |= {*(begun or {}).get("datasets", ())}
        named = {"datasets": sorted(self._touched), "models": sorted(models)}
        inputs = (*named["datasets"], *named["models"])
        facts = self._run.act(ERASE, key, lambda: self._erase(**named), inputs=inputs)
        return msgspec.convert(dict(facts), Erased)

    def _acts(self) -> list[Entry]:
        return [entry for entry in self._entries if entry.verb == "act" and entry.step == ERASE]

    def _is_alike(self, entry: Entry) -> bool:
        return entry.scope == self._run.scope and set(entry.facts["entities"]) == self._doomed.erased

    def _begun(self, key: str) -> dict[str, list[str]] | None:
        """What an attempt that was cut off had found, since by now some of it may be gone."""
        asked = digest(canonical([ERASE, str(self._run.scope), key]))
        for entry in self._run.state.unfinished():
            if entry.key == asked:
                datasets = [id for id in entry.inputs if id in self._datasets]
                return {"datasets": datasets, "models": [id for id in entry.inputs if id not in datasets]}
        return None

    def _nothing(self, past: list[Entry]) -> Erased:
        if self._doomed.since is not None:
            return Erased(before=self._doomed.since, reason=self._reason)
        raise Refused(
            "nothing of it was found in datasets, what they turned away, rows made from events, decisions and outcomes",
            found=f"erased on {past[-1].at:%Y-%m-%d}" if past else None,
            mend="" if past else "write the entity exactly as its column has it",
        )

    @cached_property
    def _datasets(self) -> dict[str, Dataset]:
        """Every dataset that was ever made, in whatever scope, by id."""
        ids = dict.fromkeys(id for entry in self._made("data.make") for id in entry.outputs)
        return {id: cast(Dataset, get_record(self._blobs, id)) for id in ids}

    @cached_property
    def _tables(self) -> dict[str, list[_Holder]]:
        """Every blob of rows, with the datasets that hold it."""
        tables: dict[str, list[_Holder]] = {}
        for dataset in self._datasets.values():
            charter = cast(Charter, get_record(self._blobs, dataset.parents[0]))
            for segment in dataset.table:
                tables.setdefault(segment.blob, []).append(_Holder(dataset, charter, "tables", segment.rows))
            if dataset.quarantine:
                rows = sum(dataset.turned_away.values())
                tables.setdefault(dataset.quarantine, []).append(_Holder(dataset, charter, "quarantine", rows))
        return tables

    def _made(self, step: str) -> Iterator[Entry]:
        return (entry for entry in self._entries if entry.verb == "step" and entry.step == step)

    def _models(self) -> set[str]:
        """Models that were fitted on a part with such a row."""
        ids = {id for entry in self._made("development.make") for id in entry.outputs}
        return {id for id in ids if self._learned.intersection(get_record(self._blobs, id).parents)}

    def _of(self, charter: Charter) -> Doomed:
        return self._doomed._replace(entity=charter.entity, time=charter.time)

    def _look(self) -> bool:
        """Whether anything has to go; notes which blobs, and of which datasets."""
        for name, holders in self._tables.items():
            found = rest(self._blobs.get(name), self._of(holders[0].charter), zone=self._zone)
            if found is not None:
                self._found.add(name)
                for holder in holders:
                    self._note(holder, found.gone)
        gone = self._look_at_traffic()
        if held := sum(one.held for one in gone):
            raise Waiting(
                "a service that runs still writes to a file that tells of it",
                found=f"{held} decisions or outcomes",
                mend="run this again; if a service does not answer any more, stop it first and start it anew",
            )
        return bool(self._found or any(one.rows for one in gone) or any(True for _ in self._landed()))

    def _look_at_traffic(self) -> list[traffic.Gone]:
        """What of the traffic has to go; a service that runs is asked for what it still writes to, and waited for."""
        gone = {folder: traffic.look(folder, **self._traffic()) for folder in self._scopes()}
        end = time.monotonic() + PATIENCE
        for folder in [folder for folder, one in gone.items() if one.held]:
            ask_to_seal(folder)
            while gone[folder].held and time.monotonic() < end:
                time.sleep(_PAUSE)
                gone[folder] = traffic.look(folder, **self._traffic())
        return list(gone.values())

    def _note(self, holder: _Holder, gone: pl.DataFrame) -> None:
        self._touched.add(holder.dataset.id)
        if holder.kind == "tables" and part_of(holder.dataset.division, gone).is_in(LEARNED).any():
            self._learned.add(holder.dataset.id)

    def _erase(self, datasets: list[str], models: list[str]) -> dict[str, Any]:
        """New bytes of everything first, so that a full disk leaves all as it was; harmless when repeated."""
        left = {name: self._blobs.put(self._rest(name)) for name in sorted(self._found)}
        left |= {name: self._blobs.put(body) for name, body in self._portraits(datasets)}
        for name, new in left.items():
            self._blobs.erase(name, self._blobs.get(new))
        for name in (*self._tables, *(dataset.portrait for dataset in self._datasets.values())):
            if self._blobs.erased(name) is not None:  # a kill may have come before the old bytes went
                self._blobs.erase(name, self._blobs.get(name))
        landed = self._erase_landed()
        gone = [traffic.erase(folder, **self._traffic()) for folder in self._scopes()]
        rows = {
            **self._rows(),
            "landed": landed,
            "decisions": sum(one.decisions for one in gone),
            "outcomes": sum(one.outcomes for one in gone),
        }
        erased = Erased(
            entities=tuple(sorted(self._doomed.erased)),
            before=self._doomed.since,
            reason=self._reason,
            blobs=self._replaced(),
            rows=rows,
            datasets=tuple(datasets),
            models=tuple(models),
        )
        return cast(dict[str, Any], msgspec.to_builtins(erased))

    def _rest(self, name: str) -> bytes:
        body = self._blobs.get(name)
        found = rest(body, self._of(self._tables[name][0].charter), zone=self._zone)
        return body if found is None else found.body

    def _portraits(self, datasets: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """Portraits without the names of entities, of datasets that held rows to forget."""
        for id in datasets:
            dataset = self._datasets[id]
            charter = cast(Charter, get_record(self._blobs, dataset.parents[0]))
            if (body := untold(self._blobs.get(dataset.portrait), charter.entity)) is not None:
                yield dataset.portrait, body

    def _landed(self) -> Iterator[tuple[Path, bytes, int]]:
        """Files of landed rows with some that have to go: the bytes of the rest, and how many go."""
        scoping = self._project.settings.scoping
        doomed = self._doomed._replace(entity=scoping.entity, time=scoping.time)
        for path in sorted((self._project.folder / STATE / LANDED).rglob("*")):
            if path.suffix == ".parquet" and (found := rest(path.read_bytes(), doomed, zone=self._zone)) is not None:
                yield path, found.body, len(found.gone)
            if path.suffix == ".jsonl":
                body, count = rest_of_messages(path, doomed, zone=self._zone)
                if count:
                    yield path, body, count

    def _erase_landed(self) -> int:
        """Rows that went from landed files. Copies of the source go altogether: only a reading that runs needs them."""
        gone = 0
        for path, body, count in self._landed():
            write_aside(path, body)
            gone += count
        for folder in (self._project.state / SPOOL).glob("*"):
            shutil.rmtree(folder, ignore_errors=True)
        Kept(self._project.state / KEPT).clear()
        return gone

    def _traffic(self) -> dict[str, Any]:
        before = None if self._doomed.since is None else micros(self._doomed.since)
        return {"entities": self._doomed.erased, "before": before}

    def _scopes(self) -> list[Path]:
        return traffic.scopes(self._project.traffic_root)

    @property
    def _zone(self) -> str:
        return self._project.settings.project.timezone

    def _replaced(self) -> dict[str, str]:
        """By what an earlier erasure had left of a blob, or by the blob itself, what is left of it now."""
        earlier: dict[str, str] = {}
        for entry in self._acts():
            earlier |= entry.facts["blobs"]
        replaced = {}
        for name in (*self._tables, *(dataset.portrait for dataset in self._datasets.values())):
            before, now = _end(name, earlier.get), _end(name, self._blobs.erased)
            if before != now:
                replaced[before] = now
        return dict(sorted(replaced.items()))

    def _rows(self) -> dict[str, int]:
        """Rows that are in tables no more, less those that earlier erasures took."""
        gone = dict.fromkeys(("tables", "quarantine"), 0)
        for name, holders in self._tables.items():
            if self._blobs.erased(name) is not None:
                left = pl.scan_parquet(io.BytesIO(self._blobs.get(name))).select(pl.len()).collect().item()
                gone[holders[0].kind] += holders[0].rows - left
        for entry in self._acts():
            for kind in gone:
                gone[kind] -= entry.facts["rows"].get(kind, 0)
        return gone


def _end(name: str, left: Any) -> str:
    """The last of a chain of names."""
    while (next_ := left(name)) is not None:
        name = next_
    return name
