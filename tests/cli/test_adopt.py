"""``fullcycle adopt``: a model made elsewhere is judged, released and served as our own are."""

from __future__ import annotations

import pickle
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cli.conftest import Cli
from fullcycle import open_project
from fullcycle.deployment.serving import load_predictor, read_serving
from fullcycle.kernel.errors import OutsideError
from fullcycle.loop.fetched import fetched


def booster(path: Path, shop: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """A model that another team made of the same table, and what it says of it."""
    import lightgbm

    rows = pl.read_csv(shop.parent / "customers.csv").filter(pl.col("churned").is_not_null())
    X, y = rows.select("spend", "visits").to_numpy().astype(float), (rows["churned"] == "yes").to_numpy()
    data = lightgbm.Dataset(X, y, feature_name=["spend", "visits"])
    made = lightgbm.train({"objective": "binary", "verbose": -1, "num_leaves": 5, "num_threads": 1}, data, 20)
    made.save_model(path)
    return np.asarray(made.predict(X))


@pytest.fixture
def customers(shop: Path, made: Path) -> Path:
    """A project beside its table."""
    (shop.parent / "customers.csv").write_bytes((made.parent / "customers.csv").read_bytes())
    with (shop / "cycle.toml").open("a") as file:
        file.write("\n[development.evaluation]\nrobustness = false\nexplanations = false\n")
    return shop


def test_it_goes_through_the_gates_and_serves(customers: Path, here: Cli) -> None:
    expected = booster(customers.parent / "theirs.txt", customers)
    said = here("adopt", "../theirs.txt", "--json", at=customers)
    assert said.code == 0, said
    project = open_project(customers)
    model = project.current.model
    assert model is not None
    assert (model.learner, model.parameters["kind"], model.format) == ("adopted", "lightgbm", "lightgbm")
    assert {"training_rows_unknown", "no_worse_than_constant"} <= {it.check for it in model.findings}
    assert "roc_auc" in model.figures
    assert here("run", "--to", "deployment", at=customers).code == 0
    current = open_project(customers).current
    assert current.model == model  # nothing was developed instead
    assert current.release is not None
    assert model.id in current.release.parents
    path = project.folder.serving_path
    rows = pl.read_csv(customers.parent / "customers.csv", try_parse_dates=True)
    rows = rows.filter(pl.col("churned").is_not_null()).drop("churned")
    scores = load_predictor(path, read_serving(path)).predict(rows)["score"].to_numpy()
    assert np.allclose(scores, expected)
    assert here("adopt", "../theirs.txt", "--json", at=customers).code == 0
    assert open_project(customers).current.model == model  # the same file is the same reading
    verified = here("develop", "--verify", model.id, "--json", at=customers)
    assert (verified.code, verified.json["equal"], verified.json["circumstances"]) == (0, True, [])
    here("export", "card", customers / "out", at=customers)
    assert "Which rows it learned from is not known" in (customers / "out" / "README.md").read_text()


def test_it_is_fetched_from_a_web_address(tmp_path: Path, made: Path) -> None:
    (tmp_path / "there").mkdir()
    booster(tmp_path / "there" / "model.txt", made)
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(tmp_path / "there"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        found = fetched(f"{address}/model.txt", tmp_path)
        with pytest.raises(OutsideError, match="404"):
            fetched(f"{address}/none.txt", tmp_path)
        server.shutdown()
    assert found.read_bytes() == (tmp_path / "there" / "model.txt").read_bytes()
    assert fetched(f"file://{found}", tmp_path) == found


def test_what_is_refused(customers: Path, here: Cli) -> None:
    booster(customers.parent / "theirs.txt", customers)
    (customers.parent / "bomb.pkl").write_bytes(pickle.dumps(pytest.fail))
    here("adopt", "../bomb.pkl", at=customers).refused(1, "was not read", "--trust")
    here("adopt", "../none.txt", at=customers).refused(2, "no such file")
    here("adopt", "http://127.0.0.1:9/model.txt", at=customers).refused(3, "does not answer")
    here("adopt", "s3://bucket/model.txt", at=customers).refused(2, "copy it here first")
    here("adopt", "../customers.csv", at=customers).refused(2, "no model that is known")
    here("adopt", "../theirs.txt", "--columns", "spend,plan", at=customers).refused(2, "plan", "category")
    here("adopt", "../theirs.txt", "--columns", "spend", at=customers).refused(2, "expected 2")
    here("adopt", "../theirs.txt", "--columns", "spend,visit", at=customers).refused(2, "'visits'")
