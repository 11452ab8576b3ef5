"""What a user can cause: every such failure is a `PrevizError`, one clear line and exit code 2."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "CastError",
    "CheckpointError",
    "CurvesError",
    "DeviceError",
    "MediaError",
    "OutputError",
    "PrevizError",
    "Problem",
    "SolveError",
    "TimelineError",
]


class PrevizError(Exception):
    """A failure that the user caused and can mend. `str()` of it is what they are shown."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file that a user wrote.

    `where` is `file:line:column` (or as much of it as is known), `field` the dotted path of the field;
    either may be empty and is then left out of the text.
    """

    where: str
    field: str
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """`where: field: message` without the parts that are empty; a warning says so before its message."""
        severity = "warning" if self.severity == "warning" else ""
        return ": ".join(part for part in (self.where, self.field, severity, self.message) if part)


class TimelineError(PrevizError):
    """A timeline that can't be used; carries all of its problems, and reads one problem a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order given."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[TimelineError], tuple[tuple[Problem, ...]]]:
        """Pickles by its problems, so that a worker process can hand it back."""
        return type(self), (self.problems,)


class CheckpointError(PrevizError):
    """A generator checkpoint that is missing, broken, unsafe or of another kind."""


class CurvesError(PrevizError):
    """Curves of another program that can't be read, written or brought onto a timeline."""


class OutputError(PrevizError):
    """An output that exists already or can't be written."""


class DeviceError(PrevizError):
    """A device that isn't there or can't do what was asked of it."""


class SolveError(PrevizError):
    """A solve that can't be started or continued."""


class MediaError(PrevizError):
    """A picture or clip that can't be read or encoded."""


class CastError(PrevizError):
    """A character that can't be rendered, trained or measured."""
