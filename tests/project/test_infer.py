"""What a table says of itself."""

from __future__ import annotations

import polars as pl
import pytest

from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.project.infer import column_type, infer

DAYS = [f"2026-01-{day:02}" for day in range(1, 21)]


def table(**columns: list[object]) -> pl.DataFrame:
    return pl.DataFrame({"id": [f"c{place}" for place in range(20)], "at": DAYS, **columns})


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-20", None], "integer"),
        (["1", "2.5"], "float"),
        (["1e-3", ".5"], "float"),
        (["01234", "00001"], "category"),  # codes, such as postal ones
        (["true", "False"], "boolean"),
        (["yes", "no"], "category"),
        (["2026-01-01", "2026-01-01 08:00", "2026-01-01T08:00:00Z"], "time"),
        (["a long sentence that somebody wrote down about it", "another of them, just as long as the first"], "text"),
        ([None], "category"),
        ([1, 2], "integer"),
        ([1.0, 2.5], "float"),
        ([True, None], "boolean"),
    ],
)
def test_types(cells: list[object], expected: str) -> None:
    assert column_type(pl.Series(cells, dtype=pl.String if cells == [None] else None)) == expected


def test_truth_is_a_target_as_it_is() -> None:
    guess = infer(table(late=["true", "false"] * 10), "late")
    assert (guess.task, guess.target, guess.derive, guess.columns["late"].kind) == ("binary", "late", {}, "boolean")
    assert infer(table(late=["1", "0"] * 10), "late").columns["late"].kind == "integer"


def test_two_values_become_a_derived_truth() -> None:
    guess = infer(table(state=["left", "stays", "stays", "stays"] * 5), "state")
    assert guess.derive == {"state_is_left": "state == 'left'"}  # the rarer one
    guess = infer(table(**{"ex customer?": ["Yes", "No"] * 10}), "ex customer?")
    assert guess.derive == {"ex customer?_is_yes": "column('ex customer?') == 'Yes'"}
    guess = infer(table(grade=["1", "2", "2", "2"] * 5), "grade")
    assert guess.derive == {"grade_is_1": "grade == 1"}


def test_tasks() -> None:
    numbers = infer(table(price=[str(place * 1.5) for place in range(20)]), "price")
    assert (numbers.task, numbers.actions, numbers.today) == ("regression", (), "12.0")
    classes = infer(table(kind=["a", "b", "c", "c"] * 5), "kind")
    assert (classes.task, classes.actions, classes.today) == ("multiclass", ("a", "b", "c"), "c")


def test_filled_where_the_answer_is_means_known_after() -> None:
    answer, reason = (["yes", "no"] * 9 + [None, None], ["price", "none"] * 9 + [None, None])
    columns = infer(table(churned=answer, reason=reason, spend=list(range(20))), "churned").columns
    assert {name: column.known for name, column in columns.items()} == {
        "id": "before",
        "at": "before",
        "churned": "after",
        "reason": "after",
        "spend": "before",
    }
    assert not columns["id"].feature


def test_later_values_are_not_looked_at() -> None:
    early, late = ["yes", "no"] * 8, ["perhaps", "no", "no", "no"]
    guess = infer(table(churned=early + late, x=[str(place) for place in range(16)] + ["odd"] * 4), "churned")
    assert (guess.task, guess.columns["x"].kind) == ("binary", "integer")


def test_entity_is_unique_alone_or_with_the_time() -> None:
    rows = pl.DataFrame({"n": list(range(20)), "customer_id": ["a", "b"] * 10, "at": DAYS, "y": [0, 1] * 10})
    assert infer(rows, "y").entity == "n"
    assert infer(rows.drop("n"), "y").entity == "customer_id"
    with pytest.raises(InputError, match=r"no column says what a row is about.*--entity"):
        infer(rows.drop("n", "customer_id"), "y")


@pytest.mark.parametrize(
    ("target", "options", "told"),
    [
        ("chuned", {}, "did you mean 'churned'"),
        ("churned", {"time": "att"}, "--time"),
        ("churned", {"time": "x"}, "'x' does not parse as time in 100% of its rows"),
        ("same", {}, "the target has one class only"),
        ("id", {"entity": "x"}, ""),
    ],
)
def test_what_cannot_be(target: str, options: dict[str, str], told: str) -> None:
    rows = table(churned=["yes", "no"] * 10, same=["a"] * 20, x=["one"] * 20)
    if told:
        with pytest.raises(InputError, match=told):
            infer(rows, target, source="rows.csv", **options)
    else:
        assert infer(rows, target, **options).task == "multiclass"


