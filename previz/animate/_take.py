"""A Take: one solved timeline, in memory and as a safetensors file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from previz.animate._record import FrameRecord
from previz.animate._report import TakeSummary, report, summarise
from previz.errors import SolveError
from previz.files import output_file, writing
from previz.timebase import FrameRange

TAKE_FORMAT = 1
_METADATA = "previz.take"
_UNSMOOTHED = "unsmoothed."
_PER_FRAME = {  # array of a take -> (dimensions, dtype)
    "frames": (1, np.int64),
    "latents": (3, np.float32),
    "handles": (3, np.float32),
    "targets": (3, np.float32),
    "error": (2, np.float32),
    "feature_distance": (2, np.float32),
    "lost": (2, np.bool_),
    "iterations": (1, np.int64),
    "seconds": (1, np.float64),
}


@dataclass(frozen=True, eq=False)
class Take:
    """One solved timeline. Positions and errors are in pixels of the generator's image, `width` by `height`.

    Attributes:
        shot: the timeline's shot.
        rate: frames a second.
        frames: int64 [F] frame numbers, one after the other.
        names: the N handles.
        start: float32 [N, 2] where the handles are in the start latent, (x, y).
        latents: float32 [F, num_ws, w_dim].
        handles: float32 [F, N, 2] where the handles were tracked.
        targets: float32 [F, N, 2] where they were to go.
        error: float32 [F, N] the distance between the two.
        feature_distance: float32 [F, N] how unlike the start each handle looks; 1 is an average place.
        lost: bool [F, N] whether it is too unlike to be recognised.
        iterations: int64 [F] optimiser steps.
        seconds: float64 [F] wall time of each frame, when it was solved.
        status: "ok", "interpolated", "max_iterations" or "stalled" a frame.
        keys: the hash of all that a frame depends on, by which a later solve knows whether it may be reused.
        settings: what it was solved with: the timeline, drag settings, generator, device and versions.
        width: of the generator's image.
        height: of the generator's image.
        method: the solver that found each frame, of "auto" the one that did; "" where nothing was dragged.
        unsmoothed: the frames as they were solved, where they were smoothed after that; there may be more.

    Example:
        take = Take.load("renders/smile.take.safetensors")
        print(take.latents.shape, take.report()["summary"]["error_mean"])
    """

    shot: str
    rate: Fraction
    frames: NDArray[np.int64]
    names: tuple[str, ...]
    start: NDArray[np.float32]
    latents: NDArray[np.float32]
    handles: NDArray[np.float32]
    targets: NDArray[np.float32]
    error: NDArray[np.float32]
    feature_distance: NDArray[np.float32]
    lost: NDArray[np.bool_]
    iterations: NDArray[np.int64]
    seconds: NDArray[np.float64]
    status: tuple[str, ...]
    keys: tuple[str, ...]
    settings: dict[str, Any]
    width: int
    height: int
    method: tuple[str, ...] = ()
    unsmoothed: Take | None = None

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.frames)

    @property
    def range(self) -> FrameRange:
        """The frames that the take holds."""
        return FrameRange(int(self.frames[0]), int(self.frames[-1]))

    @property
    def soft(self) -> NDArray[np.bool_]:
        """Bool [N]: handles whose targets pull and yield, so that it is no fault if they aren't reached."""
        return np.isin(np.asarray(self.names), self.settings.get("soft", []))

    @property
    def tolerance(self) -> float:
        """How near the handles were to come, pixels of the generator's image."""
        return float(self.settings["tolerance"])

    def index(self, frame: int) -> int:
        """Position of a frame in the arrays. Raises SolveError for a frame that the take doesn't hold."""
        if frame not in self.range:
            raise SolveError(f"the take holds the frames {self.range}, and not {frame}")
        return frame - int(self.frames[0])

    def records(self) -> tuple[FrameRecord, ...]:
        """The take frame by frame."""
        return tuple(
            FrameRecord(
                key=self.keys[i],
                latent=self.latents[i],
                handles=self.handles[i],
                target=self.targets[i],
                error=self.error[i],
                feature_distance=self.feature_distance[i],
                lost=self.lost[i],
                iterations=int(self.iterations[i]),
                seconds=float(self.seconds[i]),
                status=self.status[i],
                method=self.method[i],
            )
            for i in range(len(self))
        )

    def summary(self, count: int | None = None) -> TakeSummary:
        """The take in a few figures, or its first `count` frames."""
        return summarise(self if count is None else self.first(count))

    def first(self, count: int) -> Take:
        """The first `count` frames as a take of their own."""
        arrays: dict[str, Any] = {name: getattr(self, name)[:count] for name in _PER_FRAME}
        return replace(
            self, **arrays, status=self.status[:count], keys=self.keys[:count], method=self.method[:count]
        )

    def report(self) -> dict[str, Any]:
        """JSON-able data: a summary, and each frame's status, errors, iterations, seconds, lost handles."""
        return report(self)

    def save(self, path: str | Path, force: bool = False) -> Path:
        """Write the take as one safetensors file. Raises OutputError for a file that exists, unless `force`.

        Example: `take.save("renders/smile.take.safetensors")`.
        """
        header = {
            "format": TAKE_FORMAT,
            "shot": self.shot,
            "rate": str(self.rate),
            "names": self.names,
            "status": self.status,
            "method": self.method,
            "keys": self.keys,
            "settings": self.settings,
            "width": self.width,
            "height": self.height,
        }
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in [*_PER_FRAME, "start"]}
        if (before := self.unsmoothed) is not None:
            header["unsmoothed"] = {"status": before.status, "keys": before.keys, "method": before.method}
            arrays |= {_UNSMOOTHED + name: np.ascontiguousarray(getattr(before, name)) for name in _PER_FRAME}
        path = Path(path)
        content = save(arrays, metadata={_METADATA: json.dumps(header)})
        with output_file(path, force) as temporary, writing(path):
            temporary.write_bytes(content)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Take:
        """Read a take. Raises SolveError for a file that is missing, damaged, of another kind or too new.

        Example: `take = Take.load("renders/smile.take.safetensors")`.
        """
        path = Path(path)
        header, arrays = _read(path)
        version = header.get("format")
        if isinstance(version, int) and version > TAKE_FORMAT:
            raise SolveError(
                f"{path} was written by a newer previz (take format {version}; "
                f"this one reads up to {TAKE_FORMAT}); update previz"
            )
        before: dict[str, Any] = {
            name.removeprefix(_UNSMOOTHED): arrays.pop(name) for name in _names(_UNSMOOTHED) & set(arrays)
        }
        try:
            take = cls(
                shot=str(header["shot"]),
                rate=Fraction(header["rate"]),
                names=tuple(header["names"]),
                status=tuple(header["status"]),
                keys=tuple(header["keys"]),
                method=_methods(header, len(header["keys"])),
                settings=dict(header["settings"]),
                width=int(header["width"]),
                height=int(header["height"]),
                unsmoothed=None,
                **arrays,
            )
            _check_shapes(take)
            if header.get("unsmoothed"):
                told: dict[str, Any] = {
                    name: tuple(header["unsmoothed"][name]) for name in ("status", "keys")
                }
                told["method"] = _methods(header["unsmoothed"], len(told["keys"]))
                take = replace(take, unsmoothed=replace(take, **before, **told))
                _check_unsmoothed(take)
        except (KeyError, TypeError, ValueError) as error:
            raise SolveError(f"{path} is a damaged take: {error}") from error
        return take


