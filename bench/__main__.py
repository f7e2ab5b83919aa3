"""``python -m bench [names…] [--quick] [--project PATH]``."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

from bench.environment import environment
from bench.report import Options

BENCHMARKS = {
    "start": "fullcycle --help",
    "second_run": "fullcycle run, with nothing changed",
    "one_row": "features and trees for one row, in process",
    "columns": "features and trees for a million rows",
    "contract": "ten rules on three million rows",
    "profile": "the profile of three million rows of 20 columns",
    "new_month": "a month more, after twelve that were looked at",
    "batch": "rows a second from Parquet to Parquet, logged",
    "service": "requests a second of one worker",
    "large": "thirty million rows through the data room; only where it is named",
}
"""Each benchmark, a module of this package, and what it measures."""
LONG = ("large",)


def main(arguments: list[str] | None = None) -> int:
    """Measure what is named, by default everything, and print tables."""
    options = _options(arguments)
    print(environment())
    print("Medians; below 1, a ratio means less time than the reference measured in the same run, in turn.")
    if options.quick:
        print("Quick: these figures only show that everything runs.")
    for name in options.names or [name for name in BENCHMARKS if name not in LONG]:
        reports = import_module(f"bench.{name}").run(Options(options.quick, options.project))
        for report in reports if isinstance(reports, list) else [reports]:
            print(f"\n{report.text()}", flush=True)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    told = "\n".join(f"  {name:11} {what}" for name, what in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        "python -m bench", epilog=f"benchmarks:\n{told}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="name", help="what to measure; by default everything")
    parser.add_argument("--quick", action="store_true", help="small and few, to see that everything runs")
    parser.add_argument("--project", type=Path, metavar="PATH", help="the project that second_run measures")
    parsed = parser.parse_args(arguments)
    for name in parsed.names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark is called {name!r}; there are {', '.join(BENCHMARKS)}")
    if parsed.project and not (parsed.project / "cycle.toml").exists():
        parser.error(f"{parsed.project} holds no project: there is no cycle.toml")
    return parsed


if __name__ == "__main__":
    sys.exit(main())
