"""The state of the world as a fold over the journal: finished steps, heads, routes. Nothing here is stored twice."""

from __future__ import annotations

import msgspec

from fullcycle.kernel.journal import Entry, Journal
from fullcycle.kernel.scope import Scope

ERASE = "erase"
"""The act by which rows go for good; its facts name under ``entities`` the keyed hashes of whom they were about."""


class Head(msgspec.Struct, frozen=True):
    """What is current: a record id, and the position of the entry that says so."""

    record: str = ""
    position: int = 0


class Share(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the traffic: a release (``""`` is today's rule) and its share between 0 and 1."""

    release: str
    share: float


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What serves now. Promotion and rollback write a new Route, never a new Release.

    Attributes
    ----------
    generation : counts up by one with every change.
    shares : sum to 1; the control share is taken from the traffic before them. The champion's is the first, whatever its size;
        the others are challengers'.
    control : share of entities that keeps today's rule.
    reason : why it changed.
    shadow : the release that answers beside the others without being heard, ``""`` if none does.
    """

    generation: int = 0
    shares: tuple[Share, ...] = ()
    control: float = 0.0
    reason: str = ""
    shadow: str = ""

    @property
    def champion(self) -> str:
        """The release that the others are held against, ``""`` where today's rule serves.

        >>> Route(shares=(Share(release="ab", share=1.0),)).champion
        'ab'
        """
        return self.shares[0].release if self.shares else ""

    @property
    def challengers(self) -> tuple[str, ...]:
        """The releases that are tried, one in the shadow too.

        >>> Route(shares=(Share(release="ab", share=0.9), Share(release="cd", share=0.1))).challengers
        ('cd',)
        """
        others = tuple(share.release for share in self.shares[1:])
        return (*others, self.shadow) if self.shadow else others


class State:
    """Follows a journal: each :meth:`refresh` reads only what is new.

    Attributes
    ----------
    entries : every entry so far.
    done : step key to the entry that finished it.
    erased : keyed hashes of the entities of which every row was erased; none of theirs may be landed again.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.entries: list[Entry] = []
        self.done: dict[str, Entry] = {}
        self.erased: frozenset[str] = frozenset()
        self._intents: dict[str, Entry] = {}
        self._heads: dict[str, Head] = {}
        self._routes: dict[str, tuple[Route, int]] = {}

    def refresh(self) -> State:
        """Read what was appended since."""
        for entry in self._journal.read(self.entries[-1].position if self.entries else 0):
            self.entries.append(entry)
            match entry.verb:
                case "step" | "act":
                    self.done[entry.key] = entry
                    if entry.step == ERASE:
                        self.erased |= set(entry.facts["entities"])
                case "intend":
                    self._intents[entry.key] = entry
                case "head":
                    self._heads[entry.topic] = Head(entry.outputs[0], entry.position)
                case "route":
                    self._routes[entry.topic] = (msgspec.convert(entry.facts["route"], Route), entry.position)
        return self

    def head(self, scope: Scope, stage: str) -> Head:
        """What is current for *stage* in *scope*; an empty one if nothing is."""
        return self._heads.get(head_topic(scope, stage), Head())

    def heads(self, scope: Scope) -> dict[str, str]:
        """Stage to the id of its current record, for the stages that have one."""
        before = head_topic(scope, "")
        return {
            topic.removeprefix(before): head.record for topic, head in self._heads.items() if topic.startswith(before)
        }

    def route(self, scope: Scope) -> tuple[Route, int]:
        """What serves now, and the position of the entry that says so."""
        return self._routes.get(route_topic(scope), (Route(), 0))

    def routes(self, scope: Scope) -> list[Route]:
        """Every route of *scope*, oldest first."""
        topic = route_topic(scope)
        return [msgspec.convert(entry.facts["route"], Route) for entry in self.entries if entry.topic == topic]

    def unfinished(self) -> list[Entry]:
        """Intents that have no result: a process died between them."""
        return [entry for key, entry in self._intents.items() if key not in self.done]


def head_topic(scope: Scope, stage: str) -> str:
    """Where heads are written."""
    return f"head/{scope}/{stage}"


def route_topic(scope: Scope) -> str:
    """Where routes are written."""
    return f"route/{scope}"
