"""Answers rows where several releases serve: each row by the release that its entity was drawn for.

A challenger that fails on a row harms nobody: the champion answers in its place, and the log says why.
"""

from __future__ import annotations

import logging
import time as clock
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.deployment.answer import Answer, Answered, Answerer, entity_text, entity_texts
from fullcycle.deployment.rollout import assign, assign_all, check_route
from fullcycle.kernel.errors import ColumnMissing
from fullcycle.kernel.scope import Scope
from fullcycle.kernel.state import Route, Share
from fullcycle.predictor.bundle import Predictor
from fullcycle.predictor.contract import Contract, Failure
from fullcycle.predictor.policy import Decider
from fullcycle.traffic.schema import Decision

How: TypeAlias = tuple[str, str, float]
Places: TypeAlias = NDArray[np.int64]
Failed: TypeAlias = Literal["rejected", "error"]
_log = logging.getLogger(__name__)


class SplitAnswerer(Answerer):
    """Answers as `Answerer` does, under a route with challengers.

    Parameters
    ----------
    predictors : by release: of each share, and of the shadow.
    route : what serves now.
    scope, entity, time, key : see `Answerer`.

    Attributes
    ----------
    predictor, contract : the champion's.

    Raises
    ------
    InputError : the route cannot be followed.

    Notes
    -----
    Of what can be done in a day (``actions_per_day``) each release has its share. The shadow is asked by `frame` alone: single rows
    hand over what was asked, for `fullcycle.deployment.service.shadow` to ask it out of the request's way.
    """

    def __init__(
        self, predictors: Mapping[str, Predictor], route: Route, *, scope: Scope, entity: str, time: str, key: bytes
    ) -> None:
        check_route(route)

        def arm(release: str, share: float) -> Answerer:
            return Answerer(
                predictors[release],
                Route(shares=(Share(release=release, share=1.0),), control=route.control),
                scope=scope,
                entity=entity,
                time=time,
                key=key,
                decider=_within_share(predictors[release], share),
            )

        champion = Route(shares=(Share(release=route.champion, share=1.0),), control=route.control)
        super().__init__(predictors[route.champion], champion, scope=scope, entity=entity, time=time, key=key)
        self.route = route
        self._predictors, self._broke = predictors, _Broke()
        self._arms = {it.release: arm(it.release, it.share) for it in route.shares}
        self._champion = self._arms[route.champion]
        self._shadow = (
            Shadow(predictors[route.shadow], route.shadow, scope=scope, entity=entity, time=time, key=key)
            if route.shadow
            else None
        )

    def predictor_of(self, release: str) -> Predictor:
        """The predictor of one of the releases that serve."""
        return self._predictors[release]

    def contract_of(self, release: str) -> Contract:
        """The contract under which one of them reads rows."""
        return self._arms[release].contract

    def row(self, row: Mapping[str, object], at: int) -> Answer | list[Failure]:
        """The answer to one row of JSON, or what is wrong with it. *at* is the time of the answer, in µs UTC."""
        entity = entity_text(row.get(self._entity))
        how = assign(entity or "", self.route, self._salt)
        started, failed = clock.perf_counter(), ""
        found = self._ask(how[1], row, at)
        if not isinstance(found, Answer) and how[1] != self.route.champion:
            failed = "rejected" if isinstance(found, list) and found[0].column != "score" else "error"
            found = self._champion.row(row, at)
        if not isinstance(found, Answer):
            return found or []
        seconds = clock.perf_counter() - started
        logged = _relabelled(found.logged, how, failed, seconds)
        told = how[0] if not failed else "champion"
        asked = row if self._shadow is not None else None
        return Answer(found.id, found.decision, found.score, told, logged, asked)

    @property
    def limits(self) -> dict[str, int]:
        """How often a day each release may do what is limited, by release and action: each has its share."""
        return {
            f"{release}/{action}": most for release, arm in self._arms.items() for action, most in arm.limits.items()
        }

    def uncapped(self, frame: pl.DataFrame, at: int) -> Answered:
        """The answers to a table before limits per day are kept, and what the shadow would have said.

        Raises
        ------
        ColumnMissing : the table has no column for entity or time.
        """
        for column in (self._entity, self._time):
            if column not in frame.columns:
                raise ColumnMissing(column, frame.columns, needed_by="every decision")
        hows = assign_all(entity_texts(frame[self._entity]).fill_null("").to_list(), self.route, self._salt)
        failures: dict[int, str] = {}
        parts: list[_Part] = []
        for release in self.route.challengers:
            if release in self._arms:
                places = [place for place, how in enumerate(hows) if how[1] == release]
                parts += self._tried(release, frame, places, at, failures)
        answered = {place for part in parts for place in part.places}
        rest = [place for place in range(frame.height) if place not in answered]
        found = self._champion.uncapped(frame[rest], at)
        turned_away = _at_places(found.rejected, rest)
        gone = set(turned_away["rejected_row"].to_list())
        parts.append(_Part(self.route.champion, [place for place in rest if place not in gone], found))
        whole = _joined(parts, hows, failures, turned_away)
        if self._shadow is None:
            return whole
        kept = [place for place in range(frame.height) if place not in gone]
        return msgspec.structs.replace(whole, shadows=self._shadow.frame(frame[kept], whole.logged, at))

    def _ask(self, release: str, row: Mapping[str, object], at: int) -> Answer | list[Failure] | None:
        """What a release answers; ``None`` where a challenger broke."""
        if release == self.route.champion:
            return self._champion.row(row, at)
        try:
            return self._arms[release].row(row, at)
        except Exception as error:  # noqa: BLE001 - whatever a challenger breaks of, the request must not notice
            self._broke.tell("challenger", release, error)
            return None

    def _tried(
        self, release: str, frame: pl.DataFrame, places: list[int], at: int, failures: dict[int, str]
    ) -> list[_Part]:
        """What a challenger answers of its rows; why it did not answer the others goes to *failures*."""
        try:
            found = self._arms[release].uncapped(frame[places], at)
        except Exception as error:  # noqa: BLE001 - as for one row
            self._broke.tell("challenger", release, error)
            failures.update(dict.fromkeys(places, "error"))
            return []
        bad = failed_rows(found.rejected)
        failures.update({places[place]: why for place, why in bad.items()})
        return [_Part(release, [place for number, place in enumerate(places) if number not in bad], found)]


