"""Animation: the sample timelines, solved from nothing with every solver, smoothing left out.

Settings of a solver that a timeline has not, such as those of latent IK, are left out too.

Lengths are pixels of the character's picture, positions those of the tracked handles, as in the report of a
render.

- within: share of frames in which every handle came within the tolerance (1 px up to 5 handles, else 2).
- lag: by how many frames the handles trail their targets, from the shift at which the velocities of both
  correlate best, with parts of a frame; handles whose targets never move don't count.
- closure: between the first frame and the last of those whose targets are all back where they were on the
  first, after they had left: how far the landmarks that the network sees on both are apart, mean (it reads
  equal pictures alike, so there is no floor), and in W how far the latents are apart, as a share of the
  farthest that they have been.
- jitter: mean second difference of the handles while their targets hold still for three frames.
- bend: mean second difference of the handles while their targets move, over that of the targets: 1 is as
  smooth as was asked.
- warp: mean absolute difference (0 to 255) between a picture and the one before it, warped onto it by
  optical flow (DIS), where flow there and back agrees within 1 px: what flickers, or changes otherwise than
  by moving.
- iterations and seconds are those of a frame; the decode is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
import yaml
from numpy.typing import NDArray

import previz
from benchmarks._cast import HERE, Ground, load_ground, solver_name
from benchmarks._figures import lag, mean, paired, second_difference, with_error
from benchmarks._flow import as_grey, dis
from benchmarks._suite import Case, Options, Plot, Record, Series, Suite, Table
from benchmarks.landmarks import by
from previz import Take, Timeline
from previz.timeline._schema import SolverSpec

TIMELINES = HERE.parent / "timelines"
AGREE = 1.0  # px between flow there and back
QUICK_FRAMES = 10
SEEN = 0.5


def cases(options: Options) -> list[Case]:
    """A case for each timeline and solver."""
    ground = load_ground(options)
    paths = options.timelines or tuple(sorted(TIMELINES.glob("*.yaml")))
    paths = tuple(path for path in paths if _handles(path))
    if options.quick:
        paths = paths[:1]
    return [
        Case(f"{path.stem}, {solver}", partial(measure_timeline, ground, path, solver, options))
        for path in paths
        for solver in dict.fromkeys(map(timeline_solver, options.solvers))
    ]


def _handles(path: Path) -> bool:
    """Whether anything in it is dragged; a timeline may move by curves of the latent alone."""
    return bool(previz.load_timeline(path).to_dict().get("handles"))


def timeline_solver(solver: str) -> str:
    """A solver with those of its settings that a timeline has."""
    method, *changes = solver.split(":")
    kept = [change for change in changes if change.partition("=")[0] in SolverSpec.model_fields]
    return ":".join([method, *kept])


def with_solver(timeline: Timeline, solver: str) -> Timeline:
    """The timeline with another solver, unsmoothed; its own settings stay where the solver names none."""
    content = timeline.to_dict()
    method, *changes = solver.split(":")
    named = {name: yaml.safe_load(value) for name, _, value in (change.partition("=") for change in changes)}
    own = dict(content.get("solver") or {}) | {"method": method} | named
    content["solver"] = own | {"smooth": None}
    return previz.parse_timeline(content, name=timeline.shot)


def measure_timeline(ground: Ground, path: Path, solver: str, options: Options) -> list[Record]:
    """One timeline with one solver."""
    timeline = with_solver(previz.load_timeline(path), solver)
    frames = None
    if options.quick:
        first = previz.sample_timeline(timeline, ground.generator.width, ground.generator.height).frames[0]
        frames = previz.FrameRange.parse(f"{first}-{first + QUICK_FRAMES - 1}")
    take = previz.solve(timeline, ground.generator, frames=frames, threads=options.threads)
    pictures = np.stack(list(previz.decode(take, ground.generator)))
    return [{"timeline": path.stem, "solver": solver} | measure_take(ground, take, pictures)]


def measure_take(ground: Ground, take: Take, pictures: NDArray[np.uint8]) -> Record:
    """All figures of a take and its pictures [F, H, W, 3]."""
    summary = take.summary()
    error = take.error.max(axis=1, initial=0.0)
    return {
        "frames": len(take),
        "within": summary.within_tolerance,
        "error": summary.error_mean,
        "error_max": summary.error_max,
        "lag": lag(take.targets, take.handles),
        "jitter": summary.jitter,
        "bend": bend(take.handles, take.targets),
        **closure(ground, take, pictures),
        "warp": warp_error(pictures),
        "lost": summary.lost,
        "iterations": summary.iterations / len(take),
        "seconds": summary.seconds_per_frame,
        "over_time": [round(float(value), 4) for value in error],
    }


def bend(handles: NDArray[np.floating], targets: NDArray[np.floating]) -> float:
    """Second difference of handles [F, N, 2] over that of their targets, where the targets move."""
    if len(targets) < 3:
        return float("nan")
    moving = (np.diff(targets, axis=0) != 0).any(axis=-1)  # [F - 1, N]
    among = moving[1:] & moving[:-1]
    asked = second_difference(targets, among)
    return second_difference(handles, among) / asked if asked > 0 else float("nan")


def loop_end(targets: NDArray[np.floating]) -> int | None:
    """The last frame whose targets [F, N, 2] are all back where they were on the first; None if none is."""
    same = (np.abs(targets - targets[0]) < 1e-3).all(axis=(1, 2))
    left = np.flatnonzero(~same)
    back = np.flatnonzero(same)
    return int(back[-1]) if len(left) and len(back) and back[-1] > left[0] else None


def closure(ground: Ground, take: Take, pictures: NDArray[np.uint8]) -> Record:
    """How far the picture and the latent are from the first frame's where all targets are back."""
    end = loop_end(take.targets)
    if end is None:
        return {"closure": None, "closure_w": None}
    both = torch.from_numpy(pictures[[0, end]]).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        points, seen = ground.judge.landmarks(both.to(ground.generator.device))
    known = (seen >= SEEN).all(dim=0)
    apart = float((points[1] - points[0]).norm(dim=-1)[known].mean()) if known.any() else float("nan")
    away = np.linalg.norm((take.latents - take.latents[0]).reshape(len(take), -1), axis=1)
    return {"closure": apart, "closure_w": float(away[end] / away.max()) if away.max() > 0 else None}


