"""Provenance: what nobody has said of a source is asked for; a lawful basis only where there is personal data."""

from __future__ import annotations

import pytest

from fullcycle.data.origins import origins, provenance
from fullcycle.data.records import Origin
from fullcycle.data.settings import Source

SAID = {"owner": "sales", "licence": "own", "purpose": "billing", "collected": "by the shop"}


@pytest.mark.parametrize(
    ("basis", "personal", "asked"), [("", True, ["orders"]), ("", False, []), ("contract", True, [])]
)
def test_a_basis_is_asked_for_where_there_is_personal_data(basis: str, personal: bool, asked: list[str]) -> None:
    found = provenance([Origin(name="orders", basis=basis, **SAID)], personal=personal)
    assert [one.subject for one in found] == asked
    assert all((one.severity, one.evidence) == ("warn", {"missing": "basis"}) for one in found)


def test_a_secret_stays_unresolved() -> None:
    source = Source(name="orders", location="postgresql://${DB_USER}:${DB_PASSWORD}@host/shop", **SAID)
    assert origins([source])[0].location == "postgresql://${DB_USER}:${DB_PASSWORD}@host/shop"
