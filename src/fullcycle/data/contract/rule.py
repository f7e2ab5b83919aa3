"""From a line of ``columns.toml`` to the rule of its column."""

from __future__ import annotations

from fullcycle.data.contract.settings import ColumnFact
from fullcycle.predictor.contract import ColumnRule


def rule_of(name: str, fact: ColumnFact, *, nullable: bool = True) -> ColumnRule:
    """The rule that turns rows and requests away, as a line of ``columns.toml`` says.

    Where a broken rule only counts, nothing is turned away, but spellings are made plain all the same: training and
    requests then hold the same values.

    Raises
    ------
    InputError
        The line contradicts itself, such as a category with a lowest value.

    >>> rule_of("distance", ColumnFact(type="float", low=0)).expected
    'a number, at least 0'
    >>> rule_of("distance", ColumnFact(type="float", low=0, severity="count")).expected
    'a number'
    """
    rule = strict_rule(name, fact, nullable=nullable)
    if fact.severity != "count" or rule.lenient:
        return rule
    stays = {word: word for word in fact.categories or ()} if fact.normalise else {}
    return ColumnRule(
        name=name, kind=fact.type, nullable=nullable, normalise=fact.normalise, aliases={**stays, **fact.aliases}
    )


def strict_rule(name: str, fact: ColumnFact, *, nullable: bool = True) -> ColumnRule:
    """The rule with everything that the line says, whatever follows where it is broken.

    >>> strict_rule("distance", ColumnFact(type="float", low=0, severity="count")).low
    0.0
    """
    return ColumnRule(
        name=name,
        kind=fact.type,
        nullable=nullable,
        low=None if fact.low is None else float(fact.low),
        high=None if fact.high is None else float(fact.high),
        categories=fact.categories,
        pattern=fact.pattern,
        normalise=fact.normalise,
        aliases=fact.aliases,
        outside=fact.outside,
    )
