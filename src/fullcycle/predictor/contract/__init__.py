"""The contract: what a row must look like, compiled once to a check of tables, of single rows, and to JSON Schema.

All three accept and reject the same rows. Missing is null, and NaN in a table; infinity is an error. Times are ISO 8601
strings or datetimes; without an offset they are read in the contract's zone, one that comes twice as the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import polars as pl

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.contract.golden import golden_row
from fullcycle.predictor.contract.quick import quick_check
from fullcycle.predictor.contract.row import TIME_PATTERN, if_absent, parser
from fullcycle.predictor.contract.rule import ColumnRule, Failure, Parsed, RowCheck
from fullcycle.predictor.contract.schema import schema
from fullcycle.predictor.contract.table import broken, filtered
from fullcycle.predictor.plan.zones import time_zone

__all__ = ["TIME_PATTERN", "ColumnRule", "Contract", "Failure", "Parsed", "RowCheck"]


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of all columns, and the zone in which times without an offset are read.

    Examples
    --------
    >>> contract = Contract((ColumnRule(name="distance", kind="float", low=0.0, nullable=False),))
    >>> check = contract.compile()
    >>> check({"distance": 100})
    ({'distance': 100.0}, [])
    >>> check({"distance": -5})[1][0].expected
    'a number, at least 0'
    """

    columns: tuple[ColumnRule, ...]
    zone: str = "UTC"

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.columns]
        for name in names:
            if names.count(name) > 1:
                raise InputError("a column has two rules", place=f"column {name!r}", mend="keep one")
        time_zone(self.zone, place="the contract")

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each column, as expressions and plans want it.

        >>> Contract((ColumnRule(name="a", kind="float"),)).kinds
        {'a': 'float'}
        """
        return {rule.name: rule.kind for rule in self.columns}

    def compile(self) -> RowCheck:
        """The check of one row: its values parsed for the plan, and what is wrong with it.

        A value that fails is left out of the values; keys that no rule names are ignored.
        """
        zone = ZoneInfo(self.zone)
        absent = object()
        rules = tuple((rule.name, parser(rule, zone), if_absent(rule)) for rule in self.columns)
        quick = quick_check(self.columns, zone)

        def check(row: Mapping[str, object]) -> tuple[dict[str, Parsed], list[Failure]]:
            found = quick(row)
            if found is not None:
                return found, []
            values: dict[str, Parsed] = {}
            failures: list[Failure] = []
            get = row.get
            for name, parse, otherwise in rules:
                raw = get(name, absent)
                value = otherwise if raw is absent else parse(raw)
                if isinstance(value, Failure):
                    failures.append(value)
                else:
                    values[name] = value
            return values, failures

        return check

    def filter(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows that keep the contract, and those that do not, each in the order of *frame*.

        Good rows have their times in UTC, their spellings made plain and what lies outside missing, as the rules say. A
        column that may be left out and is becomes one of nulls, as does one of a type that cannot be right, since only its
        nulls can be good. Bad rows stay as they were, with a column ``reasons``: a list of structs of column, found and expected.

        >>> contract = Contract((ColumnRule(name="distance", kind="float", low=0.0),))
        >>> good, bad = contract.filter(pl.DataFrame({"distance": [100.0, -5.0]}))
        >>> good["distance"].to_list(), bad["reasons"].to_list()
        ([100.0], [[{'column': 'distance', 'found': '-5.0', 'expected': 'a number, at least 0'}]])
        """
        return filtered(self.columns, self.zone, frame)

    def broken(self, table: pl.LazyFrame) -> dict[str, int]:
        """How many rows of a table, which need not fit in memory, break the rule of each column.

        Raises
        ------
        InputError
            A rule changes spellings or reads times from text: use :meth:`filter` on batches.

        >>> Contract((ColumnRule(name="a", kind="float", low=0.0),)).broken(pl.LazyFrame({"a": [1.0, -1.0]}))
        {'a': 1}
        """
        return broken(self.columns, self.zone, table)

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema (2020-12) of one row, as OpenAPI 3.1 embeds it.

        >>> Contract((ColumnRule(name="a", kind="text", nullable=False),)).json_schema()["properties"]
        {'a': {'type': 'string'}}
        """
        return {
            "type": "object",
            "properties": {rule.name: schema(rule) for rule in self.columns},
            "required": [rule.name for rule in self.columns if rule.required],
        }

    def example(self) -> dict[str, Any]:
        """A row that keeps the contract, made from the rules; always the same.

        >>> Contract((ColumnRule(name="a", kind="integer", low=1.0, high=5.0),)).example()
        {'a': 3}
        """
        return golden_row(self.columns, 0)

    def golden_rows(self, n: int) -> list[dict[str, Any]]:
        """*n* different-looking rows that keep the contract: extremes, nulls, left-out keys; always the same.

        >>> len(Contract((ColumnRule(name="a", kind="float"),)).golden_rows(5))
        5
        """
        return [golden_row(self.columns, number) for number in range(n)]
