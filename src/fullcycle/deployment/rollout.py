"""Who is answered by what: the control group first, everybody else by the champion; the same entity always the same way."""

from __future__ import annotations

import hashlib
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
    control group on every machine and after every change of the key. A larger control share keeps those who were in it.

    Parameters
    ----------
    entity : what the decision is about, as text.
    route : what serves now.
    salt : see :func:`control_salt`.

    Returns
    -------
    Variant (``control`` or ``champion``), release, and the probability with which that variant was assigned, in (0, 1].

    Examples
    --------
    >>> from fullcycle.kernel.state import Share
    >>> assign("N123AA", Route(shares=(Share(release="ab", share=1.0),)), "late-flights/control")
    ('champion', 'ab', 1.0)
    """
    champion = route.champion
    share = round(route.control * BUCKETS)
    if not share or not champion:  # where today's rule serves everybody, nobody is a control
        return "champion", champion, 1.0
    if bucket(entity, salt) < share:
        return "control", champion, share / BUCKETS
    return "champion", champion, 1 - share / BUCKETS


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
    found = hashlib.blake2b(f"{salt}\0{entity}".encode(), digest_size=8).digest()
    return int.from_bytes(found, "big") % BUCKETS


def check_route(route: Route) -> None:
    """Refuse a route that cannot be followed.

    Raises
    ------
    InputError : it has several shares, or a control share outside [0, 1).

    Examples
    --------
    >>> check_route(Route())
    """
    if len(route.shares) > 1:
        found = ", ".join(share.release[:12] or "today's rule" for share in route.shares)
        raise InputError("a route has more than one release", found=found, expected="one that takes all traffic")
    if not 0 <= route.control < 1:
        raise InputError("not a control share", found=route.control, expected="0 or more, below 1")