def test_a_misspelt_column_is_a_missing_one() -> None:
    with pytest.raises(ColumnMissing):
        infer(table(churned=["yes", "no"] * 10), "chuned")


def test_without_times_one_is_asked_for() -> None:
    rows = table(churned=["yes", "no"] * 10).with_columns(at=pl.lit("soon"))
    with pytest.raises(InputError, match=r"no column holds times.*--time"):
        infer(rows, "churned")


def long_table(n: int = 3000, **columns: list[object]) -> pl.DataFrame:
    at = pl.datetime_range(
        pl.datetime(2026, 1, 1), pl.datetime(2026, 1, 1) + pl.duration(hours=n - 1), "1h", eager=True
    )
    answer = pl.Series(["yes", "no", "no"] * (n // 3))
    return pl.DataFrame(
        {"id": [f"c{place}" for place in range(n)], "at": at.dt.to_string("iso:strict"), "churned": answer, **columns}
    )


def test_codes_and_words_for_missing_values_are_no_bounds_and_no_categories() -> None:
    numbers = [str(20 + place * 7 % 60) for place in range(3000)]
    age = ["-999" if place % 100 == 7 else text for place, text in enumerate(numbers)]
    weight = ["9999" if place % 50 == 3 else "n/a" if place % 50 == 9 else text for place, text in enumerate(numbers)]
    guess = infer(long_table(age=age, weight=weight), "churned")
    assert guess.columns["age"].facts == ("low = 0", "high = 79", "missing_at_most = 0.039")
    assert guess.columns["weight"].kind == "integer"
    assert {"low = 0", "high = 79"} < set(guess.columns["weight"].facts)
    early = 3000 * 8 // 10
    assert guess.clean == (
        'missing.weight = ["n/a", "9999"]  # 96 of 2400 cells; 9999 lies far from all other values',
        f'missing.age = ["-999"]  # 24 of {early} cells; -999 lies far from all other values',
    )


@pytest.mark.parametrize(("where", "odd"), [(700, "80000"), (1900, "80000"), (700, "-5000")])
def test_a_lone_extreme_is_no_bound(where: int, odd: str) -> None:
    plain = [str(20 + place * 7 % 60) for place in range(3000)]
    guess = infer(long_table(spend=[odd if place == where else text for place, text in enumerate(plain)]), "churned")
    assert guess.columns["spend"].facts[:2] == infer(long_table(spend=plain), "churned").columns["spend"].facts[:2]
    assert "1 of 2400 values lie far beyond all others" in guess.columns["spend"].note


def test_columns_that_seem_personal_are_named() -> None:
    mails = [f"person{place}@example.org" for place in range(3000)]
    guess = infer(long_table(contact=mails), "churned")
    assert [(one.column, one.kind) for one in guess.personal] == [("contact", "email")]
    assert guess.columns["contact"].note.startswith(
        'seems personal (email, told by form): decide with personal = "drop"'
    )
    assert "person" not in guess.columns["contact"].note.replace("personal", "")


def test_times_in_another_format_are_proposed_to_be_read() -> None:
    rows = table(churned=["yes", "no"] * 10).with_columns(
        at=pl.Series(f"{day:02}.01.2026 08:30" for day in range(1, 21))
    )
    guess = infer(rows, "churned")
    assert (guess.time, guess.columns["at"].kind) == ("at", "time")
    assert guess.clean == (
        'formats.at = ["%d.%m.%Y %H:%M"]  # cells that say day_first 8, month_first 0, ambiguous 12',
    )
    unclear = rows.with_columns(at=pl.Series(f"0{1 + day % 9}/0{1 + day // 9}/2026" for day in range(20)))
    assert "day and month cannot be told apart" in infer(unclear, "churned").columns["at"].note


def test_rows_whose_time_cannot_be_read_are_counted() -> None:
    rows = table(churned=["yes", "no"] * 10).with_columns(at=pl.Series([*DAYS[:5], "soon", *DAYS[6:]]))
    guess = infer(rows, "churned", time="at")
    assert guess.columns["at"].note.startswith("1 of 20 cells are no times: their rows go to quarantine")
