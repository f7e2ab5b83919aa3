"""Quality and leakage: what was seen of the rows, each thing under its name."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from fullcycle.data.leakage import leakage
from fullcycle.data.quality import quality
from fullcycle.data.records import Column
from fullcycle.data.settings import Rules
from fullcycle.kernel.finding import Finding

N = 400
RNG = np.random.default_rng(4)
OUTCOME = (RNG.random(N) < 0.3).astype(float)


def column(name: str, kind: str, *, feature: bool = True) -> Column:
    return Column(name=name, kind=kind, known="before", feature=feature)


def seen(cells: object, kind: str = "float", *, feature: bool = True, rules: Rules = Rules()) -> dict[str, Finding]:  # noqa: B008
    rows = pl.DataFrame({"x": cells}, strict=False)
    findings = quality(rows, (column("x", kind, feature=feature),), rules, turned_away=0)
    return {finding.check: finding for finding in findings}


def test_rows_and_quarantine_are_always_told() -> None:
    rows = pl.DataFrame({"x": [1.0, 2.0] * 45})
    enough, turned_away = quality(rows, (column("x", "float"),), Rules(), turned_away=10)
    assert (enough.check, enough.value, enough.limit, enough.passed) == ("rows", 90.0, 100.0, False)
    assert (turned_away.check, turned_away.value, turned_away.passed) == ("quarantine", 0.1, False)
    assert turned_away.evidence == {"rows": 10}


@pytest.mark.parametrize(("gaps", "passed"), [(0, None), (3, True), (5, True), (6, False)])
def test_missing_values(gaps: int, passed: bool | None) -> None:
    found = seen([None] * gaps + [float(number) for number in range(10 - gaps)]).get("missing")
    assert (found and found.passed) == passed
    if found:
        assert (found.value, found.severity) == (gaps / 10, "warn")


@pytest.mark.parametrize(
    ("cells", "feature", "told"), [([1.0] * 9, True, True), ([1.0] * 9, False, False), ([1.0, 2.0], True, False)]
)
def test_constant_columns(cells: list[float], feature: bool, told: bool) -> None:
    assert ("constant" in seen(cells, feature=feature)) is told


@pytest.mark.parametrize(
    ("cells", "kind", "feature", "told"),
    [
        ([f"o{number}" for number in range(100)], "category", True, True),
        (list(range(100)), "integer", True, True),
        ([f"o{number}" for number in range(100)], "category", False, False),  # the key itself
        ([number / 7 for number in range(100)], "float", True, False),  # a measurement
        ([f"o{number % 90}" for number in range(100)], "category", True, False),
        ([None] * 10 + [f"o{number}" for number in range(90)], "category", True, False),
    ],
)
def test_columns_that_name_rows(cells: list[object], kind: str, feature: bool, told: bool) -> None:
    found = seen(cells, kind, feature=feature).get("id_like")
    assert (found is not None) is told
    if found:
        assert (found.value, found.severity, found.passed) == (1.0, "warn", False)


def leaks(cells: object, kind: str = "float", *, task: str = "binary", feature: bool = True) -> list[str]:
    rows = pl.DataFrame({"x": cells}, nan_to_null=True)
    found = leakage(rows, OUTCOME, (column("x", kind, feature=feature),), task)
    assert all(finding.passed is False and finding.severity == "reject" and finding.subject == "x" for finding in found)
    return [finding.check for finding in found]


def test_a_feature_that_knows_the_outcome() -> None:
    noise = RNG.normal(0, 0.1, N)
    assert leaks(OUTCOME + noise) == ["single_feature_too_good"]
    assert leaks(-OUTCOME + noise) == ["single_feature_too_good"]
    assert leaks(OUTCOME == 1, "boolean") == ["single_feature_too_good"]
    assert leaks(OUTCOME + 10 * noise) == []


def test_a_key_and_other_tasks_are_let_pass() -> None:
    assert leaks(OUTCOME, feature=False) == []
    assert leaks(OUTCOME, task="regression") == []


def test_a_feature_that_is_there_only_with_the_outcome() -> None:
    value = RNG.normal(size=N)
    assert leaks(np.where(OUTCOME == 1, value, np.nan)) == ["missing_tells"]
    assert leaks(np.where(OUTCOME == 0, value, np.nan)) == ["missing_tells"]
    assert leaks(["a" if one else None for one in OUTCOME], "category") == ["missing_tells"]
    assert leaks(np.where(RNG.random(N) < 0.5, value, np.nan)) == []


def test_one_class_tells_nothing() -> None:
    assert leakage(pl.DataFrame({"x": [1.0, 2.0]}), np.ones(2), (column("x", "float"),), "binary") == ()
