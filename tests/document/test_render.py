"""A document is whole in both forms, and shows texts as they are."""

from __future__ import annotations

from fullcycle.document import Answer, Grid, Picture, Section, Title, render
from pages import Page

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>'
SECTIONS = (
    Section(
        "Money & more",
        (
            Answer(
                "Worth?",
                "<b>much</b> | all",
                "measured",
                Grid(("of", "worth"), (("a|b", "1,234 [1, 2]"),)),
                Picture(SVG, "a line"),
            ),
            Answer("Why?", "not stated", "missing"),
        ),
    ),
)
TITLE = Title("Card: <shop>", "Model", "ab12", ("It passes.",))


def test_the_page_stands_alone_and_every_picture_speaks() -> None:
    text = render(TITLE, SECTIONS)
    page = Page(text)
    assert (page.open, page.outside, page.blind) == ([], [], 0)
    assert set(page.anchors) == set(page.ids) == {"money-more"}
    assert "<b>much" not in text
    assert 'class="number"' in text
    assert "Card: &lt;shop&gt;" in text


def test_markdown_holds_the_same_without_pictures() -> None:
    text = render(TITLE, SECTIONS, form="markdown")
    assert "svg" not in text
    assert "| a\\|b | 1,234 \\[1, 2\\] |" in text
    assert "&lt;b>much" in text
    assert "It passes." in text
