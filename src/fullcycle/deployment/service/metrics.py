"""What one worker counts, in the text format of Prometheus."""

from __future__ import annotations

import bisect
import os
from collections import Counter

EDGES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)  # seconds


class Metrics:
    """Counters of one worker process. Each worker answers a scrape with its own, under the label ``worker`` (its process id): sum
    over workers, and scrape often enough to meet each of them.

    Examples
    --------
    >>> metrics = Metrics(worker="7")
    >>> metrics.predictions["champion"] += 2
    >>> metrics.took(0.004)
    >>> print(metrics.text(generation=1, in_flight=0, ready=True).splitlines()[2])
    fullcycle_predictions_total{worker="7",variant="champion"} 2
    """

    def __init__(self, worker: str = "") -> None:
        self.worker = worker or str(os.getpid())
        self.predictions: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.errors: Counter[int] = Counter()
        self.shadow: Counter[str] = Counter()
        self.rejected = 0
        self._buckets, self._seconds = [0] * (len(EDGES) + 1), 0.0

    def took(self, seconds: float) -> None:
        """Count a request to ``/predict``."""
        self._buckets[bisect.bisect_left(EDGES, seconds)] += 1
        self._seconds += seconds

    def text(self, *, generation: int, in_flight: int, ready: bool) -> str:
        """The exposition, version 0.0.4."""
        name = f'worker="{self.worker}"'
        lines = _counter("predictions_total", "rows answered", name, "variant", self.predictions)
        lines += _counter("outcomes_total", "outcomes taken", name, "result", self.outcomes)
        lines += _counter("errors_total", "requests answered with an error", name, "status", self.errors)
        lines += _single("rejected_rows_total", "counter", "rows not answered", name, self.rejected)
        if self.shadow:
            lines += _counter("shadow_rows_total", "rows for the shadow", name, "result", self.shadow)
        lines += self._histogram(name)
        lines += _single("requests_in_flight", "gauge", "requests being answered", name, in_flight)
        lines += _single("route_generation", "gauge", "generation of the route that serves", name, generation)
        lines += _single("ready", "gauge", "1 where rows can be answered", name, int(ready))
        return "\n".join(lines) + "\n"

    def _histogram(self, name: str) -> list[str]:
        lines = _head("predict_seconds", "histogram", "time from request to answer")
        total = 0
        for edge, count in zip((*EDGES, "+Inf"), self._buckets, strict=True):
            total += count
            lines.append(f'fullcycle_predict_seconds_bucket{{{name},le="{edge}"}} {total}')
        lines.append(f"fullcycle_predict_seconds_sum{{{name}}} {self._seconds:.9g}")
        lines.append(f"fullcycle_predict_seconds_count{{{name}}} {total}")
        return lines


def _head(metric: str, kind: str, told: str) -> list[str]:
    return [f"# HELP fullcycle_{metric} {told}", f"# TYPE fullcycle_{metric} {kind}"]


def _counter(metric: str, told: str, name: str, label: str, counts: Counter[str] | Counter[int]) -> list[str]:
    lines = _head(metric, "counter", told)
    for key, count in sorted(counts.items()):
        lines.append(f'fullcycle_{metric}{{{name},{label}="{key}"}} {count}')
    return lines


def _single(metric: str, kind: str, told: str, name: str, value: int) -> list[str]:
    return [*_head(metric, kind, told), f"fullcycle_{metric}{{{name}}} {value}"]
