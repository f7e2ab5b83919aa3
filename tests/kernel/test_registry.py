"""Registries: our own things and those of installed packages, by name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fullcycle.kernel import registry
from fullcycle.kernel.errors import UnknownKey
from fullcycle.kernel.registry import Registry


def test_names_to_things() -> None:
    colours: Registry[int] = Registry("colour")
    colours.add("red", 1)

    @colours.register("grow")
    def grow() -> int:
        return 2

    assert (colours["red"], list(colours), "red" in colours, "blue" in colours) == (1, ["grow", "red"], True, False)
    assert colours["grow"] is grow
    colours.add("red", 3)
    assert colours["red"] == 3


def test_an_unknown_name_names_the_nearest() -> None:
    colours: Registry[int] = Registry("colour")
    colours.add("yellow", 1)
    with pytest.raises(UnknownKey, match=r"unknown colour 'yelow'\. To mend it: write 'yellow'"):
        colours["yelow"]


def test_an_installed_package_registers_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package as pip leaves it: a module, and a dist-info that names it under the group ``fullcycle``."""
    (tmp_path / "paints.py").write_text(
        "from fullcycle.kernel.registry import Registry\nSHELF = Registry('paint')\nSHELF.add('blue', 7)\n"
    )
    information = tmp_path / "paints-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: paints\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[fullcycle]\npaints = paints\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "_LOADED", set())
    registry.load_packages()
    assert sys.modules["paints"].SHELF["blue"] == 7
    del sys.modules["paints"]
    registry.load_packages()
    assert "paints" not in sys.modules, "loaded once, not with every miss"
