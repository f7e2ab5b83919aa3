"""Which libraries are locked, and that their digests are those of files."""

from __future__ import annotations

import base64
import csv
import hashlib
from importlib.metadata import distribution

import numpy as np
import pytest

from fullcycle.deployment.supply_chain.requirements import extras, files_digest, locked, requirements_text
from fullcycle.predictor.formats.calibrated import Calibrated, Map
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.plan import Plan


def test_the_digest_is_that_of_the_files_and_not_of_who_installed_them() -> None:
    """Rows made anew from the files on disk, as a wheel has them, give the same digest as what the installer recorded."""
    it = distribution("rfc8785")
    wheel = []
    for path, told, size in csv.reader((it.read_text("RECORD") or "").splitlines()):
        if path.startswith("..") or not told or path.rpartition("/")[2] in ("INSTALLER", "REQUESTED", "uv_cache.json"):
            continue
        found = hashlib.sha256(it.locate_file(path).read_bytes()).digest()  # type: ignore[attr-defined]
        wheel.append(f"{path},sha256={base64.urlsafe_b64encode(found).rstrip(b'=').decode()},{size}")
    expected = next(one.sha256 for one in locked() if one.name == "rfc8785")
    assert files_digest("\n".join([*reversed(wheel), "rfc8785-0.dist-info/RECORD,,"])) == expected
    changed = wheel[0].replace("sha256=", "sha256=x")
    assert files_digest("\n".join([changed, *wheel[1:]])) != expected


def test_what_answers_is_locked_and_what_only_trains_by_an_extra_is_not() -> None:
    found = {one.name: one for one in locked()}
    assert {"fullcycle", "lightgbm", "msgspec", "cryptography", "cffi"} <= set(found)
    assert not {"pytest", "catboost", "onnxruntime"} & set(found)
    assert "cryptography" in found["fullcycle"].needs
    lines = requirements_text(found.values()).splitlines()
    assert sum(line.startswith("lightgbm==") and "sha256:" in line for line in lines) == 1


def test_a_model_that_needs_an_extra_says_so() -> None:
    helper = pytest.importorskip("onnx.helper", reason="pip install 'fullcycle[onnx]'")
    from fullcycle.predictor.formats.onnx import Facts, Feed, Onnx

    x, y = (helper.make_tensor_value_info(name, 11, [None, 1]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Sigmoid", ["x"], ["y"])], "g", [x], [y])
    body = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
    model = Onnx(body, Facts(feeds=(Feed(name="x", width=1),), output="y"))
    plan = Plan(inputs=(), operations=(), features=())
    identity = Map(method="sigmoid", numbers=(1.0, 0.0))
    assert extras(plan, Calibrated(model, identity)) == ("onnx",)
    assert extras(plan, Linear(np.zeros(1), 0.0)) == ()
    assert {"onnx", "onnxruntime"} <= {one.name for one in locked(("onnx",))}
