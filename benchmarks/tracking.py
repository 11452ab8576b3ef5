"""Tracking: points followed along known latent paths, against their exact places.

A path (benchmarks/paths_<domain>.npz, made by benchmarks/cast_paths.py) goes over two other performances
of one person in 24 steps. Its landmarks are those of the scene that each code stands for, so they are exact
up to how well the generator draws that scene; the row of the landmark network, which looks at each picture
by itself and is given no start, says what this and its own error come to: errors below it are not to be
told apart. Points are the landmarks of the front of the face that are seen on the first frame; each tracker
starts at their exact places there, and a frame counts where the landmark is seen in it.

- previz: as latent IK tracks, by a 3 x 3 patch of smoothed features of the first frame, sub-pixel, looked for
  where its Jacobian says that the step of the latent takes the point;
- previz, by its last looks too: the same with `ik.recent` 3;
- previz, unpredicted: the first, looked for around the last place;
- previz, one feature: the paper's template, with sub-pixel steps, by which the paper's solver tracks here;
- nearest neighbour: as in the paper, the whole pixel whose feature is nearest (L1) to the first frame's;
- Lucas-Kanade, DIS, Farneback: OpenCV's optical flow of the pictures, frame after frame, each from the last.

Lengths are pixels of the character's picture. Error over time is the mean over points and paths; a point is
lost where its last error is above 4% of the picture's width; `of the five` is the error of those that the
landmark suite has as 5 handles. Whether a tracker itself calls a point lost is read where the point was seen
last: `told` of the lost ones should be all, of those within 3 px of 256 none. The feature trackers tell as a
solve does, by what `DragResult.lost` says. Milliseconds are CPU time a frame with telling; those of the
feature trackers come without the features, which a solve has anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks._cast import FIVE, FRONT, HERE, Ground, load_ground
from benchmarks._figures import mean, paired, with_error
from benchmarks._flow import Flow, Grey, dis, farneback, follow, grey_picture
from benchmarks._suite import Case, Options, Plot, Record, Series, Suite, Table
from benchmarks.cast_paths import LatentPath, load_paths
from previz.drag import DragSettings, IKSettings, Reference, make_reference, track
from previz.drag._jacobian import patch_template, position_cotangents
from previz.drag._matching import Sight, match_again, read_template, smoothed
from previz.drag._slips import slipped
from previz.drag._tracking import paper_pixel, point_template, search_offsets, search_step
from previz.geometry import clamp_to_image, points_to_index

LOST, GOOD = 0.04, 3 / 256  # of the picture's width
DIFFERENCE = 0.02  # of a step of the latent, to each side, for the derivative along it
FLOOR = "landmark network"
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Walk:
    """The frames of a path.

    Attributes:
        features: the feature map [C, h, w] of each.
        changes: how the feature map changes along the latent's step to the next frame, to first order.
        greys: the pictures [H, W] in grey.
        pictures: the pictures [1, 3, H, W].
        reference: the points as they look on the first frame.
    """

    features: list[Tensor]
    changes: list[Tensor]
    greys: list[Grey]
    pictures: list[Tensor]
    reference: Reference


Followed = tuple[Floats, NDArray[np.bool_]]
"""Places [F, N, 2] in px, and which points [F, N] the tracker calls lost."""


def follow_patch(walk: Walk, predicted: bool, recent: float) -> Followed:
    """As latent IK does, each frame from the place on the last, or from where that is going."""
    ik, reference = DragSettings().ik, walk.reference
    template = patch_template(reference, ik.patch_spacing * paper_pixel(reference), ik.smooth)
    search, reach = search_offsets(reference, DragSettings().radius_tracking), search_step(reference)

    def step(number: int, points: Tensor) -> tuple[Tensor, Tensor]:
        before = smoothed(walk.features[number - 1], ik.smooth)
        sight = Sight(read_template(before, points, template), recent)
        if predicted:
            change = read_template(smoothed(walk.changes[number - 1], ik.smooth), points, template)
            cotangents = position_cotangents(before, points, template)
            points = points + torch.einsum("ndkc,nkc->nd", cotangents, change)
            points = clamp_to_image(points, reference.image_size)
        now = smoothed(walk.features[number], ik.smooth)
        return match_again(now, points, template, search, reach, ik.prior, sight)

    return _by_features(walk, step)


def follow_feature(walk: Walk) -> Followed:
    """By the one feature of the paper, with sub-pixel steps."""
    radius = DragSettings().radius_tracking
    return _by_features(
        walk, lambda number, points: track(walk.features[number], points, walk.reference, radius)
    )


def follow_nearest(walk: Walk) -> Followed:
    """Equation 2 of the paper: argmin of ||F(q) - f||_1 over whole pixels around the last place."""
    reference = walk.reference
    template = point_template(reference)
    search = search_offsets(reference, DragSettings().radius_tracking)

    def step(number: int, points: Tensor) -> tuple[Tensor, Tensor]:
        candidates = clamp_to_image(points[:, None] + search, reference.image_size)  # [N, M, 2]
        seen = read_template(walk.features[number], candidates.transpose(0, 1), template)  # [M, N, 1, C]
        away = (seen - template.features).abs().sum(dim=-1)[..., 0].t()  # [N, M]
        best = away.argmin(dim=1)
        rows = torch.arange(len(points))
        distance = (seen[best, rows, 0] - reference.features).norm(dim=-1) / reference.contrast
        return candidates[rows, best], distance

    return _by_features(walk, step)


def _by_features(walk: Walk, step: Callable[[int, Tensor], tuple[Tensor, Tensor]]) -> Followed:
    points, settings = walk.reference.points, DragSettings()
    places, lost = [points], [torch.zeros(len(points), dtype=torch.bool, device=points.device)]
    for number in range(1, len(walk.features)):
        points, distance = step(number, points)
        places.append(points)
        unlike = distance > settings.lost_threshold
        lost.append(unlike | slipped(walk.features[number], points, walk.reference, settings))
    return torch.stack(places).cpu().numpy(), torch.stack(lost).cpu().numpy()


def follow_lucas_kanade(walk: Walk) -> Followed:
    """Sparse pyramidal Lucas-Kanade (Bouguet 2001): windows of 21 px, 4 levels."""
    points = walk.reference.points.cpu().numpy()
    places, lost = [points], [np.zeros(len(points), np.bool_)]
    for before, after in pairwise(walk.greys):
        start = points_to_index(places[-1]).astype(np.float32)[:, None]
        found, status, _ = cv2.calcOpticalFlowPyrLK(
            before, after, start, start.copy(), winSize=(21, 21), maxLevel=3
        )
        places.append(np.asarray(found, np.float32)[:, 0] + 0.5)
        lost.append(lost[-1] | (np.asarray(status)[:, 0] == 0))
    return np.stack(places), np.stack(lost)


def follow_flow(flow: Flow, walk: Walk) -> Followed:
    """Dense flow, read at each point; it never calls one lost."""
    found = torch.stack(follow(walk.greys, walk.reference.points.cpu(), flow)).numpy()
    return found, np.zeros(found.shape[:2], np.bool_)


TRACKERS: dict[str, Callable[[Walk], Followed]] = {
    "previz": partial(follow_patch, predicted=True, recent=IKSettings().recent),
    "previz, by its last looks too": partial(follow_patch, predicted=True, recent=3.0),
    "previz, unpredicted": partial(follow_patch, predicted=False, recent=0.0),
    "previz, one feature": follow_feature,
    "nearest neighbour": follow_nearest,
    "Lucas-Kanade": follow_lucas_kanade,
    "DIS": partial(follow_flow, dis),
    "Farneback": partial(follow_flow, farneback),
}


def cases(options: Options) -> list[Case]:
    """A case a path, with every tracker."""
    ground = load_ground(options)
    paths = list(enumerate(load_paths(HERE / f"paths_{ground.domain.name}.npz")))
    chosen = paths[options.first : options.first + (2 if options.quick else options.pairs)]
    return [Case(f"path {number}", partial(measure_path, ground, path, number)) for number, path in chosen]


def make_walk(ground: Ground, path: LatentPath, points: Tensor) -> Walk:
    """Features and pictures of a path, and the points [N, 2] px of its first frame."""
    latents = ground.latents(*path.z.astype(np.float64))
    reference = make_reference(ground.generator, latents[0], points, DragSettings())
    with torch.no_grad():
        features = [ground.generator.features(w[None], reference.block)[0] for w in latents]
        changes = [_change(ground, *both, reference.block) for both in pairwise(latents)]
    pictures = [ground.picture(w) for w in latents]
    return Walk(features, changes, [grey_picture(one) for one in pictures], pictures, reference)


def _change(ground: Ground, before: Tensor, after: Tensor, block: int) -> Tensor:  # [C, h, w]
    """The derivative of a block's features along the way from one latent to another."""
    step = DIFFERENCE * (after - before)
    ahead, behind = ground.generator.features(torch.stack([before + step, before - step]), block)
    change: Tensor = (ahead - behind) / (2 * DIFFERENCE)
    return change


