"""Who is answered by what: the control group first, everybody else by champion or challenger; the same entity always the same way."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from fullcycle.kernel.errors import InputError
from fullcycle.kernel.state import Route

BUCKETS = 10_000


def control_salt(project: str) -> str:
    """The salt of a project's control group.

    >>> control_salt("late-flights")
    'late-flights/control'
    """
    return f"{project}/control"


def assign(entity: str, route: Route, salt: str) -> tuple[str, str, float]:
    """How the decisions about *entity* are made.

    The bucket is a BLAKE2b hash of salt and entity, without the key under which entities are logged: the same entity is in the
    control group on every machine and after every change of the key. Each challenger draws with a salt of its own from those who
    are left, so that no two rollouts try the same entities first. A share that grows keeps those who were in it.

    Parameters
    ----------
    entity : what the decision is about, as text.
    route : what serves now.
    salt : see :func:`control_salt`.

    Returns
    -------
    Variant (``control``, ``champion`` or ``challenger``), release, and the probability with which that was assigned, in (0, 1].

    Examples
    --------
    >>> from fullcycle.kernel.state import Share
    >>> assign("N123AA", Route(shares=(Share(release="ab", share=1.0),)), "late-flights/control")
    ('champion', 'ab', 1.0)
    """
    champion, left = route.champion, 1.0
    share = round(route.control * BUCKETS)
    if share and champion:  # where today's rule serves everybody, nobody is a control
        if bucket(entity, salt) < share:
            return "control", champion, share / BUCKETS
        left = 1 - share / BUCKETS
    if len(route.shares) < 2:
        return "champion", champion, left
    rest = 1.0
    for other in route.shares[1:]:
        if position(entity, f"{salt}/{other.release}") < other.share / rest:
            return "challenger", other.release, left * other.share
        rest -= other.share
    return "champion", champion, left * route.shares[0].share


def assign_all(entities: Sequence[str], route: Route, salt: str) -> list[tuple[str, str, float]]:
    """The same for many; where the entity does not matter it is asked once.

    >>> assign_all(["a", "b"], Route(), "late-flights/control")
    [('champion', '', 1.0), ('champion', '', 1.0)]
    """
    if not route.control and len(route.shares) < 2:
        return [assign("", route, salt)] * len(entities)
    return [assign(entity, route, salt) for entity in entities]


def bucket(entity: str, salt: str) -> int:
    """The bucket of an entity, 0 to 9999.

    >>> 0 <= bucket("N123AA", "late-flights/control") < BUCKETS
    True
    """
    return _hash(entity, salt) % BUCKETS


def position(entity: str, salt: str) -> float:
    """Where an entity lies between 0 and 1, to 53 bits.

    >>> 0 <= position("N123AA", "late-flights/control/ab") < 1
    True
    """
    return (_hash(entity, salt) >> 11) * 2.0**-53


def _hash(entity: str, salt: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{salt}\0{entity}".encode(), digest_size=8).digest(), "big")


def check_route(route: Route) -> None:
    """Refuse a route that cannot be followed.

    Raises
    ------
    InputError : shares that are not above 0 or do not sum to 1, a release twice, today's rule beside a challenger, or a control
        share outside [0, 1).

    Examples
    --------
    >>> check_route(Route())
    """
    names, shares = [it.release for it in route.shares], [it.share for it in route.shares]
    if shares and not (min(shares) > 0 and math.isclose(math.fsum(shares), 1.0)):
        raise InputError("not the shares of a route", found=shares, expected="above 0, with sum 1")
    tried = [*names, route.shadow] if route.shadow else names
    if len(tried) > 1 and (len(set(tried)) < len(tried) or "" in tried):
        found = ", ".join(name[:12] or "today's rule" for name in tried)
        raise InputError("a route tries challengers beside one champion", found=found, expected="each release once")
    if not 0 <= route.control < 1:
        raise InputError("not a control share", found=route.control, expected="0 or more, below 1")
