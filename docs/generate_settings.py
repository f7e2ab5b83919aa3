"""Writes ``docs/settings.md`` from the one table of settings: ``python docs/generate_settings.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from fullcycle.data.settings import ColumnFact
from fullcycle.kernel.settings import Setting, table
from fullcycle.project.folder import SECTIONS, Platform

PAGE = Path(__file__).with_name("settings.md")
TABLES: dict[str, type[Struct]] = {**SECTIONS, "platform.NAME": Platform}
HEAD = """# Settings

Every setting of a project, made from the program's own table by `python docs/generate_settings.py`; a test fails when this
page is out of date. `fullcycle schema` prints the same table as a JSON Schema, for editors.

`NAME` stands for a name of your own: of an action, a figure, an environment. `[]` stands for each entry of a list. A setting without
a default is *required*. Durations and sizes are text with a unit: `"90m"`, `"1d"`, `"50MiB"`.
"""


def lines(type_: type[Struct]) -> Iterator[Setting]:
    """The settings of a section, with a mark wherever a name or a list's entry stands between two names."""
    marks: dict[str, str] = {}
    for setting in table(type_):
        above, _, own = setting.name.rpartition(".")
        name = f"{marks[above]}.{own}" if above else own
        inner = "[]" if setting.type.startswith("list of table") else ".NAME" * setting.type.count("table of")
        marks[setting.name] = name + inner
        yield Setting(name, setting.type, setting.default, setting.help)


def section(title: str, type_: type[Struct]) -> str:
    """One section of the page."""
    summary = (type_.__doc__ or "").splitlines()[0].replace("``", "`")
    rows = (f"| `{it.name}` | {_cell(it.help)} | {_cell(it.type)} | {_shown(it.default)} |" for it in lines(type_))
    head = [f"## {title}", "", summary, "", "| setting | what | type | default |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows, ""])


def page() -> str:
    """The whole page."""
    sections = [section(f"`[{name}]`", type_) for name, type_ in TABLES.items()]
    return "\n".join([HEAD, *sections, section("`columns.toml`", ColumnFact)])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _shown(default: str) -> str:
    return f"*{default}*" if default == "required" else f"`{default}`" if default else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
