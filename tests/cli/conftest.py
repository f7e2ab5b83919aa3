"""The real command line, in processes of its own, on small projects."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fullcycle import open_project
from fullcycle.cli import main

ROWS = 400


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one document that it is."""
        return json.loads(self.out)

    def refused(self, code: int, *told: str) -> Done:
        """Itself, if it ended with *code* and one sentence that tells all of *told*, without a traceback."""
        assert self.code == code, self
        assert self.err.splitlines()[-1].startswith("fullcycle: "), self
        assert "Traceback" not in self.err + self.out, self
        for word in told:
            assert word in self.err, (word, self)
        return self


Cli = Callable[..., Done]


@pytest.fixture(scope="session")
def cli() -> Cli:
    """Runs ``fullcycle`` with the arguments given, in the folder *at*."""

    def run(*arguments: object, at: Path, **environment: str) -> Done:
        command = [sys.executable, "-m", "fullcycle.cli", *map(str, arguments)]
        done = subprocess.run(
            command, cwd=at, env=os.environ | environment, capture_output=True, text=True, timeout=300
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The same in this process, without the time that a start takes."""

    def run(*arguments: object, at: Path) -> Done:
        monkeypatch.chdir(at)
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Done(int(end.value.code or 0), said.out, said.err)

    return run


def customers(rows: int = ROWS, *, seed: int = 1) -> str:
    """A CSV of customers four times a day from 1 January 2026; the last eight have no answer yet."""
    random_ = random.Random(seed)
    lines = ["customer,seen,plan,spend,visits,churned"]
    for place in range(rows):
        seen = datetime(2026, 1, 1) + timedelta(hours=6 * place)
        spend = random_.uniform(5, 100)
        churned = "yes" if random_.random() < (0.95 if spend < 40 else 0.05) else "no"
        plan, visits = random_.choice(["basic", "plus", "pro"]), random_.randint(0, 20)
        known = churned if place < rows - 8 else ""
        lines.append(f"c{place:04},{seen.isoformat()},{plan},{spend:.2f},{visits},{known}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, cli: Cli) -> Path:
    """A project as ``init`` makes it, but without a search."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "customers.csv").write_text(customers())
    done = cli("init", "shop", "--data", "customers.csv", "--target", "churned", at=folder)
    assert done.code == 0, done
    toml = folder / "shop" / "cycle.toml"
    toml.write_text(
        toml.read_text().replace('search_budget = "40 trials"', 'search_budget = "2 trials"\nsearch = "none"')
    )
    return folder / "shop"


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory, made: Path, cli: Cli) -> Path:
    """That project with a release that serves."""
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("released") / "shop"))
    done = cli("run", at=folder)
    assert done.code == 0, done
    return folder


@pytest.fixture(scope="session")
def developed(tmp_path_factory: pytest.TempPathFactory, made: Path) -> Path:
    """That project with a model of three trials, of which less is looked at than usual."""
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("developed") / "shop"))
    toml = folder / "cycle.toml"
    less = "\n[development.evaluation]\nlearning_curve = false\nrobustness = false\nsample = 200\n"
    toml.write_text(toml.read_text().replace('"2 trials"', '"3 trials"') + less)
    open_project(folder, workers=1).develop()
    return folder


@pytest.fixture
def shop(tmp_path: Path, made: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(made, tmp_path / "shop"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kibibytes; skips where we may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def edit() -> Callable[[Path, str, str], None]:
    """Replaces a text that stands in a file once."""

    def replace(file: Path, old: str, new: str) -> None:
        text = file.read_text()
        assert text.count(old) == 1, (old, text)
        file.write_text(text.replace(old, new))

    return replace
