"""The quick search for near duplicates finds what comparing each with each finds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.data.clean.near import Parts, similar
from fullcycle.data.clean.spelling import distance, shortened


def slowly(texts: list[Parts], groups: list[int], least: float) -> list[int | None]:
    stays: list[int] = []
    found: list[int | None] = []
    for place, text in enumerate(texts):
        first = next(
            (
                other
                for other in stays
                if text
                and groups[other] == groups[place]
                and len(text & texts[other]) >= least * len(text | texts[other])
            ),
            None,
        )
        found.append(first)
        stays += [place] if first is None else []
    return found


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(st.tuples(st.frozensets(st.sampled_from("abcdefghij"), max_size=8), st.integers(0, 1)), max_size=15),
    st.sampled_from([0.5, 0.75, 1.0]),
)
def test_as_comparing_each_with_each(rows: list[tuple[Parts, int]], least: float) -> None:
    texts, groups = [text for text, _ in rows], [group for _, group in rows]
    found, expected = similar(texts, groups, least), slowly(texts, groups, least)
    assert [other is None for other in found] == [other is None for other in expected]
    for place, other in enumerate(found):
        if other is not None:
            assert found[other] is None
            assert len(texts[place] & texts[other]) >= least * len(texts[place] | texts[other]) - 1e-9


@settings(deadline=None)  # the machine may be busy
@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_near_words_have_a_shortened_form_in_common(one: str, other: str) -> None:
    for most in (1, 2):
        assert distance(one, other, most) == distance(other, one, most)
        if distance(one, other, most) <= most:
            assert shortened(one, most) & shortened(other, most)
