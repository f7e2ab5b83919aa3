"""Business: did it pay? Keep, retrain, improve, rescope or retire?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl

from fullcycle.business.costs import costs, months, retraining
from fullcycle.business.decide import Facts, decide
from fullcycle.business.records import Account, Verdict
from fullcycle.business.settings import Business
from fullcycle.business.value import Resolved, Worth, cents, effect, ends, per_1000, recalibrated, resolved, worth
from fullcycle.data.records import Dataset
from fullcycle.deployment.records import Release
from fullcycle.development.records import Model
from fullcycle.kernel.clock import duration
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.verbs import Observation, step
from fullcycle.measure.intervals import Estimate
from fullcycle.measure.value import total
from fullcycle.monitoring.records import Health
from fullcycle.predictor.outcomes import Outcomes, outcomes
from fullcycle.predictor.policy import Policy
from fullcycle.scoping.records import Charter
from fullcycle.traffic.expand import expand
from fullcycle.traffic.read import content_digest

_MONTH = timedelta(days=30, hours=10, minutes=30)  # 30.4375 days


@step("business.make", version=4, libraries=("polars", "numpy", "scipy"))
def make(
    *,
    charter: Charter,
    dataset: Dataset,
    model: Model,
    release: Release,
    health: Health,
    traffic: Observation,
    settings: Business,
    history: tuple[str, ...],
    start: datetime,
    end: datetime,
    as_of: datetime,
    trained_at: datetime,
) -> Verdict:
    """The Verdict on what served from *start* to *end*, with what was known at *as_of*.

    Parameters
    ----------
    health : findings of the window.
    traffic : its value is what ``Traffic.read`` gives for that cut: the decisions that count, and how they matched.
    history : earlier verdicts, oldest first, as :func:`fullcycle.business.decide.remember` writes them.
    trained_at : when the model was trained.

    Raises
    ------
    InputError
        The policy of retraining is none, or a decision names what is no action.
    ColumnMissing
        The target, or what values or today's rule read, is not in the traffic.
    """
    served, _ = traffic.value
    policy = model.policy
    found = _outcomes(charter, dataset, served, policy)
    done = resolved(served, found, policy, variant="champion")
    base = charter.feasibility.base
    judged = worth(done, policy, base=base.point) if policy.values.cells and base and len(done.days) else None
    gain = per_1000(judged.gained, done.days, policy) if judged else None
    decisions = int((served["variant"] == "champion").sum())
    spent = _costs(charter, model, settings, history, start, end, trained_at)
    facts = Facts(
        known=decisions if charter.task == "clustering" else int((~np.isnan(done.outcome)).sum()),
        gain=gain,
        running=_per_1000(spent["people"] + spent["serving"], decisions),
        room=_room(judged, done, policy, decisions),
        costs=float(sum(spent.values(), Decimal(0))),
        avoidable=_avoidable(model, gain, done, policy, decisions * _reviews(settings.review, start, end)),
        retraining=float(_retraining(charter, model, settings)),
        failed=_failed(health.findings),
        age=as_of - trained_at,
    )
    action, reasons = decide(facts, retrain=settings.retrain, history=history)
    return Verdict(
        parents=(health.id, release.id, model.id, dataset.id, charter.id),
        action=action,
        reasons=reasons,
        start=start,
        end=end,
        as_of=as_of,
        traffic=content_digest(served),
        decisions=decisions,
        known=len(done.days),
        gain=gain,
        account=_account(judged, done, policy, spent) if judged else None,
        effect=_effect(served, found, done, policy),
    )


def _outcomes(charter: Charter, dataset: Dataset, served: pl.DataFrame, policy: Policy) -> Outcomes:
    kinds = {column.name: column.kind for column in dataset.columns if column.name not in dataset.derived}
    return outcomes(
        served,
        expand(served, kinds),
        derived=dataset.derived,
        kinds=kinds,
        target=charter.target,
        time=charter.time,
        zone=charter.timezone,
        classes=policy.values.classes or dataset.classes,  # codes as the value table counts them
    )


def _account(judged: Worth, done: Resolved, policy: Policy, spent: Mapping[str, Decimal]) -> Account:
    """Every figure to the cent, such that the cents add up."""
    model = cents(total(judged.model))
    alternatives = {name: cents(total(micros)) for name, micros in judged.alternatives.items()}
    gain = model - alternatives[judged.against]
    low, high = ends(done, judged, policy)
    return Account(
        currency=policy.values.currency,
        model=model,
        alternatives=alternatives,
        against=judged.against,
        gain=gain,
        gain_low=cents(low),
        gain_high=cents(high),
        costs=dict(spent),
        net=gain - sum(spent.values(), Decimal(0)),
    )


def _costs(
    charter: Charter,
    model: Model,
    settings: Business,
    history: tuple[str, ...],
    start: datetime,
    end: datetime,
    trained_at: datetime,
) -> dict[str, Decimal]:
    length = months(start, end, charter.timezone)
    return costs(
        charter.resources,
        months=length,
        paid_back=length * len(history),
        # the first training came before anything was served: the first period bears it
        trained=trained_at < end and (not history or start <= trained_at),
        retrained=any(entry.startswith("retrain:") for entry in history),
        fits=model.fits,
        rows=model.trained_rows,
        retraining_days=settings.retraining_days,
    )


def _retraining(charter: Charter, model: Model, settings: Business) -> Decimal:
    days = settings.retraining_days
    return retraining(charter.resources, fits=model.fits, rows=model.trained_rows, retraining_days=days)


def _per_1000(money: Decimal, decisions: int) -> float:
    return float(money * 1000 / decisions) if decisions else 0.0


def _room(judged: Worth | None, done: Resolved, policy: Policy, decisions: int) -> float | None:
    """The most that perfect foresight could have gained: the upper bound, for all decisions of the period."""
    if judged is None:
        return None
    room = per_1000(judged.room, done.days, policy)
    return (room.point if room.high is None else room.high) * decisions / 1000


def _avoidable(model: Model, gain: Estimate | None, done: Resolved, policy: Policy, decisions: float) -> float:
    """Loss until the next review that a fresh model would avoid: back to what it gained on its test rows, or at least to
    scores that are right on average; whichever is more."""
    if gain is None:
        return 0.0
    tested = model.figures.get("gain_per_1000")
    gap = max(0.0, tested.point - gain.point) if tested else 0.0
    shift = max(0, recalibrated(done, policy)) / 1e3 / len(done.days)
    return max(gap, shift) * decisions / 1000


def _reviews(review: str, start: datetime, end: datetime) -> float:
    """How many periods such as this one lie between two reviews; the first month may have been a part."""
    length = _MONTH if review == "month" else duration(review, place="cycle.toml, [business] review")
    return length / (end - start)


def _failed(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    return tuple(f"{finding.check}:{finding.subject}" for finding in findings if finding.passed is False)


def _effect(served: pl.DataFrame, found: Outcomes, champion: Resolved, policy: Policy) -> Estimate | None:
    """The contrast with the control group, where there is one and values are known."""
    if not policy.values.cells:
        return None
    control = resolved(served, found, policy, variant="control")
    groups = [
        served.filter((pl.col("variant") == name) & (pl.col("status") != "waiting")) for name in ("champion", "control")
    ]
    shares = [group["propensity"].to_numpy() for group in groups]
    return effect(champion, control, policy, (shares[0], shares[1]))
