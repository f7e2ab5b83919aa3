"""Match outcomes to decisions: which answer counts, what really happened, and what cannot be matched."""

from __future__ import annotations

import msgspec
import polars as pl

_SHOWN = 20  # conflicting ids that are named; the rest is counted
_CONTENT = ["effect", "reason", "row", "actual"]
_MOMENT = pl.Datetime("us", "UTC")


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """What matching found.

    Attributes
    ----------
    decisions : decisions that count: ``known + void + waiting``.
    known, void, waiting : what is known of them.
    duplicate : answers and outcomes that say again what an earlier one said.
    conflict : answers to an id that had been answered for another row; they do not count.
    corrected : outcomes that superseded an earlier one.
    unmatched : outcomes that no decision asked for, or not yet; one without a time is counted in every window.
    superseded : answers that a later answer of the same decision replaced.
    conflicts : ids in conflict, sorted, at most 20.

    Examples
    --------
    >>> Matched(decisions=3, known=1, void=1, waiting=1).conflict
    0
    """

    decisions: int
    known: int
    void: int
    waiting: int
    duplicate: int = 0
    conflict: int = 0
    corrected: int = 0
    unmatched: int = 0
    superseded: int = 0
    conflicts: tuple[str, ...] = ()


def match(
    decisions: pl.DataFrame, outcomes: pl.DataFrame, *, elsewhere: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, Matched]:
    """Fold answers to decisions and outcomes to what is known of each.

    The first answer of an id counts, the last served one of a decision, a shadow answer never. An outcome is matched by
    id, or else by entity and time; of several outcomes the one received last counts.

    Parameters
    ----------
    decisions, outcomes : rows of the two tables (``DECISIONS``, ``OUTCOMES``), in any order.
    elsewhere : other answers, such as those outside a window: ids used there are used, and outcomes that belong there are
        not unmatched here. Columns ``id``, ``decision``, ``entity``, ``time``, ``at``, ``variant``, ``digest`` suffice.

    Returns
    -------
    One row for each decision that counts: its columns; ``status`` (``known``, ``void`` or ``waiting``); ``reason``; ``after``
    (JSON) and ``actual`` of the outcome that counts; ``outcome_at``, when that happened; ``available_at``, when it came in;
    ``first_available_at``, when the first one did; ``said``, the last feedback that came apart from it (JSON). And the counts.

    Examples
    --------
    >>> from fullcycle.traffic.schema import DECISIONS, OUTCOMES
    >>> frame, counts = match(pl.DataFrame(schema=DECISIONS), pl.DataFrame(schema=OUTCOMES))
    >>> frame.height, counts.decisions
    (0, 0)
    """
    inside = decisions.with_columns(inside=pl.lit(True))
    everything = (
        inside if elsewhere is None else pl.concat([inside, elsewhere.with_columns(inside=False)], how="diagonal")
    )
    served = _ordered(everything.filter(pl.col("variant") != "shadow"))
    firsts = served.filter("first")
    repeated = served.filter(~pl.col("first") & pl.col("inside"))
    conflicts = repeated.filter(pl.col("digest") != pl.col("first_digest"))
    counted = firsts.sort("at", "id").unique(subset="decision", keep="last", maintain_order=True).filter("inside")
    addressed = _addressed(outcomes, firsts)
    told = addressed.filter(pl.col("status") != "feedback")
    folded, fresh = _fold(told.filter("inside"))
    frame = _joined(counted, folded).join(_said(addressed), on="decision", how="left", maintain_order="left")
    status = frame["status"]
    known, void = int((status == "known").sum()), int((status == "void").sum())
    repeats = int(told["inside"].sum()) - fresh
    return frame, Matched(
        decisions=frame.height,
        known=known,
        void=void,
        waiting=frame.height - known - void,
        duplicate=repeated.height - conflicts.height + repeats,
        conflict=conflicts.height,
        corrected=fresh - folded.height,
        unmatched=addressed["decision"].null_count(),
        superseded=int(firsts["inside"].sum()) - counted.height,
        conflicts=tuple(conflicts["id"].unique().sort()[:_SHOWN].to_list()),
    )


def _ordered(answers: pl.DataFrame) -> pl.DataFrame:
    """Answers in the order in which they were given, the first of each id marked."""
    # The first four are known of answers elsewhere too: whichever window is read, the same answer is the first.
    wanted = ("at", "digest", "decision", "variant", "action", "release", "score", "segment", "offset")
    order = [name for name in wanted if name in answers.columns]
    return answers.sort(order).with_columns(
        first=pl.col("id").is_first_distinct(), first_digest=pl.col("digest").first().over("id")
    )


def _addressed(outcomes: pl.DataFrame, firsts: pl.DataFrame) -> pl.DataFrame:
    """Outcomes with the ``decision`` each belongs to (null: none), and whether that is ``inside``."""
    by_id = firsts.select("id", by_id="decision", id_inside="inside")
    by_entity = firsts.unique(subset=["entity", "time"], keep="first", maintain_order=True)
    by_entity = by_entity.select("entity", "time", by_entity="decision", entity_inside="inside")
    named = outcomes.with_columns(pl.col("entity").replace({"": None}))
    joined = named.join(by_id, on="id", how="left").join(by_entity, on=["entity", "time"], how="left")
    return joined.with_columns(
        decision=pl.coalesce("by_id", "by_entity"),
        inside=pl.coalesce("id_inside", "entity_inside").fill_null(False),
    )


def _fold(outcomes: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """What counts for each decision, and how many outcomes said something new."""
    void = (pl.col("status") == "void") | ((pl.col("status") == "corrected") & (pl.col("reason") != ""))
    ranked = outcomes.with_columns(
        effect=pl.when(void).then(pl.lit("void")).otherwise(pl.lit("known")), late=pl.col("status") == "corrected"
    ).sort(["decision", "received", "late", "at", *_CONTENT])
    # Sent again word for word: at any distance. Sent again with a new time: only while it is what counts anyway, since
    # between the two it may have been corrected to something else, and is now corrected back.
    fresh = ranked.unique(subset=["decision", "at", *_CONTENT], keep="first", maintain_order=True)
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in ["decision", *_CONTENT])
    fresh = fresh.filter(~same | (pl.int_range(pl.len()) == 0))
    last = fresh.with_columns(first_available_at=pl.col("received").first().over("decision"))
    last = last.unique(subset="decision", keep="last", maintain_order=True)
    folded = last.select(
        "decision",
        "reason",
        "actual",
        "first_available_at",
        status="effect",
        after=pl.col("row").replace({"": None}),
        outcome_at="at",
        available_at="received",
    )
    return folded, fresh.height


def _said(outcomes: pl.DataFrame) -> pl.DataFrame:
    """The last feedback on each decision that came without an outcome."""
    said = outcomes.filter("inside", pl.col("status") == "feedback").sort("received", "at", "row")
    return said.unique("decision", keep="last", maintain_order=True).select("decision", said="row")


def _joined(counted: pl.DataFrame, folded: pl.DataFrame) -> pl.DataFrame:
    plain = counted.drop("inside", "first", "first_digest", "segment", "offset", strict=False)
    times = ["time", "at", "outcome_at", "available_at", "first_available_at"]
    frame = plain.join(folded, on="decision", how="left", maintain_order="left")
    return frame.with_columns(pl.col("status").fill_null("waiting"), pl.col(times).cast(_MOMENT))
