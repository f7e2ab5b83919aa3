"""A project folder: ``cycle.toml``, ``columns.toml`` and ``cycle.py``, read and checked; and what is kept beside them."""

from __future__ import annotations

import importlib.util
import os
import secrets
import sys
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import polars as pl
from msgspec import Meta, Struct

from fullcycle.business.decide import check_policy
from fullcycle.business.settings import Business
from fullcycle.data.assemble import Assembled, assemble
from fullcycle.data.contract import rule_of
from fullcycle.data.erase import Doomed, forgetting, kept
from fullcycle.data.history import History
from fullcycle.data.kept import KEPT, Kept
from fullcycle.data.label.check import check_labels
from fullcycle.data.label.fill import labelled
from fullcycle.data.label.said import said_in
from fullcycle.data.landing import cleaned, land, left_out
from fullcycle.data.settings import ColumnFact, Data
from fullcycle.data.sources.production import TRAFFIC, read_traffic
from fullcycle.data.sources.read import read
from fullcycle.data.sources.reading import Reading
from fullcycle.data.sources.settings import Source
from fullcycle.deployment.settings import Deployment
from fullcycle.development.behaviours.read import Behaviour, read_behaviours
from fullcycle.development.settings import Development
from fullcycle.kernel.blobs import FolderBlobs, write_aside
from fullcycle.kernel.clock import SystemClock, duration
from fullcycle.kernel.errors import ColumnMissing, InputError, UnknownKey
from fullcycle.kernel.journal import Journal, open_journal
from fullcycle.kernel.record import digest
from fullcycle.kernel.scope import LIVE, Scope
from fullcycle.kernel.settings import Document, json_schema
from fullcycle.kernel.state import State
from fullcycle.monitoring.settings import Monitoring
from fullcycle.predictor.expression import parse
from fullcycle.project.declared import check_data, check_fact
from fullcycle.scoping.settings import Scoping
from fullcycle.traffic.read import Traffic

STATE = ".fullcycle"
ENVIRONMENTS = ("dev", "staging", "production")
"""Those that every project has; a ``[platform.NAME]`` adds one. A misspelt one would ask nobody for a signature."""

_MISTAKES = (
    SyntaxError,
    ImportError,
    NameError,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    OSError,
)
"""What running a ``cycle.py`` may raise; all of it is told as a mistake in that file."""


class ProjectSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The project."""

    name: Annotated[str, Meta(description="what the project is called", pattern=r"^[a-z0-9][a-z0-9-]*$")]
    timezone: Annotated[str, Meta(description="naive times are read in it; days and windows are cut in it")] = "UTC"
    timeline: Annotated[str, Meta(description="the timeline that commands work on unless --timeline names another")] = (
        LIVE
    )


class Platform(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the state of an environment lies."""

    state: Annotated[
        str, Meta(description="folder of its traffic, of what serves, and of the rest that is not named")
    ] = STATE
    journal: Annotated[str, Meta(description="the journal's address; a file lies in `state`")] = (
        "sqlite:///journal.sqlite"
    )
    blobs: Annotated[str, Meta(description="folder of records, tables and bundles, within `state`")] = "blobs"
    mlflow: Annotated[
        str, Meta(description="an MLflow server to log models and trials to, such as '${MLFLOW_TRACKING_URI}'")
    ] = ""
    trusted_types: Annotated[
        tuple[str, ...],
        Meta(
            description="types beyond skops' own that a file of skops may hold, such as 'lightgbm.sklearn.LGBMClassifier'"
        ),
    ] = ()


SECTIONS: dict[str, type[Struct]] = {
    "project": ProjectSettings,
    "scoping": Scoping,
    "data": Data,
    "development": Development,
    "deployment": Deployment,
    "monitoring": Monitoring,
    "business": Business,
}
"""The sections of ``cycle.toml``, each defined by its own room."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``cycle.toml``."""

    project: ProjectSettings
    scoping: Scoping
    data: Data
    development: Development = Development()
    deployment: Deployment = Deployment()
    monitoring: Monitoring = Monitoring()
    business: Business = Business()
    platform: Annotated[dict[str, Platform], Meta(description="by environment, where its state lies")] = {}


