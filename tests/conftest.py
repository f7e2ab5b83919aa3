"""Settings of the whole test run."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

# Everywhere else Hypothesis looks for new examples each time; where a change waits to land, the same ones decide.
settings.register_profile("ci", derandomize=True)
# Servers that were installed beside this Python are found though its environment is not activated.
os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where a change waits to land, every server is installed: a test that asks for one to be installed has failed."""
    report = yield
    if os.environ.get("CI") and report.skipped and "install" in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is no answer here: {report.longrepr}"
    return report
