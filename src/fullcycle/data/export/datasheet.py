"""Datasheet: a dataset's answers as a page for people, in HTML or Markdown.

Gebru et al. 2021, *Datasheets for Datasets*, Communications of the ACM 64(12).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from fullcycle.data.export.sheet import sections
from fullcycle.data.records import Dataset
from fullcycle.scoping.records import Charter

Form = Literal["html", "markdown"]
_TEMPLATES = {"html": "datasheet.html.jinja", "markdown": "datasheet.md.jinja"}


def datasheet(dataset: Dataset, charter: Charter, *, form: Form = "html", retention: str | None = None) -> str:
    """The datasheet of a dataset; the same record gives the same text.

    Parameters
    ----------
    charter : of which the dataset was made.
    form : ``html`` is one page that needs nothing beside it.
    retention : how long rows are kept, as declared in ``[data.privacy]``.
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
    environment.filters["plain"] = markdown_text
    template = environment.get_template(_TEMPLATES[form])
    told = sections(dataset, charter, retention=retention)
    return template.render(project=charter.project, id=dataset.id, sections=told)


def markdown_text(text: str) -> str:
    """A text that Markdown shows as it is, in a table's cell too.

    >>> markdown_text("a|b <i>_c_")
    'a\\\\|b &lt;i>\\\\_c\\\\_'
    """
    escaped = re.sub(r"([\\`*_\[\]|#])", r"\\\1", " ".join(text.split()))
    return escaped.replace("<", "&lt;")
