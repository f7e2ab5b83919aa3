"""What a contract counted in a part of a table; the counts of parts add up to those of the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct


class Tally(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Counts of rows.

    Attributes
    ----------
    rows : rows that came in.
    quarantined : rows that were turned away, each once.
    missing : by column, rows without a value.
    broken : by check, then by column, key or name of the rule, the rows that break it.
    changed : by column, values outside that became missing.
    newest : time of the newest row, in microseconds since 1970 UTC.
    """

    rows: int = 0
    quarantined: int = 0
    missing: Mapping[str, int] = {}
    broken: Mapping[str, Mapping[str, int]] = {}
    changed: Mapping[str, int] = {}
    newest: int | None = None


def merge(tallies: Iterable[Tally]) -> Tally:
    """The counts of all parts together, in whatever order they come.

    >>> merge([Tally(rows=2, missing={"a": 1}), Tally(rows=3, missing={"a": 1, "b": 2})])
    Tally(rows=5, quarantined=0, missing={'a': 2, 'b': 2}, broken={}, changed={}, newest=None)
    """
    given = list(tallies)
    checks = sorted({check for tally in given for check in tally.broken})
    return Tally(
        rows=sum(tally.rows for tally in given),
        quarantined=sum(tally.quarantined for tally in given),
        missing=_added(tally.missing for tally in given),
        broken={check: _added(tally.broken.get(check, {}) for tally in given) for check in checks},
        changed=_added(tally.changed for tally in given),
        newest=max((tally.newest for tally in given if tally.newest is not None), default=None),
    )


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(sorted(total.items()))
