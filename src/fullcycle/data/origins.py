"""Origins: where rows came from and who answers for them, asked for and kept."""

from __future__ import annotations

from collections.abc import Iterable

from fullcycle.data.records import Origin
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.finding import Finding

_ASKED = ("owner", "licence", "purpose", "collected")


def origins(sources: Iterable[Source]) -> tuple[Origin, ...]:
    """What was declared of each source; a ``${NAME}`` in its address stays unresolved."""
    return tuple(
        Origin(
            name=source.name,
            location=source.location,
            owner=source.owner,
            licence=source.licence,
            purpose=source.purpose,
            basis=source.basis,
            collected=source.collected,
        )
        for source in sources
    )


def provenance(origins: Iterable[Origin], *, personal: bool) -> tuple[Finding, ...]:
    """What nobody has said of a source; its lawful basis is asked for where there is personal data.

    >>> [found.evidence for found in provenance([Origin(name="a", owner="ops", licence="CC0", purpose="billing")], personal=False)]
    [{'missing': 'collected'}]
    """
    asked = (*_ASKED, "basis") if personal else _ASKED
    return tuple(
        Finding(
            check="provenance",
            subject=origin.name,
            passed=False,
            severity="warn",
            evidence={"missing": ", ".join(missing)},
        )
        for origin in origins
        if (missing := [name for name in asked if not getattr(origin, name)])
    )
