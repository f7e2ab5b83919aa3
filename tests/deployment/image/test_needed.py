"""What a service needs is seen by loading it."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from deployment.bundles import bundle, place, route
from fullcycle.deployment.image.needed import needed
from fullcycle.kernel.errors import OutsideError


def test_it_is_little(tmp_path: Path) -> None:
    found = needed(place(tmp_path, bundle(), route("r1")).path)
    assert found["polars"] == version("polars")
    assert {"msgspec", "numpy", "polars-runtime-32", "lightgbm", "tzdata"} <= set(found)
    assert not {"fullcycle", "scikit-learn", "scipy", "optuna", "pandas", "altair", "deltalake"} & set(found)


def test_a_service_that_cannot_be_loaded_has_no_image(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"))
    for path in (here.path.parent / "bundles").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(OutsideError, match="cannot be loaded"):
        needed(here.path)
