"""Decisions: nothing that seems personal may stay undecided, and what is decided must hold together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.privacy.detect import Suspicion
from fullcycle.data.privacy.settings import Privacy
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding

Facts = Mapping[str, ColumnFact]
TAKEN = ("drop", "hash", "mask")
"""Decisions that take the value away, wholly or for all but those who hold the key."""
_MEND = "in columns.toml: personal = 'drop', 'hash', 'mask', or 'keep' with because = '…'; 'no' if it is about nobody"


def may_be_feature(fact: ColumnFact) -> bool:
    """Whether a model may read a column. One that is dropped, hashed or masked never is a feature.

    A hash says nothing that holds for people not yet seen, and what a request brings in the clear would otherwise have to
    be hashed alike wherever it is answered. So training and serving cannot differ here.

    >>> may_be_feature(ColumnFact(type="category", personal="hash")), may_be_feature(ColumnFact(type="float"))
    (False, True)
    """
    return fact.feature and fact.personal not in TAKEN


def require_decisions(
    facts: Facts, *, entity: str = "", time: str = "", target: str = "", used: Iterable[str] = ()
) -> None:
    """Stop where a decision contradicts itself or takes away what the table cannot do without.

    Parameters
    ----------
    used : columns that expressions, rules or joins read after the treatment.

    Raises
    ------
    InputError
        Personal data is kept without a reason; or the time, the target, a column in use is dropped, hashed or masked; or
        the entity is dropped or masked (it may be hashed).

    Examples
    --------
    >>> require_decisions({"iban": ColumnFact(type="text", personal="hash")}, entity="iban")
    """
    for name, fact in facts.items():
        place = f"columns.toml, {name}"
        if fact.personal == "keep" and not fact.because.strip():
            raise InputError(
                "personal data is kept without a reason", place=place, mend="add because = '…' to the line"
            )
        roles = {"time": name == time, "target": name == target, "column in use": name in set(used)}
        if fact.personal in TAKEN and any(roles.values()):
            role = next(role for role, is_it in roles.items() if is_it)
            raise InputError(f"the {role} cannot be taken away", place=place, found=f"personal = {fact.personal!r}", mend=(
                "write personal = 'keep' with because = '…', or name another column"))  # fmt: skip
        if fact.personal in ("drop", "mask") and name == entity:
            raise InputError("the entity must tell rows apart", place=place, found=f"personal = {fact.personal!r}", mend=(
                "write personal = 'hash', or 'keep' with because = '…'"))  # fmt: skip


def personal_findings(suspicions: Iterable[Suspicion], facts: Facts, privacy: Privacy) -> tuple[Finding, ...]:
    """A finding for each column that seems personal or is decided to be; one that is undecided stops the cycle.

    Evidence holds kind, sign and counts, never a value.

    >>> found = Suspicion("mail", "email", "form", 1.0, 3, 3)
    >>> one, = personal_findings([found], {"mail": ColumnFact(type="text")}, Privacy())
    >>> one.check, one.subject, one.passed
    ('personal_data', 'mail', False)
    """
    seen = {found.column: found for found in suspicions}
    found = [_judged(suspicion, facts.get(name), privacy) for name, suspicion in seen.items()]
    found += [
        _decided(name, fact) for name, fact in facts.items() if name not in seen and fact.personal not in (None, "no")
    ]
    return tuple(found)


def _judged(suspicion: Suspicion, fact: ColumnFact | None, privacy: Privacy) -> Finding:
    decision: str = fact.personal if fact is not None and fact.personal else ""
    if not decision and suspicion.kind == "free_text" and suspicion.column in privacy.reviewed:
        decision = "reviewed"
    evidence: dict[str, str | int | float | bool | None] = {
        "kind": suspicion.kind,
        "sign": suspicion.sign,
        "values_looked_at": suspicion.looked_at,
        "rows": suspicion.rows,
        "decision": decision or "none",
    }
    if fact is not None and fact.because:
        evidence["because"] = fact.because
    if not decision:
        evidence["mend"] = _MEND if suspicion.kind != "free_text" else f"{_MEND}; or name it in [data.privacy] reviewed"
    return Finding(
        check="free_text" if suspicion.kind == "free_text" else "personal_data",
        subject=suspicion.column,
        value=suspicion.share,
        passed=bool(decision),
        severity="note" if decision else "reject",
        unit="share of distinct values",
        evidence=evidence,
    )


def _decided(name: str, fact: ColumnFact) -> Finding:
    evidence: dict[str, str | int | float | bool | None] = {"kind": "declared", "decision": fact.personal or "none"}
    if fact.because:
        evidence["because"] = fact.because
    return Finding(check="personal_data", subject=name, passed=True, severity="note", evidence=evidence)
