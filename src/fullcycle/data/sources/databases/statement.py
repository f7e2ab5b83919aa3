"""The statement that a source asks: one query, or one table; nothing that writes."""

from __future__ import annotations

import re
from pathlib import Path

from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import InputError, nearest

_READS = ("SELECT", "WITH", "VALUES", "TABLE", "FROM")
_TEXT = r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$"""
_ESCAPED = r"""'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*"|`[^`]*`"""
_COMMENT = r"--[^\n]*|/\*.*?\*/"


def asked(source: Source, folder: Path) -> str:
    """The query of *source*, from its file where it names one; empty where it asks for a table.

    Raises
    ------
    InputError
        Neither or both of ``query`` and ``table`` are set, or the file of the query is missing.
    """
    place = f"source {source.name!r}"
    if bool(source.query.strip()) == bool(source.table):
        raise InputError(
            "a database source needs either 'query' or 'table'",
            place=place,
            found="both" if source.table else "neither",
            mend='write table = "orders", or query = "SELECT …" or the name of a .sql file',
        )
    if not re.fullmatch(r"\S+\.sql", source.query.strip(), re.IGNORECASE):
        return source.query
    path = folder / source.query.strip()
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = nearest(path.name, sorted(file.name for file in path.parent.glob("*.sql")))
        raise InputError(
            "the file of the query is missing",
            place=f"{place}, {source.query.strip()}",
            mend=f"did you mean {near!r}?" if near else "mend 'query' in [[data.sources]] of cycle.toml",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the file of the query cannot be read", place=str(path), found=str(error)) from None


def plain(query: str, *, backslash: bool = False) -> str:
    r"""*query* without comments and the semicolon at its end, its lines where they were.

    Parameters
    ----------
    backslash : whether ``\'`` stands for an apostrophe within a text, as in MySQL.

    >>> plain("SELECT '--a', 1 -- b\n/* c\n*/ FROM t; -- d")
    "SELECT '--a', 1  \n \n FROM t"
    """
    pattern = re.compile(rf"(?P<text>{_ESCAPED if backslash else _TEXT})|(?P<comment>{_COMMENT})", re.DOTALL)

    def kept(match: re.Match[str]) -> str:
        comment = match["comment"]
        return match[0] if comment is None else " " + "\n" * comment.count("\n")

    return re.sub(r"[;\s]+\Z", "", pattern.sub(kept, query))


def reads(query: str) -> bool:
    """Whether *query*, already :func:`plain`, begins like one that reads; a database checks it to its end.

    >>> reads("SELECT 1"), reads("( WITH a AS (SELECT 1) TABLE a)"), reads("DELETE FROM t")
    (True, True, False)
    """
    word = re.match(r"[\s(]*([A-Za-z]+)", query)
    return bool(word) and word.group(1).upper() in _READS if word else False
