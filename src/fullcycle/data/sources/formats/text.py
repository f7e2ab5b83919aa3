"""Text: the encoding of a file, found out where it is not stated, and its content as UTF-8."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from fullcycle.data.sources.formats.compression import chunks
from fullcycle.data.sources.formats.seen import seen
from fullcycle.data.sources.formats.table import File
from fullcycle.kernel.errors import InputError

HEAD = 1 << 20
"""Bytes that are looked at to find out how a file is written."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_BY_LANGUAGE = [
    "cp1252",
    "latin_1",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp932",
    "euc_jp",
    "gb18030",
    "big5",
    "cp949",
    "koi8_r",
]
_NOT_IN_CP1252 = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")
_PAGE = re.compile(rb"\s*<(!doctype html|html|head|body)\b", re.IGNORECASE)


class Text(NamedTuple):
    """How a file of text is written.

    Attributes
    ----------
    encoding : Python's name of it.
    mark : bytes of the byte order mark at its start.
    fingerprint : SHA-256 of its bytes.
    head : its beginning, at most :data:`HEAD` bytes of it, decoded.
    """

    encoding: str
    mark: int
    fingerprint: str
    head: str


def examined(file: File, stated: str | None = None) -> Text:
    """How *file* is written, by reading it once from end to end.

    A byte order mark decides; then whether all of it is UTF-8; then the alphabet that it fits
    (``charset-normalizer``), where Windows-1252 is believed unless the letters speak for another one.

    Raises
    ------
    InputError
        The file is empty, a web page, not text, cut within a letter, or not in the encoding that was stated.
    """
    head = _head(file)
    body = seen(file, f"text in {stated}", 1, lambda: msgspec.msgpack.encode(_surveyed(head, file, stated)))
    encoding, mark, fingerprint = msgspec.msgpack.decode(body, type=tuple[str, int, str])
    return Text(encoding, mark, fingerprint, _decoded_head(head[mark:], encoding))


def _surveyed(head: bytes, file: File, stated: str | None) -> tuple[str, int, str]:
    """Encoding, byte order mark and digest of a file that begins with *head*."""
    mark, encoding = _told(head, stated, file)
    survey = _Survey(file, encoding or "utf-8", mark)
    for chunk in chunks(file):
        survey.add(chunk)
    if survey.close():
        found = survey.encoding
    elif encoding:
        raise survey.wrong()
    else:
        found, mark = _guessed(survey), 0
    return found, mark, survey.hashed.hexdigest()


def beginning(head: bytes, file: File) -> str:
    """The first bytes of a file as text, in the encoding that these bytes speak for; a letter that is cut at the end is left out.

    Raises
    ------
    InputError
        They are no text.

    >>> from pathlib import Path
    >>> beginning("id,name\\n1,Zoë".encode("utf-16"), File(Path("rows.csv"), "rows.csv", "csv"))
    'id,name\\n1,Zoë'
    """
    mark, encoding = _told(head, None, file)
    if encoding is None:
        try:
            codecs.getincrementaldecoder("utf-8")().decode(head[mark:])
            encoding = "utf-8"
        except UnicodeDecodeError:
            encoding = "latin-1" if any(sign in head for sign in _NOT_IN_CP1252) else "cp1252"
    return _decoded_head(head[mark:], encoding)


def blocks(file: File, text: Text) -> Iterator[bytes]:
    """The content of *file* as UTF-8, without a byte order mark, lines ended by line feeds.

    Raises
    ------
    InputError
        Bytes that the encoding does not know; names the line.
    """
    old_mac = "\r" in text.head and "\n" not in text.head
    skip = text.mark
    decoder = None if text.encoding in ("utf-8", "ascii") else codecs.getincrementaldecoder(text.encoding)()
    lines = 0
    for chunk in chunks(file):
        body, skip = chunk[skip:], max(0, skip - len(chunk))
        if decoder:
            try:
                body = decoder.decode(body).encode()
            except UnicodeDecodeError as error:
                raise _undecodable(file, text.encoding, error, lines) from None
        if old_mac:
            body = body.replace(b"\r", b"\n")
        lines += body.count(b"\n")
        yield body


