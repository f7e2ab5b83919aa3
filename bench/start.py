"""How long the command line takes to start."""

from __future__ import annotations

from bench.processes import BARE, FULLCYCLE, output
from bench.report import Options, Report
from bench.timing import Case, measured, repeated


def run(options: Options) -> Report:
    """``fullcycle --help`` beside an interpreter that does nothing."""
    cases = [
        Case("fullcycle --help", repeated(lambda: output((*FULLCYCLE, "--help")))),
        Case("python -c pass", repeated(lambda: output(BARE)), "bare"),
    ]
    lines = measured(cases, 2 if options.quick else 40)
    more = (lines[0].median - lines[1].median) * 1e3
    return Report("start", lines, notes=(f"`fullcycle --help` takes {more:.0f} ms more than a bare interpreter.",))
