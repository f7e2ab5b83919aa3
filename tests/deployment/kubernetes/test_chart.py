"""The Helm chart: rendered by Helm, and held against the schemas of Kubernetes' own API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from deployment.bundles import bundle, place, route
from fullcycle.deployment.kubernetes.chart import write_chart, write_inference_service
from fullcycle.deployment.serving import Serving

helm = pytest.importorskip("helm_python.chart", reason="no Helm here: pip install helm-python-sdk")
kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")
VERSIONS = ("1.27", "1.30", "1.33", "1.37")
PLACES = ("", "cloud", "on-premises", "hybrid")
KEY = {"secrets": {"entityKey": "a key of sixteen"}}


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    return place(tmp_path, bundle(), route("ab12cd34ef567890")).serving


@pytest.fixture
def chart(tmp_path: Path, serving: Serving) -> Path:
    write_chart(serving, tmp_path / "chart")
    return tmp_path / "chart"


def rendered(chart: Path, **values: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """The manifests by kind and name."""
    with helm.Chart.load(chart) as loaded:
        texts = loaded.render(values={**KEY, **values}, name="live", namespace="ml")
    documents = [it for name, text in texts.items() if name.endswith(".yaml") for it in yaml.safe_load_all(text) if it]
    return {(it["kind"], it["metadata"]["name"]): it for it in documents}


def values_of(chart: Path, where: str) -> dict[str, Any]:
    return yaml.safe_load((chart / f"values-{where}.yaml").read_text()) if where else {}


@pytest.mark.parametrize("where", PLACES)
def test_it_is_what_helm_and_kubernetes_expect(chart: Path, where: str) -> None:
    values = values_of(chart, where)
    linted = helm.lint(chart, values={**KEY, **values}, strict=True)
    assert linted["errors"] == []
    assert all("icon" in message["error"] for message in linted["messages"])
    manifests = rendered(chart, **values)
    monitors = [it for (kind, _), it in manifests.items() if kind == "ServiceMonitor"]
    assert len(monitors) == (where in ("cloud", "hybrid"))
    for manifest in manifests.values():
        if manifest not in monitors:  # its schema is the Prometheus operator's, not Kubernetes'
            for version in VERSIONS:
                kubernetes_validate.validate(manifest, version, strict=True)


def test_a_manifest_that_is_wrong_would_be_seen(chart: Path) -> None:
    wrong = rendered(chart)[("Service", "live-late-flights")]
    wrong["spec"]["ports"][0]["prt"] = 80
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


@pytest.mark.parametrize(
    ("log", "claim", "kind"),
    [
        ("durable", "", "StatefulSet"),
        ("process", "", "StatefulSet"),
        ("buffered", "", "Deployment"),
        ("durable", "all", "Deployment"),
    ],
)
def test_a_log_that_lasts_has_a_volume_that_outlives_its_replica(chart: Path, log: str, claim: str, kind: str) -> None:
    manifests = rendered(chart, log=log, traffic={"existingClaim": claim})
    found = manifests[(kind, "live-late-flights")]["spec"]
    volumes = {it["name"]: it for it in found["template"]["spec"]["volumes"]}
    if kind == "StatefulSet":
        assert found["volumeClaimTemplates"][0]["metadata"]["name"] == "traffic"
        assert found["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
        assert "traffic" not in volumes
    else:
        assert ("persistentVolumeClaim" in volumes["traffic"]) == bool(claim)
    assert manifests[("HorizontalPodAutoscaler", "live-late-flights")]["spec"]["scaleTargetRef"]["kind"] == kind


def test_the_log_is_that_of_the_project(tmp_path: Path, serving: Serving) -> None:
    write_chart(msgspec.structs.replace(serving, log="buffered"), tmp_path / "chart")
    assert ("Deployment", "live-late-flights") in rendered(tmp_path / "chart")


def test_pods_may_do_little(chart: Path) -> None:
    pod = rendered(chart)[("StatefulSet", "live-late-flights")]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    assert rendered(chart)[("NetworkPolicy", "live-late-flights")]["spec"]["egress"] == []
    assert container["image"] == "registry.example.com/late-flights:ab12cd34ef56"
    assert {it["mountPath"] for it in container["volumeMounts"]} == {
        "/var/lib/fullcycle/traffic",
        "/run/secrets",
        "/tmp",
    }


def test_a_missing_key_is_told_with_the_way_out(chart: Path) -> None:
    with helm.Chart.load(chart) as loaded, pytest.raises(Exception, match=r"secrets\.entityKey.*--set-file"):
        loaded.render(values={}, name="live", namespace="ml")
    manifests = rendered(chart, secrets={"existing": "mine"})
    assert not any(kind == "Secret" for kind, _ in manifests)


def test_an_inference_service_runs_the_same_image(tmp_path: Path, serving: Serving) -> None:
    (path,) = write_inference_service(serving, tmp_path)
    service = yaml.safe_load(path.read_text())
    predictor = service["spec"]["predictor"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": service["metadata"],
        "spec": {key: value for key, value in predictor.items() if not key.startswith(("min", "max", "scale"))},
    }
    for version in VERSIONS:  # KServe's own fields apart, a predictor is the specification of a pod
        kubernetes_validate.validate(pod, version, strict=True)
    assert predictor["containers"][0]["image"].endswith("/late-flights:ab12cd34ef56")
