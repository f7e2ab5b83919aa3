"""Reads an HTML page as strictly as its readers may hope for."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """Checks that every tag is closed in its turn; ``outside`` are the addresses that it needs beside itself.

    Attributes
    ----------
    anchors, ids : what links within the page name, and what there is.
    blind : images that say nothing in words.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str | None] = []
        self.anchors: list[str] = []
        self.ids: list[str | None] = []
        self.blind = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes where the page leads to."""
        named = dict(attrs)
        links = [named[name] or "" for name in ("src", "href") if name in named]
        self.anchors += [link[1:] for link in links if link.startswith("#")]
        self.outside += [link for link in links if not link.startswith(("#", "data:image/svg+xml;base64,"))]
        self.ids += [named["id"]] if "id" in named else []
        self.blind += tag == "img" and not named.get("alt")
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Insists on the order."""
        assert self.open.pop() == tag
