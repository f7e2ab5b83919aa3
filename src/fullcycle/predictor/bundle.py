"""The bundle: one file with all that answers a row, which proves itself before it answers.

A bundle is a ZIP archive of stored files: ``manifest.json`` (format version, digest of each file, model format, facts
such as record ids), ``plan.json``, ``model.bin``, ``contract.json``, ``policy.json`` and ``golden.json``, which answer; where
a model's reasons need it ``background.json``; and for readers ``schema.json`` (JSON Schema of a row) and ``charter.json`` (the
question). The same parts are the same bytes, on every machine; what depends on the machine or on a key lies beside it
(`signature`). Loading it runs nobody's code: no pickle, and nothing is written to disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
import polars as pl

from fullcycle.kernel.errors import Corrupt, InputError, TooNew, UnknownKey
from fullcycle.kernel.record import canonical, digest
from fullcycle.predictor import archive, parity, signature
from fullcycle.predictor.background import from_json, table, to_json
from fullcycle.predictor.contract import Contract, Parsed
from fullcycle.predictor.contributions import Explanation, explain
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.formats import load as load_model
from fullcycle.predictor.plan import Plan
from fullcycle.predictor.policy import Policy
from fullcycle.predictor.scoring import Answer, Scorer

__all__ = ["Answer", "Manifest", "Predictor", "pack"]

VERSION = 2
PLACE = "bundle"
_MIB = 1 << 20
_SIZES = {
    "manifest.json": _MIB,
    "plan.json": 256 * _MIB,
    "model.bin": 2048 * _MIB,
    "contract.json": 64 * _MIB,
    "policy.json": 64 * _MIB,
    "golden.json": 256 * _MIB,
    "background.json": 64 * _MIB,
    "schema.json": 64 * _MIB,
    "charter.json": _MIB,
}
_ADDED = {"schema.json": 2, "charter.json": 2}  # the version of the bundle that brought a file
_OPTIONAL = frozenset(["background.json"])
T = TypeVar("T")


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bundle says of itself.

    Attributes
    ----------
    version : of the bundle's form.
    format : name of the model format.
    files : SHA-256 of each other file, by name.
    facts : what else is worth knowing, such as the versions of libraries. It changes no answer.
    """

    version: int = VERSION
    format: str
    files: dict[str, str]
    facts: dict[str, str] = {}


def pack(
    *,
    plan: Plan,
    model: ModelFormat,
    contract: Contract,
    policy: Policy,
    facts: Mapping[str, str],
    charter: Mapping[str, Any] = {},
    background: pl.DataFrame | None = None,
) -> bytes:
    """The bundle of these parts, with golden rows and their answers.

    Parameters
    ----------
    facts : ids of the records that it was made of, and what else is worth knowing.
    charter : summary of the question that it answers, for readers.
    background : made-up rows that explanations are told against, see :mod:`fullcycle.predictor.background`.

    Raises
    ------
    InputError
        The parts do not fit each other, the model has no score for a row that the contract allows, or the two ways
        of running the plan disagree.

    Examples
    --------
    See :class:`Predictor`.
    """
    rows = parity.golden(Scorer(plan=plan, model=model, contract=contract, policy=policy))
    files = {
        "plan.json": plan.to_json(),
        "model.bin": model.to_bytes(),
        "contract.json": canonical(contract),
        "policy.json": canonical(policy),
        "golden.json": msgspec.json.encode(rows, order="sorted"),  # RFC 8785 has no whole numbers of 64 bits
        "schema.json": msgspec.json.encode(contract.json_schema(), order="sorted"),
        "charter.json": canonical(dict(charter)),
    }
    if background is not None:
        files["background.json"] = to_json(background, plan.inputs)
    digests = {name: digest(body) for name, body in files.items()}
    manifest = Manifest(format=model.name, files=digests, facts=dict(facts))
    return archive.pack({**files, "manifest.json": canonical(manifest)})


