"""What SageMaker, Vertex AI and Azure ML have to be told to run the image: their container contracts, as files for their tools.

Each calls the image on one port, asks a route whether it is well, and posts rows to another. The service answers ``GET /ping`` and
``POST /invocations`` as SageMaker and MLflow containers do; Vertex AI sends ``{"instances": [...]}`` there. None of them keeps a
volume for a container: set ``log = "buffered"``, and keep the platform's own capture of requests.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from fullcycle.deployment.image.context import PORT, write_text
from fullcycle.deployment.serving import ENTITY_KEY

AZURE_SCHEMA = "https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json"


def write_contracts(name: str, image: str, folder: Path) -> list[Path]:
    """Write ``sagemaker.json``, ``vertex.json`` and ``azureml.json`` (which is YAML too) into *folder*.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     [path.name for path in write_contracts("shop", "shop:ab12", Path(place))]
    ['azureml.json', 'sagemaker.json', 'vertex.json']
    """
    contracts = {"azureml": azure_ml(name, image), "sagemaker": sagemaker(name, image), "vertex": vertex(name, image)}
    return [
        write_text(
            folder / f"{platform}.json", msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n"
        )
        for platform, told in contracts.items()
    ]


def sagemaker(name: str, image: str) -> dict[str, object]:
    """For ``aws sagemaker create-model --cli-input-json file://sagemaker.json``; SageMaker calls port 8080."""
    container = {"Image": f"ACCOUNT.dkr.ecr.REGION.amazonaws.com/{image}", "Mode": "SingleModel"}
    role = "arn:aws:iam::000000000000:role/predict"
    environment = {ENTITY_KEY: "KEY"}
    return {"ModelName": name, "PrimaryContainer": {**container, "Environment": environment}, "ExecutionRoleArn": role}


def vertex(name: str, image: str) -> dict[str, object]:
    """The body of ``models.upload`` of Vertex AI, which tells the container its port in ``AIP_HTTP_PORT``."""
    container = {
        "imageUri": f"REGION-docker.pkg.dev/PROJECT/predict/{image}",
        "args": ["serve"],
        "ports": [{"containerPort": PORT}],
        "healthRoute": "/ping",
        "predictRoute": "/invocations",
        "env": [{"name": ENTITY_KEY, "value": "KEY"}],
    }
    return {"model": {"displayName": name, "containerSpec": container}}


def azure_ml(name: str, image: str) -> dict[str, object]:
    """For ``az ml online-deployment create --file azureml.json``, under an endpoint of the project's name."""
    routes = {"liveness_route": "/health/live", "readiness_route": "/health/ready", "scoring_route": "/invocations"}
    return {
        "$schema": AZURE_SCHEMA,
        "name": "predict",
        "endpoint_name": name,
        "environment": {
            "image": f"REGISTRY.azurecr.io/{image}",
            "inference_config": {route: {"path": path, "port": PORT} for route, path in routes.items()},
        },
        "environment_variables": {ENTITY_KEY: "KEY"},
        "instance_type": "Standard_DS2_v2",
        "instance_count": 1,
    }
