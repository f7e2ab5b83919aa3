"""``python -m bench.quality [--budget 60] [--table NAME] [--tool NAME] [--root DIR] [--threads 2]``."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import TypeAlias

import numpy as np

from bench.environment import environment
from bench.quality.rank import loss, mean_ranks, paired
from bench.quality.tables import TABLES
from bench.quality.task import Task, task
from bench.quality.tools import OURS, PEERS, answer
from bench.report import table as written

TOOLS = (OURS, *PEERS)
Line: TypeAlias = dict[str, float | None]
"""``loss`` and ``seconds`` of a tool on a table."""


def main(arguments: list[str] | None = None) -> int:
    """Measure what is not measured yet, and print tables."""
    parser = argparse.ArgumentParser("python -m bench.quality", description=__doc__)
    parser.add_argument("--budget", type=int, action="append", metavar="SECONDS", help="by default 60 and 240")
    parser.add_argument("--table", action="append", choices=TABLES, help="by default every table")
    parser.add_argument("--tool", action="append", choices=TOOLS, help="by default every tool")
    parser.add_argument("--root", type=Path, default=Path("build/quality"), help="where everything is kept")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args(arguments)
    root = asked.root.resolve()
    print(environment(), flush=True)
    for budget in asked.budget or (60, 240):
        found: dict[str, dict[str, Line]] = {}
        for name in asked.table or TABLES:
            found[name] = _measured(task(name, root / "tables", root / "packages"), budget, root, asked)
        print(_report(_of(found, "loss"), budget, asked.tool or list(TOOLS)), flush=True)
        print(_times(_of(found, "seconds"), budget, asked.tool or list(TOOLS)), flush=True)
    return 0


def _measured(task: Task, budget: int, root: Path, asked: argparse.Namespace) -> dict[str, Line]:
    truth = np.load(task.shared / "truth.npy", allow_pickle=False)
    kept = root / "results" / f"{task.name}-{budget}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    known: dict[str, Line] = json.loads(kept.read_text()) if kept.exists() else {}
    known["constant"] = {"loss": _constant(task, truth), "seconds": 0.0}
    for tool in asked.tool or TOOLS:
        if tool not in known:
            known[tool] = _answered(tool, task, truth, budget, root, asked.threads)
            kept.write_text(json.dumps(known, indent=1))
    return known


def _of(found: dict[str, dict[str, Line]], what: str) -> dict[str, dict[str, float]]:
    """By table and tool, its loss or its seconds, of those that came to an answer."""
    return {
        name: {tool: number for tool, line in lines.items() if (number := line[what]) is not None}
        for name, lines in found.items()
    }


def _answered(
    tool: str, task: Task, truth: np.ndarray[tuple[int], np.dtype[np.float64]], budget: int, root: Path, threads: int
) -> Line:
    try:
        scores, seconds = answer(tool, task, budget, root, threads)
    except subprocess.SubprocessError as error:  # a tool that fails on a table is last on it
        print(f"{task.name}: {tool} failed: {str(getattr(error, 'stderr', '') or error)[-400:]}", file=sys.stderr)
        return {"loss": None, "seconds": None}
    found = loss(task.kind, truth, scores)
    print(f"{task.name}, {budget} s: {tool} {found:.5g} in {seconds:.0f} s", file=sys.stderr, flush=True)
    return {"loss": found, "seconds": seconds}


def _constant(task: Task, truth: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    import polars as pl

    from bench.quality.task import codes

    learnt = codes(pl.read_parquet(task.shared / "train.parquet")["answer"], task.classes)
    if task.kind == "regression":
        return loss(task.kind, truth, np.full(len(truth), learnt.mean()))
    shares = np.bincount(learnt.astype(np.int64), minlength=len(task.classes)) / len(learnt)
    flat = np.full(len(truth), shares[1]) if task.kind == "binary" else np.tile(shares, (len(truth), 1))
    return loss(task.kind, truth, flat)


def _report(found: dict[str, dict[str, float]], budget: int, tools: list[str]) -> str:
    shown = ["constant", *tools]
    rows = [["table", *shown]]
    for name, losses in found.items():
        rows.append([name, *(f"{losses[tool]:.5g}" if tool in losses else "failed" for tool in shown)])
    ranks = mean_ranks({name: {t: v for t, v in losses.items() if t in tools} for name, losses in found.items()})
    rows.append(["mean rank", "", *(f"{ranks.get(tool, np.nan):.2f}" for tool in tools)])
    pairs = [
        f"- {OURS} against {tool}: {won} won, {drawn} even, {lost} lost"
        for tool in tools
        if tool != OURS
        for won, drawn, lost in [paired(found, OURS, tool)]
    ]
    head = f"### Log loss or RMSE of the same test rows, budget {budget} s"
    return "\n".join([head, "", written(rows), "", *pairs])


def _times(found: dict[str, dict[str, float]], budget: int, tools: list[str]) -> str:
    """How long each tool took, its start included, and in brackets the share of its budget."""
    rows = [["table", *tools]]
    for name, seconds in found.items():
        rows.append(
            [name, *(f"{seconds[it]:.0f} ({seconds[it] / budget:.0%})" if it in seconds else "failed" for it in tools)]
        )
    return "\n".join([f"### Seconds of a budget of {budget} s, start and answers included", "", written(rows)])


if __name__ == "__main__":
    sys.exit(main())
