"""Aligned columns: tables whose cells stand below each other, told apart by any number of blanks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

DELIMITER = " "

_RUNS = re.compile(rb"[ \t]+")
_EDGES = re.compile(rb"(?:(?<=\n)|\A) | (?=\r?\n|\Z)")


def is_aligned(head: str) -> bool:
    """Whether a text that begins with *head* looks aligned: blanks in runs or before the header, as many cells a line.

    >>> is_aligned(" id  day\\n 01  3.5\\n"), is_aligned("first name\\nAna Ruiz\\n")
    (True, False)
    """
    lines = head.splitlines()[:200]
    lines = lines[:-1] if len(lines) > 2 else lines  # the head may end within a line
    widths = {len(line.split()) for line in lines if line.strip()}
    return len(widths) == 1 and widths.pop() > 1 and all("  " in line or line.startswith(" ") for line in lines if line)


def squeezed(lines: bytes) -> bytes:
    """Whole *lines* with one blank between cells, and none at either end. Blanks within a cell's quotes go, too.

    >>> squeezed(b" 01  3.5 \\n02 4\\n")
    b'01 3.5\\n02 4\\n'
    """
    return _EDGES.sub(b"", _RUNS.sub(b" ", lines))


def squeezed_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same of a file's content, whose blocks end anywhere.

    >>> b"".join(squeezed_blocks([b"a  b\\n1 ", b" 2\\n"]))
    b'a b\\n1 2\\n'
    """
    held = b""
    for block in blocks:
        held += block
        end = held.rfind(b"\n") + 1
        yield squeezed(held[:end])
        held = held[end:]
    yield squeezed(held)
