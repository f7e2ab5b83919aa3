"""What a command says: one JSON document with ``--json``, else text for people; progress beside it, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fullcycle.cli.exits import write

if TYPE_CHECKING:
    from rich.progress import Progress

    from fullcycle.kernel.finding import Finding

EVIDENCE = 6  # pieces of evidence that people are shown of a finding
_ANSWERS = ("failed", "warns", "passed", "seen")


def document(value: Any) -> None:
    """*value* as one JSON document: estimates as point, low, high and unit."""
    import msgspec

    from fullcycle.kernel.record import canonical

    body = msgspec.json.format(canonical(plain(value)), indent=2)  # numbers and times as records write them
    write(sys.stdout, body.decode() + "\n")


def plain(value: Any) -> Any:
    """*value* as JSON types, each estimate cut to what the contract names."""
    import msgspec

    from fullcycle.measure.intervals import Estimate

    match value:
        case Estimate():
            return {"point": value.point, "low": value.low, "high": value.high, "unit": value.unit}
        case dict():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case msgspec.Struct():
            return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    return value


def say(*lines: str) -> None:
    """Lines for people."""
    write(sys.stdout, "".join(f"{line}\n" for line in lines))


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines whose columns stand under each other.

    >>> aligned([("a", "1"), ("bcd", "2")])
    ['a    1', 'bcd  2']
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def finding_lines(findings: Iterable[Finding]) -> list[str]:
    """Findings as a table, those that stop the cycle first."""
    rows = [
        (
            _answer(one),
            one.check,
            one.subject,
            number(one.value) + ("" if one.low is None else f" [{number(one.low)}, {number(one.high)}]"),
            _limit(one),
            one.unit,
        )
        for one in sorted(findings, key=lambda one: _ANSWERS.index(_answer(one)))
    ]
    return aligned([("answer", "check", "subject", "value", "limit", "unit"), *rows]) if rows else ["no findings"]


def against_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Findings, each with what it rests on below."""
    head, *rest = finding_lines(findings)
    yield head
    for line, one in zip(rest, findings, strict=True):
        yield line
        facts = {name: value for name, value in one.evidence.items() if value is not None}
        shown = [f"{name.replace('_', ' ')} {_fact(value)}" for name, value in facts.items()]
        if shown:
            yield f"  {', '.join(shown[:EVIDENCE])}" + (", …" if len(shown) > EVIDENCE else "")


def _fact(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else number(value) if isinstance(value, float) else value


def _limit(finding: Finding) -> str:
    """What a finding was held against; nothing where a figure was only looked at."""
    if finding.limit is None and finding.passed is None:
        return ""
    return f"{finding.rule.replace('_', ' ')} {number(finding.limit)}".strip()


def _answer(finding: Finding) -> str:
    if finding.passed is False:
        return "failed" if finding.severity == "reject" else "warns"
    return "passed" if finding.passed else "seen"


def number(value: float | None) -> str:
    """A number in four digits, large ones in groups of three.

    >>> number(0.67712), number(13710.4), number(None)
    ('0.6771', '13,710', '')
    """
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


class Teller:
    """Tells how far a command is: a bar on a terminal, a line a change in a pipe, nothing with ``--json``."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet, self._last = quiet, ""
        self._tenths: set[str] = set()
        self._bar: Progress | None = None

    def __call__(self, what: str, done: int, total: int) -> None:
        """See ``fullcycle.loop.stages.Progress``."""
        if self._quiet:
            return
        if sys.stderr.isatty():
            self._draw(what, done, total)
        else:
            self._line(f"{what.split(' ')[0].rstrip(':')}, {10 * done // total * 10}%" if total else what)

    def _line(self, line: str) -> None:
        """A line where something new is done, or a tenth more of it."""
        if line != self._last and line not in self._tenths:
            write(sys.stderr, f"{line}\n")
            self._last = line
            if line.endswith("%"):
                self._tenths.add(line)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _draw(self, what: str, done: int, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        if self._bar is None:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[detail]}"),
                TimeElapsedColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.add_task(what, total=None, detail="")
            self._bar.start()
        if not total and self._bar.finished:  # what was counted is done: this is something else
            self._bar.remove_task(self._bar.task_ids[0])
            self._bar.add_task(what, total=None, detail="")
        task = self._bar.task_ids[0]
        if total:
            self._bar.update(task, description=what, completed=done, total=total, detail=f"{done} of {total}")
        elif self._bar.tasks[0].total:
            self._bar.update(task, detail=what)
        else:
            self._bar.update(task, description=what)
