"""Names: the commonest values of a column of categories or texts, with how often each occurred.

Counts are exact while a column has at most `MOST` different names, and for every name that was among the commonest of
all parts. Beyond that each count comes with how many more there may be, and `unseen` bounds the names that are not
listed, by at most n / `MOST` altogether.

References: Metwally, Agrawal and El Abbadi 2005, *Space-Saving*; Cafaro, Pulimeno and Tempesta 2016, *A parallel Space
Saving algorithm* (merging).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

MOST = 200
"""Names that are kept, at most."""
LONGEST = 60
"""Characters of a name that is kept whole; a longer one stands by its beginning and its hash."""


class Names(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The commonest names.

    Attributes
    ----------
    counts : how often each occurred at least; from the commonest down, then by name.
    more : how often more each may have occurred; empty where all counts are exact.
    unseen : how often a name that is not listed occurred at most.

    Examples
    --------
    >>> months = Names.of({"JFK": 5, "LGA": 2}), Names.of({"EWR": 3, "LGA": 2})
    >>> months[0].merge(months[1])
    Names(names=('JFK', 'LGA', 'EWR'), counts=(5, 4, 3), more=(), unseen=0)
    """

    names: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    more: tuple[int, ...] = ()
    unseen: int = 0

    @classmethod
    def of(cls, counted: Mapping[str, int], most: int = MOST) -> Names:
        """The commonest of names that were counted exactly."""
        return _kept({name: (times, 0) for name, times in counted.items()}, 0, most)

    def merge(self, other: Names, most: int = MOST) -> Names:
        """The commonest names of both."""
        first, second = self._bounds(), other._bounds()
        both = {}
        for name in {**first, **second}:
            (least, more), (least_too, more_too) = (
                first.get(name, (0, self.unseen)),
                second.get(name, (0, other.unseen)),
            )
            both[name] = (least + least_too, more + more_too)
        return _kept(both, self.unseen + other.unseen, most)

    @property
    def exact(self) -> bool:
        """Whether every name is listed with its exact count."""
        return not self.unseen and not self.more

    def _bounds(self) -> dict[str, tuple[int, int]]:
        return dict(zip(self.names, zip(self.counts, self.more or (0,) * len(self.names), strict=True), strict=True))


def _kept(bounds: Mapping[str, tuple[int, int]], unseen: int, most: int) -> Names:
    ranked = sorted(bounds.items(), key=lambda item: (-sum(item[1]), item[0]))
    unseen = max([unseen, *(sum(bound) for _, bound in ranked[most : most + 1])])
    listed = sorted((-least, name, more) for name, (least, more) in ranked[:most])
    return Names(
        names=tuple(name for _, name, _ in listed),
        counts=tuple(-least for least, _, _ in listed),
        more=tuple(more for _, _, more in listed) if any(more for _, _, more in listed) else (),
        unseen=unseen,
    )
