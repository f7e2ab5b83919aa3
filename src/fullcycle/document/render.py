"""A document as one HTML page that needs nothing beside it, or as Markdown."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from fullcycle.document.content import Section

Form = Literal["html", "markdown"]
_TEMPLATES = {"html": "document.html.jinja", "markdown": "document.md.jinja"}


class Title(NamedTuple):
    """What a document is of.

    Attributes
    ----------
    text : such as ``Datasheet: parcels``.
    kind, id : of the record that it tells of.
    lead : sentences that stand first: what matters most.
    """

    text: str
    kind: str
    id: str
    lead: tuple[str, ...] = ()


def render(title: Title, sections: Sequence[Section], *, form: Form = "html") -> str:
    """The document; the same content gives the same text.

    >>> print(render(Title("Datasheet: parcels", "Dataset", "ab12"), (), form="markdown"))
    # Datasheet: parcels
    <BLANKLINE>
    Dataset `ab12`
    <BLANKLINE>
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=form == "html",
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(plain=markdown_text, uri=_uri, anchor=_anchor, figures=_figures)
    return environment.get_template(_TEMPLATES[form]).render(title=title, sections=sections)


def markdown_text(text: str) -> str:
    """A text that Markdown shows as it is, in a table's cell too.

    >>> markdown_text("a|b <i>_c_")
    'a\\\\|b &lt;i>\\\\_c\\\\_'
    """
    escaped = re.sub(r"([\\`*_\[\]|#])", r"\\\1", " ".join(text.split()))
    return escaped.replace("<", "&lt;")


def _uri(svg: str) -> str:
    """A picture inside the page; as an image of its own, so that names within two pictures do not meet."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _figures(cell: str) -> bool:
    """Whether a cell is a number, with its interval or unit: such stand to the right, under each other."""
    return bool(re.match(r"^[−-]?[\d,.]+(e[+-]?\d+)?( ?%| [^\d\s]+)?( \[.*\])?( [^\d\s]+)?$", cell))
