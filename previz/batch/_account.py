"""What becomes of a claimed shot that ends in an error: in its log, in its row, and for its worker."""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from previz.batch._heart import Heart
from previz.batch._log import ShotLog
from previz.batch._state import Claim, ClaimLost, State
from previz.errors import OutputError, PrevizError

_BUSY_DELAY = 5.0  # seconds before a shot that another process still solves is tried again


@contextmanager
def accounted(heart: Heart, state: State, claim: Claim, log: ShotLog | None = None) -> Iterator[ShotLog]:
    """The shot's log; what is raised ends up in the row, and goes on only where the worker has to stop."""
    log = log or ShotLog(claim)
    try:
        yield log
    except ClaimLost:
        log.say("another worker has taken it over; left alone")
    except (KeyboardInterrupt, SystemExit):
        log.say("stopped; it waits for the next worker")
        give_back(state, claim, "stopped")
        raise
    except Exception as error:
        _account(state, claim, log, error)
    finally:
        if not log.handed_on:
            heart.let_go(claim)


def _account(state: State, claim: Claim, log: ShotLog, error: Exception) -> None:
    """An error to the log and the row; one of the disk puts the shot back and is raised again."""
    text = str(error).splitlines() if isinstance(error, PrevizError) else [f"{type(error).__name__}: {error}"]
    line = "; ".join(part for part in text if part) or type(error).__name__
    if is_busy(error):
        log.say(line)
        state.release(claim, line, _BUSY_DELAY)
    elif is_storage(error):
        log.say(line)
        give_back(state, claim, line)
        raise error
    else:
        log.say(line if isinstance(error, PrevizError) else "".join(traceback.format_exception(error)))
        try:
            again = state.fail(claim, line)
        except ClaimLost:
            return
        log.say("failed; tried again" if again else "failed for good")


def give_back(state: State, claim: Claim, reason: str) -> None:
    """Put a shot back in line, if that can be written; the end of this process does it otherwise."""
    try:
        state.release(claim, reason)
    except (ClaimLost, PrevizError):
        return


def is_storage(error: BaseException) -> bool:
    """Whether an error is of the disk or the folder, which all shots would meet."""
    if not isinstance(error, OutputError) or is_busy(error):
        return False
    return isinstance(error.__cause__, (OSError, sqlite3.Error)) or "can't be written to" in str(error)


def is_busy(error: BaseException) -> bool:
    """Whether an error is that another process still holds the shot's solved frames."""
    return isinstance(error, OutputError) and "is in use by another previz" in str(error)
