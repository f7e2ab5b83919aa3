"""How far two spellings are apart."""

from __future__ import annotations


def distance(one: str, other: str, most: int) -> int:
    """Letters to add, leave out, change, or swap with the next, to make *other* of *one*; ``most + 1`` if more than *most*.

    Source: Damerau 1964 (optimal string alignment: no part is changed twice).

    >>> distance("Berlin", "Belrin", 2), distance("Berlin", "Bern", 1)
    (1, 2)
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, sign in enumerate(other, 1):
            cost = min(last[column] + 1, line[column - 1] + 1, last[column - 1] + (letter != sign))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == sign:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        if min(line) > most:
            return most + 1
        before, last = last, line
    return last[-1] if last[-1] <= most else most + 1


def shortened(word: str, letters: int) -> set[str]:
    """A word, and what is left of it without up to *letters* of its letters: near words have one of these in common.

    Source: Garbe 2012, *1000x faster spelling correction* (symmetric delete).

    >>> sorted(shortened("abc", 1))
    ['ab', 'abc', 'ac', 'bc']
    """
    found = {word}
    for _ in range(letters):
        found |= {part[:at] + part[at + 1 :] for part in found for at in range(len(part))}
    return found
