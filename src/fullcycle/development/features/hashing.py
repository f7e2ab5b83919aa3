"""A category as one of a fixed number of columns, by its hash: no list of values is kept."""

from __future__ import annotations

from fullcycle.development.features.draft import Draft
from fullcycle.predictor.plan import Compare, Hash, Impute, Number


def hashed(draft: Draft, name: str, *, fill: str | None) -> None:
    """A column for each bucket of the hash; nothing is learnt, so that unseen categories have a place too.

    Source: Weinberger et al. 2009, *Feature hashing for large scale multitask learning*, without their signs.
    """
    width = draft.settings.hash_width
    whole = name if fill is None else draft.add(Impute, f"{name} or most frequent", input=name, value=fill)
    bucket = draft.add(Hash, f"{name} bucket or none", input=whole, buckets=width)
    slot = draft.add(Impute, f"{name} bucket", input=bucket, value=-1.0)
    for place in range(width):
        constant = draft.add(Number, f"bucket {place}", value=float(place))
        draft.use(draft.add(Compare, f"{name} in bucket {place}", relation="eq", left=slot, right=constant))