class Shadow:
    """A release that answers without being heard.

    Parameters
    ----------
    predictor, release : whose answers these are.
    scope, entity, time, key : see `Answerer`.
    """

    def __init__(self, predictor: Predictor, release: str, *, scope: Scope, entity: str, time: str, key: bytes) -> None:
        route = Route(shares=(Share(release=release, share=1.0),))
        self._answerer = Answerer(predictor, route, scope=scope, entity=entity, time=time, key=key)
        self._release, self._broke = release, _Broke()

    def row(self, row: Mapping[str, object], heard: Decision) -> Decision:
        """What it says to the row that *heard* is the logged answer to."""
        try:
            found = self._answerer.row(row, heard.at)
        except Exception as error:  # noqa: BLE001 - its failures are what a shadow is there to show
            self._broke.tell("shadow", self._release, error)
            return self._logged(heard, None, "error")
        if isinstance(found, Answer):
            return self._logged(heard, found.logged, "")
        return self._logged(heard, None, "error" if found[0].column == "score" else "rejected")

    def frame(self, frame: pl.DataFrame, heard: pl.DataFrame, at: int) -> pl.DataFrame:
        """What it says to the rows of a table that *heard* are the logged answers to; its limits per day hold within the table."""
        action, score = pl.Series("action", [""] * heard.height, dtype=pl.String), pl.lit(None, dtype=pl.Float64)
        failed = pl.Series("failed", ["error"] * heard.height, dtype=pl.String)
        said = heard.with_columns(action, score.alias("score"), failed)
        try:
            found = self._answerer.frame(frame, at)
        except Exception as error:  # noqa: BLE001 - as for one row
            self._broke.tell("shadow", self._release, error)
        else:
            bad = failed_rows(found.rejected)
            places = [place for place in range(heard.height) if place not in bad]
            failed = pl.Series("failed", [bad.get(place, "") for place in range(heard.height)], dtype=pl.String)
            said = said.with_columns(
                said["action"].scatter(places, found.logged["action"]),
                said["score"].scatter(places, found.logged["score"]),
                failed,
            )
        return said.with_columns(
            release=pl.lit(self._release),
            variant=pl.lit("shadow"),
            propensity=pl.lit(1.0),
            seconds=pl.lit(None, dtype=pl.Float64),
        )

    def _logged(self, heard: Decision, said: Decision | None, failed: str) -> Decision:
        return msgspec.structs.replace(
            heard,
            release=self._release,
            variant="shadow",
            propensity=1.0,
            action="" if said is None else said.action,
            score=None if said is None else said.score,
            failed=failed,
            seconds=None,
            sequence=0,
        )


