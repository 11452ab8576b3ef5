"""The heartbeat of a worker: a thread that says that its shots are being worked on."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from previz.batch._state import Claim, ClaimLost, State, open_state
from previz.errors import PrevizError

_SECONDS = 1.0  # between looks at whether it is time


class Heart:
    """Beats for the claims that a worker holds, and remembers those that it has lost.

    Where `parent` is given and this process is no longer that one's child, the worker is told to stop, as
    nobody is left to stop it. Setting `stop` stops it too, wherever signals don't reach.
    """

    def __init__(
        self, database: Path, parent: int | None = None, stop: threading.Event | None = None
    ) -> None:
        self._database = database
        self._parent = parent
        self._held: dict[str, Claim] = {}
        self._lost: set[str] = set()
        self._asked = stop
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Heart:
        """Start beating."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join(timeout=10)

    def hold(self, claim: Claim) -> None:
        """Beat for a claim from now on."""
        self._lost.discard(claim.shot.id)
        self._held[claim.shot.id] = claim

    def let_go(self, claim: Claim) -> None:
        """Beat for it no longer."""
        if self._held.get(claim.shot.id) == claim:  # and not a later one of the same shot
            del self._held[claim.shot.id]

    def check(self, claim: Claim) -> None:
        """Raise ClaimLost where another worker has the shot by now, KeyboardInterrupt to stop."""
        self.check_stop()
        if claim.shot.id in self._lost:
            raise ClaimLost(claim.shot.id)

    def check_stop(self) -> None:
        """Raise KeyboardInterrupt where the worker was asked to stop."""
        if self._asked is not None and self._asked.is_set():
            raise KeyboardInterrupt

    def _run(self) -> None:
        state = open_state(self._database)
        between = max(_SECONDS, min(10.0, state.stale_after / 6))
        waited = 0.0
        while not self._stop.wait(_SECONDS):
            if self._parent is not None and os.getppid() != self._parent:
                self._parent = None
                os.kill(os.getpid(), signal.SIGTERM)
            waited += _SECONDS
            if waited >= between:
                waited = 0.0
                self._beat(state)
        state.close()

    def _beat(self, state: State) -> None:
        for claim in list(self._held.values()):
            try:
                state.heartbeat(claim)
            except ClaimLost:
                self._lost.add(claim.shot.id)
            except PrevizError:  # a full disk: the worker itself finds out, and says so
                continue
