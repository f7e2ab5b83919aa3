"""An MLflow tracking server, by its REST interface 2.0: https://mlflow.org/docs/latest/api_reference/rest-api.html.

What is logged is found again by the tag that names its record, so that the same record twice makes no second run, and a
run that a crash left open is gone on with.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any
from urllib.parse import quote

import msgspec

from fullcycle.development.tracking import Tracked
from fullcycle.kernel.errors import OutsideError

CONNECT, READ = 3.0, 20.0  # seconds that a server may take for one answer
MOST = 180.0  # and for all of them together: a slow one holds nobody up, and is gone on with next time
_BATCH = 100  # parameters of a request, as the server allows
_PARENT = "mlflow.parentRunId"
_PROXIED = "mlflow-artifacts:"
_Run = dict[str, Any]


class MLflow:
    """A tracking server; as a context, so that its connections are closed.

    Parameters
    ----------
    url : such as ``https://user:password@mlflow.example.com``.
    shown : the same as it may be told to people.

    Raises
    ------
    OutsideError
        From every method: the server does not answer, refuses, or is no MLflow server.
    """

    def __init__(self, url: str, *, shown: str = "") -> None:
        import urllib3

        try:
            parsed = urllib3.util.parse_url(url)
        except urllib3.exceptions.HTTPError:
            raise OutsideError("this is no address of an MLflow server", place=shown or url) from None
        self._shown, self._until = shown or url, time.monotonic() + MOST
        self._base = parsed._replace(auth=None).url.rstrip("/")
        headers = urllib3.make_headers(basic_auth=parsed.auth) if parsed.auth else {}
        timeout = urllib3.Timeout(connect=CONNECT, read=READ)
        retries = urllib3.Retry(total=1, connect=1, read=0, redirect=3, status=0)
        self._pool = urllib3.PoolManager(headers=headers, timeout=timeout, retries=retries)

    def __enter__(self) -> MLflow:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.clear()

    def experiment(self, name: str) -> str:
        """The id of the experiment called *name*, made if there is none."""
        found = self._get("experiments/get-by-name", {"experiment_name": name}, missing=True)
        if not found:
            made = self._post("experiments/create", {"name": name}, exists=True)
            found = {} if made else self._get("experiments/get-by-name", {"experiment_name": name})
            if made:
                return str(made["experiment_id"])
        if found["experiment"].get("lifecycle_stage") == "deleted":
            problem = f"MLflow has deleted the experiment {name!r}"
            raise OutsideError(
                problem, place=self._shown, mend="restore it there (mlflow experiments restore), or delete it for good"
            )
        return str(found["experiment"]["experiment_id"])

    def log(self, experiment: str, tracked: Tracked, *, at: datetime, parent: str = "") -> str:
        """The run of *tracked*, which began *at*; one that is there already is left as it is, or finished."""
        where = f"tags.`{tracked.tag}` = '{tracked.id}'" + (f" and tags.`{_PARENT}` = '{parent}'" if parent else "")
        found = self._search(experiment, where)
        return self._logged(experiment, tracked, found[0] if found else None, at=at, parent=parent)

    def log_children(self, experiment: str, parent: str, tracked: tuple[Tracked, ...], *, at: datetime) -> None:
        """Runs under the run *parent*, each once."""
        there = self._search(experiment, f"tags.`{_PARENT}` = '{parent}'")
        known = {pair: run for run in there for pair in _tags(run).items()}
        for one in tracked:
            self._logged(experiment, one, known.get((one.tag, one.id)), at=at, parent=parent)

    def artifact(self, run: str, name: str, body: bytes) -> bool:
        """Keep *body* as a file of a run; False where the server does not take files itself."""
        uri = str(self._get("runs/get", {"run_id": run})["run"]["info"].get("artifact_uri", ""))
        if not uri.startswith(_PROXIED):
            return False
        folder = uri.removeprefix(_PROXIED).lstrip("/")
        self._request("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{quote(folder)}/{quote(name)}", body=body)
        return True

    def _logged(self, experiment: str, tracked: Tracked, found: _Run | None, *, at: datetime, parent: str) -> str:
        if found is not None and found["info"]["status"] == "FINISHED":
            return str(found["info"]["run_id"])
        start = _millis(at)
        run = str(found["info"]["run_id"]) if found is not None else self._create(experiment, tracked, start, parent)
        texts = [{"key": key, "value": value[:6000]} for key, value in tracked.parameters.items()]
        metrics = [{"key": k, "value": v, "timestamp": start, "step": 0} for k, v in tracked.metrics.items()]
        for first in range(0, max(1, len(texts)), _BATCH):
            batch = {"run_id": run, "params": texts[first : first + _BATCH], "metrics": metrics if not first else []}
            self._post("runs/log-batch", batch)
        end = _millis(at + timedelta(seconds=tracked.seconds))
        self._post("runs/update", {"run_id": run, "status": "FINISHED", "end_time": end})
        return run

    def _create(self, experiment: str, tracked: Tracked, start: int, parent: str) -> str:
        named = {**tracked.tags, **({_PARENT: parent} if parent else {}), "mlflow.source.name": "fullcycle"}
        tags = [{"key": key, "value": value} for key, value in named.items()]
        asked = {"experiment_id": experiment, "start_time": start, "run_name": tracked.name, "tags": tags}
        return str(self._post("runs/create", asked)["run"]["info"]["run_id"])

    def _search(self, experiment: str, where: str) -> list[_Run]:
        asked: dict[str, Any] = {"experiment_ids": [experiment], "filter": where, "max_results": 1000}
        found: list[_Run] = []
        while True:
            page = self._post("runs/search", asked)
            found += page.get("runs", [])
            if not page.get("next_page_token"):
                return found
            asked["page_token"] = page["next_page_token"]

    def _get(self, path: str, fields: Mapping[str, str], *, missing: bool = False) -> dict[str, Any]:
        found = self._request("GET", f"/api/2.0/mlflow/{path}", fields=fields, allowed=(404,) if missing else ())
        return {} if "error_code" in found else found

    def _post(self, path: str, asked: Mapping[str, Any], *, exists: bool = False) -> dict[str, Any]:
        body = msgspec.json.encode(asked)
        found = self._request("POST", f"/api/2.0/mlflow/{path}", body=body, allowed=(400,) if exists else ())
        if found.get("error_code") not in (None, "RESOURCE_ALREADY_EXISTS"):
            raise OutsideError("MLflow refused", place=self._shown, found=found.get("message"))
        return {} if "error_code" in found else found

    def _request(
        self,
        method: str,
        path: str,
        *,
        fields: Mapping[str, str] | None = None,
        body: bytes | None = None,
        allowed: tuple[int, ...] = (),
    ) -> dict[str, Any]:
        from urllib3.exceptions import HTTPError

        headers = {
            **self._pool.headers,
            "Content-Type": "application/json" if path.startswith("/api/2.0/mlflow/") else "text/plain",
        }
        if time.monotonic() > self._until:
            raise OutsideError("the MLflow server takes too long", place=self._shown, expected=f"{MOST:.0f} s in all")
        try:
            answer = self._pool.request(
                method, self._base + path, fields=dict(fields) if fields else None, body=body, headers=headers
            )
        except HTTPError as error:
            cause = getattr(error, "reason", None) or error
            raise OutsideError(
                "the MLflow server does not answer", place=self._shown, found=type(cause).__name__
            ) from None
        try:
            found = msgspec.json.decode(answer.data) if answer.data else {}
        except msgspec.DecodeError:
            found = None
        if not isinstance(found, dict):
            raise OutsideError("this is no MLflow server", place=self._shown, found=f"status {answer.status}")
        if answer.status >= 400 and answer.status not in allowed:
            told = str(found.get("message", ""))[:200] or f"status {answer.status}"
            raise OutsideError("MLflow refused", place=self._shown, found=told)
        return found


def _tags(run: _Run) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)
