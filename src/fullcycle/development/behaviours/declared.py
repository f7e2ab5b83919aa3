"""A behavioural test as it is written down."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

Cell: TypeAlias = str | int | float | bool | None
Expect: TypeAlias = Literal["same", "up", "down"]


class Declared(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A behavioural test."""

    name: Annotated[str, Meta(description="what the test is called; by default as its file")] = ""
    rows: Annotated[
        tuple[dict[str, Cell], ...], Meta(description="rows as a request brings them; a column left out is missing")
    ] = ()
    file: Annotated[
        str, Meta(description="a .csv or .jsonl of rows, of which test.… columns say what is expected, row by row")
    ] = ""
    sample: Annotated[int, Meta(description="instead of rows, so many of the test rows, evenly spaced", ge=0)] = 0
    fill: Annotated[
        dict[str, Annotated[tuple[str, ...], Meta(min_length=1)]],
        Meta(description="words for {…} in texts: a row for each of them, all expected to score the same"),
    ] = {}
    decision: Annotated[str | float | None, Meta(description="the decision that each row must get")] = None
    at_least: Annotated[float | None, Meta(description="what each row must score at least")] = None
    at_most: Annotated[float | None, Meta(description="what each row may score at most")] = None
    change: Annotated[
        dict[str, Cell],
        Meta(
            description="values that columns take; for a number also an expression, such as 'price * 1.1', for a time also a "
            "shift, such as '+2h' or '-1d'"
        ),
    ] = {}
    swap: Annotated[
        dict[str, tuple[str, str]], Meta(description="two values of a column, each of which becomes the other")
    ] = {}
    expect: Annotated[
        Expect | None, Meta(description="what the change must do to the score: same (invariance), up or down")
    ] = None
    by: Annotated[float, Meta(description="how far the score may move (same), or must move (up, down)", ge=0)] = 0.0
    of: Annotated[str, Meta(description="of several classes, the one whose score is meant")] = ""
    pass_rate: Annotated[float, Meta(description="share of rows that must pass", ge=0, le=1)] = 1.0
    severity: Annotated[
        Literal["reject", "warn", "note"],
        Meta(description="what a failed test does: reject keeps the model from serving"),
    ] = "reject"