def warp_error(pictures: NDArray[np.uint8]) -> float:
    """Mean absolute difference of each picture [H, W, 3] and the one before it, warped onto it."""
    greys = [as_grey(picture) for picture in pictures]
    height, width = pictures.shape[1:3]
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    found = []
    for index in range(1, len(pictures)):
        back = dis(greys[index], greys[index - 1])  # from each pixel to where it was
        ahead = dis(greys[index - 1], greys[index])
        there = grid + back
        again = _warped(ahead, there)
        agreed = np.linalg.norm(back + again, axis=-1) <= AGREE
        before = pictures[index - 1].astype(np.float32)
        difference = np.abs(_warped(before, there) - pictures[index].astype(np.float32)).mean(axis=-1)
        found.append(float(difference[agreed].mean()) if agreed.any() else float("nan"))
    return mean(found)


def _warped(values: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values [H, W, C] read at places [H, W, 2], column and row."""
    x, y = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
    return np.asarray(cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


FIGURES = {
    "within": "{:.0%}",
    "error": "{:.3f}",
    "error_max": "{:.2f}",
    "lag": "{:+.2f}",
    "closure": "{:.3f}",
    "closure_w": "{:.3f}",
    "jitter": "{:.3f}",
    "bend": "{:.2f}",
    "warp": "{:.2f}",
    "iterations": "{:.1f}",
    "seconds": "{:.2f}",
}
HEADS = (
    *("within", "mean error px", "max px", "lag frames", "closure px", "closure of w", "jitter px", "bend"),
    *("warp", "iterations", "s a frame"),
)


def tables(records: Sequence[Record]) -> list[Table]:
    """A line for each timeline and solver, and the means of each solver over all."""
    rows = []
    for timeline, own in by(records, "timeline"):
        rows += [[timeline, solver_name(one["solver"]), str(one["frames"]), *_cells([one])] for one in own]
    groups = by(records, "solver")
    first = {record["timeline"]: record for record in groups[0][1]}
    means = []
    for solver, own in groups:
        both = [(one, first[one["timeline"]]) for one in own if one["timeline"] in first]
        less = paired([a["error"] for a, _ in both], [b["error"] for _, b in both])
        difference = "" if solver == groups[0][0] else with_error(less)
        means.append([solver_name(solver), str(len(own)), difference, *_cells(own)])
    return [
        Table("Each timeline", ("timeline", "solver", "frames", *HEADS), rows),
        Table("All timelines", ("solver", "timelines", "mean error less the first's", *HEADS), means),
    ]


def _cells(records: Sequence[Record]) -> list[str]:
    values = {name: mean([record[name] for record in records]) for name in FIGURES}
    return ["" if np.isnan(values[name]) else form.format(values[name]) for name, form in FIGURES.items()]


def plots(records: Sequence[Record]) -> list[Plot]:
    """The worst handle's error over the frames, a plot a timeline."""
    return [
        Plot(
            f"{timeline}: the worst handle's error",
            "frame",
            "px",
            [Series(solver_name(r["solver"]), list(range(r["frames"])), r["over_time"]) for r in own],
            log_y=True,
        )
        for timeline, own in by(records, "timeline")
    ]


SUITE = Suite("animation", __doc__ or "", cases, tables, plots)
