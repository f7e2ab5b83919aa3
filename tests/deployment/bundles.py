"""A small airline's bundles and rows, and a service on a real socket."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import polars as pl

from fullcycle.deployment.serving import FILE, Serving, write_serving
from fullcycle.kernel.record import digest
from fullcycle.kernel.scope import Scope
from fullcycle.kernel.state import Route, Share
from fullcycle.measure.value import Amount, ValueTable
from fullcycle.predictor.bundle import pack
from fullcycle.predictor.contract import ColumnRule, Contract
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.plan import Calendar, Equals, Input, Plan, Standardise
from fullcycle.predictor.policy import Policy

SCOPE = Scope(project="late-flights")
KEY = b"a key of sixteen"
CONTRACT = Contract(
    (
        ColumnRule(name="distance", kind="float", nullable=False, low=0.0, high=10_000.0),
        ColumnRule(name="carrier", kind="category"),
        ColumnRule(name="departure", kind="time", nullable=False),
    ),
    "America/New_York",
)
PLAN = Plan(
    inputs=(Input("distance", "float"), Input("carrier", "category"), Input("departure", "time")),
    operations=(
        Standardise(output="far", input="distance", mean=1000.0, scale=700.0),
        Equals(output="united", input="carrier", value="UA"),
        Calendar(output="hour", input="departure", part="hour"),
    ),
    features=("far", "united", "hour"),
)

BACKGROUND = pl.DataFrame(
    {
        "distance": [300.0, 900.0, 1500.0],
        "carrier": ["UA", "AA", None],
        "departure": [datetime(2013, 7, day, 6 * day, tzinfo=UTC) for day in (1, 2, 3)],
    }
)


def amount(true: int, false: int) -> dict[str, Amount]:
    return {"true": Amount(value=Decimal(true)), "false": Amount(value=Decimal(false))}


POLICY = Policy(
    task="binary",
    actions=("rebook", "wait"),
    values=ValueTable(task="binary", currency="USD", cells={"rebook": amount(90, -40), "wait": amount(0, 0)}),
    todays_rule={"expression": "distance > 1500"},
    zone="America/New_York",
    kinds=CONTRACT.kinds,
)


def bundle(bias: float = -1.0, *, policy: Policy = POLICY, model: ModelFormat | None = None) -> bytes:
    """A bundle whose scores rise with *bias*."""
    fitted = model or Linear([0.8, -0.3, 0.05], bias, "sigmoid")
    facts = {"model": str(bias)}
    return pack(plan=PLAN, model=fitted, contract=CONTRACT, policy=policy, facts=facts, background=BACKGROUND)


def route(release: str, *, control: float = 0.0, generation: int = 1) -> Route:
    return Route(generation=generation, shares=(Share(release=release, share=1.0),), control=control)


def row(number: int = 0, **columns: Any) -> dict[str, Any]:
    """A row as a client sends it; different numbers are different decisions."""
    return {
        "flight": f"N{number:05d}",
        "distance": 100.0 + 37.0 * (number % 60),
        "carrier": ("UA", "AA", None)[number % 3],
        "departure": f"2013-07-{1 + number % 28:02d}T{number % 24:02d}:15:00Z",
        **columns,
    }


@dataclass
class Place:
    """A folder from which a service serves."""

    path: Path
    serving: Serving

    def deploy(self, body: bytes, serving_route: Route) -> None:
        """Let another bundle serve."""
        champion = serving_route.champion
        self.serving = Serving(
            scope=SCOPE,
            route=serving_route,
            bundles={champion: digest(body)},
            entity="flight",
            time="departure",
            zone="America/New_York",
            labels={"arr_delay": "float"},
            log=self.serving.log,
            in_flight=self.serving.in_flight,
            units=self.serving.units,
            traffic=self.serving.traffic,
        )
        write_serving(self.path, self.serving, (body,))

    @property
    def root(self) -> Path:
        return self.path.parent / "traffic"


def place(folder: Path, body: bytes, serving_route: Route, **options: Any) -> Place:
    """A folder with one release deployed."""
    (folder / "entity.key").write_bytes(KEY)
    empty = Serving(scope=SCOPE, route=Route(), entity="flight", time="departure", **options)
    found = Place(folder / FILE, empty)
    found.deploy(body, serving_route)
    return found


_SERVE = """
import json, sys
from pathlib import Path
from fullcycle.deployment.service.tls import Tls
from fullcycle.deployment.service.workers import serve
from fullcycle.kernel.errors import FullcycleError

def ready(address):
    print(json.dumps({"url": address.url, "workers": address.workers}), flush=True)

try:
    tls = Tls(*sys.argv[4:])
    serve(Path(sys.argv[1]), port=int(sys.argv[2]), workers=int(sys.argv[3]), ready=ready, tls=tls)
except FullcycleError as error:
    print(json.dumps(error.facts()), flush=True)
    sys.exit(error.exit_code)
"""


class Running:
    """A service in processes of its own, until the block ends."""

    def __init__(self, path: Path, workers: int = 1, port: int = 0, tls: Sequence[str] = ()) -> None:
        command = [sys.executable, "-c", _SERVE, str(path), str(port), str(workers), *tls]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.told: dict[str, Any] = json.loads(self.process.stdout.readline())

    def __enter__(self) -> Running:
        self.client = httpx.Client(base_url=self.told["url"], timeout=30)
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.close()
        self.stop()

    def stop(self) -> int:
        """Drain and stop; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.end()

    def end(self) -> int:
        """Wait until it has stopped; its exit code."""
        self.process.communicate(timeout=60)
        return self.process.returncode

    def kill(self, worker: int) -> None:
        """End a worker the hard way."""
        os.kill(worker, signal.SIGKILL)

    def predict(self, *rows: dict[str, Any], **options: Any) -> httpx.Response:
        return self.client.post("/predict", json={"rows": list(rows), **options})

    def learn(self, *outcomes: dict[str, Any]) -> httpx.Response:
        return self.client.post("/outcomes", json={"outcomes": list(outcomes)})
