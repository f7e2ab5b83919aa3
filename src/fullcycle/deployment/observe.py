"""From the traffic since a rollout began to what its judgement reads."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.records import Dataset
from fullcycle.deployment.advance import Observations, Rollout, Rules, Worth
from fullcycle.deployment.rollout import BUCKETS
from fullcycle.measure.metrics import log_losses
from fullcycle.measure.randomised import residuals
from fullcycle.predictor.expression import parse
from fullcycle.predictor.outcomes import Outcomes, outcomes
from fullcycle.predictor.policy import Policy, compile_values
from fullcycle.scoping.records import Charter
from fullcycle.traffic.expand import expand

Floats: TypeAlias = NDArray[np.float64]
_ORDER = ("at", "time", "decision")
_TRIED = ("champion", "challenger")


def observe(
    answers: pl.DataFrame,
    matched: pl.DataFrame,
    state: Rollout,
    rules: Rules,
    *,
    now: int,
    control: float,
    charter: Charter,
    dataset: Dataset,
    policy: Policy,
) -> Observations:
    """What was seen of a rollout.

    Parameters
    ----------
    answers : every answer since it began, those of a shadow too: rows of the table of decisions.
    matched : the decisions among them that count, with their outcomes, as `fullcycle.traffic.match.match` gives them.
    now : µs UTC.
    control : share of the control group.
    charter, dataset, policy : of the challenger.
    """
    mine = answers.sort(_ORDER).with_columns(
        tried=(pl.col("release") == state.challenger) & pl.col("variant").is_in(["challenger", "shadow"])
        | (pl.col("variant") == "challenger") & (pl.col("failed") != "")
    )
    asked = mine.filter("tried")
    drawn = _with_share(mine.filter(pl.col("variant").is_in(_TRIED)), rules, control)
    return Observations(
        now=now,
        rows=int((asked["at"] >= state.stepped).sum()),
        errors=_ones(asked["failed"] == "error"),
        rejected=_ones(asked["failed"] == "rejected"),
        seconds=_pairs(mine),
        exposures=_exposures(drawn, rules),
        worth=_worth(asked, matched, rules, control, charter, dataset, policy),
    )


def _ones(column: pl.Series) -> Floats:
    return column.cast(pl.Float64).to_numpy()


def _with_share(rows: pl.DataFrame, rules: Rules, control: float) -> pl.DataFrame:
    """The challenger's share under which each row was drawn, as its propensity tells."""
    left = 1 - round(control * BUCKETS) / BUCKETS
    own = rows["propensity"].to_numpy() / left
    share = np.where((rows["variant"] == "challenger").to_numpy(), own, 1 - own)
    steps = np.array(rules.steps)
    nearest = steps[np.abs(share[:, None] - steps[None, :]).argmin(axis=1)] if len(share) else share
    return rows.with_columns(pl.Series("share", nearest, dtype=pl.Float64))


def _exposures(drawn: pl.DataFrame, rules: Rules) -> tuple[tuple[float, int, int], ...]:
    """Entities at their first answer under a share: only then is their group as likely as the share says."""
    first = drawn.filter(pl.col("share") > 0).unique(subset="entity", keep="first", maintain_order=True)
    found = []
    for share in rules.steps[:-1]:
        met = first.filter(pl.col("share") == share)["variant"]
        if len(met):
            found.append((share, int((met == "champion").sum()), int((met == "challenger").sum())))
    return tuple(found)


def _pairs(rows: pl.DataFrame) -> Floats:
    """Seconds of each challenger's row and of the champion's row before it, (n, 2); each champion's row is in one pair."""
    timed = rows.filter(pl.col("seconds").is_not_null() & pl.col("variant").is_in(_TRIED))
    champion = (timed["variant"] == "champion").to_numpy()
    seconds = timed["seconds"].to_numpy()
    before = np.maximum.accumulate(np.where(champion, np.arange(len(champion)), -1)) if len(champion) else champion
    tried = np.flatnonzero(~champion)
    partner = before[tried].astype(np.int64)
    fresh = partner >= 0
    if len(partner):
        fresh &= np.r_[True, partner[1:] != partner[:-1]]
    return np.column_stack((seconds[tried[fresh]], seconds[partner[fresh]]))


