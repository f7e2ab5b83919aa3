"""Costs: what a period cost, by item, and what one retraining costs; each item to the cent."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, localcontext
from typing import Protocol
from zoneinfo import ZoneInfo

from fullcycle.business.value import to_cents

DAYS_PER_MONTH = Decimal("30.4375")  # 365.25 / 12
AMORTISED = 12  # months over which the work until the first release is paid back


class Rates(Protocol):
    """What a charter declares under ``[scoping.resources]``: work, machines and their prices."""

    @property
    def people_days(self) -> float: ...
    @property
    def people_days_per_month(self) -> float: ...
    @property
    def day_rate(self) -> float: ...
    @property
    def compute_per_hour(self) -> float: ...
    @property
    def hours_per_million_rows(self) -> float: ...
    @property
    def serving_per_month(self) -> float: ...


def months(start: datetime, end: datetime, zone: str) -> Decimal:
    """Months of a period of local days: whole ones between two firsts, else days over 30.4375.

    >>> from datetime import UTC
    >>> months(datetime(2013, 7, 1, tzinfo=UTC), datetime(2013, 8, 1, tzinfo=UTC), "UTC")
    Decimal('1')
    >>> months(datetime(2013, 7, 1, tzinfo=UTC), datetime(2013, 7, 31, tzinfo=UTC), "UTC").quantize(Decimal("0.0001"))
    Decimal('0.9856')
    """
    first, last = (at.astimezone(ZoneInfo(zone)).date() for at in (start, end))
    if first.day == last.day == 1:
        return Decimal((last.year - first.year) * 12 + last.month - first.month)
    with localcontext(prec=28):
        return Decimal((last - first).days) / DAYS_PER_MONTH


def costs(
    rates: Rates,
    *,
    months: Decimal,
    paid_back: Decimal,
    trained: bool,
    retrained: bool,
    fits: int,
    rows: int,
    retraining_days: float,
) -> dict[str, Decimal]:
    """What a period cost.

    Parameters
    ----------
    months : of the period.
    paid_back : months for which the work until the first release has been paid back before.
    trained : whether the model was trained in the period; its compute is counted work times declared rates.
    retrained : whether that was a retraining, which takes people's time too.
    fits, rows : fits of the training, and rows of each.

    Examples
    --------
    >>> from fullcycle.scoping.settings import Resources
    >>> rates = Resources(people_days=12, people_days_per_month=1, day_rate=600, serving_per_month=20)
    >>> costs(rates, months=Decimal(1), paid_back=Decimal(11), trained=False, retrained=False, fits=0, rows=0,
    ...     retraining_days=0.5)
    {'people': Decimal('600.00'), 'serving': Decimal('20.00'), 'preparation': Decimal('600.00'), 'training': Decimal('0.00')}
    """
    with localcontext(prec=28):
        day = exact(rates.day_rate)
        left = min(months, max(AMORTISED - paid_back, Decimal(0)))
        items = {
            "people": exact(rates.people_days_per_month) * day * months,
            "serving": exact(rates.serving_per_month) * months,
            "preparation": exact(rates.people_days) * day * left / AMORTISED,
            "training": compute(rates, fits=fits, rows=rows) if trained else Decimal(0),
        }
        if trained and retrained:
            items["retraining"] = exact(retraining_days) * day
    return {name: to_cents(money) for name, money in items.items()}


def retraining(rates: Rates, *, fits: int, rows: int, retraining_days: float) -> Decimal:
    """What one retraining costs: days of work, and compute counted as last time.

    >>> from fullcycle.scoping.settings import Resources
    >>> rates = Resources(day_rate=600, compute_per_hour=0.5, hours_per_million_rows=0.02)
    >>> retraining(rates, fits=20, rows=500_000, retraining_days=0.5)
    Decimal('300.10')
    """
    with localcontext(prec=28):
        people = exact(retraining_days) * exact(rates.day_rate)
        return to_cents(people + compute(rates, fits=fits, rows=rows))


def compute(rates: Rates, *, fits: int, rows: int) -> Decimal:
    """Money for machine hours: counted fits of counted rows at declared rates, the same on every machine.

    >>> from fullcycle.scoping.settings import Resources
    >>> compute(Resources(compute_per_hour=0.5, hours_per_million_rows=0.02), fits=100, rows=1_000_000)
    Decimal('1.000')
    """
    hours = Decimal(fits) * Decimal(rows) / 1_000_000 * exact(rates.hours_per_million_rows)
    return hours * exact(rates.compute_per_hour)


def exact(number: float) -> Decimal:
    """The decimal that was written, not the binary fraction next to it.

    >>> exact(0.1)
    Decimal('0.1')
    """
    return Decimal(repr(number))