def measure_path(ground: Ground, path: LatentPath, number: int) -> list[Record]:
    """Every tracker on a path, and the landmark network's places as the floor."""
    size, figure = ground.size.numpy(), ground.domain.figure
    wanted = [k for k, name in enumerate(path.names) if name in FRONT[figure] and path.visible[0, k]]
    exact = path.landmarks[:, wanted] * size  # [F, N, 2]
    inside = ((exact[0] >= 0) & (exact[0] <= size)).all(axis=-1)
    wanted, exact = [k for k, kept in zip(wanted, inside, strict=True) if kept], exact[:, inside]
    seen = path.visible[:, wanted]
    five = [index for index, k in enumerate(wanted) if path.names[k] in FIVE[figure]]
    walk = make_walk(ground, path, torch.from_numpy(exact[0]).float().to(ground.generator.device))
    records = []
    for name, tracker in TRACKERS.items():
        start = time.process_time()
        places, told = tracker(walk)
        spent = time.process_time() - start
        record = {"path": number, "tracker": name, "cpu_ms": 1000 * spent / (len(places) - 1)}
        record |= {
            "error_five": errors(places[:, five], exact[:, five], seen[:, five], float(size[0]))["error"]
        }
        records.append(record | errors(places, exact, seen, float(size[0]), told))
    order = [ground.names.index(path.names[k]) for k in wanted]
    places = np.stack([ground.landmarks(one)[0, order].cpu().numpy() for one in walk.pictures])
    floor = {"path": number, "tracker": FLOOR, "cpu_ms": None}
    floor |= {"error_five": errors(places[:, five], exact[:, five], seen[:, five], float(size[0]))["error"]}
    return [*records, floor | errors(places, exact, seen, float(size[0]))]


