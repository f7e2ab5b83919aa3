"""Decide: what to do with a model, from what it gained, what it cost and what monitoring found.

The rules in order; the first that applies decides:

=========  =============================================================================================================
action     when
=========  =============================================================================================================
keep       no outcome is known yet: wait
retire     even the upper bound of the gain is not above 0, now and in the review before
rescope    even perfect foresight would not have paid the costs
retrain    the policy says so: see below
keep       values are unknown: health alone asked for nothing
improve    the interval of the gain reaches down to 0, or the gain does not pay what running costs
keep       the lower bound of the gain pays what running costs
=========  =============================================================================================================

Policies of retraining: ``never``; an age such as ``30d``; ``drift``, when a column drifted; ``performance``, when a
figure fell below that of the test rows; ``worthwhile``, when performance or calibration failed and the loss that
retraining would avoid until the next review is more than it costs (without values: when either failed).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from msgspec import Struct

from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import InputError
from fullcycle.measure.intervals import Estimate

Action = Literal["keep", "retrain", "improve", "rescope", "retire"]
WORDS = ("never", "drift", "performance", "worthwhile")


class Facts(Struct, frozen=True, kw_only=True):
    """What a decision rests on; money in the currency.

    Attributes
    ----------
    known : outcomes known, the void ones left out; of a clustering, which waits for none, the decisions.
    gain : per 1000 decisions; None where values are unknown.
    running : what people and serving cost, per 1000 decisions.
    room : the most that perfect foresight could have gained in the period: the upper bound; None without values.
    costs : of the period, all items.
    avoidable : loss that retraining would avoid until the next review.
    retraining : what a retraining costs.
    failed : findings of the window that failed, as ``check:subject``.
    age : of the model.
    """

    known: int
    gain: Estimate | None
    running: float
    room: float | None
    costs: float
    avoidable: float
    retraining: float
    failed: tuple[str, ...]
    age: timedelta


def decide(facts: Facts, *, retrain: str, history: Sequence[str]) -> tuple[Action, tuple[str, ...]]:
    """The action and its reasons: codes with the facts that led there.

    Parameters
    ----------
    retrain : the policy of retraining.
    history : earlier verdicts, oldest first, as :func:`remember` writes them.

    Raises
    ------
    InputError : *retrain* is no policy.

    Examples
    --------
    >>> gain = Estimate(point=-300.0, low=-500.0, high=-100.0, n=9000, blocks=30)
    >>> facts = Facts(known=9000, gain=gain, running=0.0, room=900.0, costs=0.0, avoidable=0.0, retraining=300.0,
    ...     failed=(), age=timedelta(days=30))
    >>> decide(facts, retrain="never", history=())
    ('improve', ('gain_per_1000=-300[-500,-100]',))
    >>> decide(facts, retrain="never", history=("improve:-",))
    ('retire', ('gain_per_1000=-300[-500,-100]', 'before=improve:-'))
    """
    check_policy(retrain)
    gain = facts.gain
    if not facts.known:
        return "keep", ("waiting",)
    told = ("value=unknown",) if gain is None else (f"gain_per_1000={_interval(gain)}",)
    if sign(gain) == "-" and history and history[-1].endswith(":-"):
        return "retire", (*told, f"before={history[-1]}")
    if facts.room is not None and facts.room < facts.costs:
        return "rescope", (*told, f"perfect_foresight={facts.room:.6g}", f"costs={facts.costs:.6g}")
    if pays := _retraining(facts, retrain):
        return "retrain", (*told, *pays)
    if gain is None or gain.low is None:
        return "keep", told
    if gain.low <= facts.running:
        return "improve", told if gain.low <= 0 else (*told, f"running_per_1000={facts.running:.6g}")
    return "keep", told


def sign(gain: Estimate | None) -> str:
    """``+`` for a gain, ``-`` where even its upper bound is none, ``0`` where its interval holds both, ``?`` unknown.

    >>> sign(Estimate(point=1.0, low=0.5, high=1.5)), sign(Estimate(point=0.0, low=0.0, high=0.0)), sign(None)
    ('+', '-', '?')
    """
    if gain is None or gain.low is None or gain.high is None:
        return "?"
    return "-" if gain.high <= 0 else "+" if gain.low > 0 else "0"


def remember(action: str, gain: Estimate | None) -> str:
    """A verdict as later ones see it.

    >>> remember("keep", Estimate(point=1.0, low=0.5, high=1.5))
    'keep:+'
    """
    return f"{action}:{sign(gain)}"


def check_policy(retrain: str, *, place: str = "cycle.toml, [business] retrain") -> timedelta | None:
    """The age that a policy names, or None for one of the words.

    >>> check_policy("30d"), check_policy("drift")
    (datetime.timedelta(days=30), None)
    """
    if retrain in WORDS:
        return None
    try:
        return duration(retrain, place=place)
    except InputError:
        expected = f"{', '.join(WORDS)}, or an age such as '30d'"
        raise InputError("no policy of retraining", place=place, found=retrain, expected=expected) from None


def _retraining(facts: Facts, policy: str) -> tuple[str, ...]:
    """Why to retrain; empty where there is no reason."""
    age = check_policy(policy)
    if age is not None:
        return (f"age={_days(facts.age)}d>={_days(age)}d",) if facts.age >= age else ()
    checks = {"drift": ("drift",), "performance": ("performance",), "worthwhile": ("performance", "calibration")}
    failed = tuple(name for name in facts.failed if name.split(":")[0] in checks.get(policy, ()))
    if not failed or policy != "worthwhile" or facts.gain is None:
        return failed
    if facts.avoidable <= facts.retraining:
        return ()
    return (*failed, f"avoidable={facts.avoidable:.6g}", f"retraining={facts.retraining:.6g}")


def _interval(estimate: Estimate) -> str:
    text = f"{estimate.point:.4g}"
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text}[{estimate.low:.4g},{estimate.high:.4g}]"


def _days(age: timedelta) -> str:
    return f"{age / timedelta(days=1):.4g}"
