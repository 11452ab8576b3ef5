"""Smoothing the path of the latents once it is solved; handles are brought back to their targets after it.

Only what the drag changed is smoothed, not the base path. A hold becomes one pose: it stands still. Between
holds the latents are fitted over time and the targets' motion; then each pose is dragged again, without the
pull home, from the fitted latent. That is kept where the handles truly arrive. Where they don't, though they
are within the tolerance, the tracker trembles more than they do: following it would bring the tremble back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from previz.animate._asked import Solving
from previz.animate._events import FramesSmoothed, SolveCallback
from previz.animate._record import FrameRecord, input_hash
from previz.animate._segments import Pose, find_poses, find_segments, smooth_segments
from previz.animate._shot import Shot, drag_frame, frame_hash, record_of
from previz.animate._store import FrameStore
from previz.animate._take import Take, stack_arrays
from previz.drag import DragSettings, Iteration
from previz.timeline import SmoothSpec

ARRIVED = 0.25
"""Of the tolerance: how near handles come that arrive; also, how far targets move that aren't standing."""

SETTLED = 0.1
"""Of the tolerance: how near is near enough to stop."""

STEPS = 6
"""The most iterations that bring a pose back."""

BESIDE = 2
"""How many poses beyond its windows a pose depends on, for what is a jump there."""

AS_BEFORE = "as before"
"""The status of a pose whose frames are to stay as they were solved."""


