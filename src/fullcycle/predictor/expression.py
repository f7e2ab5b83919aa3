"""The one small language over columns that cycle.toml knows, compiled to operations of the feature plan.

::

    numbers, 'strings', true, false      distance > 1000 and carrier == 'UA'
    column names, column('any name')     (arr_delay - dep_delay) / 60
    + - * /   unary -   ( )              choose(missing(weight), 1, weight)
    < <= > >= == !=   and or not         hour(scheduled_departure) >= 18
    abs min max log1p missing choose     0 < delay <= 30
    hour weekday month days

What is missing stays missing: a comparison with it is unknown, ``and``, ``or`` and ``not`` follow Kleene's logic.
Python's parser reads the text, nothing evaluates it: each node is looked up in a table of those allowed.
"""

from __future__ import annotations

import ast
import unicodedata
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NoReturn, TypeAlias

import msgspec
import numpy as np
import polars as pl

from fullcycle.kernel.errors import ColumnMissing, InputError, nearest
from fullcycle.predictor.plan import (
    Absolute,
    Add,
    Both,
    Calendar,
    Choose,
    Compare,
    Divide,
    Either,
    Input,
    Invert,
    Log1p,
    Maximum,
    Minimum,
    Missing,
    Multiply,
    Negate,
    Number,
    Operation,
    Plan,
    Subtract,
    Text,
    zone_offsets,
)
from fullcycle.predictor.plan.values import SORTS, Value

ResultKind: TypeAlias = Literal["float", "boolean", "category"]
Sense: TypeAlias = Literal["number", "truth", "string", "time"]  # what a part of an expression means

LONGEST = 4_000  # characters; deeper nesting than a person writes is refused too
YEARS = (1970, 2070)  # whose changes of the clock are packed for hour(), weekday(), month() and days()

