"""Ending a long run between two steps: an interruption is noted, and acted on when its state is whole."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

__all__ = ["Stop"]


class Stop:
    """While it is entered, Ctrl-C and a polite kill set `asked`; a second Ctrl-C ends the program at once.

    Only the main thread can listen for signals; elsewhere nothing is changed.
    """

    def __init__(self) -> None:
        self.asked = False
        self._pressed = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Stop:
        """Listen."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        """Listen no more."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            if self._pressed:
                raise KeyboardInterrupt
            self._pressed = True
        self.asked = True