def refuse_page(head: bytes, place: str) -> None:
    """Raise if *head* is how a web page begins.

    Raises
    ------
    InputError
        It does; shows the page's title.
    """
    if _PAGE.match(head):
        title = re.search(rb"<title[^>]*>(.*?)</title", head, re.IGNORECASE | re.DOTALL)
        name = " ".join(title.group(1).decode("utf-8", "replace").split())[:80] if title else ""
        raise InputError(
            "this is a web page, not data",
            place=place,
            found=f"HTML, {name}" if name else "HTML",
            expected="a table",
            mend="use the address of the file itself, and check whether it asks for a login",
        )


def _head(file: File) -> bytes:
    head = b""
    for chunk in chunks(file):
        head += chunk
        if len(head) >= HEAD and head.strip():
            break
    if not head.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        raise InputError("the file is empty", place=file.shown, expected="a header and rows")
    refuse_page(head[:4096], file.shown)
    return head[:HEAD]


def _told(head: bytes, stated: str | None, file: File) -> tuple[int, str | None]:
    """Length of the byte order mark, and the encoding where it is stated or the bytes leave no doubt."""
    if stated is not None:
        stated = _known(stated, file)
    if stated == "utf-32" and head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return 0, stated  # its decoder reads the mark; the mark of UTF-16 is its beginning
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            _refuse_another(stated, encoding, file)
            return len(mark), encoding
    if stated in ("utf-16", "utf-32"):
        raise InputError(
            f"not {stated.upper()} text: no byte order mark stands at its start",
            place=f"{file.shown}:1",
            found=f"bytes {head[:4].hex(' ')}",
            mend=f"leave 'encoding' out so that it is detected, or say which of '{stated}-le' and '{stated}-be' it is",
        )
    if stated is not None:
        return 0, stated
    even, odd = head[:4096:2].count(0), head[1:4096:2].count(0)
    if even + odd == 0:
        return 0, None
    wide = "utf-16-le" if odd > even else "utf-16-be"
    if min(even, odd) <= max(even, odd) / 20 and _is_plain(_decoded_head(head[:4096], wide)):
        return 0, wide
    raise _no_text(head, file)


def _known(stated: str, file: File) -> str:
    """Python's name of the encoding *stated*."""
    try:
        "a".encode(stated)  # other codecs, such as base64, have a name as well
        return codecs.lookup(stated).name
    except (LookupError, UnicodeError):
        raise InputError(
            "no such encoding", place=f"{file.shown}, encoding", found=stated, expected="such as utf-8 or cp1252"
        ) from None


def _refuse_another(stated: str | None, encoding: str, file: File) -> None:
    """Refuse a *stated* encoding that the byte order mark contradicts."""
    same = {"utf-8": ("utf-8", "utf-8-sig")}.get(encoding, (encoding, "utf-16"))
    if stated is not None and stated not in same:
        raise InputError(
            f"not {stated.upper()} text: its byte order mark tells of another encoding",
            place=f"{file.shown}:1",
            found=encoding,
            expected=stated,
            mend=f"leave 'encoding' of [[data.sources]] out, or write '{encoding}'",
        )


def _no_text(head: bytes, file: File) -> InputError:
    zero = head.find(b"\0")
    plain = zero > 3 and head[:zero].isascii() and _is_plain(head[:zero].decode("ascii"))  # text until then
    line = head.count(b"\n", 0, zero) + 1
    return InputError(
        "not a text file",
        place=f"{file.shown}:{line}" if plain else file.shown,
        found="a zero byte" if plain else f"bytes {head[:4].hex(' ')}",
        expected=f"the text of a {file.kind} file",
        mend="copy or write the file again, or name its 'format' under [[data.sources]] if it is another one",
    )


