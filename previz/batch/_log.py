"""The log of a shot: what its workers said, one attempt after the other, kept whatever becomes of it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from previz.animate import FrameSolved
from previz.batch._state import Claim


class ShotLog:
    """Appends lines to a shot's log. One that can't be written stops nothing: the outputs' errors tell more.

    `handed_on` says that another thread goes on with the shot.
    """

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self.handed_on = False

    def begin(self) -> None:
        """Say who begins."""
        worker = self._claim.worker
        self.say(f"attempt {self._claim.attempt} on {worker.host}, process {worker.pid}, {worker.device}")

    def frame(self, event: FrameSolved) -> None:
        """Say that a frame is solved."""
        lost = f", lost {', '.join(event.lost)}" if event.lost else ""
        self.say(
            f"frame {event.frame} ({event.index}/{event.total}): {event.status}, {event.iterations} "
            f"iterations, error {event.error_max:.2f} px, {event.seconds:.2f} s{lost}"
        )

    def say(self, text: str) -> None:
        """Append lines, each with the time and the attempt."""
        append_log(self._claim.shot.outputs.log, self._claim.attempt, text)


def append_log(path: Path, attempt: int, text: str) -> None:
    """Append lines to a shot's log, each with the time and the attempt; one that can't be written is left."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    lines = "".join(f"{stamp} [{attempt}] {line}\n" for line in text.splitlines())
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(lines)
