"""Patterns: the regular expressions that Rust, Python and JSON Schema read alike, and that never take long.

::

    A  é  -  /          a character              [A-Z0-9_]  [^,]      one of a class, or none of it
    \\.  \\[  \\n  \\t       a special one            ab|cd  (ab|cd)     either
    *  +  ?  {2}  {2,}  {2,5}                    how often

A pattern must match the whole text. What the three read differently (``\\d``, ``\\w``, ``.``, look-around, flags, references)
is refused, as is repetition within repetition that makes Python's engine try exponentially many ways.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn, TypeAlias

from fullcycle.kernel.errors import InputError

LONGEST = 1000
"""Characters that a text with a pattern may have; as often a part may repeat."""

Ranges: TypeAlias = tuple[tuple[int, int], ...]
_SPECIAL = frozenset("\\^$.|?*+()[]{}")
_ESCAPED = {**{one: one for one in _SPECIAL}, "n": "\n", "t": "\t", "r": "\r"}
_MENDS = {
    "d": "write [0-9]",
    "D": "write [^0-9]",
    "w": "write [A-Za-z0-9_]",
    "W": "write [^A-Za-z0-9_]",
    "s": "write the blanks themselves, such as [ \\t]",
    "S": "write [^ \\t\\n]",
    "b": "leave it out: the whole text must match",
    ".": "write [^\\n], or \\. for the point itself",
    "^": "leave it out: the whole text must match",
    "$": "leave it out: the whole text must match",
}
_LAST = 0x10FFFF
_MANY = 50  # as good as endless, where time is concerned


class Chars(NamedTuple):
    """One character out of these ranges of code points, rising and apart."""

    ranges: Ranges


class Repeat(NamedTuple):
    """A part, *low* to *high* times; None: without end."""

    part: Node
    low: int
    high: int | None


class Sequence(NamedTuple):
    """Parts one after the other."""

    parts: tuple[Node, ...]


class Choice(NamedTuple):
    """One of several parts."""

    options: tuple[Node, ...]


Node: TypeAlias = Chars | Repeat | Sequence | Choice


def parse(pattern: str, *, place: str = "") -> Node:
    """What a pattern says.

    Raises
    ------
    InputError
        It is not in the language above, or would take long; the place names the character.

    >>> parse("[A-Z]{2}")
    Repeat(part=Chars(ranges=((65, 90),)), low=2, high=2)
    """
    node = _Parser(pattern, place).whole()
    if _size(node) > 4 * LONGEST:
        raise InputError("the pattern is too large", place=place, found=pattern, mend="repeat less often")
    return node


def whole(pattern: str) -> str:
    """The pattern for engines that search: anchored at both ends.

    >>> whole("a|b")
    '^(?:a|b)$'
    """
    return f"^(?:{pattern})$"


def matcher(pattern: str) -> re.Pattern[str]:
    """The pattern compiled for one text; ask it ``fullmatch``.

    >>> matcher("[A-Z]{2}").fullmatch("UA").group()
    'UA'
    """
    return re.compile(pattern)


def example(node: Node, number: int = 0) -> str:
    """A text that matches: 0 the shortest, then others.

    >>> [example(parse("[A-Z]{2}[0-9]{3,4}"), number) for number in range(2)]
    ['AA000', 'BB1111']
    """
    match node:
        case Chars():
            return _character(node.ranges, number)
        case Repeat():
            high = node.low + 3 if node.high is None else node.high
            return example(node.part, number) * (node.low + (min(number, high - node.low)))
        case Sequence():
            return "".join(example(part, number) for part in node.parts)
    return example(node.options[number % len(node.options)], number)


def literal(text: str) -> str:
    """The pattern of one text.

    >>> literal("a.b")
    'a\\\\.b'
    """
    backwards = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return "".join(f"\\{one}" if one in _SPECIAL else backwards.get(one, one) for one in text)


def _character(ranges: Ranges, number: int) -> str:
    """The character at *number* among the first of each range, plain ones before odd ones."""
    plain = [(max(low, 33), min(high, 126)) for low, high in ranges if low <= 126 and high >= 33]
    low, high = (plain or list(ranges))[0]
    return chr(low + number % (high - low + 1))


def _size(node: Node) -> int:
    match node:
        case Chars():
            return 1
        case Repeat():
            return max(node.low, node.high or 0, 1) * _size(node.part)
        case Sequence():
            return sum(map(_size, node.parts))
    return sum(map(_size, node.options))


class _Parser:
    """Reads a pattern from left to right."""

    def __init__(self, text: str, place: str) -> None:
        self.text, self.place, self.at = text, place, 0

    def whole(self) -> Node:
        node = self.choice(0)
        if self.at < len(self.text):
            self.refuse("a parenthesis closes that was not opened", mend="write \\) for the character itself")
        return node

    def refuse(self, problem: str, *, mend: str = "") -> NoReturn:
        where = f"{self.place}, " if self.place else ""
        place = f"{where}pattern character {min(self.at + 1, max(1, len(self.text)))}"
        raise InputError(f"the pattern cannot be read: {problem}", place=place, found=self.text, mend=mend)

    def choice(self, depth: int) -> Node:
        if depth > 20:
            self.refuse("it is nested too deeply", mend="use fewer parentheses")
        options = [self.sequence(depth)]
        while self.peek() == "|":
            self.at += 1
            options.append(self.sequence(depth))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.at < len(self.text) and self.peek() not in "|)":
            parts.append(self.repeated(self.atom(depth)))
            if _overlapping(parts):
                self.refuse(
                    "three endless repetitions may hold the same characters, which takes long",
                    mend="put a character between them that they do not hold, or bound them, as in {0,20}",
                )
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def atom(self, depth: int) -> Node:
        one = self.peek()
        if one == "(":
            return self.group(depth)
        if one == "[":
            return self.charset()
        if one == "\\":
            return _one(self.escaped(_ESCAPED))
        if one in "*+?{":
            self.refuse("nothing stands before the repetition", mend=f"write \\{one} for the character itself")
        if one in _SPECIAL:
            self.refuse(f"{one!r} is not in the language", mend=_MENDS.get(one, f"write \\{one}"))
        self.at += 1
        return _one(self.valid(one))

    def valid(self, one: str) -> str:
        if 0xD800 <= ord(one) <= 0xDFFF:
            self.refuse("half a character")
        return one

    def group(self, depth: int) -> Node:
        self.at += 3 if self.text.startswith("(?:", self.at) else 1
        if self.peek() == "?":
            self.refuse("look-around, names and flags are not in the language", mend="write plain parentheses")
        node = self.choice(depth + 1)
        if self.peek() != ")":
            self.refuse("a parenthesis does not close", mend="write \\( for the character itself")
        self.at += 1
        return node

    def escaped(self, known: dict[str, str]) -> str:
        self.at += 1
        one = self.peek()
        if one not in known or not one:
            self.at -= 1
            mend = _MENDS.get(one, f"write {one}" if one and not one.isalnum() else "write the characters meant")
            self.refuse(f"'\\{one}' is read differently by different engines", mend=mend)
        self.at += 1
        return known[one]

    def charset(self) -> Node:
        start = self.at
        self.at += 1
        negated = self.peek() == "^"
        self.at += negated
        ranges: list[tuple[int, int]] = []
        while self.peek() != "]":
            if not self.peek():
                self.at = start
                self.refuse("the class does not close", mend="write ] at its end")
            ranges.append(self.range(first=not ranges))
        self.at += 1
        if not ranges:
            self.refuse("the class is empty", mend="write the characters that are meant")
        joined = _joined(ranges)
        found = _complement(joined) if negated else joined
        if not found:
            self.refuse("the class holds nothing", mend="write the characters that are meant")
        return Chars(found)

    def range(self, *, first: bool) -> tuple[int, int]:
        low = self.member(first)
        after = self.text[self.at + 1 : self.at + 2]
        if self.peek() != "-" or after == "]":
            return ord(low), ord(low)
        self.at += 1
        high = self.member(first=True)
        if ord(high) < ord(low):
            self.refuse(f"the range {low}-{high} runs backwards", mend=f"write {high}-{low}")
        return ord(low), ord(high)

    def member(self, first: bool) -> str:
        one = self.peek()
        if one == "\\":
            return self.escaped({**_ESCAPED, "-": "-"})
        if one == "[" or (one in "&~-|" and self.text.startswith(one, self.at + 1)):
            self.refuse(
                f"{one!r} within a class is read differently by different engines", mend=f"write it once, or \\{one}"
            )
        if one == "-" and not first and self.text[self.at + 1 : self.at + 2] != "]":
            self.refuse("a dash within a class", mend="write \\- for the character itself")
        if not one:
            self.refuse("the class does not close", mend="write ] at its end")
        self.at += 1
        return self.valid(one)

    def repeated(self, part: Node) -> Node:
        bounds = self.bounds()
        if bounds is None:
            return part
        low, high = bounds
        if self.peek() and self.peek() in "?*+{":
            self.refuse("two repetitions in a row", mend="write one")
        if not isinstance(part, Chars) and (high is None or high > 1) and not _unambiguous(part):
            self.refuse(
                "what repeats could be cut up in several ways, which takes long",
                mend="begin the repeated part with a character that the rest of it does not hold, as in (,[0-9]+)*",
            )
        return Repeat(part, low, high)

    def bounds(self) -> tuple[int, int | None] | None:
        short: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if self.peek() in short and self.peek():
            self.at += 1
            return short[self.text[self.at - 1]]
        if self.peek() != "{":
            return None
        found = re.compile(r"\{([0-9]{1,4})(,([0-9]{1,4})?)?\}").match(self.text, self.at)
        if found is None:
            self.refuse("not a number of times", mend="write {2}, {2,} or {2,5}, or \\{ for the character itself")
        low = int(found[1])
        high = low if found[2] is None else None if found[3] is None else int(found[3])
        if max(low, high or 0) > LONGEST or (high is not None and high < low):
            self.refuse("not a number of times", mend=f"write rising numbers up to {LONGEST}")
        self.at = found.end()
        return low, high


def _one(character: str) -> Chars:
    return Chars(((ord(character), ord(character)),))


def _joined(ranges: list[tuple[int, int]]) -> Ranges:
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def _complement(ranges: Ranges) -> Ranges:
    edges = [(-1, -1), *ranges, (_LAST + 1, _LAST + 1)]
    return tuple((a[1] + 1, b[0] - 1) for a, b in itertools.pairwise(edges) if a[1] + 1 < b[0])


def _overlap(a: Ranges, b: Ranges) -> bool:
    return any(low <= end and start <= high for low, high in a for start, end in b)


def _characters(node: Node) -> Iterator[Ranges]:
    match node:
        case Chars():
            yield node.ranges
        case Repeat():
            yield from _characters(node.part)
        case Sequence():
            for part in node.parts:
                yield from _characters(part)
        case Choice():
            for option in node.options:
                yield from _characters(option)


def _unambiguous(node: Node) -> bool:
    """Whether a text of repeated parts falls into them in one way: of one length, or begun by a character of their own."""
    parts = node.parts if isinstance(node, Sequence) else (node,)
    if all(isinstance(part, Chars) or (isinstance(part, Repeat) and _fixed(part)) for part in parts):
        return bool(parts)
    if not parts or not isinstance(parts[0], Chars):
        return False
    first = parts[0].ranges
    return all(not _overlap(first, other) for part in parts[1:] for other in _characters(part))


def _fixed(part: Repeat) -> bool:
    return isinstance(part.part, Chars) and part.low == part.high and part.low > 0


def _overlapping(parts: list[Node]) -> bool:
    """Whether three endless repetitions may hold the same characters, with nothing between them that says where one ends."""
    still: list[list[Ranges]] = []
    for part in parts:
        held = list(_characters(part))
        if isinstance(part, Repeat) and (part.high is None or part.high > _MANY):
            if sum(_any_overlap(held, other) for other in still) > 1:
                return True
            still.append(held)
        elif isinstance(part, Chars):
            still = [other for other in still if _any_overlap(held, other)]
    return False


def _any_overlap(some: list[Ranges], others: list[Ranges]) -> bool:
    return any(_overlap(one, other) for one in some for other in others)
