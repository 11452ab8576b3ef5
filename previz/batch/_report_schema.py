"""What report.json says, field by field."""

from __future__ import annotations

from typing import Any, Literal

from previz.timeline import Spec


class SummaryReport(Spec):
    """How well a finished shot came out; lengths are pixels of the generator's image."""

    error_mean: float
    """Distance of handles to their targets, mean over frames and handles."""
    error_max: float
    """The largest of them."""
    tolerance: float
    """How near each handle was to come."""
    within_tolerance: float
    """Share of frames, 0 to 1, whose handles all came so near."""
    jitter: float | None
    """Mean second difference of handles where their targets hold still; null where none does."""
    smoothness: float | None
    """Mean second difference of the way from target to handle; null below three frames."""
    latent_shake: float | None
    """Mean second difference of the latents; null below three frames."""
    lost: int
    """Frames in which a handle was lost."""
    unsolved: int
    """Frames that hit the cap of iterations or stalled."""
    iterations: int
    """Steps of the optimiser, over all frames."""
    seconds_per_frame: float
    """To solve one."""


class HookReport(Spec):
    """A hand-over hook that was run for a shot."""

    event: Literal["done", "failed"]
    """What it was run for."""
    attempt: int
    """Which start of the shot that was."""
    code: int | None
    """Its exit code; null where it could not be run to its end."""
    error: str | None
    """Why it failed, one line; null where it did not."""
    seconds: float
    """How long it took."""


class ShotReport(Spec):
    """One shot, or one take of it. Times are seconds since the epoch."""

    id: str
    """Its own name."""
    shot: str
    """The list's shot that it is a take of."""
    labels: dict[str, str]
    """The take's place in the matrix."""
    tags: tuple[str, ...]
    """To choose by."""
    priority: int
    """A higher one was started earlier."""
    status: Literal["done", "running", "waiting", "blocked", "failed"]
    """Blocked is one that waits for a failed one."""
    blocked_by: tuple[str, ...]
    """The failed ones that it waits for."""
    cached: bool
    """Done by an earlier run."""
    character: str
    """The checkpoint, as the timeline names it."""
    seed: int | None
    """Of the character; null where it starts from a latent."""
    frames: str
    """The clip's range, such as 1001-1048."""
    frames_in_clip: int
    """How many these are, a slate not counted."""
    rate: str
    """Frames a second, such as 24 or 24000/1001."""
    frames_done: int
    """Solved, or found solved."""
    frames_total: int
    """Of how many."""
    phase: Literal["loading", "solving", "writing"] | None
    """What its worker does."""
    attempt: int
    """How often it was started."""
    failures: int
    """How often it ended in an error since it was last put in line."""
    host: str | None
    """The machine of its last worker."""
    pid: int | None
    """That worker's process."""
    device: str | None
    """That worker's device."""
    started: float | None
    """When that worker began."""
    heartbeat: float | None
    """That worker's last word."""
    finished: float | None
    """When it was done, failed or given back."""
    seconds: float
    """Work on it, by all of its workers together."""
    error_px: float | None
    """The farthest handle of all frames, or while it runs of the last one, in pixels."""
    error: str | None
    """What went wrong last, one line."""
    after: tuple[str, ...]
    """The shots that it waits for."""
    start_from: str | None
    """The shot whose last latent it starts from."""
    input_hash: str
    """Of all that its outputs depend on."""
    summary: SummaryReport | None
    """Figures, where it is done."""
    hooks: tuple[HookReport, ...]
    """Its hand-over hooks, in order."""
    outputs: dict[str, str]
    """Its files, relative to the folder; those that `status` doesn't call done may not be there."""


class ListReport(Spec):
    """The report of a shot list."""

    report: Literal[1]
    """The version of this format; fields may be added within one."""
    previz: str
    """The version of previz that wrote it."""
    written: float
    """When, in seconds since the epoch."""
    list: str
    """The list's name."""
    source: str
    """The list's file."""
    show: str | None
    """The show's name."""
    sequence: str | None
    """The sequence's name."""
    folder: str
    """The folder of all outputs."""
    counts: dict[str, int]
    """How many shots there are, and how many of each status."""
    frames: int
    """Of the clips of finished shots."""
    seconds: float
    """Work on all shots together."""
    shots: tuple[ShotReport, ...]
    """In the list's order."""


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema of a list's report.json, for programs that read it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ListReport.model_json_schema(mode="serialization"),
        "title": "previz shot list report",
    }
