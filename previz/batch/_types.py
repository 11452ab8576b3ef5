"""A shot list made ready to run: every shot with its whole timeline, its outputs, and what it waits for.

A plan is plain data. It is stored in the list's database, so that a worker anywhere needs no more than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from previz.errors import PrevizError
from previz.timebase import FrameRange

DATABASE = "batch.sqlite"
"""The state's file, in the folder of a list's outputs."""


class BatchError(PrevizError):
    """A shot list that can't be run, or a state that doesn't fit it."""


@dataclass(frozen=True)
class Resources:
    """What one shot takes of a machine; a farm's engine reads it, a local run goes by its workers.

    Attributes:
        gpus: how many GPUs, or what part of one; 0 solves on a CPU, None takes one where there is one.
        cpus: how many cores.
        memory_gb: gigabytes of memory; None says nothing.
    """

    gpus: float | None = None
    cpus: int = 1
    memory_gb: float | None = None


@dataclass(frozen=True)
class ShotOutputs:
    """Where a shot's files go; all of them are written beside their place and renamed into it.

    Attributes:
        clip: the clip, or the pattern of numbered pictures.
        take: its take, with `take.partial` beside it while it is being solved.
        report: errors and times, written last: with it the shot is done.
        sheet: the contact sheet, PNG.
        otio: the clip for an edit.
        last: the last latent, safetensors, which another shot may start from.
        log: what the workers said, attempt by attempt.
    """

    clip: Path
    take: Path
    report: Path
    sheet: Path
    otio: Path
    last: Path
    log: Path

    def finished(self) -> tuple[Path, ...]:
        """The files that are there when the shot is done, as far as they have one name."""
        return (self.take, self.sheet, self.report)


@dataclass(frozen=True)
class PlannedShot:
    """One shot of a list, or one take of it, with all that a worker needs.

    Attributes:
        id: its own name, unique in the list: sh020, or sh020_seed7_calm for a take of a matrix.
        shot: the list's shot that it is a take of.
        labels: the take's place in the matrix: {"seed": "7", "take": "calm"}.
        timeline: the whole timeline with the list's changes in it, as plain data that `parse_timeline` reads;
            files that it names are absolute where they are there.
        source: the timeline's file, absolute.
        checkpoint: what to load the generator from: a bundled name or an absolute path.
        digest: of the checkpoint's file, by which shots that share a generator are found.
        frames: the frames that the clip shows.
        solves: how many frames are solved for them: from the shot's first one on.
        rate: frames a second, as text such as 24000/1001.
        outputs: where its files go.
        after: ids of the shots that must be done before it starts, `start_from` among them.
        start_from: the shot whose last latent it starts from, or None.
        input_hash: changes when anything does that the outputs depend on: the timeline, the files it names,
            the checkpoint, the versions, and the hash of the shot that it starts from.
        priority: a higher one is started earlier.
        retries: how often it is tried again after an error.
        tags: to choose by.
        resources: what it takes of a machine.
    """

    id: str
    shot: str
    labels: Mapping[str, str]
    timeline: Mapping[str, Any]
    source: Path
    checkpoint: str
    digest: str
    frames: FrameRange
    solves: int
    rate: str
    outputs: ShotOutputs
    after: tuple[str, ...] = ()
    start_from: str | None = None
    input_hash: str = ""
    priority: int = 0
    retries: int = 2
    tags: tuple[str, ...] = ()
    resources: Resources = field(default_factory=Resources)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able data, which `from_dict` reads back."""
        outputs = {name: str(path) for name, path in vars(self.outputs).items()}
        return {
            **vars(self),
            "labels": dict(self.labels),
            "timeline": dict(self.timeline),
            "source": str(self.source),
            "frames": str(self.frames),
            "outputs": outputs,
            "resources": asdict(self.resources),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PlannedShot:
        """The shot that `to_dict` told of."""
        outputs = {name: Path(path) for name, path in data["outputs"].items()}
        return cls(
            **{
                **data,
                "source": Path(data["source"]),
                "frames": FrameRange.parse(data["frames"]),
                "outputs": ShotOutputs(**outputs),
                "after": tuple(data["after"]),
                "tags": tuple(data["tags"]),
                "resources": Resources(**data["resources"]),
            }
        )


@dataclass(frozen=True)
class ShotPlan:
    """A shot list, resolved.

    Attributes:
        name: the list's, from its file name.
        source: the list's file, absolute.
        show: the show's name, or None.
        sequence: the sequence's, or None.
        folder: where outputs go, absolute.
        shots: in the list's order, the takes of a matrix one after the other.
        stale_after: seconds without a heartbeat after which a worker is taken for dead.
        shared: whether the folder is on a file system of several machines; None finds out.
        hooks: commands to run for shots that are over, as plain data that `hook_from` reads.
    """

    name: str
    source: Path
    show: str | None
    sequence: str | None
    folder: Path
    shots: tuple[PlannedShot, ...]
    stale_after: float = 60.0
    shared: bool | None = None
    hooks: tuple[Mapping[str, Any], ...] = ()

    @property
    def database(self) -> Path:
        """The file of the state."""
        return self.folder / DATABASE

    def __getitem__(self, shot: str) -> PlannedShot:
        """The shot with this id. Raises KeyError."""
        for planned in self.shots:
            if planned.id == shot:
                return planned
        raise KeyError(shot)

    def with_needs(self, shots: frozenset[str]) -> frozenset[str]:
        """These shots and all that they wait for."""
        needed, waiting = set[str](), list(shots)
        while waiting:
            one = waiting.pop()
            if one not in needed:
                needed.add(one)
                waiting += self[one].after
        return frozenset(needed)
