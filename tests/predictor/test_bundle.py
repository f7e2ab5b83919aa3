"""Bundles: they prove themselves or are refused, and answer a row as they answer a table."""

from __future__ import annotations

import io
import json
import math
import pickle
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel.errors import ColumnMissing, Corrupt, InputError, TooNew, UnknownKey
from fullcycle.kernel.record import digest
from fullcycle.measure.value import Amount, ValueTable
from fullcycle.predictor import archive
from fullcycle.predictor.bundle import Answer, Predictor, pack
from fullcycle.predictor.contract import ColumnRule, Contract
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.formats.lightgbm import LightGBM, canonical_text
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.plan import Add, Calendar, Clip, Impute, Input, Log1p, Lookup, Missing, Plan, zone_offsets
from fullcycle.predictor.policy import Policy

CARRIERS = ("AA", "B6", "DL", "UA")
ZONE = "America/New_York"
CONTRACT = Contract(
    (
        ColumnRule(name="distance", kind="float", low=0.0, high=5000.0),
        ColumnRule(name="seats", kind="integer", required=False, low=0.0, high=900.0),
        ColumnRule(name="carrier", kind="category", categories=CARRIERS),
        ColumnRule(name="international", kind="boolean", nullable=False),
        ColumnRule(name="departs", kind="time"),
    ),
    ZONE,
)
FEATURES = ("km", "seats", "none", "total", "share", "hour", "international", "log")


def plan(shares: dict[str, float] | None = None) -> Plan:
    shares = {carrier: position / 7 for position, carrier in enumerate(CARRIERS)} if shares is None else shares
    offsets = zone_offsets(ZONE, 1970, 2070)
    return Plan(
        inputs=tuple(Input(rule.name, rule.kind) for rule in CONTRACT.columns),
        operations=(
            Impute(output="km", input="distance", value=700.0),
            Missing(output="none", input="distance"),
            Impute(output="places", input="seats", value=0.0),
            Add(output="total", left="km", right="places"),
            Lookup(output="share", input="carrier", table=shares, default=-1.0, missing=-2.0),
            Calendar(output="when", input="departs", part="hour", zone=ZONE, offsets=offsets),
            Impute(output="hour", input="when", value=-1.0),
            Clip(output="far", input="km", low=0.0, high=4000.0),
            Log1p(output="log", input="far"),
        ),
        features=FEATURES,
    )


def policy(task: str = "binary", **changes: Any) -> Policy:
    cell = {"true": Amount(expression="distance / 10"), "false": Amount(value=Decimal(-40))}
    nothing = {"true": Amount(value=Decimal(0)), "false": Amount(value=Decimal(0))}
    values = {
        "binary": ValueTable(task="binary", currency="USD", cells={"rebook": cell, "wait": nothing}),
        "multiclass": ValueTable(task="multiclass", currency="USD", classes=("early", "on time", "late")),
        "regression": ValueTable(task="regression", currency="USD"),
    }[task]
    settings: dict[str, Any] = {"task": task, "actions": ("rebook", "wait"), "todays_rule": {"always": "wait"}}
    if task == "regression":
        settings |= {"actions": (), "todays_rule": {"always": 0.0}}
    return Policy(**{**settings, "values": values, "zone": ZONE, "kinds": CONTRACT.kinds, **changes})


def trees(task: str = "binary") -> LightGBM:
    import lightgbm

    generator = np.random.default_rng(3)
    rows = generator.normal(size=(400, len(FEATURES))) * [900, 80, 1, 900, 0.4, 12, 1, 3]
    signal = rows[:, 0] / 900 + rows[:, 4] + generator.normal(size=400)
    target = {"binary": signal > 0, "regression": signal, "multiclass": np.digitize(signal, (-0.5, 0.5))}[task]
    settings = {"objective": task, "num_leaves": 7, "verbose": -1, "num_threads": 1}
    settings |= {"num_class": 3} if task == "multiclass" else {}
    return LightGBM(canonical_text(lightgbm.train(settings, lightgbm.Dataset(rows, target), 12)))


def line() -> Linear:
    weights = [-0.001, 0.002, 0.3, 0.0001, 1.5, -0.05, 0.4, 0.2]
    return Linear(
        [0.0 if name == "seats" else weight for name, weight in zip(FEATURES, weights, strict=True)], 0.1, "sigmoid"
    )


