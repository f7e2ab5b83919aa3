"""What business hands on: the Verdict."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from fullcycle.kernel.record import Record, kind
from fullcycle.measure.intervals import Estimate


class Account(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money of a review period, to the cent where amounts are plain.

    Attributes
    ----------
    model : value of the actions served.
    alternatives : value on the same decisions of today's rule and of each constant action.
    against : the best of the alternatives that can be done: an action with a daily limit cannot be taken on every row.
    gain : model minus that best.
    gain_low, gain_high : the same at the ends of the charter's ranges.
    costs : by item, for the period.
    net : gain minus costs.
    """

    currency: str
    model: Decimal
    alternatives: dict[str, Decimal]
    against: str
    gain: Decimal
    gain_low: Decimal
    gain_high: Decimal
    costs: dict[str, Decimal]
    net: Decimal


@kind("verdict")
class Verdict(Record, frozen=True, kw_only=True):
    """Did it pay? Keep, retrain, improve, rescope or retire.

    Attributes
    ----------
    action : ``keep``, ``retrain``, ``improve``, ``rescope`` or ``retire``.
    reasons : codes with the facts that led there.
    decisions, known : decisions of the model, and those whose outcome is known or void.
    gain : money per 1000 decisions against the better of today's rule and the best constant action, with its interval.
    effect : the same from the randomised control group, where there is one.
    """

    action: str
    reasons: tuple[str, ...]
    start: datetime
    end: datetime
    as_of: datetime
    traffic: str
    decisions: int
    known: int
    gain: Estimate | None
    account: Account | None
    effect: Estimate | None = None
