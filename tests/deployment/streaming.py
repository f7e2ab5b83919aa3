"""``python streaming.py ROUTE FROM TO [KILL_AT]``: answers a topic; kills itself after so many batches, between log, sending and end."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from fullcycle.deployment import stream as room
from fullcycle.kernel.errors import FullcycleError


def main() -> None:
    path, source, target = sys.argv[1:4]
    if len(sys.argv) > 4:
        kill_in(sys.argv[4])
    try:
        found = room.stream(Path(path), source, target, in_flight=20, ready=lambda: say("ready"))
    except FullcycleError as error:
        say(str(error))
        sys.exit(error.exit_code)
    say(f"{found.answered} {found.again} {found.rejected}")


def kill_in(moment: str) -> None:
    """Die the hard way in the third batch: after it was ``logged``, or after it was ``sent`` but not done."""
    name = {"logged": "_log", "sent": "_kill_done"}[moment]
    calls = [0]

    def count() -> None:
        calls[0] += 1
        if calls[0] == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    station = room._Station
    if name == "_log":
        log = station._log

        def logging(self: Any, decisions: Any) -> None:
            log(self, decisions)
            count()

        station._log = logging  # type: ignore[method-assign]
        return
    answer = station._answer

    async def answering(self: Any, messages: Any) -> None:
        done = self._inbox.done

        async def dying(them: Any) -> None:
            count()
            await done(them)

        self._inbox.done = dying
        await answer(self, messages)
        self._inbox.done = done

    station._answer = answering  # type: ignore[method-assign]


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
