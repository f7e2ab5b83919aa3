"""Tasks for people's tools, what comes back from them, and the outcomes that it makes."""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl
import pytest

from fullcycle.data.label.merge import merge
from fullcycle.data.label.sheet import read_sheet, sheet
from fullcycle.data.label.studio import read_tasks, tasks
from fullcycle.deployment.outcomes import OutcomeReader
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.traffic.schema import micros, moment

QUEUED = pl.DataFrame(
    {
        "order": ["a", "b", "c"],
        "placed": pl.Series(["2024-05-01T12:00:00"] * 3).str.to_datetime(time_zone="UTC"),
        "text": ["late again", "fine, thanks", "Größe?"],
        "p": [0.5, 0.4, 0.9],
        "picked": ["uncertain", "uncertain", "random"],
        "selection": [1.0, 1.0, 0.25],
    }
)
TIME = "2024-05-01T12:00:00+00:00"
OURS = {"entity": "order", "time": "placed"}


def said(label: Any, who: Any = 1, kind: str = "choices", **more: Any) -> dict[str, Any]:
    key = {"choices": "choices", "number": "number", "rating": "rating", "textarea": "text"}.get(kind, kind)
    result = [] if label is None else [{"from_name": "bad", "to_name": "text", "type": kind, "value": {key: label}}]
    return {"id": 7, "completed_by": who, "result": result, "was_cancelled": False, "ground_truth": False,
            "created_at": "2024-05-02T09:00:00.5Z", "updated_at": "2024-05-02T10:00:00.5Z", **more}  # fmt: skip


def exported(*annotations: list[dict[str, Any]]) -> bytes:
    """What Label Studio exports of our tasks: each with an id, and what was said."""
    listed = json.loads(tasks(QUEUED, columns=["text"], **OURS))
    padded = [*annotations, *([[]] * (len(listed) - len(annotations)))]
    done = [
        {"id": 41 + at, **task, "annotations": one} for at, (task, one) in enumerate(zip(listed, padded, strict=True))
    ]
    return json.dumps(done).encode()


def test_tasks_hold_what_is_shown_and_which_row_it_is() -> None:
    first = json.loads(tasks(QUEUED, columns=["text"], **OURS))[0]
    meta = {"entity": "a", "time": TIME, "picked": "uncertain", "selection": 1.0}
    assert first == {"data": {"text": "late again"}, "meta": meta}
    with pytest.raises(ColumnMissing, match="did you mean 'text'"):
        tasks(QUEUED, columns=["txt"], **OURS)


def test_annotations_come_back() -> None:
    body = exported(
        [said(["yes"], 1), said(["no"], {"id": 2, "email": "ben@example.com"}), said(None, 3)],
        [
            said(4.5, 1, "number"),
            said(3, 2, "rating"),
            said(["  because"], 3, "textarea"),
            said(["no"], 4, was_cancelled=True),
        ],
    )
    found = read_tasks(body, place="export.json")
    assert found.given.select("entity", "time", "annotator", "label", "selection").rows() == [
        ("a", TIME, "1", "yes", 1.0),
        ("a", TIME, "2", "no", 1.0),
        ("b", TIME, "1", "4.5", 1.0),
        ("b", TIME, "2", "3", 1.0),
        ("b", TIME, "3", "  because", 1.0),
    ]
    assert (found.skipped, found.unlabelled) == ({"3": 1, "4": 1}, 1)
    assert found.given["at"][0].isoformat() == "2024-05-02T10:00:00.500000+00:00"


