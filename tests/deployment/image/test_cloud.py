"""The container contracts of clouds."""

from __future__ import annotations

import json
from pathlib import Path

from fullcycle.deployment.image.cloud import write_contracts


def test_each_names_the_port_and_routes_that_the_service_has(tmp_path: Path) -> None:
    write_contracts("shop", "shop:ab12", tmp_path)
    vertex = json.loads((tmp_path / "vertex.json").read_text())["model"]["containerSpec"]
    azure = json.loads((tmp_path / "azureml.json").read_text())
    sagemaker = json.loads((tmp_path / "sagemaker.json").read_text())
    assert (vertex["healthRoute"], vertex["predictRoute"], vertex["ports"]) == (
        "/ping",
        "/invocations",
        [{"containerPort": 8080}],
    )
    assert azure["environment"]["inference_config"]["scoring_route"] == {"path": "/invocations", "port": 8080}
    for told in (vertex["imageUri"], azure["environment"]["image"], sagemaker["PrimaryContainer"]["Image"]):
        assert told.endswith("/shop:ab12")