def packed(model: ModelFormat, task: str = "binary", **changes: Any) -> bytes:
    features = tuple("places" if name == "seats" else name for name in FEATURES)
    parts: dict[str, Any] = {
        "plan": msgspec.structs.replace(plan(), features=features),
        "model": model,
        "contract": CONTRACT,
        "policy": policy(task),
        "facts": {"numpy": "2.4"},
    }
    return pack(**{**parts, **changes})


@pytest.fixture(scope="module")
def body() -> bytes:
    return packed(trees())


@pytest.fixture(scope="module")
def predictors(body: bytes) -> dict[str, Predictor]:
    others = {task: Predictor.load(packed(trees(task), task)) for task in ("regression", "multiclass")}
    return {"trees": Predictor.load(body), "line": Predictor.load(packed(line())), **others}


def files(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def repaired(body: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The bundle with one file changed and a manifest that fits."""
    found = files(body)
    manifest = json.loads(found["manifest.json"])
    found[name] = change(found[name])
    if name != "manifest.json":
        manifest["files"][name] = digest(found[name])
        found["manifest.json"] = json.dumps(manifest).encode()
    return archive.pack(found)


def test_packed_twice_it_is_the_same_bytes(body: bytes) -> None:
    assert packed(trees()) == body
    loaded = Predictor.load(body, digest=digest(body))
    again = pack(
        plan=loaded.plan, model=loaded.model, contract=loaded.contract, policy=loaded.policy, facts=loaded.facts
    )
    assert again == body
    assert (loaded.digest, loaded.facts, loaded.columns[0]) == (digest(body), {"numpy": "2.4"}, "distance")


def test_it_holds_what_it_says(body: bytes) -> None:
    found = files(body)
    manifest = json.loads(found.pop("manifest.json"))
    assert (manifest["version"], manifest["format"]) == (2, "lightgbm")
    assert manifest["files"] == {name: digest(content) for name, content in found.items()}
    rows = json.loads(found["golden.json"])
    assert {row["row"].get("carrier") for row in rows} >= {*CARRIERS, None}
    assert {row["decision"] for row in rows} == {"rebook", "wait"}


def test_any_changed_byte_is_refused(body: bytes) -> None:
    generator = np.random.default_rng(5)
    edges = [*range(64), *range(len(body) - 400, len(body))]
    manifest = body.index(b'"facts"')
    for position in [*edges, *range(manifest, manifest + 40), *generator.integers(0, len(body), 200).tolist()]:
        changed = bytearray(body)
        changed[position] ^= 1 << int(generator.integers(0, 8))
        with pytest.raises(Corrupt):
            Predictor.load(bytes(changed))


@pytest.mark.parametrize(
    "change", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b"x" + b, lambda b: b"", lambda b: b[:50]]
)
def test_cut_or_grown_it_is_refused(body: bytes, change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Corrupt):
        Predictor.load(change(body))


def test_another_digest_is_refused(body: bytes) -> None:
    with pytest.raises(Corrupt, match="digest"):
        Predictor.load(body, digest=digest(b"another"))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_changed_mapping_fails_the_golden_rows(body: bytes, carrier: str) -> None:
    def skew(content: bytes) -> bytes:
        fields = json.loads(content)
        lookup = next(operation for operation in fields["operations"] if operation["op"] == "lookup")
        lookup["table"][carrier] += 1e-6
        return json.dumps(fields).encode()

    with pytest.raises(Corrupt, match=r"golden row \d+: feature 'share' differs"):
        Predictor.load(repaired(body, "plan.json", skew))


def test_a_word_that_only_the_plan_knows_has_a_golden_row() -> None:
    free = (ColumnRule(name="carrier", kind="category"),)
    contract = Contract((*(rule for rule in CONTRACT.columns if rule.name != "carrier"), *free), ZONE)
    body = packed(trees(), contract=contract)
    assert {row["row"].get("carrier") for row in json.loads(files(body)["golden.json"])} >= set(CARRIERS)


def test_a_changed_model_or_policy_fails_the_golden_rows(body: bytes) -> None:
    with pytest.raises(Corrupt, match=r"golden row \d+: the score differs"):
        Predictor.load(repaired(body, "model.bin", lambda text: text.replace(b"sigmoid:1", b"sigmoid:2")))
    with pytest.raises(Corrupt, match=r"golden row \d+: the decision differs"):
        Predictor.load(repaired(body, "policy.json", lambda text: text.replace(b'"-40"', b'"-4000"')))
    with pytest.raises(Corrupt, match=r"golden row \d+: the contract refuses"):
        Predictor.load(repaired(body, "contract.json", lambda text: text.replace(b"5000", b"10")))


def test_parts_that_do_not_fit_are_not_loaded(body: bytes) -> None:
    with pytest.raises(Corrupt, match="do not fit"):
        Predictor.load(
            repaired(body, "policy.json", lambda text: text.replace(b'{"always":"wait"}', b'{"always":"fly"}'))
        )
    with pytest.raises(Corrupt, match="do not fit"):
        Predictor.load(repaired(body, "contract.json", lambda text: text.replace(b'"departs"', b'"arrives"')))


class Planted:
    """What would run if anybody unpickled it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize("format", ["lightgbm", "linear"])
def test_a_pickle_is_not_loaded(body: bytes, format: str) -> None:
    other = body if format == "lightgbm" else packed(line())
    with pytest.raises(Corrupt, match=r"model\.bin"):
        Predictor.load(repaired(other, "model.bin", lambda _: pickle.dumps(Planted())))


def test_a_pickle_within_an_array_is_not_loaded() -> None:
    body, array = packed(line()), io.BytesIO()
    np.save(array, np.array([Planted()], dtype=object), allow_pickle=True)
    planted = archive.pack({**files(files(body)["model.bin"]), "weights.npy": array.getvalue()})
    with pytest.raises(Corrupt, match="weights"):
        Predictor.load(repaired(body, "model.bin", lambda _: planted))


def test_what_is_newer_or_not_installed_says_so(body: bytes) -> None:
    with pytest.raises(TooNew, match="newer"):
        Predictor.load(repaired(body, "manifest.json", lambda text: text.replace(b'"version":2', b'"version":3')))
    with pytest.raises(TooNew, match="newer"):
        Predictor.load(repaired(body, "plan.json", lambda text: text.replace(b'"version":1', b'"version":99')))
    with pytest.raises(UnknownKey, match="lightgbm"):
        Predictor.load(repaired(body, "manifest.json", lambda text: text.replace(b'"lightgbm"', b'"lightgbn"')))
    with pytest.raises(UnknownKey, match="lookup"):
        Predictor.load(repaired(body, "plan.json", lambda text: text.replace(b'"lookup"', b'"lookups"')))


def test_a_bundle_of_the_first_version_is_still_read(body: bytes, predictors: dict[str, Predictor]) -> None:
    found = {name: content for name, content in files(body).items() if name not in ("schema.json", "charter.json")}
    manifest = json.loads(found["manifest.json"])
    old = {name: told for name, told in manifest["files"].items() if name in found}
    found["manifest.json"] = json.dumps({**manifest, "version": 1, "files": old}).encode()
    assert Predictor.load(archive.pack(found)).answer(ROW) == predictors["trees"].answer(ROW)
    with pytest.raises(Corrupt, match="other files than its version"):
        Predictor.load(archive.pack({**found, "schema.json": b"{}"}))


def test_readers_find_the_schema_of_a_row_and_the_question() -> None:
    import jsonschema

    found = files(packed(line(), charter={"question": "Late?"}))
    assert json.loads(found["charter.json"]) == {"question": "Late?"}
    schema = json.loads(found["schema.json"])
    for row in json.loads(found["golden.json"]):
        jsonschema.validate(row["row"], schema)


@pytest.mark.parametrize("name", ["plan.json", "contract.json", "policy.json", "golden.json", "manifest.json"])
@pytest.mark.parametrize("junk", [b"", b"{}", b"[1]", b"null", b"[" * 100_000, b"\xff", b'{"version":1}', b"[]"])
def test_junk_in_a_file_is_refused(body: bytes, name: str, junk: bytes) -> None:
    with pytest.raises(Corrupt, match=name.replace(".", r"\.")):
        Predictor.load(repaired(body, name, lambda _: junk))


def test_missing_and_planted_files_are_refused(body: bytes) -> None:
    found = files(body)
    for name in found:
        with pytest.raises(Corrupt, match=name.replace(".", r"\.")):
            Predictor.load(archive.pack({other: content for other, content in found.items() if other != name}))
    for name in ("../evil.py", "evil.py", "plan.json/", "/etc/passwd"):
        with pytest.raises(Corrupt, match="unexpected"):
            Predictor.load(archive.pack({**found, name: b"x"}))


CELLS: dict[str, st.SearchStrategy[Any]] = {
    "distance": st.one_of(st.none(), st.floats(0, 5000), st.sampled_from([0.0, -0.0, 5000.0, 5e-324, 700])),
    "seats": st.one_of(st.none(), st.integers(0, 900)),
    "carrier": st.one_of(st.none(), st.sampled_from(CARRIERS)),
    "international": st.booleans(),
    "departs": st.one_of(
        st.none(),
        st.datetimes(datetime(1970, 1, 2), datetime(2069, 1, 1), timezones=st.just(UTC)),
        st.sampled_from(["2026-03-08T02:30:00", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z", "1969-12-31"]),
    ),
}


def instant(told: Any) -> Any:
    return told.isoformat() if isinstance(told, datetime) else told


@given(rows=st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=6))
def test_one_row_and_many_agree_to_the_bit(rows: list[dict[str, Any]], predictors: dict[str, Predictor]) -> None:
    rows = [{**row, "departs": instant(row["departs"])} for row in rows]
    kinds = {"distance": pl.Float64, "seats": pl.Int64, "carrier": pl.String, "international": pl.Boolean}
    frame = pl.DataFrame(rows, schema={**kinds, "departs": pl.String}, strict=False)
    for predictor in predictors.values():
        many = predictor.predict(frame)
        assert many.height == len(rows)
        scores = many.select(pl.selectors.starts_with("score")).rows()
        for row, score, decision in zip(rows, scores, many["decision"], strict=True):
            answer = predictor.answer(row)
            assert isinstance(answer, Answer)
            found = answer.score if isinstance(answer.score, list) else [answer.score]
            assert np.array(found).tobytes() == np.array(score).tobytes()
            assert answer.decision == decision


ROW = {"distance": 500.0, "carrier": "UA", "international": False, "departs": "2026-03-01T09:30:00Z"}


def test_columns_of_predictions_by_task(predictors: dict[str, Predictor]) -> None:
    frame = pl.DataFrame([ROW])
    assert predictors["trees"].predict(frame).schema == {"score": pl.Float64, "decision": pl.String}
    several = predictors["multiclass"].predict(frame)
    assert several.columns == ["score_early", "score_on time", "score_late", "decision"]
    assert sum(several.row(0)[:3]) == pytest.approx(1)
    number = predictors["regression"].predict(frame)
    assert number.schema == {"score": pl.Float64, "decision": pl.Float64}
    assert number["score"].to_list() == number["decision"].to_list()
    assert predictors["multiclass"].predict(frame.clear()).schema == several.schema


def test_other_frames_are_taken(predictors: dict[str, Predictor]) -> None:
    frame, predictor = pl.DataFrame([ROW, ROW]), predictors["trees"]
    expected = predictor.predict(frame)

    class Foreign:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return frame.__arrow_c_stream__(requested_schema)

    assert predictor.predict(frame.lazy()).equals(expected)
    assert predictor.predict(Foreign()).equals(expected)
    with pytest.raises(InputError, match="not a table"):
        predictor.predict([ROW])


def test_bad_rows_come_back_with_reasons(predictors: dict[str, Predictor]) -> None:
    predictor = predictors["trees"]
    rows = [ROW, {**ROW, "carrier": "ZZ"}, ROW, {**ROW, "distance": -1.0, "international": None}]
    frame = pl.DataFrame(rows).with_columns(note=pl.lit("kept"))
    predictions, rejected = predictor.predict_rows(frame)
    assert predictions.columns == ["row", "score", "decision"]
    assert predictions["row"].to_list() == [0, 2]
    assert rejected.columns == [*frame.columns, "reasons"]
    assert [[reason["column"] for reason in reasons] for reasons in rejected["reasons"]] == [
        ["carrier"],
        ["distance", "international"],
    ]
    with pytest.raises(InputError, match=r"column 'carrier'.*2 of 4"):
        predictor.predict(frame)
    failures = predictor.answer(rows[3])
    assert isinstance(failures, list)
    assert [failure.column for failure in failures] == ["distance", "international"]


def test_a_row_without_score_is_refused_both_ways() -> None:
    contract = Contract((ColumnRule(name="x", kind="float", nullable=False, low=0.0, high=3e200),))
    squared = Plan(inputs=(Input("x", "float"),), operations=(), features=("x", "x"))
    told = policy("regression", kinds={"x": "float"})
    model = Linear([1e200, -1e200], 0.0)
    with pytest.raises(InputError, match="no score for a row"):
        pack(plan=squared, model=model, contract=contract, policy=told, facts={})
    from fullcycle.predictor.scoring import Scorer

    scorer = Scorer(plan=squared, model=model, contract=contract, policy=told)
    predictions, rejected = scorer.predict_rows(pl.DataFrame({"x": [1.0, 2e200, 3.0]}))
    assert predictions["row"].to_list() == [0, 2]
    assert rejected["x"].to_list() == [2e200]
    assert scorer.answer({"x": 1.0}) == Answer(0.0, 0.0)
    failures = scorer.answer({"x": 2e200})
    assert isinstance(failures, list)
    assert msgspec.to_builtins(failures) == rejected["reasons"].to_list()[0]


def test_todays_rule_that_is_no_action_refuses_the_row_both_ways() -> None:
    free = Contract(
        (*(rule for rule in CONTRACT.columns if rule.name != "carrier"), ColumnRule(name="carrier", kind="category"))
    )
    told = policy(todays_rule={"column": "carrier"})
    predictor = Predictor.load(packed(trees(), contract=free, policy=told))
    rows = [{**ROW, "carrier": carrier} for carrier in ("rebook", "ZZ", None)]
    predictions, rejected = predictor.predict_rows(pl.DataFrame(rows))
    assert predictions["row"].to_list() == [0, 2]
    failures = predictor.answer(rows[1])
    assert msgspec.to_builtins(failures) == rejected["reasons"].to_list()[0]
    assert failures[0].column == "carrier"  # type: ignore[index]


def test_parts_that_do_not_fit_are_not_packed() -> None:
    with pytest.raises(InputError, match="number of features"):
        packed(Linear([1.0], 0.0, "sigmoid"))
    with pytest.raises(InputError, match="binary"):
        packed(trees("multiclass"))
    with pytest.raises(InputError, match="multiclass"):
        packed(trees(), "multiclass")
    with pytest.raises(InputError, match="probability"):
        packed(Linear([1.0] * len(FEATURES), 0.0))
    with pytest.raises(ColumnMissing, match="departs"):
        packed(trees(), contract=Contract(CONTRACT.columns[:-1]))
    with pytest.raises(ColumnMissing, match="the policy"):
        packed(trees(), policy=policy(todays_rule={"column": "rule"}, kinds={**CONTRACT.kinds, "rule": "category"}))
    other = (*CONTRACT.columns[:-1], ColumnRule(name="departs", kind="text"))
    with pytest.raises(InputError, match="another kind"):
        packed(trees(), contract=Contract(other))


def test_an_operation_that_runs_two_ways_is_not_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Log1p, "columns", lambda self, slots: np.log(slots.numbers(self.input) + 2))
    with pytest.raises(InputError, match="one row and many"):
        packed(trees())


def test_nothing_of_the_training_library_is_loaded(body: bytes, tmp_path: Any) -> None:
    import subprocess
    import sys

    (tmp_path / "bundle.zip").write_bytes(body)
    code = (
        "import sys; from pathlib import Path; from fullcycle.predictor.bundle import Predictor;"
        f"Predictor.load(Path({str(tmp_path / 'bundle.zip')!r}).read_bytes());"
        "print(sorted({'lightgbm', 'sklearn', 'scipy', 'pandas', 'pickle5'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_missing_numbers_are_answered(predictors: dict[str, Predictor]) -> None:
    answer = predictors["trees"].answer({**ROW, "distance": None, "departs": None, "carrier": None})
    assert isinstance(answer, Answer)
    assert answer.decision == "wait"  # the value of rebooking depends on the distance, so today's rule stays
    assert isinstance(answer.score, float)
    assert math.isfinite(answer.score)
