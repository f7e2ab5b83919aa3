"""A new project folder: from a table or from an example; whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from fullcycle.data.sources.completed import ROW_NUMBER, SNAPSHOT
from fullcycle.data.sources.files import parquet
from fullcycle.data.sources.read import read
from fullcycle.data.sources.reading import whole
from fullcycle.data.sources.settings import Source
from fullcycle.examples import example
from fullcycle.kernel.errors import InputError, OutsideError, nearest
from fullcycle.project.folder import STATE
from fullcycle.project.infer import Column, Guess, infer

DECIDE = "DECIDE"
"""The word that marks what only a person can decide."""

_IGNORE = f"{STATE}/\n"
_LAST = ("columns.toml", "cycle.toml", ".gitignore")  # in this order: a folder with a cycle.toml is whole


class Made(NamedTuple):
    """What a person has to decide in a new project.

    Attributes
    ----------
    decide : keys of ``cycle.toml``.
    personal : columns that seem to hold personal data, each with the kind of it.
    """

    decide: tuple[str, ...]
    personal: dict[str, str]


def init_from_data(
    folder: Path,
    file: Path,
    target: str,
    *,
    time: str | None = None,
    entity: str | None = None,
    snapshot: str = "",
    row_number: bool = False,
) -> Made:
    """Write ``cycle.toml``, ``columns.toml`` and ``.gitignore`` for a table, as far as the table tells.

    Without a *target* its question is which clusters there are. A file outside *folder* is copied into it.

    Parameters
    ----------
    snapshot : the date on which a table was taken whose rows have no time of their own.
    row_number : whether to number the rows, which nothing names.

    Returns
    -------
    The keys of ``cycle.toml`` that a person has to decide.

    Raises
    ------
    InputError
        The file cannot be read or learnt from, or the folder holds a project already.
    OutsideError
        The disk does not let us write; nothing is left behind.
    """
    _must_exist(file)
    source = Source(name="rows", location=str(file.resolve()), snapshot=snapshot, row_number=row_number)
    frame = whole(read(source, folder))
    time, entity = time or (SNAPSHOT if snapshot else None), entity or (ROW_NUMBER if row_number else None)
    guess = infer(frame, target, time=time, entity=entity, source=str(file))
    inside = file.resolve().is_relative_to(folder.resolve())
    location = file.resolve().relative_to(folder.resolve()).as_posix() if inside else file.name
    texts = {"cycle.toml": cycle_toml(_slug(folder), location, guess, source), "columns.toml": columns_toml(guess)}
    copy: dict[str, Callable[[Path], object]] = {} if inside else {file.name: lambda path: shutil.copyfile(file, path)}
    _write(folder, texts, copy)
    return Made(decisions(texts["cycle.toml"]), {found.column: found.kind for found in guess.personal})


def init_example(folder: Path, name: str) -> tuple[str, ...]:
    """Write the example *name* with its rows.

    Raises
    ------
    UnknownKey
        There is no such example; names the nearest.
    InputError
        Its rows are not installed, or the folder holds a project already.
    """
    shown = example(name)
    _refuse_taken(folder, (*shown.texts, shown.data))
    body = parquet(shown.rows())
    _write(folder, shown.texts, {shown.data: lambda path: path.write_bytes(body)})
    return decisions(shown.texts["cycle.toml"])


def decisions(text: str) -> tuple[str, ...]:
    """The keys of a ``cycle.toml`` that are marked as a person's to decide, with their tables.

    >>> decisions('[scoping]\\nlabel_delay = "1d"  # DECIDE: how long?')
    ('[scoping] label_delay',)
    """
    table, found = "", []
    for line in text.splitlines():
        table = f"[{match[1]}] " if (match := re.match(r"\[+([^]]+)\]", line)) else table
        if f"# {DECIDE}" in line and (key := re.match(r"(?:# )?([\w.]+) =", line)):
            found.append(table + key[1])
    return tuple(found)


def cycle_toml(name: str, location: str, guess: Guess, source: Source) -> str:
    """The text of ``cycle.toml`` for what a table says of itself."""
    delay = "0s" if source.snapshot else "1d"  # what a snapshot says of its answers is known when it is taken
    added = f", snapshot = {_text(source.snapshot)}" * bool(source.snapshot) + ", row_number = true" * source.row_number
    derive = "".join(f"\n{_key(column)} = {_text(text)}" for column, text in guess.derive.items())
    return f"""\
[project]
name = {_text(name)}
timezone = "UTC"  # {DECIDE}: times without a zone are read in it, days are cut in it

[scoping]  # 1 the question
question = {_text(_question(guess))}  # {DECIDE}: the business question, as one sentence
task = {_text(guess.task)}{_note(guess.note)}
{_target(guess)}entity = {_text(guess.entity)}  # one row is about this
time = {_text(guess.time)}  # when the prediction is made; nothing that is known later may be used
{_decided(guess, delay)}# volume = "100/day"  # expected decisions; costs follow from it

{_values(guess)}[scoping.success]  # release gates: the bound of the interval must reach them
{_gate(guess.task)}

[scoping.resources]  # what it costs, from which the return is computed
# people_days = 10
# day_rate = 600

[data]  # 2 the data
sources = [{{ name = {_text(Path(location).stem)}, from = {_text(location)}{added} }}]
{f"[data.derive]{derive}{chr(10)}" if derive else ""}{_section("data.clean", guess.clean)}{_section("data.rules", guess.rules)}
[development]  # 3 the model
search_budget = "40 trials"

[deployment]  # 4 production
control = 0.0  # share that keeps today's rule: what the effect is measured against

[monitoring]  # 5 watch
window = "7d"

