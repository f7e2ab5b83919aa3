"""What a service needs to start and to go on: one small file, bundles with their signatures beside it, the keys that it trusts, the key
of entities, and its log. No journal, no blob store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from fullcycle.deployment.answer import Answerer
from fullcycle.deployment.rollout import check_route
from fullcycle.deployment.split import Shadow, SplitAnswerer
from fullcycle.kernel.blobs import write_aside
from fullcycle.kernel.errors import Corrupt, InputError, OutsideError, TooNew
from fullcycle.kernel.keys import read_trusted
from fullcycle.kernel.record import canonical, digest
from fullcycle.kernel.scope import Scope
from fullcycle.kernel.state import Route
from fullcycle.predictor.bundle import Predictor
from fullcycle.predictor.signature import Signature
from fullcycle.traffic.append import Mode
from fullcycle.traffic.schema import scope_folder

VERSION = 2  # 1 knew no shadow
FILE = "route.json"
ENTITY_KEY = "FULLCYCLE_ENTITY_KEY"
"""Environment variable that holds the key under which entities are hashed, where no file can be mounted."""
KEYS = "keys.json"
PRODUCTION = "production"
TRUSTED_KEYS = "FULLCYCLE_TRUSTED_KEYS"
"""Environment variable that names the file of trusted keys where it lies elsewhere, such as in a secret that a container mounts."""


class Serving(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What serves in one scope, as a service reads it from ``route.json``.

    Attributes
    ----------
    scope : where answers are logged.
    route : what serves now.
    bundles : digest of the bundle of each release of the route. Where today's rule serves (``""``), that of the last release, whose
        contract and rule go on being used; without one nothing can be answered.
    entity, time : the columns that say what a row is about and when the prediction is made.
    zone : in which times without an offset are read.
    labels : kind of each column that an outcome may bring.
    classes : names of the classes that ``actual`` may be, for a target of more than two.
    log : what an answer waits for, see `SegmentWriter`.
    traffic : folder under which traffic is logged; relative paths start at the folder of this file.
    entity_key : file that holds the key under which entities are hashed.
    units : of columns, as the project declares them, for who reads the API's description.
    in_flight : requests that one worker answers at once before it says 503.

    Examples
    --------
    >>> Serving(scope=Scope(project="late-flights"), route=Route(), entity="flight", time="departure").log
    'durable'
    """

    version: int = VERSION
    scope: Scope
    route: Route
    bundles: dict[str, str] = {}
    entity: str
    time: str
    zone: str = "UTC"
    labels: dict[str, str] = {}
    classes: tuple[str, ...] = ()
    log: Mode = "durable"
    traffic: str = "traffic"
    entity_key: str = "entity.key"
    units: dict[str, str] = {}
    in_flight: int = 512

    @property
    def bundle(self) -> str:
        """Digest of the bundle that answers, ``""`` if there is none."""
        return self.bundles.get(self.route.champion, "")


def serving_path(state: Path, scope: Scope) -> Path:
    """Where the file of a scope lies, under the project's folder for state.

    >>> serving_path(Path(".fullcycle"), Scope(project="late-flights")).as_posix()
    '.fullcycle/serving/dev/live/route.json'
    """
    return state / "serving" / scope.environment / scope.timeline / FILE


def write_serving(
    path: Path,
    serving: Serving,
    bundles: tuple[bytes, ...] = (),
    *,
    signed: Mapping[str, tuple[bytes, bytes]] = {},
) -> None:
    """Let *serving* serve: the bundles with their signatures first, then the file that names them, each in one step.

    Parameters
    ----------
    signed : by digest of a bundle, its signature and the papers that this covers, see `predictor.signature`.

    Services look at the file twice a second. Bundles of earlier routes stay, so that a service that is late still finds its own.

    Raises
    ------
    InputError : the route cannot be followed, or a bundle that it needs is neither given nor there.
    OutsideError : the disk is full or does not let us write.

    Examples
    --------
    >>> import tempfile
    >>> serving = Serving(scope=Scope(project="late-flights"), route=Route(), entity="flight", time="departure")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_serving(Path(folder, FILE), serving)
    ...     read_serving(Path(folder, FILE)) == serving
    True
    """
    check_route(serving.route)
    for body in bundles:
        write_aside(bundle_path(path, digest(body)), body)
    for name, (envelope, papers) in signed.items():
        write_aside(papers_path(path, name), papers)
        write_aside(signature_path(path, name), envelope)
    for release, name in serving.bundles.items():
        if not bundle_path(path, name).exists():
            place = f"release {release[:12]}" if release else "today's rule"
            raise InputError("a route needs a bundle that is not there", place=place, found=name[:12])
    write_aside(path, canonical(serving))


def read_serving(path: Path) -> Serving:
    """What serves, as the file at *path* says.

    Raises
    ------
    InputError : nothing was deployed there.
    TooNew : a newer fullcycle wrote it.
    Corrupt : it is damaged.
    """
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        mend = "deploy a release first: fullcycle deploy"
        raise InputError("nothing is deployed here", place=str(path), mend=mend) from None
    except OSError as error:
        raise OutsideError("cannot read what serves", place=str(path), found=error.strerror or "") from error
    return parse_serving(body, place=str(path))


