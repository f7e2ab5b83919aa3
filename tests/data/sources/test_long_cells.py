"""A cell of a megabyte beside one that is not ASCII is read in the time that its size asks for."""

from __future__ import annotations

from pathlib import Path

from fullcycle.data.sources.read import read
from fullcycle.data.sources.reading import whole
from fullcycle.data.sources.settings import Source


def test_a_cell_of_a_megabyte_is_read_whole(tmp_path: Path) -> None:
    long, other = "bad " * 250_000, "🙂 很好"
    (tmp_path / "rows.csv").write_text(f"id,note\na,{long}\nb,{other}\n", encoding="utf-8")
    frame = whole(read(Source(name="rows", location="rows.csv"), tmp_path))
    assert frame["note"].to_list() == [long, other]  # took more than ten minutes when a pattern looked for lines
