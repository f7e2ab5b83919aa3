"""What people said stands in the rows as outcomes, with who said it; nothing that a source brought is replaced."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from fullcycle.data.assemble import Assembled
from fullcycle.data.clean.settings import Clean
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.label.annotations import Annotations, Given, collected
from fullcycle.data.label.check import check_labels
from fullcycle.data.label.fill import labelled
from fullcycle.data.label.settings import Labels
from fullcycle.kernel.errors import InputError
from fullcycle.traffic.schema import entity_hash

FACTS = {
    "id": ColumnFact(type="category"),
    "at": ColumnFact(type="time"),
    "bad": ColumnFact(type="boolean", known="after"),
}
ROWS = pl.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "at": ["2024-05-01 08:00", "2024-05-01T08:00", "2024-05-02", "2024-05-03"],
        "bad": ["true", "", None, None],
    }
)
JUNE = datetime(2024, 6, 1, tzinfo=UTC)


def said(*lines: tuple[str, str, str, str, datetime | None]) -> Annotations:
    return collected([Given(*line) for line in lines], 0)


GIVEN = said(
    ("a", "2024-05-01T08:00:00+00:00", "ana", "no", JUNE),  # against the source
    ("b", "2024-05-01T08:00:00+00:00", "ana", "yes", JUNE),
    ("b", "2024-05-01T08:00:00+00:00", "ben", "no", JUNE),
    ("b", "2024-05-01T08:00:00+00:00", "cem", "yes", JUNE),
    ("c", "2024-05-02T00:00:00Z", "ana", "no", datetime(2024, 7, 1, tzinfo=UTC)),  # said later
    ("z", "2024-05-02", "ana", "no", JUNE),  # about no row
)


def of(rows: pl.DataFrame) -> Assembled:
    def batches() -> Iterator[pl.DataFrame]:
        return rows.iter_slices(3)

    return Assembled(tuple(rows.columns), batches, pl.DataFrame, tuple, "f0")


def filled(rows: pl.DataFrame = ROWS, given: Annotations = GIVEN, **how: Any) -> tuple[pl.DataFrame, Assembled]:
    options: dict[str, Any] = {"facts": FACTS, "key": b"", "now": datetime(2024, 6, 2, tzinfo=UTC), **how}
    found = labelled(
        of(rows),
        given,
        Labels(location="said.csv"),
        column="bad",
        level="nominal",
        entity="id",
        time="at",
        clean=Clean(),
        zone="UTC",
        **options,
    )
    frame = pl.concat(found.batches())
    assert tuple(frame.columns) == found.columns
    return frame, found


def test_open_rows_take_what_most_said_and_who_said_it() -> None:
    frame, found = filled()
    assert frame["bad"].to_list() == ["true", "yes", None, None]
    assert frame["labelled_by"].to_list() == [None, "ana, cem", None, None]
    assert frame["labelled_at"].to_list() == [None, JUNE, None, None]
    assert frame["label_agreement"].to_list() == [None, pytest.approx(2 / 3), None, None]
    labels, agreed = found.findings()
    assert (labels.check, labels.subject, labels.value, labels.passed) == ("labels", "bad", 1.0, False)
    assert labels.evidence == {
        "from": "said.csv",
        "unresolved": 0,
        "without_a_row": 1,
        "against_the_source": 1,
        "annotators": 3,
        "by_ana": 3,
        "by_ben": 1,
        "by_cem": 1,
    }
    assert (agreed.check, agreed.evidence["rows"], agreed.passed) == ("agreement", 1, False)


def test_what_is_said_later_is_not_seen_and_makes_another_fingerprint() -> None:
    later = filled(now=datetime(2024, 8, 1, tzinfo=UTC))
    assert later[0]["bad"].to_list() == ["true", "yes", "no", None]
    assert later[1].fingerprint != filled()[1].fingerprint
    assert filled()[1].fingerprint == filled()[1].fingerprint


def test_rows_without_a_column_for_the_outcome_take_it_from_people() -> None:
    assert filled(ROWS.drop("bad"))[0]["bad"].to_list() == ["no", "yes", None, None]


def test_typed_rows_and_columns_of_their_own_are_kept() -> None:
    typed = ROWS.with_columns(bad=pl.Series([True, None, None, None]), labelled_by=pl.lit("the source"))
    frame, _ = filled(
        typed.with_columns(pl.Series("id", [1.0, 2.0, 3.0, 4.0])), said(("2", "2024-05-01T08:00Z", "ana", "no", None))
    )
    assert frame["bad"].to_list() == ["true", "no", None, None]
    assert set(frame["labelled_by"]) == {"the source"}


def test_annotators_who_saw_the_hash_of_an_entity_are_understood() -> None:
    key = b"0" * 32
    facts = FACTS | {"id": ColumnFact(type="category", personal="hash")}
    frame, _ = filled(given=said((entity_hash(key, "b"), "2024-05-01T08:00", "ana", "yes", None)), facts=facts, key=key)
    assert frame["bad"].to_list() == ["true", "yes", None, None]


@pytest.mark.parametrize(
    ("label", "fact", "known", "expected"),
    [
        ("maybe", ColumnFact(type="boolean"), (), "true or false"),
        ("12.5", ColumnFact(type="integer"), (), "a whole number"),
        ("-3", ColumnFact(type="float", low=0), (), "at least 0"),
        ("lte", ColumnFact(type="category", categories=("late", "early")), (), "'early'"),
        ("lat", ColumnFact(type="category"), ("late", "early"), "'late'"),
    ],
)
def test_a_label_that_the_column_cannot_hold_is_told(
    label: str, fact: ColumnFact, known: tuple[str, ...], expected: str
) -> None:
    given = collected([Given("a", "1", "ana", label, None, place="sheet.csv, line 7")], 0).given
    with pytest.raises(InputError, match=r"sheet\.csv, line 7, column 'label': the label is no value of 'y'") as error:
        check_labels(given, "y", fact, known=known)
    assert error.value.found == label
    assert expected in str(error.value.expected)
    assert error.value.mend


def test_labels_that_fit_pass() -> None:
    given = collected([Given(str(n), "1", "ana", label, None) for n, label in enumerate(("yes", "0", "TRUE"))], 0).given
    check_labels(given, "y", ColumnFact(type="boolean"))
    check_labels(given, "y", ColumnFact(type="category"))
