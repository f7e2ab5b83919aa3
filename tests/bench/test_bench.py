"""Every benchmark runs, in its quick form, and prints its ratios. What they are is no matter of tests."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = (
    "start",
    "second_run",
    "one_row",
    "columns",
    "contract",
    "profile",
    "new_month",
    "batch",
    "service",
    "large",
)
MODULES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for file in (ROOT / "bench").rglob("*.py")
    if not file.stem.startswith("__") and file.parent.name != "peers"  # these run in environments of their own
)


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command that ``make bench`` runs."""
    command = (sys.executable, "-m", "bench", *arguments)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", [*BENCHMARKS[:-1], pytest.param("large", marks=pytest.mark.slow)])
def test_a_benchmark_prints_the_ratio_to_its_reference(name: str) -> None:
    done = bench(name, "--quick")
    assert done.returncode == 0, done.stderr
    assert f"### {name}" in done.stdout
    assert "cores" in done.stdout.splitlines()[0]
    if name == "batch":  # held against its own memory at another size
        assert done.stdout.count("rows") > 1
        assert "Peak memory" in done.stdout
        return
    assert "time ÷ " in done.stdout
    lines = [line.split("|")[1:-1] for line in done.stdout.splitlines() if line.startswith("| ")]
    ratios = [cell.strip() for line in lines for cell in line[4:] if "÷" not in cell and "-" not in cell]
    assert len(ratios) >= 2
    assert name != "second_run" or "Every record was reused." in done.stdout
    assert all(re.fullmatch(r"[\d.]+(e-\d+)?", ratio) for ratio in ratios), ratios


def test_all_of_them_are_documented_and_tried_here() -> None:
    told = bench("--help").stdout
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^  (\w+) {2,}\w", told.split("benchmarks:")[1], re.MULTILINE)) == BENCHMARKS
    for name in BENCHMARKS:
        assert f"`{name}`" in page


def test_a_name_that_is_none_is_refused_with_those_that_are() -> None:
    done = bench("sevice")
    assert done.returncode == 2
    assert "service" in done.stderr


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_documentation_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    assert doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


def test_quality_measures_what_is_not_measured_yet(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "bench.quality", "--budget", "1", "--table", "digits", "--tool", "fullcycle")
    first, again = (
        subprocess.run((*command, "--root", str(tmp_path)), cwd=ROOT, capture_output=True, text=True, check=False)
        for _ in range(2)
    )
    assert first.returncode == 0, first.stderr
    row = next(line for line in first.stdout.splitlines() if line.startswith("| digits"))
    constant, ours = (float(cell) for cell in row.split("|")[2:4])
    assert ours < constant / 2
    assert "fullcycle" in first.stderr
    assert again.stderr == ""
    assert again.stdout == first.stdout