def schema() -> dict[str, Any]:
    """JSON Schema of ``cycle.toml``, for editors.

    >>> sorted(schema()["properties"])[:2]
    ['business', 'data']
    """
    return json_schema({**SECTIONS, "platform": Settings})


class Project:
    """What a folder says, and the live things that go with it. Nothing is opened before it is asked for.

    Parameters
    ----------
    folder : where ``cycle.toml`` lies.
    environment, timeline : the scope to work in; the timeline defaults to the one that ``[project]`` names.

    Raises
    ------
    InputError
        The folder has no ``cycle.toml``, or it says something that it may not; names file and line.
    """

    def __init__(self, folder: Path, *, environment: str = "dev", timeline: str | None = None) -> None:
        self.folder = folder = folder.resolve()  # a worker process may stand in another folder
        self.document = Document(folder / "cycle.toml")
        self.settings = self.document.section(Settings)
        self._check_zone()
        self._check_durations()
        if environment not in {*ENVIRONMENTS, *self.settings.platform}:
            raise UnknownKey(environment, {*ENVIRONMENTS, *self.settings.platform}, place="--env", what="environment")
        self.scope = Scope(
            project=self.settings.project.name,
            environment=environment,
            timeline=timeline or self.settings.project.timeline,
        )
        self.state = folder / self.platform.state

    @cached_property
    def _document(self) -> Document:
        if not (self.folder / "columns.toml").exists():
            raise InputError(
                "columns.toml is missing",
                place=str(self.folder),
                expected="one line a column, as 'fullcycle init --data FILE --target COLUMN' writes it",
                mend="put it back, or let init write it into another folder and copy it",
            )
        return Document(self.folder / "columns.toml")

    @cached_property
    def columns(self) -> dict[str, ColumnFact]:
        """What ``columns.toml`` says of each column; personal data to be dropped is left out here already.

        Raises
        ------
        InputError
            A line says something that it may not, or personal data is kept without a reason.
        """
        document = self._document
        facts = {name: document.section(ColumnFact, name) for name in document.values}
        for name, fact in facts.items():
            _check_fact(name, fact, document.place(name))
        return {name: fact for name, fact in facts.items() if fact.personal != "drop"}

    @cached_property
    def journal(self) -> Journal:
        """The journal of the environment."""
        return open_journal(self.platform.journal, self.state)

    @property
    def journal_address(self) -> tuple[str, Path]:
        """What tells one journal from another: its address, and the folder in which a file of it lies."""
        return self.platform.journal, self.state

    @property
    def platform(self) -> Platform:
        """Where the state of the environment lies."""
        return self.settings.platform.get(self.scope.environment, Platform())

    @cached_property
    def blobs(self) -> FolderBlobs:
        """Where records, tables and bundles are kept."""
        return FolderBlobs(self.state / self.platform.blobs)

    @property
    def traffic_root(self) -> Path:
        """Where decisions and outcomes are kept, by environment and timeline."""
        return self.state / "traffic"

    @property
    def serving_path(self) -> Path:
        """What a server of this scope needs to know, written with every change of the route."""
        return self.state / "serving" / self.scope.environment / self.scope.timeline / "route.json"

    @property
    def key_path(self) -> Path:
        """The key under which entities are hashed in traffic; made on first use, readable by its owner alone."""
        path = self.state / "entity.key"
        if not path.exists():
            write_aside(path, secrets.token_hex(32).encode(), mode=0o600)
        return path

    @property
    def personal_key(self) -> bytes:
        """The same key where ``columns.toml`` hashes personal data; empty, and not made, where it does not."""
        hashes = any(fact.personal == "hash" for fact in self.columns.values())
        return self.key_path.read_bytes() if hashes else b""

    @property
    def erased(self) -> frozenset[str]:
        """Keyed hashes of entities whose rows may not be landed again."""
        return State(self.journal).refresh().erased if self.state.exists() else frozenset()

    @cached_property
    def code(self) -> str:
        """Digest of ``cycle.py``, empty without one."""
        path = self.folder / "cycle.py"
        return digest(path.read_bytes()) if path.exists() else ""

    def load_code(self) -> None:
        """Run ``cycle.py`` once, so that what it decorates is registered."""
        if self.code:
            load_code(self.folder / "cycle.py")

    @cached_property
    def behaviours(self) -> tuple[Behaviour, ...]:
        """The behavioural tests of ``cycle.toml`` and of the folder ``behaviours``.

        Raises
        ------
        InputError
            A test or a file of them is not as it should be.
        """
        return read_behaviours(self.folder, self.document, self.settings.development.behaviours)

    @property
    def label_delay(self) -> timedelta:
        """How long until an outcome is known."""
        return duration(self.settings.scoping.label_delay, place=self.document.place("scoping", "label_delay"))

    def read_rows(self, now: datetime | None = None) -> tuple[Assembled, str]:
        """The rows of all sources, assembled and through the project's own cleaning steps; and the fingerprint of what was read.

        Production traffic is read as it was known at *now*, by default at this moment.

        See :func:`fullcycle.data.sources.read.read` and :func:`fullcycle.data.assemble.assemble`.
        """
        self.load_code()
        data, scoping = self.settings.data, self.settings.scoping
        check_data(data, self.columns, self.document, zone=self.settings.project.timezone)
        readings = {source.name: self._read(source, now) for source in data.sources}
        if data.examples is not None and (erased := self.erased):  # rows made from events are kept by month
            doomed = Doomed(data.examples.entity, scoping.time, erased, self.key_path.read_bytes())
            readings = {name: forgetting(reading, doomed) for name, reading in readings.items()}
        assembled = assemble(
            data,
            readings,
            self.columns,
            zone=self.settings.project.timezone,
            entity=scoping.entity,
            time=scoping.time,
            target=scoping.target,
            label_delay=self.label_delay,
            state=self.state,
        )
        if data.labels.location:
            assembled = self._labelled(assembled, now or SystemClock().now())
        return cleaned(assembled), assembled.fingerprint

    @property
    def label_column(self) -> str:
        """The column that takes what people say: the target where it is one, else what alone it is derived from; empty
        where that holds no classes."""
        data, scoping = self.settings.data, self.settings.scoping
        if data.labels.column:
            return data.labels.column
        if scoping.target not in data.derive:
            return scoping.target
        kinds = {name: fact.type for name, fact in self.columns.items()}
        place = f"cycle.toml, [data.derive] {scoping.target}"
        read = parse(data.derive[scoping.target], kinds, place=place, zone=self.settings.project.timezone).columns
        late = [name for name in read if name in kinds and self.columns[name].known != "before"]
        return late[0] if len(late) == 1 and kinds[late[0]] in ("boolean", "category") else ""

    def _labelled(self, assembled: Assembled, now: datetime) -> Assembled:
        """The rows with what people said of them; see :func:`fullcycle.data.label.fill.labelled`."""
        settings, scoping, zone = self.settings.data.labels, self.settings.scoping, self.settings.project.timezone
        column = self.label_column
        place = self.document.place("data", "labels", "column" if settings.column else "from")
        if not column:
            raise InputError(
                "no column is named that takes the labels",
                place=place,
                found=f"the target {scoping.target!r}, which is derived",
                mend='name one that is known afterwards, such as column = "answer"',
            )
        if column not in self.columns:
            raise ColumnMissing(column, self.columns, source="columns.toml", needed_by="[data.labels]")
        entity, time = scoping.entity, scoping.time
        found = said_in(self.folder, settings.location, entity=entity, time=time, control=settings.control)
        check_labels(found.given, column, self.columns[column], zone=zone)
        return labelled(
            assembled,
            found,
            settings,
            column=column,
            level="interval" if scoping.task == "regression" else "nominal",
            entity=entity,
            time=time,
            facts=self.columns,
            clean=self.settings.data.clean,
            zone=zone,
            key=self.personal_key,
            now=now,
        )

    def _read(self, source: Source, now: datetime | None) -> Reading:
        if source.location != TRAFFIC:
            return read(source, self.folder, forget=self._forget, kept=Kept(self.state / KEPT))
        live = msgspec.structs.replace(self.scope, timeline=LIVE)
        return read_traffic(
            Traffic(self.traffic_root, live),
            now or SystemClock().now(),
            entity=self.settings.scoping.entity,
            time=self.settings.scoping.time,
            target="" if self.settings.scoping.target in self.settings.data.derive else self.settings.scoping.target,
        )

    def _forget(self, rows: pl.DataFrame) -> pl.DataFrame:
        """*rows* without those of entities that were erased, before they are landed."""
        erased, scoping = self.erased, self.settings.scoping
        key = self.key_path.read_bytes() if erased else b""
        return kept(rows, Doomed(scoping.entity, scoping.time, erased, key)).rows

    def history(self, assembled: Assembled) -> History:
        """The past that *assembled* rows tell; see :func:`fullcycle.data.landing.land`."""
        erased = self.erased
        scoping = self.settings.scoping
        return land(
            assembled,
            self.settings.data,
            facts=self.columns,
            declared=self._document.values,
            task=scoping.task,
            target=scoping.target,
            entity=scoping.entity,
            time=scoping.time,
            label_delay=self.label_delay,
            zone=self.settings.project.timezone,
            key=self.key_path.read_bytes() if erased else self.personal_key,
            spool=self.state / "spool",
            erased=erased,
            place=lambda key: self.document.place("scoping", key),
        )

    def left_out(self, assembled: Assembled) -> tuple[str, ...]:
        """Columns of the source that ``columns.toml`` does not name; personal data to be dropped is named there."""
        return left_out(assembled, self._document.values)

    def _check_zone(self) -> None:
        zone = self.settings.project.timezone
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the folder of a continent
            raise InputError(
                "no such time zone",
                place=self.document.place("project", "timezone"),
                found=zone,
                expected="a name such as 'Europe/Berlin'",
            ) from None

    def _check_durations(self) -> None:
        """Durations that a room reads late are complained of now, before hours of work."""
        settings, split = self.settings, self.settings.data.split
        told: dict[tuple[str, ...], object] = {
            ("scoping", "label_delay"): settings.scoping.label_delay,
            ("scoping", "limits", "training"): settings.scoping.limits.training,
            ("scoping", "limits", "latency_p99"): settings.scoping.limits.latency_p99,
            **{("data", "split", name): getattr(split, name) for name in ("validation", "test", "embargo")},
            ("monitoring", "window"): settings.monitoring.window,
            ("business", "review"): settings.business.review,
        }
        for keys, text in told.items():
            if isinstance(text, str) and text != "month":
                duration(text, place=self.document.place(*keys))
        check_policy(settings.business.retrain, place=self.document.place("business", "retrain"))


