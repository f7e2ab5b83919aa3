"""Quality: what was seen of the rows, each thing under its name."""

from __future__ import annotations

import polars as pl
import pytest

from fullcycle.data.profile import profile
from fullcycle.data.quality import quality
from fullcycle.data.records import Column
from fullcycle.data.settings import Rules
from fullcycle.kernel.finding import Finding


def column(name: str, kind: str, *, feature: bool = True) -> Column:
    return Column(name=name, kind=kind, known="before", feature=feature)


def seen(cells: object, kind: str = "float", *, feature: bool = True, rules: Rules = Rules()) -> dict[str, Finding]:  # noqa: B008
    columns = (column("x", kind, feature=feature),)
    sketches = profile(pl.DataFrame({"x": cells}, strict=False), columns)
    findings = quality(sketches, columns, rules, kept=len(list(cells)), turned_away=0)  # type: ignore[call-overload]
    return {finding.check: finding for finding in findings}


def test_quarantine_is_always_told() -> None:
    (found,) = quality({}, (), Rules(), kept=90, turned_away=10)
    assert (found.check, found.value, found.passed) == ("quarantine", 0.1, False)
    assert found.evidence == {"rows": 10}


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
