"""A contract as Python source that builds a schema of pandera on Polars, for those who check tables there.

Carried: types, ``required``, ranges, categories, patterns, unique keys, rules across columns. What changes values
(``normalise``, ``aliases``, ``outside``) and what looks at the whole table (shares, freshness, row counts) has no place there
and is told in comments. Source: https://pandera.readthedocs.io/en/stable/polars.html
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping

from fullcycle.data.contract.keys import unique_keys
from fullcycle.data.contract.rule import strict_rule
from fullcycle.data.contract.settings import ColumnFact, Rules
from fullcycle.data.contract.violations import checks
from fullcycle.predictor.contract import ColumnRule
from fullcycle.predictor.contract.pattern import LONGEST, whole

_TYPES = {
    "float": "pl.Float64",
    "integer": "pl.Int64",
    "boolean": "pl.Boolean",
    "category": "pl.String",
    "text": "pl.String",
    "time": 'pl.Datetime("us", "UTC")',
}
_HEAD = '''\
"""{title}, made by fullcycle from a data contract."""

import pandera.polars as pa
import polars as pl


def holds(expression: pl.Expr, name: str) -> pa.Check:
    """A rule across columns; a row for which it is unknown passes."""
    return pa.Check(lambda data: data.lazyframe.select(expression.fill_null(True)), name=name)


'''
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.And: "&",
    ast.Or: "|",
}


def to_pandera(facts: Mapping[str, ColumnFact], rules: Rules, *, title: str = "A table") -> str:
    """Source text of a module whose ``schema`` is a ``pandera.polars.DataFrameSchema``.

    >>> text = to_pandera({"km": ColumnFact(type="float", low=0, required=True)}, Rules())
    >>> print(text[text.index("schema ="):])
    schema = pa.DataFrameSchema(
        {
            "km": pa.Column(pl.Float64, [pa.Check(lambda data: data.lazyframe.select(~pl.col(data.key).is_infinite())), pa.Check.ge(0.0)]),
        },
    )
    <BLANKLINE>
    """
    notes: list[str] = []
    columns = [_column(name, fact, notes) for name, fact in facts.items()]
    across = _across(rules, {name: fact.type for name, fact in facts.items()}, notes)
    keys = [
        list(key)
        for key in unique_keys(rules, facts)
        if len(key) > 1 or not facts.get(key[0], ColumnFact(type="text")).unique
    ]
    ends = []
    if keys:
        ends.append(f"unique={keys[0]!r}")
        notes += [f"unique {' and '.join(key)}: pandera knows one key of a table" for key in keys[1:]]
    if across:
        ends.append("checks=[\n        " + ",\n        ".join(across) + ",\n    ]")
    notes += _table_notes(rules)
    body = "schema = pa.DataFrameSchema(\n    {\n" + "".join(columns) + "    },\n"
    body += "".join(f"    {one},\n" for one in ends) + ")\n"
    told = "# Not carried:\n" + "".join(f"# - {note}\n" for note in notes) if notes else ""
    return _HEAD.format(title=title.replace('"', "'").replace("\\", "/")) + told + body


def _column(name: str, fact: ColumnFact, notes: list[str]) -> str:
    rule = strict_rule(name, fact, nullable=not fact.required)
    changing = [
        word
        for word, given in (("normalise", fact.normalise), ("aliases", fact.aliases), ("outside", rule.lenient))
        if given
    ]
    notes += [f"{name}: {' and '.join(changing)}; check the table that the contract handed back"] if changing else []
    notes += [f"{name}: missing_at_most {fact.missing_at_most:g}"] if fact.missing_at_most is not None else []
    facets = [_TYPES[fact.type]]
    found = _checks(rule)
    facets += [f"[{', '.join(found)}]"] if found else []
    facets += ["nullable=True"] if rule.nullable else []
    facets += ["unique=True"] if fact.unique else []
    return f"        {_text(name)}: pa.Column({', '.join(facets)}),\n"


def _checks(rule: ColumnRule) -> list[str]:
    found = []
    if rule.kind == "float":
        found.append("pa.Check(lambda data: data.lazyframe.select(~pl.col(data.key).is_infinite()))")
    if rule.low is not None and not rule.lenient:
        found.append(f"pa.Check.ge({_bound(rule, rule.low, up=True)})")
    if rule.high is not None and not rule.lenient:
        found.append(f"pa.Check.le({_bound(rule, rule.high, up=False)})")
    if rule.categories is not None:
        found.append(f"pa.Check.isin({list(rule.categories)!r})")
    elif rule.pattern and not rule.lenient:
        found += [f"pa.Check.str_matches({_text(whole(rule.pattern))})", f"pa.Check.str_length(max_value={LONGEST})"]
    return found


def _bound(rule: ColumnRule, bound: float, *, up: bool) -> str:
    if rule.kind != "integer":
        return repr(bound)
    return str(math.ceil(bound) if up else math.floor(bound))


def _across(rules: Rules, kinds: Mapping[str, str], notes: list[str]) -> list[str]:
    found = []
    for name, rule in checks(rules).items():
        text = _source(ast.parse(rule.holds, mode="eval").body, kinds)
        if text is None:
            notes.append(f"{name}: {rule.holds}")
        else:
            found.append(f"holds({text}, {_text(name)})")
    return found


def _source(node: ast.expr, kinds: Mapping[str, str]) -> str | None:
    """An expression of our language as one of Polars; None where a part has no plain counterpart."""
    match node:
        case ast.Constant():
            return f"pl.lit({node.value!r})"
        case ast.Name(id="true" | "false"):
            return f"pl.lit({node.id == 'true'})"
        case ast.Name():
            return f"pl.col({_text(node.id)})" if node.id in kinds else None
        case ast.UnaryOp():
            return _unary(node, kinds)
        case ast.BinOp() if type(node.op) in _OPERATORS:
            return _joined([_source(node.left, kinds), _source(node.right, kinds)], _OPERATORS[type(node.op)])
        case ast.BoolOp():
            return _joined([_source(part, kinds) for part in node.values], _OPERATORS[type(node.op)])
        case ast.Compare():
            sides = [_source(part, kinds) for part in (node.left, *node.comparators)]
            links = zip(sides, node.ops, sides[1:], strict=False)
            return _joined([_joined([a, b], _OPERATORS.get(type(op), "==")) for a, op, b in links], "&")
        case ast.Call(func=ast.Name(), keywords=[]):
            return _call(node, kinds)
    return None


def _unary(node: ast.UnaryOp, kinds: Mapping[str, str]) -> str | None:
    inner = _source(node.operand, kinds)
    if inner is None:
        return None
    return f"(~{inner})" if isinstance(node.op, ast.Not) else f"(-{inner})" if isinstance(node.op, ast.USub) else inner


def _call(node: ast.Call, kinds: Mapping[str, str]) -> str | None:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name == "column" and isinstance(node.args[0], ast.Constant):
        return f"pl.col({_text(str(node.args[0].value))})"
    inner = [_source(part, kinds) for part in node.args]
    known = [part for part in inner if part is not None]
    if len(known) < len(inner):
        return None
    match name:
        case "abs":
            return f"{known[0]}.abs()"
        case "missing":
            return f"{known[0]}.is_null()"
        case "choose":
            return f"pl.when({known[0]}).then({known[1]}).otherwise({known[2]})"
    return None


def _joined(parts: list[str | None], operator: str) -> str | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return known[0] if len(known) == 1 else "(" + f" {operator} ".join(known) + ")"


def _table_notes(rules: Rules) -> list[str]:
    given = [
        ("rows_at_least", rules.rows_at_least),
        ("rows_at_most", rules.rows_at_most),
        ("freshness", rules.freshness),
    ]
    return [f"{name} {value}" for name, value in given if value is not None and (name, value) != ("rows_at_least", 100)]


def _text(text: str) -> str:
    return json.dumps(text)