class Predictor(Scorer):
    """A loaded bundle: it has proved itself and answers.

    Attributes
    ----------
    digest : SHA-256 of the bundle.
    facts : what the manifest says besides.
    background : what explanations are told against, None where the bundle has none.
    signer : whose key has signed it, ``""`` where no signature was asked for.
    plan, model, contract, policy, decider, columns, classes : its parts.

    Examples
    --------
    >>> from fullcycle.measure.value import ValueTable
    >>> from fullcycle.predictor.contract import ColumnRule
    >>> from fullcycle.predictor.formats.linear import Linear
    >>> from fullcycle.predictor.plan import Impute, Input
    >>> body = pack(
    ...     plan=Plan(
    ...         inputs=(Input("x", "float"),), operations=(Impute(output="y", input="x", value=0.0),), features=("y",)
    ...     ),
    ...     model=Linear([2.0], 1.0),
    ...     contract=Contract((ColumnRule(name="x", kind="float"),)),
    ...     policy=Policy(
    ...         task="regression", actions=(), values=ValueTable(task="regression", currency="EUR"),
    ...         todays_rule={"always": 0.0}, kinds={"x": "float"},
    ...     ),
    ...     facts={"numpy": "2.4"},
    ... )
    >>> predictor = Predictor.load(body)
    >>> predictor.answer({"x": 3.0}), predictor.answer({"x": None})
    (Answer(score=7.0, decision=7.0), Answer(score=1.0, decision=1.0))
    """

    digest: str
    facts: dict[str, str]
    signer: str
    background: pl.DataFrame | None

    def explain(self, values: Mapping[str, Parsed]) -> Explanation:
        """Why a row, as the contract has parsed it, gets its score. Raises InputError where that needs rows which the bundle lacks."""
        row = table(self.plan.inputs, {column.name: [values[column.name]] for column in self.plan.inputs})
        return explain(self.plan, self.model, row, background=self.background)

    @classmethod
    def load(cls, body: bytes, *, digest: str | None = None, signed: signature.Signature | None = None) -> Predictor:
        """The predictor in a bundle, after its digests, its signature and every golden row were found right, in this order.

        Parameters
        ----------
        body : the bundle.
        digest : SHA-256 that it must have, as the release names it.
        signed : its signature, to be checked against the keys in it that the server trusts.

        Raises
        ------
        Corrupt
            It is not what was packed, or not what a trusted key has signed; the file or golden row is named.
        TooNew
            A newer fullcycle packed it.
        UnknownKey
            It needs a model format or an operation that is not installed.
        """
        found = _digest(body)
        if digest is not None and found != digest:
            raise Corrupt("a bundle does not match its digest", place=PLACE, found=found[:12], expected=digest[:12])
        files = archive.unpack(body, _SIZES, place=PLACE)
        signer = "" if signed is None else _signer(files, signed)
        manifest = _manifest(files)
        plan = _read(files, "plan.json", Plan.from_json)
        model = _read(files, "model.bin", lambda body: load_model(manifest.format, body))
        contract = _read(files, "contract.json", msgspec.json.Decoder(Contract).decode)
        policy = _read(files, "policy.json", msgspec.json.Decoder(Policy).decode)
        rows = _read(files, "golden.json", msgspec.json.Decoder(list[parity.Golden]).decode)
        try:
            predictor = cls(plan=plan, model=model, contract=contract, policy=policy)
            parity.verify(predictor, rows)
        except InputError as error:  # they did fit when they were packed
            raise Corrupt("the parts of a bundle do not fit each other", place=PLACE, found=str(error)) from None
        predictor.digest, predictor.facts, predictor.signer = found, manifest.facts, signer
        predictor.background = None
        if "background.json" in files:
            predictor.background = _read(files, "background.json", lambda body: from_json(body, plan.inputs))
        return predictor


_digest = digest  # the parameter of `load` has the same name


def files(body: bytes) -> dict[str, bytes]:
    """The files of a bundle, by name, as they are written out and signed. Nothing of them is read. Raises Corrupt.

    >>> files(archive.pack({"manifest.json": b"{}"}))
    {'manifest.json': b'{}'}
    """
    return archive.unpack(body, _SIZES, place=PLACE)


def _signer(files: Mapping[str, bytes], signed: signature.Signature) -> str:
    papers = signature.unpack_papers(signed.papers)
    return signature.verify({**files, **papers}, signed.envelope, signed.trusted).name


def _manifest(files: Mapping[str, bytes]) -> Manifest:
    place = f"{PLACE}, manifest.json"
    if "manifest.json" not in files:
        raise Corrupt("a bundle lacks a file", place=PLACE, expected="manifest.json")
    version = _read(files, "manifest.json", msgspec.json.Decoder(_Version).decode).version
    if version > VERSION:
        raise TooNew("the bundle", version, VERSION, place=place)
    manifest = _read(files, "manifest.json", msgspec.json.Decoder(Manifest).decode)
    wanted = {name for name in _SIZES if _ADDED.get(name, 1) <= version}
    if differing := ", ".join(sorted((wanted ^ set(files)) - _OPTIONAL)):
        raise Corrupt("a bundle has other files than its version", place=PLACE, found=differing)
    for name, body in sorted(files.items()):
        if name != "manifest.json" and digest(body) != manifest.files.get(name):
            found, expected = digest(body)[:12], manifest.files.get(name, "none")[:12]
            raise Corrupt("a file does not match its digest", place=f"{PLACE}, {name}", found=found, expected=expected)
    if set(manifest.files) != set(files) - {"manifest.json"}:
        raise Corrupt("a manifest names other files", place=place, found=sorted(manifest.files))
    return manifest


class _Version(msgspec.Struct):
    version: int


def _read(files: Mapping[str, bytes], name: str, decode: Callable[[bytes], T]) -> T:
    """One file, read; what it holds wrongly is damage, since it was right when it was packed."""
    place = f"{PLACE}, {name}"
    try:
        return decode(files[name])
    except (TooNew, UnknownKey):
        raise
    except Corrupt as error:
        where = f"{place}, {error.place}" if error.place else place
        raise Corrupt(error.problem, place=where, found=error.found, expected=error.expected) from None
    except (InputError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Corrupt("a file of a bundle is not right", place=place, found=str(error)) from None
