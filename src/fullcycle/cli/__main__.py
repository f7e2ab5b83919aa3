"""``python -m fullcycle.cli`` is ``fullcycle``."""

from __future__ import annotations

from fullcycle.cli import main

if __name__ == "__main__":
    main()
