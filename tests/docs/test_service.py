"""The page about the service names every path, metric, form and client that there is."""

from __future__ import annotations

import re
from pathlib import Path

import fullcycle
from fullcycle.deployment.service.endpoints import ENDPOINTS
from fullcycle.deployment.service.inference_protocol.tensors import CONTENT_TYPES
from fullcycle.deployment.service.invocations import FORMS
from fullcycle.deployment.service.metrics import Metrics
from fullcycle.deployment.service.predict import Request

ROOT = Path(fullcycle.__file__).parents[2]
PAGE = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")


def test_every_metric_is_explained_and_no_other() -> None:
    metrics = Metrics(worker="1")
    metrics.predictions["champion"] = metrics.outcomes["matched"] = metrics.errors[422] = 1
    text = metrics.text(generation=1, in_flight=0, ready=True)
    assert set(re.findall(r"^# TYPE (\w+) ", text, re.M)) == set(re.findall(r"^\| `(fullcycle_\w+)` \|", PAGE, re.M))


def test_every_path_form_and_field_is_named() -> None:
    for endpoint in ENDPOINTS:
        path = endpoint.path.replace("/versions/{version}", "").replace("/v2/models/{model}/", "…/")
        assert path in PAGE, path
    for name in (*FORMS, *CONTENT_TYPES, *Request.__struct_fields__):
        assert name == "np" or f"`{name}`" in PAGE, name


def test_every_client_is_there() -> None:
    linked = {(ROOT / "docs" / path).resolve() for path in re.findall(r"\]\((\.\./clients/.+?)\)", PAGE)}
    assert linked == {
        path for path in (ROOT / "clients").rglob("*.*") if path.is_file() and "__pycache__" not in path.parts
    }