@dataclass(frozen=True)
class Smoothing:
    """How to smooth.

    Attributes:
        window: frames.
        passes: how often to smooth and bring back.
    """

    window: float
    passes: int

    @property
    def reach(self) -> int:
        """How many poses away what a pose depends on may lie."""
        return int(self.window // 2) * self.passes + BESIDE


def smoothing_of(spec: SmoothSpec | None, rate: Fraction, handles: int) -> Smoothing | None:
    """The smoothing that a timeline asks for; None where it asks for none, or there is nothing to smooth."""
    if spec is None or not handles:
        return None
    smoothing = Smoothing(spec.frames(rate), spec.passes)
    return smoothing if smoothing.window >= 2 else None


def frames_to_smooth(shot: Shot, count: int, smoothing: Smoothing) -> int:
    """How many frames must be solved so that the first `count` are smoothed as in the whole shot."""
    poses = find_poses(shot, len(shot.frames))
    last = next(place for place, pose in enumerate(poses) if pose.last >= count - 1)
    return poses[min(last + smoothing.reach, len(poses) - 1)].last + 1


def smoothed_keys(shot: Shot, keys: Sequence[str], smoothing: Smoothing) -> list[str]:
    """The input hashes of smoothed frames, by those of the solved ones."""
    poses = find_poses(shot, len(keys))
    found = []
    for place, pose in enumerate(poses):
        first, last = max(0, place - smoothing.reach), min(len(poses) - 1, place + smoothing.reach)
        window = [keys[index] for near in poses[first : last + 1] for index in near.frames]
        about = {"smoothing": asdict(smoothing), "keys": window, "place": place - first}
        found += [input_hash(shot.root, {**about, "frame": n}, {}) for n in range(len(pose.frames))]
    return found


def smooth_records(
    shot: Shot,
    records: Sequence[FrameRecord],
    smoothing: Smoothing,
    store: FrameStore,
    emit: SolveCallback,
) -> Solving[list[FrameRecord]]:
    """Smooth solved frames, or find them smoothed in the store.

    Handles end within the tolerance, or no farther off than they were; a pose of which that can't be had
    keeps its latents.
    """
    poses = find_poses(shot, len(records))
    keys = smoothed_keys(shot, [record.key for record in records], smoothing)
    known = [store.find(key) for key in keys]
    if all(known):
        return [record for record in known if record is not None]
    segments = find_segments(shot, poses)
    base = np.stack([np.zeros_like(shot.base(0)) if shot.path is None else shot.path[p.first] for p in poses])
    on = (shot.weights > 0).all(axis=0)
    targets = np.stack([shot.targets[p.first][on].reshape(-1) for p in poses]).astype(np.float64)
    least = ARRIVED * (shot.settings.tolerance or 0.0)
    current = [_held(records, pose) for pose in poses]
    for turn in range(smoothing.passes):
        changes = np.stack([record.latent for record in current]).astype(np.float64) - base
        smooth = smooth_segments(changes, targets, segments, smoothing.window, least)
        latents = (base + smooth).astype(np.float32)
        for place, pose in enumerate(poses):
            last = turn == smoothing.passes - 1
            if not (last and all(known[index] for index in pose.frames)):
                limit = max(float(records[index].error.max(initial=0.0)) for index in pose.frames)
                guess = current[place]
                current[place] = yield from _bring_back(shot, pose, latents[place], guess, limit, store)
            emit(
                _event(
                    shot, pose, turn * len(poses) + place + 1, smoothing.passes * len(poses), current[place]
                )
            )
    smoothed = chain.from_iterable(
        _frames(pose, record, records) for pose, record in zip(poses, current, strict=True)
    )
    return [
        found or replace(record, key=key) for found, record, key in zip(known, smoothed, keys, strict=True)
    ]


def _event(shot: Shot, pose: Pose, index: int, total: int, record: FrameRecord) -> FramesSmoothed:
    error = float(record.error.max(initial=0.0))
    return FramesSmoothed(shot.frames[pose.first], shot.frames[pose.last], index, total, error)


def _held(records: Sequence[FrameRecord], pose: Pose) -> FrameRecord:
    """One record for the frames of a pose, with the mean of their latents."""
    latents = [records[index].latent.astype(np.float64) for index in pose.frames]
    latent = np.mean(latents, axis=0).astype(np.float32)
    return replace(records[pose.first], latent=latent, iterations=0, seconds=0.0, status=AS_BEFORE)


def _bring_back(
    shot: Shot,
    pose: Pose,
    latent: NDArray[np.float32],  # [num_ws, w_dim] smoothed
    guess: FrameRecord,
    limit: float,  # pixels
    store: FrameStore,
) -> Solving[FrameRecord]:
    """The pose at this latent, or dragged from it, or the guess where neither will do."""
    settings = back_settings(shot.settings)
    about = {"back": asdict(settings), "limit": limit, "status": guess.status}
    arrays = {"latent": latent, "guess": guess.latent, "handles": guess.handles, "target": guess.target}
    key = frame_hash(shot, pose.first, input_hash(shot.root, about, arrays))
    if (found := store.find(key)) is not None:
        return found
    starts: list[Iteration] = []
    points = guess.handles, guess.target
    back = yield from drag_frame(shot, pose.first, key, latent, *points, settings, starts.append)
    start = record_of(shot, pose.first, key, guess.target, starts[0])
    start = replace(start, method=guess.method, lost=start.lost | guess.lost)
    chosen = choose(start, back, shot.settings.tolerance or 0.0, limit)
    record = replace(
        guess if chosen is None else chosen,
        key=key,
        iterations=guess.iterations + back.iterations,
        seconds=guess.seconds + back.seconds,
    )
    store.keep(record, shot.frames[pose.first])
    return record


def choose(smooth: FrameRecord, back: FrameRecord, tolerance: float, limit: float) -> FrameRecord | None:
    """The smoothed pose, or that brought back from it; None where neither is near enough.

    `limit` is how far off the handles were before: they may stay as far off, but come no farther.
    """
    off, still_off = (float(record.error.max(initial=0.0)) for record in (smooth, back))
    if still_off <= ARRIVED * tolerance:
        return replace(back, status="ok")
    if off <= tolerance:
        return replace(smooth, status="ok")
    nearer, error = (back, still_off) if still_off < off else (smooth, off)
    if error > max(tolerance, limit):
        return None
    return replace(nearer, status="ok" if error <= tolerance else "max_iterations")


def back_settings(settings: DragSettings) -> DragSettings:
    """Of the drag that brings handles back: a few steps of latent IK, by as little as will do."""
    ik = replace(settings.ik, pull=0.0, settle=SETTLED, max_iterations=STEPS)
    return replace(settings, method="ik", ik=ik, max_iterations=STEPS)


def _frames(pose: Pose, record: FrameRecord, before: Sequence[FrameRecord]) -> Iterable[FrameRecord]:
    """The frames of a pose; what smoothing it took is counted with the first."""
    for index in pose.frames:
        was, share = before[index], 1 if index == pose.first else 0
        yield replace(
            was if record.status == AS_BEFORE else record,
            iterations=was.iterations + share * record.iterations,
            seconds=was.seconds + share * record.seconds,
            status="ok" if record.status == "ok" else was.status,
        )


def with_smoothed(solved: Take, smoothed: Sequence[FrameRecord], smoothing: Smoothing) -> Take:
    """The take of smoothed frames, with the solved ones kept in it; of these there may be more."""
    arrays = stack_arrays(smoothed)
    return replace(
        solved,
        **arrays,
        frames=solved.frames[: len(smoothed)],
        status=tuple(record.status for record in smoothed),
        method=tuple(record.method for record in smoothed),
        keys=tuple(record.key for record in smoothed),
        settings={**solved.settings, "smoothing": asdict(smoothing)},
        unsmoothed=solved,
    )
