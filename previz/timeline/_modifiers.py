"""Where handles go with all that is added to their own motion: modifiers, and the offsets of groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from previz.timebase import FrameRange
from previz.timeline._animation import sample_number, sample_value
from previz.timeline._eases import Array
from previz.timeline._handle_fields import GroupSpec, HandleSpec
from previz.timeline._keys import NumberCurveSpec
from previz.timeline._modifier_fields import (
    CycleSpec,
    FollowSpec,
    JitterSpec,
    MirrorSpec,
    Modifiers,
    NoiseSpec,
)
from previz.timeline._noise import jitter, name_seed, noise, wave
from previz.timeline._schema import Timeline
from previz.timeline._travelling import sample_handle


@dataclass(frozen=True)
class Stage:
    """The handles of a shot, with the positions that were found already (by handle and frames)."""

    handles: Mapping[str, HandleSpec]
    shot: FrameRange
    rate: Fraction
    found: dict[tuple[str, bytes], Array] = field(default_factory=dict)


def sample_targets(timeline: Timeline, frames: Array) -> Array:
    """Return where the N handles shall be, [F, N, 2], at `frames` [F], in pixels of the canvas.

    Each handle's own motion, with its modifiers and the offsets of its groups. Frames may be fractional, and
    lie outside the shot. The timeline's modifiers are sound, as `load_timeline` sees to.
    """
    frames = np.asarray(frames, dtype=np.float64)
    stage = Stage(timeline.handles, timeline.frames, timeline.rate)
    if not timeline.handles:
        return np.zeros((len(frames), 0, 2))
    targets = np.stack([moved(stage, name, frames) for name in timeline.handles], axis=1)
    places = {name: index for index, name in enumerate(timeline.handles)}
    for name, group in (timeline.groups or {}).items():
        members = [places[handle] for handle in dict.fromkeys(group.handles)]
        targets[:, members] += _group_offset(stage, name, group, frames)[:, None]
    return targets


def moved(stage: Stage, name: str, frames: Array) -> Array:
    """Where a handle goes by itself and its modifiers, [F, 2]; groups come on top, and aren't followed."""
    key = name, frames.tobytes()
    if key not in stage.found:
        handle = stage.handles[name]
        targets = sample_handle(handle, stage.shot, frames)
        if handle.modifiers:
            targets = targets + _modifiers_offset(stage, name, handle.modifiers, frames)
        stage.found[key] = targets
    return stage.found[key]


def _group_offset(stage: Stage, name: str, group: GroupSpec, frames: Array) -> Array:
    offset = sample_value(group.offset, frames)
    if group.modifiers:
        offset = offset + _modifiers_offset(stage, name, group.modifiers, frames)
    return offset


def _modifiers_offset(stage: Stage, name: str, modifiers: Modifiers, frames: Array) -> Array:
    total = np.zeros((len(frames), 2))
    for index, modifier in enumerate(modifiers):
        seed = name_seed(name, index)
        for spec in (modifier.noise, modifier.jitter, modifier.cycle):
            if spec is not None:
                total += _wandering(spec, stage, seed, frames) * _weight(spec.weight, frames)
        for leader in (modifier.follow, modifier.mirror):
            if leader is not None:
                total += _led(leader, stage, name, frames) * _weight(leader.weight, frames)
        if (layer := modifier.layer) is not None:
            away = sample_handle(layer, stage.shot, frames) - layer.at
            total += away * _weight(layer.weight, frames)
    return total


def _weight(weight: float | NumberCurveSpec, frames: Array) -> Array:
    return np.asarray(sample_number(weight, frames)[:, None])


def _wandering(spec: NoiseSpec | JitterSpec | CycleSpec, stage: Stage, seed: int, frames: Array) -> Array:
    """Noise, jitter or a cycle [F, 2], in pixels; nothing before its start."""
    start = stage.shot.first if spec.start is None else spec.start
    if spec.start is not None and (frames < start).any():
        values = _wandering(spec, stage, seed, np.maximum(frames, start))
        return np.where((frames < start)[:, None], 0.0, values)
    seconds = (frames - start) / float(stage.rate)
    if isinstance(spec, CycleSpec):
        turns = (frames - start) / spec.period if spec.period else seconds * (spec.frequency or 0.0)
        return wave(turns + spec.phase, spec.wave)[:, None] * spec.amplitude
    seed = seed if spec.seed is None else spec.seed
    if isinstance(spec, JitterSpec):
        return jitter(seconds, spec.frequency, seed) * spec.amplitude
    return noise(seconds, spec.frequency, seed, spec.octaves) * spec.amplitude


def _led(spec: FollowSpec | MirrorSpec, stage: Stage, name: str, frames: Array) -> Array:
    """How far the leader was from its `at`, [F, 2], so many frames ago; mirrored where that is asked for."""
    leader = stage.handles[spec.handle]
    away = moved(stage, spec.handle, frames - spec.frames) - leader.at
    return away if isinstance(spec, FollowSpec) else mirrored(away, spec, stage.handles[name].at, leader.at)


def mirrored(away: Array, spec: MirrorSpec, here: tuple[float, float], there: tuple[float, float]) -> Array:
    """Offsets [F, 2] as seen in a mirror that stands on the line of the modifier."""
    if spec.about in ("vertical", "horizontal"):
        return np.asarray(away * ((-1.0, 1.0) if spec.about == "vertical" else (1.0, -1.0)))
    if spec.about == "handles":  # the line stands square on the way from one to the other
        normal = np.subtract(there, here)
    else:
        along = np.subtract(spec.about[1], spec.about[0])
        normal = np.array([-along[1], along[0]])
    length = float(np.hypot(*normal))
    if length == 0.0:  # both handles at one place: no line lies between them
        return away
    normal = normal / length
    return np.asarray(away - 2.0 * (away @ normal)[:, None] * normal)


def sample_influence(handle: HandleSpec, frames: Array) -> Array:
    """How much a handle is on, [F] from 0 to 1: 1 where it is active, ramps over its blends, 0 elsewhere."""
    if handle.active is None:
        return np.ones(len(frames))
    first, last = handle.active.first, handle.active.last
    rising = (frames - (first - 1)) / (handle.blend_in + 1.0)
    falling = ((last + 1) - frames) / (handle.blend_out + 1.0)
    ramps = np.clip(np.minimum(rising, falling), 0.0, 1.0)
    return np.where((frames >= first) & (frames <= last), ramps, 0.0)