def failed_rows(rejected: pl.DataFrame) -> dict[int, Failed]:
    """Why the rows of a table were not answered, by position: a score that is no number is the model's failure.

    >>> reasons = [[{"column": "score", "found": "nan", "expected": "a number"}]]
    >>> failed_rows(pl.DataFrame({"rejected_row": [3], "reasons": reasons}))
    {3: 'error'}
    """
    columns = [reasons[0]["column"] for reasons in rejected["reasons"].to_list()]
    return {
        place: "error" if column == "score" else "rejected"
        for place, column in zip(rejected["rejected_row"].to_list(), columns, strict=True)
    }


class _Broke:
    """Tells the log of each kind of failure once: what fails once fails on many rows."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tell(self, what: str, release: str, error: Exception) -> None:
        kind = type(error).__name__
        if kind not in self._told:
            self._told.add(kind)
            _log.error("%s %s failed: %s", what, release[:12], kind)


class _Part(NamedTuple):
    """Answers of one release, and the places of their rows in the table."""

    release: str
    places: list[int]
    found: Answered


def _joined(parts: list[_Part], hows: list[How], failures: Mapping[int, str], rejected: pl.DataFrame) -> Answered:
    places = np.array([place for part in parts for place in part.places], np.int64)
    order = np.argsort(places, kind="stable")
    drawn = [hows[place] for place in places[order].tolist()]
    failed = pl.Series("failed", [failures.get(place, "") for place in places[order].tolist()], dtype=pl.String)
    logged = pl.concat([part.found.logged for part in parts])[order].with_columns(
        pl.Series("variant", [how[0] for how in drawn], dtype=pl.String),
        pl.Series("propensity", [how[2] for how in drawn], dtype=pl.Float64),
        failed,
    )
    told = logged.select(pl.when(pl.col("failed") == "").then("variant").otherwise(pl.lit("champion")).alias("variant"))
    answers = pl.concat([part.found.answers for part in parts])[order].with_columns(told["variant"])
    return Answered(answers, logged, rejected, _held(parts, np.argsort(order, kind="stable")))


def _held(parts: list[_Part], ranks: Places) -> pl.DataFrame | None:
    """What limits go by, each release on its own; *ranks* are the rows of the joined answers, part after part."""
    held, first = [], 0
    for part in parts:
        if part.found.held is not None:
            action = pl.concat_str(pl.lit(f"{part.release}/"), "action")
            places = pl.Series("place", ranks[first + part.found.held["place"].to_numpy()], dtype=pl.Int64)
            held.append(part.found.held.with_columns(places, action.alias("action")))
        first += part.found.answers.height
    return pl.concat(held) if held else None


def _at_places(rejected: pl.DataFrame, places: list[int]) -> pl.DataFrame:
    """Positions in the table in the place of those in a part of it."""
    rows = [places[row] for row in rejected["rejected_row"].to_list()]
    return rejected.with_columns(pl.Series("rejected_row", rows, dtype=rejected["rejected_row"].dtype))


def _relabelled(logged: Decision, how: How, failed: str, seconds: float | None) -> Decision:
    return msgspec.structs.replace(logged, variant=how[0], propensity=how[2], failed=failed, seconds=seconds)


def _within_share(predictor: Predictor, share: float) -> Decider:
    """What decides, with its share of what can be done in a day; at least once, or nothing could be seen of it."""
    policy = predictor.policy
    if not policy.limits:
        return predictor.decider
    limits = {action: max(1, round(most * share)) for action, most in policy.limits.items()}
    return Decider(msgspec.structs.replace(policy, limits=limits))
