"""Paged JSON APIs: every page of one, by next-link, ``Link`` header, cursor or page number, as rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from fullcycle.data.sources.exchange import Answer, Exchange
from fullcycle.data.sources.formats.text import refuse_page
from fullcycle.data.sources.location import resolved, shown
from fullcycle.data.sources.paging import Page, check, following, numbered, rows_of, start
from fullcycle.data.sources.reading import Reading
from fullcycle.data.sources.record_file import RecordFile
from fullcycle.data.sources.settings import Pages, Source
from fullcycle.data.sources.spool import Spool
from fullcycle.kernel.errors import InputError

EMPTY = 50
"""Pages without a row, one after another, that still lead on."""
_ADDRESS = "use the address of the API itself, and check whether it asks for a login"
_CIRCLE = "check 'next', 'cursor' and 'parameter' of pages against the description of the API"
_ROWS = "set 'rows' of pages to the list of objects"


def read_api(source: Source, folder: Path) -> Reading:
    """The rows of all pages; one that the server refuses for now is asked for again, as late as it says.

    Raises
    ------
    InputError
        Access is refused, an answer is not JSON or holds no list of rows, or the pages repeat.
    OutsideError
        The server does not answer, or with errors, after all attempts.

    >>> import tempfile, threading
    >>> from http.server import BaseHTTPRequestHandler, HTTPServer
    >>> class Orders(BaseHTTPRequestHandler):
    ...     def do_GET(self):
    ...         self.send_response(200)
    ...         self.end_headers()
    ...         _ = self.wfile.write(b'[{"id": 1}, {"id": 2}]' if self.path.endswith("page=1") else b"[]")
    ...     def log_message(self, *_): pass
    >>> with HTTPServer(("127.0.0.1", 0), Orders) as server, tempfile.TemporaryDirectory() as folder:
    ...     thread = threading.Thread(target=server.serve_forever)
    ...     thread.start()
    ...     address = f"http://127.0.0.1:{server.server_port}/orders"
    ...     source = Source(name="orders", location=address, pages=Pages(parameter="page"))
    ...     rows = next(read_api(source, Path(folder)).batches())["id"].to_list()
    ...     server.shutdown()
    ...     thread.join()
    >>> rows
    [1, 2]
    """
    first, pages = resolved(source.location), source.pages or Pages()
    check(pages, shown(first))
    records = RecordFile(Spool(folder), source.name)
    exchange = Exchange(first, source, pages.rate)
    try:
        for rows in _pages(exchange, pages, first):
            for row in rows:
                records.add(row)
    finally:
        exchange.close()
    if not records.count:
        raise InputError("the API gives no rows", place=shown(first), expected="at least one")
    reading = records.reading()
    if not reading.columns:
        raise InputError("no row of the API is an object", place=shown(first), expected="objects", mend=_ROWS)
    return reading


def _pages(exchange: Exchange, pages: Pages, first: str) -> Iterator[list[Any]]:
    address: str | None = start(first, pages)
    number, empty, seen = 0, 0, {address}
    contents: set[bytes] = set()
    while address is not None:
        number += 1
        place = f"{shown(address)}, page {number}"
        answer = exchange.get(address, place)
        if answer.status != 200 and number > 1 and numbered(pages):
            return  # so many servers say that there is no such page
        _refuse_absence(answer, place)
        page = Page(_decoded(answer, place), answer.headers.get("Link", ""), address, place)
        rows = rows_of(page, pages)
        _refuse_repetition(rows, contents, page.place)
        empty = 0 if rows else empty + 1
        yield rows
        address = following(page, len(rows), number, pages, first)
        if address in seen or empty > EMPTY:
            problem = "the pages go round in a circle" if address in seen else f"{empty} pages in a row hold no row"
            raise InputError(problem, place=page.place, expected="a last page", mend=_CIRCLE)
        seen.add(address)


def _refuse_repetition(rows: list[Any], contents: set[bytes], place: str) -> None:
    """A server that does not know the parameter answers with its first page for ever."""
    if not rows:
        return
    content = hashlib.sha256(msgspec.json.encode(rows, order="sorted")).digest()
    if content in contents:
        raise InputError(
            "a page holds the same rows as an earlier one", place=place, found=f"{len(rows)} rows", mend=_CIRCLE
        )
    contents.add(content)


def _refuse_absence(answer: Answer, place: str) -> None:
    if answer.status != 200:
        mend = "mend 'from' in [[data.sources]] of cycle.toml"
        raise InputError("nothing is at the address", place=place, found=str(answer.status), mend=mend)


def _decoded(answer: Answer, place: str) -> Any:
    body = answer.body
    refuse_page(body[:4096], place)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        type_ = answer.headers.get("Content-Type", "").partition(";")[0].strip() or "no content type"
        found = f"{len(body)} bytes of {type_}" if body.strip() else "nothing"
        raise InputError("the answer is not JSON", place=place, found=found, expected="JSON", mend=_ADDRESS) from None