def _worth(
    asked: pl.DataFrame,
    matched: pl.DataFrame,
    rules: Rules,
    control: float,
    charter: Charter,
    dataset: Dataset,
    policy: Policy,
) -> Worth | None:
    """What decisions were worth; ``None`` where that cannot be told: no values, and no loss of one logged score."""
    if not policy.values.cells and policy.task not in ("binary", "regression"):
        return None
    resolved = matched.filter((pl.col("status") != "waiting") & pl.col("variant").is_in(_TRIED)).sort(_ORDER)
    if rules.steps[0] == 0 and "shadow" in asked["variant"]:
        return None if charter.action_changes_outcome else _paired(asked, resolved, charter, dataset, policy)
    rows = _with_share(resolved, rules, control).filter(pl.col("share") > 0)
    found = _outcomes(rows, charter, dataset, policy)
    value = _values(rows, found, policy)
    known = np.isfinite(value)
    treated = (rows["variant"] == "challenger").to_numpy()[known]
    told, weight = residuals(value[known], treated, rows["share"].to_numpy()[known])
    smaller = min(int(treated.sum()), int((~treated).sum()))
    return _of(told, weight, rows["entity"].filter(pl.Series(known)), found.days[known], smaller, policy)


def _paired(asked: pl.DataFrame, resolved: pl.DataFrame, charter: Charter, dataset: Dataset, policy: Policy) -> Worth:
    """What the shadow would have made of the decisions of which it knew what the champion knew."""
    shadow = asked.filter((pl.col("variant") == "shadow") & (pl.col("failed") == ""))
    said = shadow.unique(subset="decision", keep="last", maintain_order=True).select(
        "decision", shadow_action="action", shadow_score="score"
    )
    rows = resolved.filter(pl.col("variant") == "champion").join(said, on="decision", maintain_order="left")
    found = _outcomes(rows.drop("shadow_action", "shadow_score"), charter, dataset, policy)
    other = rows.with_columns(action="shadow_action", score="shadow_score")
    more = _values(other, found, policy) - _values(rows, found, policy)
    known = np.isfinite(more)
    entity = rows["entity"].filter(pl.Series(known))
    return _of(more[known], np.ones(int(known.sum())), entity, found.days[known], int(known.sum()), policy)


def _of(told: Floats, weight: Floats, entity: pl.Series, days: NDArray[np.int64], rows: int, policy: Policy) -> Worth:
    codes = entity.rank("dense").cast(pl.Int64).to_numpy() - 1 if len(entity) else np.empty(0, np.int64)
    first = int(days.min()) if len(days) else 0
    losses = "squared error" if policy.task == "regression" else "nats"
    unit = f"{policy.values.currency}/1000" if policy.values.cells else losses
    return Worth(told=told, weight=weight, entity=codes, day=days - first, rows=rows, unit=unit)


def _outcomes(rows: pl.DataFrame, charter: Charter, dataset: Dataset, policy: Policy) -> Outcomes:
    kinds = {column.name: column.kind for column in dataset.columns if column.name not in dataset.derived}
    return outcomes(
        rows,
        expand(rows, kinds),
        derived=dataset.derived,
        kinds=kinds,
        target=charter.target,
        time=charter.time,
        zone=charter.timezone,
        classes=policy.values.classes or dataset.classes,
    )


def _values(rows: pl.DataFrame, found: Outcomes, policy: Policy) -> Floats:
    """What 1000 decisions such as each were worth, in the currency, or less its loss; NaN where that cannot be told."""
    if not policy.values.cells:
        score = rows["score"].cast(pl.Float64).to_numpy()
        known = np.isfinite(found.outcome) & np.isfinite(score)
        losses = np.full(len(score), np.nan)
        if policy.task == "regression":
            losses[known] = (score[known] - found.outcome[known]) ** 2
        elif known.any():
            losses[known] = log_losses(found.outcome[known], score[known])
        return -losses
    priced = np.ones(rows.height, np.bool_)
    for cells in policy.values.cells.values():
        for amount in cells.values():
            if amount.expression is not None:
                read = parse(amount.expression, policy.kinds, place="value", zone=policy.zone)
                priced &= np.isfinite(read.evaluate(found.rows))
    outcome = np.where(priced, found.outcome, np.nan)
    action = rows["action"].cast(pl.Float64) if policy.task == "regression" else rows["action"]
    values = compile_values(policy.values, policy.kinds, policy.zone)
    return np.asarray(values.chosen(action.to_numpy(), outcome, found.rows) / 1e3)
