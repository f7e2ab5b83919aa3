"""The project folder: what a person decided, read and checked, and the live things that lie beside it."""

from __future__ import annotations

from fullcycle.project.folder import Project, Settings, find_folder, load_code, schema

__all__ = ["Project", "Settings", "find_folder", "load_code", "schema"]
