"""Label Studio: tasks for it, and its export (JSON) back. https://labelstud.io/guide/task_format"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import polars as pl

from fullcycle.data.label.annotations import Annotations, Given, collected, moment, written
from fullcycle.kernel.errors import ColumnMissing, InputError, nearest

_KEYS = {"choices": "choices", "number": "number", "rating": "rating", "textarea": "text"}
_EXPORT = "export from Label Studio as JSON (not JSON-MIN or CSV, which leave the task's meta out)"


def tasks(queued: pl.DataFrame, *, columns: Sequence[str], entity: str, time: str) -> bytes:
    """A file of tasks that Label Studio imports.

    Parameters
    ----------
    queued : as `queue` gives it.
    columns : what annotators are shown. A score that they saw would sway them.

    Raises
    ------
    ColumnMissing
        One of the columns is not there.

    >>> queued = pl.DataFrame({"id": ["a"], "at": ["2024-05-01"], "text": ["hello"], "picked": ["random"], "selection": [0.5]})
    >>> tasks(queued, columns=["text"], entity="id", time="at").decode()
    '[{"data":{"text":"hello"},"meta":{"entity":"a","time":"2024-05-01","picked":"random","selection":0.5}}]'
    """
    for name in (*columns, entity, time):
        if name not in queued.columns:
            raise ColumnMissing(name, queued.columns, needed_by="the tasks")
    listed = []
    for row in queued.iter_rows(named=True):
        meta = {"entity": written(row[entity]), "time": written(row[time])}
        meta |= {name: row[name] for name in ("picked", "selection") if name in row}
        listed.append({"data": {name: row[name] for name in columns}, "meta": meta})
    return msgspec.json.encode(listed)


def read_tasks(body: bytes, *, place: str, control: str = "") -> Annotations:
    """What annotators said, from Label Studio's JSON export of such tasks.

    Choices (one each), numbers, ratings and texts are labels. Cancelled annotations, and those without a result, are passes. Of
    several annotations of one person on one task the last counts.

    Parameters
    ----------
    place : the file's name, for messages.
    control : the tag (``name`` in the labelling interface) that holds the label, where there are several.

    Raises
    ------
    InputError
        The file is none, a task is none of ours, or an annotation is of another kind; names the task.

    >>> body = b'''[{"id": 1, "data": {}, "meta": {"entity": "a", "time": "1"}, "annotations": [{"completed_by": 3, "result": [
    ...     {"from_name": "late", "type": "choices", "value": {"choices": ["yes"]}}]}]}]'''
    >>> read_tasks(body, place="export.json").given.select("entity", "annotator", "label").rows()
    [('a', '3', 'yes')]
    """
    try:
        listed = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise InputError("the file is not JSON", place=place, found=str(error), mend=_EXPORT) from None
    if not isinstance(listed, list):
        raise InputError("the file holds no list of tasks", place=place, found=_kind(listed), mend=_EXPORT)
    given: list[Given] = []
    unlabelled = 0
    for number, task in enumerate(listed, 1):
        found = _task(task, f"{place}, task {_id(task, number)}", control)
        unlabelled += not any(one.label is not None for one in found)
        given += found
    return collected(given, unlabelled)


def _task(task: Any, place: str, control: str) -> list[Given]:
    if not isinstance(task, dict) or not isinstance(task.get("annotations"), list):
        raise InputError("the task has no annotations", place=place, found=_kind(task), mend=_EXPORT)
    meta = task.get("meta")
    if not isinstance(meta, dict) or not all(isinstance(meta.get(name), str) for name in ("entity", "time")):
        found = _kind(meta) if meta is not None else "no meta"
        expected = "meta with entity and time, as in the tasks that were exported here"
        raise InputError(
            "the task does not say which row it is of", place=place, found=found, expected=expected, mend=_EXPORT
        )
    return _annotations(task["annotations"], meta, place, control)


def _annotations(listed: list[Any], meta: dict[str, Any], place: str, control: str) -> list[Given]:
    selection = meta.get("selection")
    chance = float(selection) if isinstance(selection, int | float) else None
    found: list[Given] = []
    for annotation in listed:
        where = f"{place}, annotation {_id(annotation, len(found) + 1)}"
        if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
            raise InputError("the annotation has no result", place=where, found=_kind(annotation), mend=_EXPORT)
        passed = bool(annotation.get("was_cancelled"))
        label = None if passed else _label(annotation["result"], where, control)
        at = moment(str(annotation.get("updated_at") or annotation.get("created_at") or ""), where)
        truth = bool(annotation.get("ground_truth"))
        found.append(Given(meta["entity"], meta["time"], _who(annotation), label, at, truth, chance, where))
    return found


def _label(results: list[Any], place: str, control: str) -> str | None:
    """What the one control says; None where it says nothing."""
    kept = [one for one in results if isinstance(one, dict) and one.get("type") != "relation"]
    names = sorted({str(one.get("from_name", "")) for one in kept})
    if control and names and control not in names:
        near = nearest(control, names)
        mend = f"did you mean {near!r}?" if near else ""
        raise InputError(f"no control is called {control!r}", place=place, found=", ".join(names), mend=mend)
    if not control and len(names) > 1:
        raise InputError(
            "several controls hold labels", place=place, found=", ".join(names), mend="name the one to take"
        )
    ours = [one for one in kept if not control or one.get("from_name") == control]
    labels = [label for one in ours for label in _values(one, place)]
    if len(labels) > 1:
        raise InputError("one label is wanted", place=place, found=f"{len(labels)} of them", mend='set choice="single"')
    return labels[0] if labels else None


def _values(result: dict[str, Any], place: str) -> list[str]:
    kind, value = result.get("type"), result.get("value")
    if kind not in _KEYS or not isinstance(value, dict) or _KEYS[kind] not in value:
        expected = "choices, number, rating or textarea"
        raise InputError("a result is of another kind", place=place, found=str(kind), expected=expected)
    held = value[_KEYS[kind]]
    return [str(one) for one in (held if isinstance(held, list) else [held]) if one not in (None, "")]


def _who(annotation: dict[str, Any]) -> str:
    """The annotator's number; the e-mail that some exports add is not kept."""
    person = annotation.get("completed_by")
    if isinstance(person, dict):
        person = person.get("id")
    return "" if person is None else str(person)


def _id(entry: Any, number: int) -> object:
    return entry.get("id", number) if isinstance(entry, dict) else number


def _kind(found: Any) -> str:
    """What a value is, without its content."""
    if isinstance(found, dict):
        return f"an object of {', '.join(sorted(map(str, found))[:8])}" if found else "an empty object"
    return f"a list of {len(found)}" if isinstance(found, list) else f"a {type(found).__name__}"