_SENSES: dict[str, Sense] = {
    "float": "number",
    "integer": "number",
    "boolean": "truth",
    "category": "string",
    "text": "string",
    "time": "time",
}
_RESULTS: dict[Sense, ResultKind] = {"number": "float", "time": "float", "truth": "boolean", "string": "category"}
_WORDS: dict[Sense, str] = {"number": "a number", "truth": "true or false", "string": "a string", "time": "a time"}
_ARITHMETIC: dict[type[ast.AST], type[Operation]] = {
    ast.Add: Add,
    ast.Sub: Subtract,
    ast.Mult: Multiply,
    ast.Div: Divide,
}
_RELATIONS: dict[type[ast.AST], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
_FUNCTIONS = ("abs", "min", "max", "log1p", "missing", "choose", "hour", "weekday", "month", "days", "column")
_HABITS: dict[type[ast.AST], str] = {
    ast.IfExp: "write choose(condition, a, b)",
    ast.Pow: "multiply: x * x",
    ast.BitAnd: "write 'and'",
    ast.BitOr: "write 'or'",
    ast.Invert: "write 'not'",
    ast.In: "compare with each: x == 'a' or x == 'b'",
    ast.NotIn: "compare with each: x != 'a' and x != 'b'",
    ast.Is: "write == or missing(x)",
    ast.IsNot: "write != or not missing(x)",
    ast.NamedExpr: "write == to compare",
}


class Expression(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed expression.

    Attributes
    ----------
    text : as it was written.
    columns : the columns that it reads, in order of appearance.
    kind : what it yields; a time yields its microseconds since 1970 as a float.
    plan : its operations; ``plan.features`` holds the one slot with the result, so that they can join a larger plan.
    """

    text: str
    columns: tuple[str, ...]
    kind: ResultKind
    plan: Plan

    def evaluate(self, frame: pl.DataFrame) -> np.ndarray[Any, Any]:
        """The value of each row, of shape (n,): float64 (missing: NaN), or strings and ``None`` for a category.

        >>> parse("a + 1", {"a": "float"}, place="").evaluate(pl.DataFrame({"a": [1.0, None]})).tolist()
        [2.0, nan]
        """
        slots, name = self.plan.columns(frame), self.plan.features[0]
        column = slots[name]
        if isinstance(column, pl.Series):
            return np.array([*column.to_list(), None], dtype=object)[:-1]  # the last: NumPy must not guess a type
        return slots.numbers(name)

    def row(self) -> Callable[[Mapping[str, Value]], Any]:
        """The same for one row: a function from its parsed values to a float, or a string or ``None``.

        >>> parse("a + 1", {"a": "float"}, place="").row()({"a": 1.0})
        2.0
        """
        run = self.plan.compile()
        return lambda values: run(values)[0]


def parse(text: str, kinds: Mapping[str, str], *, place: str, zone: str = "UTC", output: str = "value") -> Expression:
    """Read an expression.

    Parameters
    ----------
    text : the expression.
    kinds : the kind of each column that it may read.
    place : where it stands, for errors, such as ``cycle.toml:12``.
    zone : in which ``hour``, ``weekday``, ``month`` and ``days`` read times.
    output : the name of the slot with the result; slots between are ``output.1``, ``output.2``, … A name that a column
        has already gets an underscore; a bare column is its own slot. ``plan.features[0]`` has the name in the end.

    Raises
    ------
    ColumnMissing
        It names a column that there is not.
    InputError
        It is no expression, or compares or adds what does not go together; the place names the character.

    Examples
    --------
    >>> late = parse("arr_delay > 30 and not missing(tail)", {"arr_delay": "float", "tail": "category"}, place="")
    >>> late.kind, late.columns, late.row()({"arr_delay": 41.0, "tail": "N1"})
    ('boolean', ('arr_delay', 'tail'), 1.0)
    """
    compiler = _Compiler(text, kinds, place, zone, output)
    try:
        tree = _tree(text, compiler)
        slot, sense = compiler.compile(tree)
    except (RecursionError, MemoryError):
        raise InputError("the expression is nested too deeply", place=place, mend="split it in two columns") from None
    operations = tuple(compiler.operations)
    if operations and operations[-1].output == slot:
        while output in kinds:
            output += "_"
        operations = (*operations[:-1], msgspec.structs.replace(operations[-1], output=output))
        slot = output
    columns = tuple(compiler.columns)
    inputs = tuple(msgspec.convert({"name": name, "kind": kinds[name]}, Input) for name in columns)
    plan = Plan(inputs=inputs, operations=operations, features=(slot,))
    plan.check()
    return Expression(text=text, columns=columns, kind=_RESULTS[sense], plan=plan)


def _tree(text: str, compiler: _Compiler) -> ast.expr:
    if len(text) > LONGEST:
        found = f"{len(text)} characters"
        raise InputError("the expression is too long", place=compiler.place, found=found, expected=f"at most {LONGEST}")
    if not text.strip():
        raise InputError("the expression is empty", place=compiler.place, mend="write one, such as distance > 1000")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's advice on how to write Python
            return ast.parse(text.replace("\n", " ").lstrip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        blanks = len(text) - len(text.lstrip())
        character = min(blanks + max(getattr(error, "offset", None) or 1, 1), len(text))
        compiler.refuse("not an expression", character, found=text, mend=_mend(text))


def _mend(text: str) -> str:
    """What people most often mean by something that does not parse."""
    habits = {"&&": "write 'and'", "||": "write 'or'", "<>": "write !=", "if(": "write choose(condition, a, b)"}
    for habit, mend in habits.items():
        if habit in text.replace(" (", "("):
            return mend
    if "=" in text and not any(relation in text for relation in ("==", "<=", ">=", "!=")):
        return "write == to compare"
    if "!" in text.replace("!=", ""):
        return "write 'not'"
    return "close every parenthesis and quote; write column('…') for a name that is no plain word"


class _Compiler:
    """Walks the tree once; each node becomes a slot, the same part twice the same slot."""

    def __init__(self, text: str, kinds: Mapping[str, str], place: str, zone: str, output: str) -> None:
        self.text, self.kinds, self.place, self.zone, self.output = text, kinds, place, zone, output
        self.operations: list[Operation] = []
        self.columns: dict[str, None] = {}
        self._slots: dict[tuple[object, ...], str] = {}
        self._plain = {unicodedata.normalize("NFKC", name): name for name in kinds}  # as Python reads names

    def compile(self, node: ast.expr) -> tuple[str, Sense]:
        """The slot that holds the node's value, and what that value means."""
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name(id="true" | "false"):
                return self._emit(Number, value=float(node.id == "true")), "truth"
            case ast.Name():
                return self._column(node.id, node)
            case ast.UnaryOp(op=ast.Not()):
                return self._emit(Invert, input=self._part(node.operand, "truth")), "truth"
            case ast.UnaryOp(op=ast.USub()):
                return self._emit(Negate, input=self._part(node.operand, "number")), "number"
            case ast.UnaryOp(op=ast.UAdd()):
                return self._part(node.operand, "number"), "number"
            case ast.BinOp() if type(node.op) in _ARITHMETIC:
                left, right = self._part(node.left, "number"), self._part(node.right, "number")
                return self._emit(_ARITHMETIC[type(node.op)], left=left, right=right), "number"
            case ast.BoolOp():
                operation = Both if isinstance(node.op, ast.And) else Either
                return self._chain(operation, [self._part(part, "truth") for part in node.values]), "truth"
            case ast.Compare():
                return self._comparison(node), "truth"
            case ast.Call():
                return self._call(node)
        self._unknown(node)

    def refuse(
        self, problem: str, at: ast.expr | int, *, found: object = None, expected: str = "", mend: str = ""
    ) -> NoReturn:
        """Raise an InputError at a node or a character, counted from 1."""
        raise InputError(problem, place=self._at(at), found=found, expected=expected, mend=mend)

    def _at(self, at: ast.expr | int) -> str:
        if not isinstance(at, int):
            read = self.text.replace("\n", " ").lstrip()  # whose UTF-8 bytes a tree counts
            at = len(self.text) - len(read) + len(read.encode()[: at.col_offset].decode(errors="ignore")) + 1
        return f"{self.place}, character {at}" if self.place else f"character {at}"

    def _part(self, node: ast.expr, wanted: Sense) -> str:
        slot, sense = self.compile(node)
        if sense == wanted or (wanted == "number" and sense == "truth"):  # true counts as 1
            return slot
        mends = {
            ("number", "time"): "use hour(t), weekday(t), month(t) or days(t)",
            ("truth", "number"): "compare it, as in x > 0",
            ("truth", "string"): "compare it, as in x == 'a'",
        }
        self._mismatch(node, sense, wanted, mends.get((wanted, sense), ""))

    def _mismatch(self, node: ast.expr, sense: Sense, wanted: Sense, mend: str) -> NoReturn:
        part = ast.unparse(node)
        self.refuse(f"{part} does not fit here", node, found=_WORDS[sense], expected=_WORDS[wanted], mend=mend)

    def _constant(self, node: ast.Constant) -> tuple[str, Sense]:
        value = node.value
        if isinstance(value, bool):
            return self._emit(Number, value=float(value)), "truth"
        if isinstance(value, str):
            return self._emit(Text, value=value), "string"
        if isinstance(value, int | float):
            if not abs(value) <= 1.7976931348623157e308:
                self.refuse("the number is too large", node, expected="below 1.8e308")
            return self._emit(Number, value=float(value)), "number"
        self._unknown(node)

    def _column(self, name: str, node: ast.expr) -> tuple[str, Sense]:
        name = name if name in self.kinds else self._plain.get(name, name)
        if name not in self.kinds:
            raise ColumnMissing(name, self.kinds, source=self._at(node), needed_by=f"the expression {self.text!r}")
        kind = self.kinds[name]
        if kind not in SORTS:
            self.refuse(f"column {name!r} has no kind", node, found=kind, expected=", ".join(SORTS))
        self.columns[name] = None
        return name, _SENSES[kind]

    def _comparison(self, node: ast.Compare) -> str:
        """A chain such as ``0 < x <= 30`` means each of its links, as in mathematics."""
        parts = [node.left, *node.comparators]
        links = zip(parts, node.ops, parts[1:], strict=False)
        return self._chain(Both, [self._link(left, relation, right) for left, relation, right in links])

    def _link(self, left: ast.expr, relation: ast.cmpop, right: ast.expr) -> str:
        if type(relation) not in _RELATIONS:
            self.refuse("this comparison is not in the language", right, mend=_HABITS[type(relation)])
        (a, first), (b, second) = self.compile(left), self.compile(right)
        if {first, second} == {"number", "truth"}:
            second = first
        if first != second:
            mend = f"write {ast.unparse(right)!r} in quotes" if first == "string" and second == "number" else ""
            self._mismatch(right, second, first, mend)
        if first == "string" and _RELATIONS[type(relation)] not in ("eq", "ne"):
            self.refuse("strings have no order here", right, mend="compare them with == or !=")
        return self._emit(Compare, relation=_RELATIONS[type(relation)], left=a, right=b)

    def _call(self, node: ast.Call) -> tuple[str, Sense]:
        if not isinstance(node.func, ast.Name) or node.keywords:
            self._unknown(node)
        name, given = node.func.id, node.args
        if name not in _FUNCTIONS:
            near = nearest(name, _FUNCTIONS)
            mend = f"write {near}" if near else f"use one of {', '.join(_FUNCTIONS)}"
            self.refuse(f"unknown function {name!r}", node, mend=mend)
        least, most = {"min": (2, 99), "max": (2, 99), "choose": (3, 3)}.get(name, (1, 1))
        if not least <= len(given) <= most:
            expected = f"{least}" if least == most else f"{least} or more"
            self.refuse(f"{name} has the wrong number of arguments", node, found=len(given), expected=expected)
        return self._apply(name, given)

    def _apply(self, name: str, given: Sequence[ast.expr]) -> tuple[str, Sense]:
        match name:
            case "abs" | "log1p":
                return self._emit(Absolute if name == "abs" else Log1p, input=self._part(given[0], "number")), "number"
            case "min" | "max":
                slots = [self._part(part, "number") for part in given]
                return self._chain(Minimum if name == "min" else Maximum, slots), "number"
            case "missing":
                return self._emit(Missing, input=self.compile(given[0])[0]), "truth"
            case "choose":
                return self._choice(given)
            case "column":
                if not isinstance(given[0], ast.Constant) or not isinstance(given[0].value, str):
                    self.refuse("column() needs a name in quotes", given[0], mend="write column('name')")
                return self._column(given[0].value, given[0])
        time = self._part(given[0], "time")
        offsets = () if self.zone == "UTC" else zone_offsets(self.zone, *YEARS)
        return self._emit(Calendar, input=time, part=name, zone=self.zone, offsets=offsets), "number"

    def _choice(self, given: Sequence[ast.expr]) -> tuple[str, Sense]:
        condition = self._part(given[0], "truth")
        (then, first), (otherwise, second) = self.compile(given[1]), self.compile(given[2])
        if {first, second} == {"number", "truth"}:
            first = second = "number"
        if first != second:
            self._mismatch(given[2], second, first, "make both of one kind")
        return self._emit(Choose, condition=condition, then=then, otherwise=otherwise), first

    def _chain(self, operation: type[Operation], slots: Sequence[str]) -> str:
        total = slots[0]
        for slot in slots[1:]:
            total = self._emit(operation, left=total, right=slot)
        return total

    def _emit(self, operation: type[Operation], **fields: Any) -> str:
        key = (operation, *fields.items())
        if key not in self._slots:
            slot = f"{self.output}.{len(self.operations) + 1}"
            while slot in self.kinds:
                slot += "_"
            self.operations.append(operation(output=slot, **fields))
            self._slots[key] = slot
        return self._slots[key]

    def _unknown(self, node: ast.expr) -> NoReturn:
        operator: ast.AST = getattr(node, "op", node)
        mend = _HABITS.get(
            type(operator), "use numbers, 'strings', columns, + - * /, comparisons, and, or, not and functions"
        )
        self.refuse(f"{_excerpt(node)} is not in the language", node, mend=mend)


def _excerpt(node: ast.expr) -> str:
    text = ast.unparse(node)
    return repr(text if len(text) <= 60 else text[:60] + "…")
