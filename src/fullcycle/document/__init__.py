"""Documents for people, made from records alone: sections of questions and answers, as one HTML page or as Markdown."""

from __future__ import annotations

from fullcycle.document.content import (
    NOT_STATED,
    Answer,
    Grid,
    Known,
    Picture,
    Section,
    declared,
    estimate,
    figure,
    finding_line,
    findings_grid,
    span,
)
from fullcycle.document.render import Form, Title, markdown_text, render

__all__ = [
    "NOT_STATED",
    "Answer",
    "Form",
    "Grid",
    "Known",
    "Picture",
    "Section",
    "Title",
    "declared",
    "estimate",
    "figure",
    "finding_line",
    "findings_grid",
    "markdown_text",
    "render",
    "span",
]