def stack(
    records: Sequence[FrameRecord],
    *,
    shot: str,
    rate: Fraction,
    frames: Sequence[int],
    names: tuple[str, ...],
    start: NDArray[np.float32],
    settings: dict[str, Any],
    size: tuple[int, int],
) -> Take:
    """The take that holds these frames, solved for a generator of this `(width, height)`."""
    return Take(
        shot=shot,
        rate=rate,
        frames=np.asarray(frames, dtype=np.int64),
        names=names,
        start=start,
        **stack_arrays(records),
        status=tuple(record.status for record in records),
        keys=tuple(record.key for record in records),
        method=tuple(record.method for record in records),
        settings=settings,
        width=size[0],
        height=size[1],
    )


def stack_arrays(records: Sequence[FrameRecord]) -> dict[str, Any]:
    """What a take holds of these frames as arrays, but for their numbers."""
    return {
        "latents": np.stack([record.latent for record in records]),
        "handles": np.stack([record.handles for record in records]),
        "targets": np.stack([record.target for record in records]),
        "error": np.stack([record.error for record in records]),
        "feature_distance": np.stack([record.feature_distance for record in records]),
        "lost": np.stack([record.lost for record in records]),
        "iterations": np.asarray([record.iterations for record in records], dtype=np.int64),
        "seconds": np.asarray([record.seconds for record in records], dtype=np.float64),
    }


def _methods(header: dict[str, Any], count: int) -> tuple[str, ...]:
    """The method of each frame, which takes did not always tell."""
    return tuple(header.get("method") or [""] * count)


def _names(prefix: str) -> set[str]:
    return {prefix + name for name in _PER_FRAME}


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header and the arrays of a take's file. Only what the header names as a take's is read."""
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if _METADATA not in metadata:
                raise SolveError(f"{path} is a safetensors file, but not a take")
            header = json.loads(metadata[_METADATA])
            known = {"start"} | _names("") | _names(_UNSMOOTHED)
            arrays = {name: file.get_tensor(name) for name in file.keys() if name in known}  # noqa: SIM118
    except FileNotFoundError:
        raise SolveError(f"{path}: there is no such take") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise SolveError(f"{path} is not a take, or was cut short: {error}") from error
    if not isinstance(header, dict):
        raise SolveError(f"{path} is a damaged take: its header is not a mapping")
    return header, arrays


def _check_shapes(take: Take) -> None:
    count, handles = len(take.frames), len(take.names)
    if not count or not np.array_equal(take.frames, take.frames[0] + np.arange(count)):
        raise ValueError("its frames are not consecutive")
    expected = {2: (count, handles), 1: (count,)}
    for name, (dimensions, dtype) in _PER_FRAME.items():
        array = getattr(take, name)
        start = expected.get(dimensions, (count,))
        if array.ndim != dimensions or array.shape[: len(start)] != start or array.dtype != dtype:
            raise ValueError(f"{name} is {array.dtype} {list(array.shape)}")
    for name in ("handles", "targets"):
        if getattr(take, name).shape != (count, handles, 2):
            raise ValueError(f"{name} is {list(getattr(take, name).shape)}")
    if take.start.shape != (handles, 2):
        raise ValueError(f"start is {list(take.start.shape)}")
    for name in ("tolerance", "generator", "timeline", "source"):
        if name not in take.settings:
            raise ValueError(f"its settings lack {name}")
    told = len(take.status), len(take.keys), len(take.method)
    if told != (count, count, count):
        raise ValueError(f"{told[0]} statuses, {told[1]} keys and {told[2]} methods for {count} frames")


def _check_unsmoothed(take: Take) -> None:
    before = take.unsmoothed
    assert before is not None
    _check_shapes(before)
    if before.frames[0] != take.frames[0] or len(before) < len(take):
        raise ValueError("its unsmoothed frames are others")
    if "smoothing" not in take.settings:
        raise ValueError("its settings lack smoothing")
