"""Signatures: any change refuses, only keys that the server holds count, and others' tools read ours as we read theirs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel import dsse
from fullcycle.kernel.errors import Corrupt, InputError, OutsideError, TooNew
from fullcycle.kernel.keys import Algorithm, SigningKey, public_key, read_trusted, write_trusted
from fullcycle.measure.value import ValueTable
from fullcycle.predictor import bundle, signature
from fullcycle.predictor.bundle import Predictor, pack
from fullcycle.predictor.contract import ColumnRule, Contract
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.plan import Impute, Input, Plan
from fullcycle.predictor.policy import Policy

BODY = pack(
    plan=Plan(inputs=(Input("x", "float"),), operations=(Impute(output="y", input="x", value=0.0),), features=("y",)),
    model=Linear([2.0], 1.0),
    contract=Contract((ColumnRule(name="x", kind="float"),)),
    policy=Policy(
        task="regression",
        actions=(),
        values=ValueTable(task="regression", currency="EUR"),
        todays_rule={"always": 0.0},
        kinds={"x": "float"},
    ),
    facts={},
    charter={"question": "How much?"},
)
PAPERS = {
    "README.md": b"# A model\n",
    "requirements.txt": b"numpy==2.4\n",
    "sbom.cdx.json": b"{}",
    "provenance.json": b"{}",
}
FILES = {**bundle.files(BODY), **PAPERS}
KEY, OTHER = SigningKey.generate(), SigningKey.generate()
ANN = KEY.public("ann")
ENVELOPE = signature.sign(FILES, "release", KEY)
PACKED = signature.pack_papers(PAPERS)


def load(body: bytes = BODY, envelope: bytes = ENVELOPE, papers: bytes = PACKED, *trusted: SigningKey) -> Predictor:
    keys = tuple(key.public(f"key {place}") for place, key in enumerate(trusted or (KEY,)))
    return Predictor.load(body, signed=signature.Signature(envelope, papers, keys))


def test_what_a_trusted_key_has_signed_is_loaded() -> None:
    assert load(BODY, ENVELOPE, PACKED, OTHER, KEY).signer == "key 1"
    assert Predictor.load(BODY).signer == ""


@given(st.sampled_from(["body", "envelope", "papers"]), st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_any_changed_bit_refuses(part: str, where: float, bit: int) -> None:
    parts = {"body": BODY, "envelope": ENVELOPE, "papers": PACKED}
    changed = bytearray(parts[part])
    changed[int(where * len(changed))] ^= 1 << bit
    with pytest.raises((Corrupt, TooNew)):
        load(**{**parts, part: bytes(changed)})


def test_nothing_of_a_bundle_runs_before_its_signature_was_found_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_read", lambda *_: pytest.fail("a file of the bundle was read"))
    with pytest.raises(Corrupt, match="not trusted"):
        load(BODY, ENVELOPE, PACKED, OTHER)


def test_only_the_keys_of_the_server_count() -> None:
    forged = signature.sign(FILES, "release", OTHER)
    with pytest.raises(Corrupt, match="not trusted"):
        load(envelope=forged)
    named_wrongly = forged.replace(OTHER.public("").id.encode(), ANN.id.encode())
    with pytest.raises(Corrupt, match="not that of its key"):
        load(envelope=named_wrongly)
    with pytest.raises(Corrupt, match="there is none"):
        Predictor.load(BODY, signed=signature.Signature(ENVELOPE, PACKED, ()))


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({**FILES, "plan.json": b"{}"}, "not the one that was signed"),
        ({**FILES, "extra.py": b""}, "not signed"),
        ({name: body for name, body in FILES.items() if name != "sbom.cdx.json"}, "lacking"),
    ],
)
def test_a_file_that_is_another_is_named(files: dict[str, bytes], told: str) -> None:
    with pytest.raises(Corrupt, match=told):
        signature.verify(files, ENVELOPE, [ANN])


def test_statements_of_other_kinds_are_refused() -> None:
    plain = signature.statement(FILES, "release")
    newer = dsse.sign(plain.replace(b"signature/v1.0", b"signature/v2.0"), KEY)
    with pytest.raises(TooNew):
        signature.verify(FILES, newer, [ANN])
    for changed in (plain.replace(signature.PREDICATE.encode(), b"https://slsa.dev/provenance/v1"), b"{}", b"[" * 9999):
        with pytest.raises(Corrupt):
            signature.verify(FILES, dsse.sign(changed, KEY), [ANN])
    more = plain.replace(b'"allow_symlinks":false', b'"allow_symlinks":true')
    with pytest.raises(Corrupt, match="more than it should"):
        signature.verify(FILES, dsse.sign(more, KEY), [ANN])


def test_a_private_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "dev.pem"
    KEY.write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKey.read(path).public("ann") == ANN
    path.chmod(0o640)
    with pytest.raises(OutsideError, match="others can read"):
        SigningKey.read(path)
    with pytest.raises(InputError, match="not a public key"):
        public_key("ann", path.read_text())


def test_the_list_of_trusted_keys_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_trusted(path, [ANN, OTHER.public("bob")])
    assert [key.name for key in read_trusted(path)] == ["ann", "bob"]
    for junk, error in ((b"{}", Corrupt), (b"\xff", Corrupt), (b'{"version":2}', TooNew)):
        path.write_bytes(junk)
        with pytest.raises(error):
            read_trusted(path)
    path.write_text(json.dumps({"version": 1, "keys": [{"name": "ann", "pem": "no key"}]}))
    with pytest.raises(Corrupt):
        read_trusted(path)
    path.unlink()
    with pytest.raises(OutsideError):
        read_trusted(path)


@pytest.mark.parametrize("algorithm", ["ed25519", "ecdsa"])
def test_securesystemslib_opens_our_envelope_and_we_theirs(algorithm: Algorithm) -> None:
    pytest.importorskip("securesystemslib", reason="pip install securesystemslib")
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import Signature, SSlibKey

    key = SigningKey.generate(algorithm)
    public = key.public("ann")
    document = json.loads(signature.sign(FILES, "release", key))["dsseEnvelope"]
    theirs = SSlibKey.from_crypto(load_pem_public_key(public.pem.encode()), keyid=public.id)  # type: ignore[arg-type]
    assert list(Envelope.from_dict(document).verify([theirs], 1)) == [public.id]

    class Signer:
        def sign(self, payload: bytes) -> Signature:
            return Signature(public.id, key.sign(payload).hex())

    envelope = Envelope(b"{}", dsse.IN_TOTO, {})
    envelope.sign(Signer())  # type: ignore[arg-type]
    material = {"publicKey": {"hint": public.id}}
    wrapped = {"mediaType": dsse.MEDIA_TYPE, "verificationMaterial": material, "dsseEnvelope": envelope.to_dict()}
    assert dsse.opened(json.dumps(wrapped).encode(), [public], strict=False) == (b"{}", public)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """A bundle as a folder."""

    def write(files: dict[str, bytes]) -> Path:
        folder = tmp_path / "bundle"
        folder.mkdir(exist_ok=True)
        for name, body in files.items():
            (folder / name).write_bytes(body)
        return folder

    return write


def test_model_signing_verifies_ours_and_we_theirs(tmp_path: Path, written: Callable[[dict[str, bytes]], Path]) -> None:
    pytest.importorskip("model_signing", reason="pip install model-signing pyopenssl")
    from model_signing import hashing, signing, verifying

    key = SigningKey.generate("ecdsa")
    public = key.public("ann")
    (tmp_path / "public.pem").write_text(public.pem)
    key.write(tmp_path / "private.pem")
    folder = written({**FILES, signature.FILE: signature.sign(FILES, "release", key)})
    verifier = verifying.Config().use_elliptic_key_verifier(public_key=tmp_path / "public.pem")
    verifier.verify(folder, folder / signature.FILE)
    (folder / "model.bin").write_bytes(b"another")
    with pytest.raises(ValueError, match=r"mismatch|match"):
        verifier.verify(folder, folder / signature.FILE)

    written(FILES)
    theirs = tmp_path / "theirs.sig"
    (folder / signature.FILE).unlink()
    config = signing.Config().use_elliptic_key_signer(private_key=tmp_path / "private.pem")
    config.set_hashing_config(hashing.Config()).sign(folder, theirs)
    assert signature.verify(FILES, theirs.read_bytes(), [public], strict=False) == public
    with pytest.raises(Corrupt, match=r"plan\.json"):
        signature.verify({**FILES, "plan.json": b"{}"}, theirs.read_bytes(), [public], strict=False)


def test_model_signing_reads_our_statement_as_it_would_write_it(written: Callable[[dict[str, bytes]], Path]) -> None:
    """The layout is theirs whatever the key: their own tool knows no Ed25519."""
    pytest.importorskip("model_signing", reason="pip install model-signing pyopenssl")
    from google.protobuf import json_format
    from model_signing import hashing
    from model_signing._signing import signing

    told = json.loads(signature.statement(FILES, "bundle"))
    manifest = hashing.Config().hash(written(FILES))
    assert signing.dsse_payload_to_manifest(told) == manifest
    theirs = json_format.MessageToDict(signing.Payload(manifest).statement.pb)
    assert (theirs["subject"], theirs["predicateType"]) == (told["subject"], told["predicateType"])
    assert theirs["predicate"]["resources"] == told["predicate"]["resources"]