def _check_fact(name: str, fact: ColumnFact, place: str) -> None:
    """Refuse a line of ``columns.toml`` that contradicts itself."""
    if fact.personal == "keep" and not fact.because:
        raise InputError(
            f"{name} holds personal data without a reason",
            place=place,
            mend='add because = "…", or personal = "drop"',
        )
    if fact.known not in ("before", "after"):
        duration(fact.known, place=f"{place}, known")
    check_fact(name, fact, place)
    try:
        rule_of(name, fact)
    except InputError as error:
        raise InputError(f"{name}: {error.problem}", place=place, found=error.found, mend=error.mend) from None


def load_code(path: Path) -> None:
    """Run a ``cycle.py`` once in this process.

    Raises
    ------
    InputError
        The file does not run; names file and line.
    """
    name = f"fullcycle_project_{digest(path.read_bytes())[:16]}"
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError("not a Python file", place=str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except _MISTAKES as error:
        del sys.modules[name]
        line = (
            error.lineno if isinstance(error, SyntaxError) and error.filename == str(path) else _last_line(error, path)
        )
        raise InputError(
            f"cycle.py does not run: {error}", place=f"{path.name}:{line}" if line else path.name
        ) from error


def _last_line(error: BaseException, path: Path) -> int:
    line, frame = 0, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == str(path):
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


def find_folder(folder: Path) -> Path:
    """*folder*, or the nearest one above it that has a ``cycle.toml``.

    Raises
    ------
    InputError
        There is none.
    """
    for candidate in (folder.resolve(), *folder.resolve().parents):
        if (candidate / "cycle.toml").exists():
            return Path(os.path.relpath(candidate)) if candidate != Path.cwd() else Path()
    raise InputError(
        "no project here",
        place=str(folder),
        expected="a folder with cycle.toml",
        mend="run 'fullcycle init', or name the folder with --project",
    )


def dumps(value: Any) -> bytes:
    """JSON with sorted keys, for people and scripts."""
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2)
