"""Monitoring: does it still work, how sure are we, what changed?"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from fullcycle.data.records import Dataset
from fullcycle.deployment.records import Release
from fullcycle.development.records import Model
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.verbs import Observation, step
from fullcycle.measure.sketches import CategorySketch
from fullcycle.monitoring.drift import drift
from fullcycle.monitoring.performance import arrival, calibration, mean_score, performance, readable
from fullcycle.monitoring.records import Health
from fullcycle.monitoring.settings import Monitoring
from fullcycle.predictor.outcomes import Outcomes, outcomes
from fullcycle.scoping.records import Charter
from fullcycle.traffic.expand import expand
from fullcycle.traffic.match import Matched
from fullcycle.traffic.read import content_digest


@step("monitoring.make", version=4, libraries=("polars", "numpy", "scipy"))
def make(
    *,
    charter: Charter,
    dataset: Dataset,
    model: Model,
    release: Release,
    traffic: Observation,
    settings: Monitoring,
    start: datetime,
    end: datetime,
    as_of: datetime,
) -> Health:
    """The Health of what served from *start* to *end*, with what was known at *as_of*.

    Parameters
    ----------
    traffic : its value is what ``Traffic.read`` gives for that cut: the decisions that count, and how they matched.
    start, end : a window as :func:`~fullcycle.monitoring.windows.window_ending` names it.

    Raises
    ------
    ColumnMissing
        The target cannot be derived from what the traffic holds.
    """
    served, counts = traffic.value
    found = _outcomes(charter, dataset, served)
    if charter.task == "clustering":  # nothing comes true: what can change is what comes in, and where it goes
        findings = (
            _conflicts(counts),
            *_drifted(dataset, found, settings),
            *_moved(model, release, served, found, settings),
        )
    else:
        findings = (
            arrival(
                served,
                as_of=as_of,
                label_delay=timedelta(microseconds=charter.label_delay),
                late_at_most=settings.late_at_most,
            ),
            readable(served, found.outcome),
            _conflicts(counts),
            *_judged(charter, model, served, found),
            *_drifted(dataset, found, settings),
        )
    return Health(
        parents=(release.id, model.id, dataset.id, charter.id),
        start=start,
        end=end,
        as_of=as_of,
        traffic=content_digest(served),
        counts=counts,
        findings=findings,
    )


def _outcomes(charter: Charter, dataset: Dataset, served: pl.DataFrame) -> Outcomes:
    kinds = {column.name: column.kind for column in dataset.columns if column.name not in dataset.derived}
    return outcomes(
        served,
        expand(served, kinds),
        derived=dataset.derived,
        kinds=kinds,
        target=charter.target,
        time=charter.time,
        zone=charter.timezone,
        classes=dataset.classes,
    )


def _judged(charter: Charter, model: Model, served: pl.DataFrame, found: Outcomes) -> tuple[Finding, ...]:
    """What outcomes say of the champion's scores: those in the control group are no decisions of the model."""
    if charter.task == "multiclass":  # one logged number says nothing of several probabilities
        return ()
    champion = (served["variant"] == "champion").to_numpy()
    outcome, days = found.outcome[champion], found.days[champion]
    score = served["score"].cast(pl.Float64).to_numpy()[champion]
    confidence = charter.confidence
    figures = performance(outcome, score, days, task=charter.task, figures=model.figures, confidence=confidence)
    return (
        *figures,
        calibration(outcome, score, days, confidence=confidence),
        *mean_score(score, days, confidence=confidence),
    )


def _drifted(dataset: Dataset, found: Outcomes, settings: Monitoring) -> tuple[Finding, ...]:
    """Every request counts, whoever decided on it. A time goes on by itself: that is no drift."""
    times = {column.name for column in dataset.columns if column.kind == "time"}
    return drift(
        found.rows,
        found.days,
        {name: column.sketch for name, column in dataset.profile.items() if name not in times},
        level=settings.drift_level,
        effect=settings.drift_effect,
        rows_at_least=settings.rows_at_least,
    )


def _moved(
    model: Model, release: Release, served: pl.DataFrame, found: Outcomes, settings: Monitoring
) -> tuple[Finding, ...]:
    """Whether as many rows as among the test rows fall into each cluster; clusters of another release are others."""
    mine = served["release"] == release.id
    return drift(
        pl.DataFrame({"cluster": served["action"].filter(mine)}),
        found.days[mine.to_numpy()],
        {"cluster": cluster_shares(model)},
        level=settings.drift_level,
        effect=settings.drift_effect,
        rows_at_least=settings.rows_at_least,
    )


def cluster_shares(model: Model) -> CategorySketch:
    """How the test rows are spread over the clusters of a model, as monitoring's reference."""
    figures = {name.removeprefix("cluster_share_"): it for name, it in model.figures.items()}
    codes = [code for code in figures if code.isdigit()]
    return CategorySketch.fit([code for code in codes for _ in range(round(figures[code].point * figures[code].n))])


def _conflicts(counts: Matched) -> Finding:
    """An id that was used again for another row: somebody's retry logic is wrong."""
    return Finding(
        check="id_conflict",
        subject="decisions",
        value=float(counts.conflict),
        limit=0.0,
        rule="at_most",
        passed=counts.conflict == 0,
        severity="warn",
        unit="answers",
        evidence={"ids": ", ".join(counts.conflicts)} if counts.conflicts else {},
    )