def errors(
    places: NDArray[np.floating],  # [F, N, 2]
    exact: NDArray[np.floating],  # [F, N, 2]
    seen: NDArray[np.bool_],  # [F, N]
    width: float,
    told: NDArray[np.bool_] | None = None,  # [F, N]
) -> Record:
    """Mean error of each frame, over all later than the first, and on the last; the share lost; and of how
    many lost and good ones it was told that they are lost.

    A frame in which a point isn't seen counts nowhere; where a point ends is where it was seen last.
    """
    away = np.linalg.norm(places - exact, axis=-1)  # [F, N]
    away = np.where(seen, away, np.nan)
    ends = [(int(np.flatnonzero(one)[-1]), point) for point, one in enumerate(seen.T) if one.any()]
    last = np.array([away[end] for end in ends])
    called = np.array([told is not None and told[end] for end in ends], np.bool_)
    lost, good = last > LOST * width, last <= GOOD * width
    over_time = [mean(frame.tolist()) for frame in away]
    return {
        "points": int(away.shape[1]),
        "error": mean(away[1:].ravel().tolist()),
        "error_last": mean(last.tolist()),
        "lost": mean(lost.tolist()),
        "lost_points": int(lost.sum()),
        "lost_told": int((lost & called).sum()),
        "good_points": int(good.sum()),
        "good_told": int((good & called).sum()),
        "over_time": over_time,
    }


def tables(records: Sequence[Record]) -> list[Table]:
    """One line a tracker."""
    heads = (
        *(
            "tracker",
            "paths",
            "points",
            "mean error px",
            "less the first's",
            "of the five px",
            "at the end px",
        ),
        *("lost", "told, of the lost", "of those within 3 px", "CPU ms a frame"),
    )
    names = [name for name in (*TRACKERS, FLOOR) if any(record["tracker"] == name for record in records)]
    first = [record["error"] for record in records if record["tracker"] == names[0]]
    rows = []
    for name in names:
        own = [record for record in records if record["tracker"] == name]
        difference = "" if name == names[0] else with_error(paired([r["error"] for r in own], first))
        spent = mean([r["cpu_ms"] for r in own])
        told = [_share(own, kind) for kind in ("lost", "good")]
        rows.append(
            [
                *(
                    name,
                    str(len(own)),
                    str(sum(r["points"] for r in own)),
                    f"{mean([r['error'] for r in own]):.2f}",
                ),
                *(difference, f"{mean([r['error_five'] for r in own]):.2f}"),
                f"{mean([r['error_last'] for r in own]):.2f}",
                f"{mean([r['lost'] for r in own]):.1%}",
                *(("", "", "") if name == FLOOR else (*told, f"{spent:.1f}")),
            ]
        )
    return [Table("Points along latent paths", heads, rows)]


def _share(records: Sequence[Record], kind: str) -> str:
    """Of how many points of a kind, on all paths together, it was told that they are lost."""
    points = sum(record[f"{kind}_points"] for record in records)
    return f"{sum(record[f'{kind}_told'] for record in records) / points:.1%}" if points else "–"


def plots(records: Sequence[Record]) -> list[Plot]:
    """Mean error over the frames, a line a tracker."""
    lines = []
    for name in (*TRACKERS, FLOOR):
        curves = [record["over_time"] for record in records if record["tracker"] == name]
        if curves:
            means = [mean(frame) for frame in zip(*curves, strict=True)]
            lines.append(Series(name, list(range(len(means))), means))
    return [Plot("Error over time", "frames since the start", "mean error, px", lines)]


SUITE = Suite("tracking", __doc__ or "", cases, tables, plots)