def test_the_last_word_of_a_person_counts() -> None:
    early = said(["yes"], updated_at="2024-05-02T08:00:00Z")
    assert read_tasks(exported([said(["no"]), early]), place="x").given["label"].to_list() == ["no"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"id,label\n", "x.json: the file is not JSON"),
        (b'{"tasks": []}', "the file holds no list of tasks: found 'an object of tasks'"),
        (
            b'[{"id": 5, "text": "late", "bad": "yes"}]',
            "task 5: the task has no annotations: found 'an object of bad, id, text'",
        ),
        (
            b'[{"id": 5, "data": {}, "annotations": []}]',
            "task 5: the task does not say which row it is of: found 'no meta'",
        ),
        (exported([said(["yes", "no"])]), "task 41, annotation 7: one label is wanted: found '2 of them'"),
        (exported([said({"x": 1}, kind="rectanglelabels")]), "a result is of another kind: found 'rectanglelabels'"),
        (exported([said(["yes"], updated_at="noon")]), "annotation 7: not a time: found 'noon'"),
        (exported([{"id": 7}]), "annotation 7: the annotation has no result"),
    ],
)
def test_a_wrong_file_is_told(body: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_tasks(body, place="x.json")


def test_several_controls() -> None:
    both = said(["yes"])
    both["result"].append({"from_name": "why", "type": "textarea", "value": {"text": ["slow"]}})
    body = exported([both])
    with pytest.raises(InputError, match="several controls hold labels: found 'bad, why'"):
        read_tasks(body, place="x")
    assert read_tasks(body, place="x", control="why").given["label"].to_list() == ["slow"]
    with pytest.raises(InputError, match="did you mean 'bad'"):
        read_tasks(body, place="x", control="bda")


def test_a_sheet_goes_out_and_comes_back() -> None:
    body = sheet(QUEUED, columns=["text"], annotators=2, **OURS)
    filled = pl.read_csv(io.BytesIO(body), infer_schema=False)
    assert filled.columns == ["order", "placed", "text", "selection", "label", "annotator", "labelled_at"]
    assert filled.height == 6
    filled = filled.with_columns(label=pl.Series(["yes", "no", "no", None, None, None]))
    found = read_sheet(b"\xef\xbb\xbf" + filled.write_csv().encode(), place="sheet.csv", **OURS)
    assert found.given.select("entity", "annotator", "label", "selection").rows() == [
        ("a", "1", "yes", 1.0),
        ("a", "2", "no", 1.0),
        ("b", "1", "no", 1.0),
    ]
    assert found.unlabelled == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"order,placed,lable\na,1,x\n", "sheet.csv: column 'label' is missing"),
        (b"order,placed,label\na,,x\n", "sheet.csv, line 2, column 'placed': the line does not say which row"),
        (
            b"order,placed,label,labelled_at\na,1,,\na,1,x,soon\n",
            "line 3, column 'labelled_at': not a time: found 'soon'",
        ),
        (b"order,placed,label,selection\na,1,x,half\n", "line 2, column 'selection': not a probability: found 'half'"),
        (b"order,placed,label\na,1,caf\xe9\n", "the sheet is no CSV in UTF-8"),
    ],
)
def test_a_wrong_sheet_is_told(body: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_sheet(body, place="sheet.csv", **OURS)


def test_outcomes_are_what_most_say_and_ties_stay_open() -> None:
    body = exported(
        [said(["yes"], 1), said(["yes"], 2), said(["no"], 3)],
        [said(["yes"], 1), said(["no"], 2)],
        [said(["yes"], 1), said(["yes"], 2), said(["no"], 3, ground_truth=True)],
    )
    merged = merge(read_tasks(body, place="x"), column="bad", **OURS)
    assert merged.outcomes.select("order", "bad", "feedback").rows() == [
        ("a", "yes", "no: 3; yes: 1, 2"),
        ("c", "no", "no: 3; yes: 1, 2"),
    ]
    assert merged.unresolved.rows() == [("b", TIME, "a tie: no: 2; yes: 1")]
    fewer = merge(read_tasks(body, place="x"), least=3, **OURS)
    assert fewer.unresolved["reason"].to_list() == ["2 of 3 labels"]


def test_a_column_of_the_project_called_as_one_of_the_outcomes_keeps_its_values() -> None:
    body = exported([said(["yes"], 1), said(["no"], 2)], [said(["yes"], 1)])
    merged = merge(read_tasks(body, place="x"), column="feedback", entity="order", time="at")
    assert merged.outcomes.columns == ["order", "at", "feedback"]
    assert merged.outcomes.rows() == [("b", TIME, "yes")]
    assert merged.unresolved.columns == ["order", "at", "reason"]


def test_outcomes_are_taken_as_outcomes() -> None:
    merged = merge(read_tasks(exported([said(["yes"], 1)]), place="x"), column="bad", **OURS)
    reader = OutcomeReader("dev", "live", entity="order", time="placed", labels={"bad": "category"}, key=b"key")
    good, bad = reader.read_frame(merged.outcomes, received=9)
    assert not bad
    assert (good[0].row, good[0].status) == ('{"bad":"yes","feedback":"yes: 1"}', "known")
    assert good[0].time == micros(QUEUED["placed"][0])
    assert moment(good[0].at).isoformat() == "2024-05-02T10:00:00.500000+00:00"
