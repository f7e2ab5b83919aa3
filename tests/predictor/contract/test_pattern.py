"""Patterns: what Rust and Python read alike, quickly, and nothing else."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.contract.pattern import example, literal, matcher, parse, whole

GOOD = (
    "",
    "a|b|",
    "[A-Z]{2}[0-9]{3,4}",
    r"[a-z0-9.+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+",
    r"(ab{2})*",
    r"[^\]\\\-a-c]*",
    r"\(\)\[\]\{\}\*\+\?\|\^\$\.\\",
    r"[-a]",
    r"[a-]",
    r"(?:x|yz)?",
    "é{0,2}",
)


@pytest.mark.parametrize("pattern", GOOD)
def test_examples_match_in_both_engines(pattern: str) -> None:
    texts = [example(parse(pattern), number) for number in range(6)]
    assert all(matcher(pattern).fullmatch(text) for text in texts)
    assert pl.Series(texts).str.contains(whole(pattern)).all()


atoms = st.sampled_from(["a", "B", "[0-9]", "[^a]", "[a-cé]", r"\.", r"\n", "-", "(ab)", "(a|b)", "😀"])
times = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,3}", "{2,}"])
patterns = st.lists(st.builds("{}{}".format, atoms, times), min_size=1, max_size=4).map("".join)


@settings(max_examples=300, deadline=None)
@given(patterns, st.lists(st.text(alphabet="aBbc09é.\n-😀", max_size=6), max_size=8))
def test_both_engines_give_the_same_verdict(pattern: str, texts: list[str]) -> None:
    try:
        node = parse(pattern)
    except InputError:
        return
    texts = [*texts, *(example(node, number) for number in range(3))]
    python = [matcher(pattern).fullmatch(text) is not None for text in texts]
    assert pl.Series(texts, dtype=pl.String).str.contains(whole(pattern)).to_list() == python
    assert python[-3:] == [True] * 3


@given(st.text(max_size=20))
def test_a_literal_matches_itself_alone(text: str) -> None:
    pattern = literal(text)
    parse(pattern)
    assert re.fullmatch(pattern, text)
    assert not re.fullmatch(pattern, text + "x")


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        (r"\d+", r"write \[0-9\]"),
        ("a.b", r"character 2.*write \[\^"),
        ("^a$", "the whole text must match"),
        ("(?=a)b", "look-around"),
        ("(?P<x>a)", "look-around"),
        (r"(a)\1", "read differently"),
        ("(a+)+", "takes long"),
        ("(a|b)*", "takes long"),
        ("(a|aa)*", "takes long"),
        ("(a?)*", "takes long"),
        ("[a-z]*[a-z0-9]*[a-f]*", "takes long"),
        ("[a-z]{0,99}[a-z0-9]*[a-f]*", "takes long"),
        ("a*?", "two repetitions"),
        ("a*+", "two repetitions"),
        ("*a", "nothing stands before"),
        ("a{,3}", "not a number of times"),
        ("a{3,2}", "rising"),
        ("a{2000}", "1000"),
        ("([a-z]{1000}){5}", "too large"),
        ("(a", "does not close"),
        ("a)", "was not opened"),
        ("[a", "does not close"),
        ("[]", "empty"),
        ("[b-a]", "backwards"),
        ("[[:alpha:]]", "read differently"),
        ("[a&&b]", "read differently"),
        ("[a-c-e]", "dash"),
        ("}", r"write \\}"),
        (r"\-", "write -"),
        ("a\\", "read differently"),
        ("(" * 30 + ")" * 30, "nested"),
        ("\ud800", "half a character"),
    ],
)
def test_what_is_not_in_the_language_is_refused_with_a_way_out(pattern: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        parse(pattern, place="column 'x'")
    assert "column 'x', pattern character" in str(caught.value) or "too large" in told


def test_hostile_texts_take_no_time() -> None:
    for pattern, text in [
        (r"[a-z0-9.+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+", "a@" + "a." * 499),
        ("[a-z]*[a-z]*", "a" * 999 + "!"),
        ("(-[0-9]+)*", "-1" * 499 + "!"),
    ]:
        parse(pattern)
        assert matcher(pattern).fullmatch(text + "\n") is None