class _Survey:
    """One pass over a file: its digest, whether it decodes, and the lines that hold more than ASCII."""

    def __init__(self, file: File, encoding: str, mark: int) -> None:
        self.file, self.encoding, self.skip = file, encoding, mark
        self.hashed, self.decoder = hashlib.sha256(), codecs.getincrementaldecoder(encoding)()
        self.failure: UnicodeDecodeError | None = None
        self.lines, self.unusual, self.cut, self.western = 0, bytearray(), False, True

    def add(self, chunk: bytes) -> None:
        self.hashed.update(chunk)
        body, self.skip = chunk[self.skip :], max(0, self.skip - len(chunk))
        if self.failure is None:
            try:
                text = self.decoder.decode(body)
                self.lines += text.count("\n")
            except UnicodeDecodeError as error:
                self.failure = error
        self._sample(body)

    def close(self) -> bool:
        """Whether all of the file was in the encoding."""
        if self.failure is None:
            try:
                self.decoder.decode(b"", final=True)
            except UnicodeDecodeError as error:
                self.failure, self.cut = error, True
        return self.failure is None

    def wrong(self) -> InputError:
        """What is wrong with the file if it should be in the encoding."""
        if self.failure is None:
            raise ValueError("nothing is wrong")
        return _undecodable(self.file, self.encoding, self.failure, self.lines)

    def _sample(self, body: bytes) -> None:
        self.western = self.western and not any(sign in body for sign in _NOT_IN_CP1252)
        if len(self.unusual) < HEAD and not body.isascii():
            for line in body.splitlines():  # no pattern: it would read a long line again from each of its bytes
                self.unusual += b"" if line.isascii() else line + b"\n"
                if len(self.unusual) >= HEAD:
                    break


def _guessed(survey: _Survey) -> str:
    """The encoding of a file that is not UTF-8."""
    from charset_normalizer import from_bytes

    unusual = bytes(survey.unusual)
    _refuse_nearly_utf8(survey, unusual)
    western = "cp1252" if survey.western else "latin-1"
    best = from_bytes(unusual, cp_isolation=_BY_LANGUAGE).best()
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", unusual)]
    # western letters stand alone among others; those of other alphabets follow each other
    speaks = best is not None and (best.coherence > 0 or sum(runs) >= 1.5 * len(runs))
    if best is None or not speaks or "cp1252" in best.could_be_from_charset:
        return western
    decoder = codecs.getincrementaldecoder(best.encoding)()
    try:
        for chunk in chunks(survey.file):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return western
    return best.encoding


def _refuse_nearly_utf8(survey: _Survey, unusual: bytes) -> None:
    """A file that is UTF-8 but for a few bytes would be garbled by any other encoding."""
    text = unusual.decode("utf-8", "replace")
    bad = text.count("�")
    if survey.cut or sum(sign > "\x7f" for sign in text) > 2 * bad:
        raise survey.wrong()


def _undecodable(file: File, encoding: str, error: UnicodeDecodeError, lines: int) -> InputError:
    line = lines + error.object.count(b"\n", 0, error.start) + 1
    if error.reason == "unexpected end of data" or "truncated" in error.reason:
        return InputError(
            "the file ends within a letter",
            place=f"{file.shown}:{line}",
            found=f"{len(error.object)} bytes of a longer {encoding} sign",
            mend="copy or download the file again; it was cut short",
        )
    return InputError(
        f"not {encoding.upper()} text",
        place=f"{file.shown}:{line}",
        found=f"byte {error.object[error.start]:#x}",
        expected=encoding,
        mend="name its 'encoding' under [[data.sources]] (such as 'cp1252'), or save the file as UTF-8",
    )


def _decoded_head(head: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)("replace").decode(head)


def _is_plain(text: str) -> bool:
    """Whether *text* holds no sign that only bytes of something else give."""
    return not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffd]", text)
