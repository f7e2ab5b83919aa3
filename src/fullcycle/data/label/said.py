"""What people said, from the files of their tools: sheets (CSV) and Label Studio's JSON."""

from __future__ import annotations

from pathlib import Path

from fullcycle.data.label.annotations import Annotations, together
from fullcycle.data.label.sheet import read_sheet
from fullcycle.data.label.studio import read_tasks
from fullcycle.kernel.errors import InputError


def said(file: Path, *, entity: str, time: str, control: str = "", place: str = "") -> Annotations:
    """The annotations of one file.

    Parameters
    ----------
    control : see :func:`fullcycle.data.label.studio.read_tasks`.
    place : the file's name in messages; by default as it is given.

    Raises
    ------
    InputError
        The file cannot be read, or is none of a label tool.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "sheet.csv")
    ...     _ = file.write_text("id,at,label\\na,2024-05-01,late\\n")
    ...     said(file, entity="id", time="at").given["label"].to_list()
    ['late']
    """
    place = place or str(file)
    try:
        body = file.read_bytes()
    except OSError as error:
        raise InputError(
            "the file cannot be read", place=place, found=error.strerror, mend="name an existing file"
        ) from None
    if file.suffix.lower() == ".json":
        return read_tasks(body, place=place, control=control)
    return read_sheet(body, place=place, entity=entity, time=time)


def said_in(folder: Path, pattern: str, *, entity: str, time: str, control: str = "") -> Annotations:
    """The annotations of every file beside ``cycle.toml`` that *pattern* names; who spoke twice counts with the last word.

    Raises
    ------
    InputError
        No file is there, or one is none of a label tool.
    """
    globbed = any(sign in pattern for sign in "*?[")
    files = sorted(folder.glob(pattern)) if globbed else [folder / pattern]
    if not files:
        raise InputError(
            "no file of labels is there",
            place="[data.labels] from",
            found=pattern,
            mend="write 'fullcycle label export FILE', have it filled in, and name it; or take 'from' away",
        )
    names = [file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(file) for file in files]
    return together(
        [
            said(file, entity=entity, time=time, control=control, place=name)
            for file, name in zip(files, names, strict=True)
        ]
    )
