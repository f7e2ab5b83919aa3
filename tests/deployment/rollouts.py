"""Simulated rollouts: two models whose value is known, watched day by day."""

from __future__ import annotations

import msgspec
import numpy as np

from fullcycle.deployment.advance import Judged, Observations, Rollout, Rules, Worth, advance
from fullcycle.measure.randomised import residuals

DAY = 86_400_000_000


def simulate(
    rules: Rules,
    *,
    seed: int,
    days: int,
    per_day: int,
    gain: float = 0.0,
    errors: float = 0.0,
    entities: int = 2000,
    spread: float = 50.0,
) -> tuple[Judged, Rollout, int]:
    """A rollout until it ends, or for so many days: the last judgement, where it stood, and the rows that the challenger was asked.

    The value of a decision has spread *spread*, a third of its variance by the entity and a tenth by the day; the challenger's is
    *gain* higher. Every day ends with a look.
    """
    rng = np.random.default_rng(seed)
    place = rng.random(entities)  # by which an entity is drawn
    own = rng.normal(size=entities) * spread * np.sqrt(1 / 3)
    state = Rollout(champion="a", challenger="b", step=0, begun=0, stepped=0)
    outcome, treated, propensity, who, day, failed = ([] for _ in range(6))
    exposures: list[list[float]] = []
    met = np.zeros(entities, bool)
    rows = 0
    for today in range(days):
        share = rules.steps[state.step]
        entity = rng.integers(0, entities, per_day)
        arm = place[entity] < share
        weather = rng.normal() * spread * np.sqrt(0.1)
        noise = rng.normal(size=per_day) * spread * np.sqrt(1 - 1 / 3 - 0.1)
        outcome.append(own[entity] + weather + noise + gain * arm)
        treated.append(arm.astype(float))
        propensity.append(np.full(per_day, share))
        who.append(entity)
        day.append(np.full(per_day, today))
        failed.append((rng.random(int(arm.sum())) < errors).astype(float))
        new = np.unique(entity[~met[entity]])
        met[new] = True
        if not exposures or exposures[-1][0] != share:
            exposures.append([share, 0, 0])
        exposures[-1][1] += int((place[new] >= share).sum())
        exposures[-1][2] += int((place[new] < share).sum())
        rows += int(arm.sum())
        # An entity met before the step had another chance: only the new ones are drawn as the share says.
        seen = Observations(
            now=(today + 1) * DAY,
            rows=rows,
            errors=np.concatenate(failed),
            rejected=np.zeros(sum(map(len, failed))),
            seconds=np.empty((0, 2)),
            exposures=tuple((it[0], int(it[1]), int(it[2])) for it in exposures),
            worth=_worth(*map(np.concatenate, (outcome, treated, propensity, who, day))),
        )
        judged = advance(state, seen, rules)
        if judged.move in ("promote", "roll back"):
            return judged, state, sum(map(len, failed))
        if judged.move == "advance":
            state, rows = msgspec.structs.replace(state, step=state.step + 1, stepped=seen.now), 0
    return judged, state, sum(map(len, failed))


def _worth(outcome, treated, propensity, who, day) -> Worth:
    told, weight = residuals(outcome, treated, propensity)
    smaller = int(min(treated.sum(), len(treated) - treated.sum()))
    return Worth(told=told, weight=weight, entity=who, day=day, rows=smaller, unit="USD")
