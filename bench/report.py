"""What a benchmark found, as a table in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from bench.timing import Line

Shown: TypeAlias = Literal["time", "rate"]


class Options(NamedTuple):
    """How to measure.

    Attributes
    ----------
    quick : small and few, to see that everything runs; its figures say nothing.
    project : folder of a project for ``second_run``; without one a small project is made.
    """

    quick: bool = False
    project: Path | None = None


class Report(NamedTuple):
    """What a benchmark found.

    Attributes
    ----------
    shown : seconds for one item, or items a second.
    item : what one item is, such as ``row``.
    """

    title: str
    lines: tuple[Line, ...]
    shown: Shown = "time"
    item: str = ""
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """The report in Markdown: medians, the span over the rounds, and the ratio of the median time to each reference's.

        >>> print(Report("Two", (Line("ours", (2.0, 2.2, 1.9)), Line("theirs", (4.0,), "theirs"))).text())
        ### Two
        <BLANKLINE>
        | what   | median | lowest | highest | time ÷ theirs |
        | ------ | -----: | -----: | ------: | ------------: |
        | ours   | 2.00 s | 1.90 s |  2.20 s |          0.50 |
        | theirs | 4.00 s | 4.00 s |  4.00 s |             1 |
        """
        references = [line for line in self.lines if line.reference]
        head = ["what", "median", "lowest", "highest", *(f"time ÷ {line.reference}" for line in references)]
        rows = [head, *(self._row(line, references) for line in self.lines)]
        notes = "".join(f"\n- {note}" for note in self.notes)
        return f"### {self.title}\n\n{table(rows)}" + (f"\n{notes}" if notes else "")

    def _row(self, line: Line, references: Sequence[Line]) -> list[str]:
        show = self._shower()
        ends = [show(min(line.seconds)), show(max(line.seconds))][:: 1 if self.shown == "time" else -1]
        ratios = ["1" if one is line else ratio(line.median / one.median) for one in references]
        return [line.name, show(line.median), *ends, *ratios]

    def _shower(self) -> Callable[[float], str]:
        if self.shown == "time":
            return duration
        return lambda seconds: f"{number(1 / seconds)} {self.item}s/s"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows, the first of them the head, as a table in Markdown: the first column to the left, the others to the right.

    >>> print(table([["a", "b"], ["x", "10"]]))
    | a |  b |
    | - | -: |
    | x | 10 |
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    aligned = [
        [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        for row in rows
    ]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (aligned[0], rule, *aligned[1:]))


def duration(seconds: float) -> str:
    """Seconds with three digits and a fitting unit.

    >>> duration(0.0000123), duration(0.0456), duration(1.5)
    ('12.3 µs', '45.6 ms', '1.50 s')
    """
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1:
            return f"{number(seconds * factor)} {unit}"
    return f"{number(seconds * 1e9)} ns"


def number(value: float) -> str:
    """Three digits, and words for what is large.

    >>> number(1_234_567), number(45_600), number(9.876), number(123.4)
    ('1.23 M', '45.6 k', '9.88', '123')
    """
    for size, word in ((1e6, " M"), (1e4, " k")):
        if value >= size:
            return number(value / (1e6 if word == " M" else 1e3)) + word
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def ratio(value: float) -> str:
    """A ratio with two or three digits.

    >>> ratio(0.000123), ratio(0.0123), ratio(1.5), ratio(12.34), ratio(234.5)
    ('0.00012', '0.012', '1.50', '12.3', '234')
    """
    return f"{value:.2g}" if value < 0.1 else number(value)
