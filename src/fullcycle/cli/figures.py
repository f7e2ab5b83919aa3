"""The one figure of each record that says most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fullcycle.cli.clusters import cluster_lines, clusters_of
from fullcycle.cli.output import aligned, finding_lines, number

if TYPE_CHECKING:
    from datetime import datetime

    from fullcycle.business.records import Verdict
    from fullcycle.cli.session import Session
    from fullcycle.kernel.record import Record
    from fullcycle.measure.intervals import Estimate

_BEST = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse", "clustering": "silhouette"}


def figure(record: Record, zone: str) -> str:
    """A record in a few words; times in the project's zone."""
    return " · ".join(f"{name.replace('_', ' ')} {shown(value)}" for name, value in facts(record, zone).items())


def facts(record: Record, zone: str) -> dict[str, Any]:
    """The figures that say most of a record, by name."""
    from fullcycle.business.records import Verdict
    from fullcycle.data.records import Dataset
    from fullcycle.data.split import PARTS
    from fullcycle.deployment.records import Release
    from fullcycle.development.records import Model
    from fullcycle.monitoring.records import Health
    from fullcycle.scoping.records import Charter

    match record:
        case Charter():
            worth = {"perfect_foresight": found} if (found := record.feasibility.worth.get("perfect foresight")) else {}
            base = record.feasibility.base
            return {**({"rows": record.feasibility.rows} if base is None else {"base": base}), **worth}
        case Dataset():
            return {
                "as_of": f"{local(record.as_of, zone):%Y-%m-%d %H:%M}",
                **{name: record.parts[name].rows for name in PARTS if name in record.parts},
            }
        case Model():
            best = _BEST.get(record.task, "")
            shown = {best: record.figures[best]} if best in record.figures else {}
            gain = {"gain_per_1000": record.figures["gain_per_1000"]} if "gain_per_1000" in record.figures else {}
            return {"learner": record.learner, **shown, **gain}
        case Release():
            return {"strategy": record.strategy, "control": record.control}
        case Health():
            failed = sum(finding.passed is False for finding in record.findings)
            return {
                "window": f"{local(record.start, zone):%Y-%m-%d} to {local(record.end, zone):%Y-%m-%d}",
                "findings": len(record.findings),
                "failed": failed,
            }
        case Verdict():
            gain = {"gain": record.gain} if record.gain is not None else {}
            net = {"net": f"{record.account.net} {record.account.currency}"} if record.account is not None else {}
            return {"verdict": record.action, **gain, **net, "decisions": record.decisions}
    return {}


def local(at: datetime, zone: str) -> datetime:
    """A time as a clock in *zone* shows it."""
    from zoneinfo import ZoneInfo

    return at.astimezone(ZoneInfo(zone))


def shown(value: Any) -> str:
    """A value as a person reads it; an estimate with its interval and unit."""
    from fullcycle.measure.intervals import Estimate

    match value:
        case Estimate():
            return _estimate(value)
        case float():
            return number(value)
        case int():
            return f"{value:,}"
    return str(value)


def verdict_lines(verdicts: Sequence[Verdict], zone: str) -> list[str]:
    """Verdicts as a table in money, with their total."""
    from fullcycle.business.report import gain, total

    if not verdicts:
        return []
    rows = [("period", "decisions", "gain against the best without a model", "net of costs", "verdict")]
    for one in verdicts:
        net = "" if one.account is None else f"{one.account.net:,}"
        rows.append((f"{local(one.start, zone):%Y-%m-%d} …", f"{one.decisions:,}", _money(gain(one)), net, one.action))
    nets = [one.account.net for one in verdicts if one.account is not None]
    decisions = f"{sum(one.decisions for one in verdicts):,}"
    rows.append(("together", decisions, _money(total(verdicts)), f"{sum(nets):,}" if nets else "", ""))
    return ["", *aligned(rows)]


def _money(found: Estimate | None) -> str:
    if found is None:
        return "unknown"
    interval = "" if found.low is None else f" [{found.low:,.0f}, {found.high:,.0f}]"
    return f"{found.point:,.0f}{interval} {found.unit}"


def tell_record(session: Session, record: Record, *lines: str, **more: Any) -> None:
    """Say what a stage made, with its findings and what was measured of it; then *lines*, or *more* of the document."""
    from fullcycle.kernel.record import kind_of
    from fullcycle.project.measured import measured

    zone = session.project.settings.project.timezone
    findings = (*getattr(record, "findings", ()), *measured(session.state.refresh().entries, record.id))
    session.tell(
        {"id": record.id, "kind": kind_of(record), "figures": facts(record, zone), "findings": findings, **more},
        f"{kind_of(record)} {record.id[:12]}  {figure(record, zone)}",
        *cluster_lines(clusters_of(session, record)),
        *(finding_lines(findings) if findings else ()),
        *lines,
    )


def _estimate(value: Estimate) -> str:
    interval = "" if value.low is None else f" [{number(value.low)}, {number(value.high)}]"
    return f"{number(value.point)}{interval} {value.unit}".rstrip()
