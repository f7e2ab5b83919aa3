"""Settings of the whole test run."""

from __future__ import annotations

import os

from hypothesis import settings

# Everywhere else Hypothesis looks for new examples each time; where a change waits to land, the same ones decide.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