[business]  # 6 pay-off
review = "30d"
"""


def columns_toml(guess: Guess) -> str:
    """The text of ``columns.toml``: one line a column."""
    lines = [_line(name, column) for name, column in guess.columns.items()]
    return (
        "# One line a column: what its values are, and whether they are known before the prediction or after it.\n"
        + "".join(lines)
    )


def _line(name: str, column: Column) -> str:
    facts = [f'type = "{column.kind}"']
    facts += [f'known = "{column.known}"'] if column.known != "before" else []
    facts += ["feature = false"] if not column.feature else []
    facts += list(column.facts)
    return f"{_key(name)} = {{ {', '.join(facts)} }}{_note(column.note)}\n"


def _section(name: str, lines: tuple[str, ...]) -> str:
    """Proposed lines under their heading, for a person to take up."""
    return f"\n[{name}]\n" + "\n".join(lines) + "\n" if lines else ""


def _question(guess: Guess) -> str:
    match guess.task:
        case "binary":
            return f"For which {guess.entity} will {guess.target} be true?"
        case "multiclass":
            return f"Which {guess.target} will each {guess.entity} have?"
        case "clustering":
            return f"Which kinds of {guess.entity} are there?"
    return f"How large will {guess.target} of each {guess.entity} be?"


def _target(guess: Guess) -> str:
    return f"target = {_text(guess.target)}\n" if guess.target else ""


def _decided(guess: Guess, delay: str) -> str:
    """What can be done, and what it is worth; clusters have neither until people have looked at them."""
    if not guess.target:
        return 'label_delay = "0d"  # nothing is waited for\naction_changes_outcome = false\n'
    return f"""\
label_delay = "{delay}"  # {DECIDE}: how long until the outcome is known
{_actions(guess)}
action_changes_outcome = false  # {DECIDE}: whether what is decided changes the outcome itself
"""


def _actions(guess: Guess) -> str:
    today = f"todays_rule = {{ always = {_text(guess.today)} }}  # {DECIDE}: what is done without the model"
    if not guess.actions:
        return today
    actions = ", ".join(map(_text, guess.actions))
    return f"actions = [{actions}]  # {DECIDE}: what can be decided, doing nothing last\n{today}"


def _values(guess: Guess) -> str:
    return f"{_amounts(guess)}\n\n" if guess.target else ""


def _amounts(guess: Guess) -> str:
    head = f'# value = …  # {DECIDE}: money per decision; without it everything runs and worth is "unknown"\n'
    match guess.task:
        case "binary":
            return (
                head
                + '# [scoping.value]\n# currency = "EUR"\n# act = { true = 90, false = -40 }\n# wait = { true = 0, false = 0 }'
            )
        case "multiclass":
            return head + '# [scoping.value]  # one entry a class for each action\n# currency = "EUR"'
    return head + '# [scoping.value]  # money per unit of error\n# currency = "EUR"\n# over = -1\n# under = -2'


def _gate(task: str) -> str:
    if task == "clustering":
        return 'silhouette = { better_than = "constant" }  # than as many clusters in rows that have none\nstability = { at_least = 0.8 }'
    figure = "rmse" if task == "regression" else "log_loss"
    return f'{figure} = {{ better_than = "constant" }}'


def _write(folder: Path, texts: dict[str, str], files: dict[str, Callable[[Path], object]]) -> None:
    """Everything aside first, then each by its name; what cannot be finished is taken back."""
    _refuse_taken(folder, (*texts, *files))
    texts = {**texts, ".gitignore": _ignore(folder)}
    with _outside(folder), _new_folder(folder), tempfile.TemporaryDirectory(dir=folder, prefix=".init-") as aside:
        for name, text in texts.items():
            Path(aside, name).write_text(text, encoding="utf-8")
        for name, fill in files.items():
            fill(Path(aside, name))
        _move(Path(aside), folder, (*files, *_LAST))


def _move(aside: Path, folder: Path, names: tuple[str, ...]) -> None:
    """Give each its name; ``.gitignore``, the last, may replace an older one, the others are new."""
    moved = []
    try:
        for name in names:
            os.replace(aside / name, folder / name)
            moved.append(name)
    except BaseException:
        for name in moved:
            (folder / name).unlink()
        raise


@contextmanager
def _new_folder(folder: Path) -> Iterator[None]:
    """*folder*, made if need be and taken away again if what follows fails."""
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for place in made:
            place.rmdir()
        raise


@contextmanager
def _outside(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutsideError(
            "the project could not be written",
            place=str(folder),
            found=error.strerror or str(error),
            mend="free some disk or mend the permissions, then run again; nothing was left behind",
        ) from error


def _refuse_taken(folder: Path, names: tuple[str, ...]) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError("not a folder", place=str(folder), mend="name another folder")
    if taken := [name for name in names if (folder / name).exists()]:
        raise InputError(
            "the folder holds this already; nothing is overwritten",
            place=str(folder),
            found=", ".join(taken),
            mend="name another folder",
        )


def _ignore(folder: Path) -> str:
    path = folder / ".gitignore"
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    if _IGNORE in kept.splitlines(keepends=True):
        return kept
    return kept + ("\n" if kept and not kept.endswith("\n") else "") + _IGNORE


def _must_exist(file: Path) -> None:
    if not file.exists():
        near = nearest(file.name, (other.name for other in file.parent.glob("*"))) if file.parent.is_dir() else None
        raise InputError(
            "the file is missing",
            place=str(file),
            mend=f"did you mean {near!r}?" if near else "name a CSV or Parquet file with --data",
        )


def _slug(folder: Path) -> str:
    """The folder's name as the project's.

    >>> _slug(Path("Late Flights"))
    'late-flights'
    """
    return re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "project"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(text: str) -> str:
    """A TOML string: JSON writes the same escapes, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _note(note: str) -> str:
    return f"  # {' '.join(note.split())}" if note else ""