def parse_serving(body: bytes, *, place: str) -> Serving:
    """The same from the bytes of the file; errors as :func:`read_serving`.

    >>> serving = Serving(scope=Scope(project="late-flights"), route=Route(), entity="flight", time="departure")
    >>> parse_serving(canonical(serving), place="") == serving
    True
    """
    try:
        version = msgspec.json.decode(body, type=_Version).version
        if version > VERSION:
            raise TooNew("what serves", version, VERSION, place=place)
        return msgspec.json.decode(body, type=Serving)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        mend = "deploy again: fullcycle deploy"
        raise Corrupt("what serves cannot be read", place=place, found=str(error), mend=mend) from None


class _Version(msgspec.Struct):
    version: int


def bundle_path(path: Path, name: str) -> Path:
    """Where the bundle with digest *name* lies, beside the file at *path*.

    >>> bundle_path(Path("live/route.json"), "ab").as_posix()
    'live/bundles/ab.zip'
    """
    return path.parent / "bundles" / f"{name}.zip"


def signature_path(path: Path, name: str) -> Path:
    """Where the signature of the bundle with digest *name* lies.

    >>> signature_path(Path("live/route.json"), "ab").as_posix()
    'live/bundles/ab.sig'
    """
    return path.parent / "bundles" / f"{name}.sig"


def papers_path(path: Path, name: str) -> Path:
    """Where the papers that the signature covers lie: model card, requirements, bill of materials, provenance.

    >>> papers_path(Path("live/route.json"), "ab").as_posix()
    'live/bundles/ab.papers.zip'
    """
    return path.parent / "bundles" / f"{name}.papers.zip"


def keys_path(path: Path) -> Path:
    """Where the keys lie that this server trusts: where the environment variable ``FULLCYCLE_TRUSTED_KEYS`` says, or beside the file.

    >>> keys_path(Path("live/route.json")).name
    'keys.json'
    """
    named = os.environ.get(TRUSTED_KEYS, "")
    return Path(named) if named else path.parent / KEYS


def traffic_folder(path: Path, serving: Serving) -> Path:
    """The folder in which the traffic of *serving* is logged; absolute paths stay as they are.

    >>> serving = Serving(scope=Scope(project="late-flights"), route=Route(), entity="flight", time="departure")
    >>> traffic_folder(Path("live/route.json"), serving).as_posix()
    'live/traffic/dev/live'
    """
    return scope_folder(path.parent / serving.traffic, serving.scope)


def read_key(path: Path, serving: Serving) -> bytes:
    """The key under which entities are hashed: what the environment variable :data:`ENTITY_KEY` holds, else the file.

    Raises
    ------
    OutsideError : the file is not there, or empty, or too long for a key.
    """
    place = path.parent / serving.entity_key
    try:
        key = os.environ.get(ENTITY_KEY, "").encode() or place.read_bytes()
    except OSError as error:
        mend = f"mount it there, or set {ENTITY_KEY}"
        raise OutsideError(
            "cannot read the entity key", place=str(place), found=error.strerror or "", mend=mend
        ) from error
    if not 0 < len(key) <= 64:
        raise OutsideError(
            "the entity key has a wrong length", place=str(place), found=len(key), expected="1 to 64 bytes"
        )
    return key


def load_predictor(path: Path, serving: Serving, release: str | None = None) -> Predictor:
    """The predictor of *release*, by default of the champion, verified: its digest, its signature by a key that this server trusts,
    its golden rows.

    Without a list of trusted keys nothing can be checked against it: in production that is refused, elsewhere the digest is enough.

    Raises
    ------
    InputError : the route names no bundle of it.
    OutsideError : the bundle cannot be read; ``Corrupt`` where it is not what the release names, or not what a trusted key has signed.
    """
    name = serving.bundles.get(serving.route.champion if release is None else release, "")
    if not name:
        raise InputError("no release serves, and none has", place=str(path), mend="deploy a release: fullcycle deploy")
    body = _read(bundle_path(path, name), "the bundle")
    return Predictor.load(body, digest=name, signed=_signature(path, name, serving.scope.environment))


def _signature(path: Path, name: str, environment: str) -> Signature | None:
    """What proves the bundle with digest *name*; None where nothing asks for it."""
    keys = keys_path(path)
    if not keys.exists() and environment != PRODUCTION:
        return None
    envelope = _read(signature_path(path, name), "the signature of the bundle")
    papers = _read(papers_path(path, name), "the papers of the bundle")
    return Signature(envelope, papers, read_trusted(keys))


def _read(place: Path, what: str) -> bytes:
    try:
        return place.read_bytes()
    except OSError as error:
        mend = "deploy again: fullcycle deploy"
        raise OutsideError(f"cannot read {what}", place=str(place), found=error.strerror or "", mend=mend) from error


def load_answerer(path: Path, serving: Serving) -> Answerer:
    """All that is needed to answer rows; errors as :func:`load_predictor` and :func:`read_key`."""
    route, scope, entity, time = serving.route, serving.scope, serving.entity, serving.time
    key = read_key(path, serving)
    if not route.challengers:
        return Answerer(load_predictor(path, serving), route, scope=scope, entity=entity, time=time, key=key)
    predictors = {name: load_predictor(path, serving, name) for name in (route.champion, *route.challengers)}
    return SplitAnswerer(predictors, route, scope=scope, entity=entity, time=time, key=key)


def load_shadow(path: Path, serving: Serving) -> Shadow:
    """What answers in the shadow; errors as :func:`load_answerer`."""
    return Shadow(
        load_predictor(path, serving, serving.route.shadow),
        serving.route.shadow,
        scope=serving.scope,
        entity=serving.entity,
        time=serving.time,
        key=read_key(path, serving),
    )
