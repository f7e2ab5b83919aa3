"""How a command ends: every error becomes an exit code and a sentence; no traceback without ``--debug``."""

from __future__ import annotations

import json
import os
import sys
from types import TracebackType
from typing import TextIO

import click

from fullcycle.kernel.errors import FullcycleError

USAGE, OUTSIDE, SOFTWARE, INTERRUPTED = 2, 3, 70, 130


class Exits:
    """Holds the exit code of what runs inside it.

    Parameters
    ----------
    json : also write the error as one JSON document to standard output.
    debug : let the traceback through.

    Examples
    --------
    >>> with Exits(json=False, debug=False) as exits:
    ...     pass
    >>> exits.code
    0
    """

    def __init__(self, *, json: bool, debug: bool) -> None:
        self.json, self.debug, self.code = json, debug, 0

    def __enter__(self) -> Exits:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        match error:
            case None:
                return True
            case SystemExit() | GeneratorExit():
                return False
            case click.exceptions.Exit():
                self.code = error.exit_code
            case KeyboardInterrupt() | click.Abort():
                self._tell(INTERRUPTED, "interrupted; what was finished is kept", {"error": "Interrupted"})
            case click.exceptions.NoArgsIsHelpError():
                error.show()
                self.code = USAGE
            case click.ClickException():
                self._tell(USAGE, _usage(error), {"error": "UsageError", "problem": error.format_message()})
            case FullcycleError():
                self._traceback(error)
                self._tell(error.exit_code, str(error), error.facts())
            case Exception() if line := _own_line(error):
                self._traceback(error)
                problem = f"cycle.py raised {type(error).__name__}: {error}"
                sentence = f"cycle.py:{line}: {problem}. To mend it: mend that line; --debug shows the traceback."
                facts: dict[str, object] = {
                    "error": type(error).__name__,
                    "problem": problem,
                    "place": f"cycle.py:{line}",
                }
                self._tell(USAGE, sentence, facts)
            case OSError():
                self._traceback(error)
                place = f"{error.filename}: " if error.filename else ""
                sentence = f"{place}{error.strerror or error}. To mend it: free some disk or mend the permissions, then run again."
                self._tell(OUTSIDE, sentence, {"error": type(error).__name__, "problem": str(error)})
            case _:
                self._traceback(error)
                problem = f"this is a mistake in fullcycle ({type(error).__name__}: {error})"
                ask = "Run it again with --debug and report what it prints."
                self._tell(SOFTWARE, f"{problem}. {ask}", {"error": type(error).__name__, "problem": problem})
        return True

    def _traceback(self, error: BaseException) -> None:
        if self.debug:
            import traceback

            traceback.print_exception(error, file=sys.stderr)

    def _tell(self, code: int, sentence: str, facts: dict[str, object]) -> None:
        self.code = code
        write(sys.stderr, f"fullcycle: {sentence}\n")
        if self.json:
            write(sys.stdout, json.dumps({"error": facts}, indent=2, ensure_ascii=False) + "\n")


def write(stream: TextIO, text: str) -> None:
    """Write all of *text*; a reader that has gone away is no error, and is not written to again."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _own_line(error: Exception) -> int:
    """The line of the project's ``cycle.py`` that raised *error*, here or in a worker process; 0 where none did."""
    import re
    import traceback

    told = "".join(traceback.format_exception(error))  # a worker's traceback comes as a text, the cause of the error
    lines = re.findall(r'^ *File "[^"]*[/\\]cycle\.py", line (\d+)', told, re.MULTILINE)
    return int(lines[-1]) if lines else 0


def _usage(error: click.ClickException) -> str:
    hint = ""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f" See '{error.ctx.command_path} --help'."
    said = error.format_message()
    return (said if said.endswith(("?", "!")) else said.rstrip(".") + ".") + hint
