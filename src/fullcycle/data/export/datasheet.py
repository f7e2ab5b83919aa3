"""Datasheet: a dataset's answers as a page for people, in HTML or Markdown.

Gebru et al. 2021, *Datasheets for Datasets*, Communications of the ACM 64(12).
"""

from __future__ import annotations

from fullcycle.data.export.sheet import sections
from fullcycle.data.records import Dataset
from fullcycle.document import Form, Title, render
from fullcycle.scoping.records import Charter


def datasheet(dataset: Dataset, charter: Charter, *, form: Form = "html", retention: str | None = None) -> str:
    """The datasheet of a dataset; the same record gives the same text.

    Parameters
    ----------
    charter : of which the dataset was made.
    form : ``html`` is one page that needs nothing beside it.
    retention : how long rows are kept, as declared in ``[data.privacy]``.
    """
    title = Title(f"Datasheet: {charter.project}", "Dataset", dataset.id)
    return render(title, sections(dataset, charter, retention=retention), form=form)
